"""When somebody who has not answered is reminded: one pure rule for the schedule and for hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from survey.campaign import Campaign
from survey.contact import MESSAGES_APART, QUIET_NEVER, ContactPolicy, Silence
from survey.eligibility import LeftOut, due_or_left_out
from survey.errors import NoReminder, WhyNoReminder
from survey.localtime import local_date
from survey.person import Address, Person


@dataclass(frozen=True, kw_only=True)
class Unanswered:
    """Somebody who has the question and has not answered, with what they got so far.

    Attributes:
        campaign: Of which round.
        person: Who.
        address: Where the question went.
        first_sent: When it went out first (UTC).
        last_sent: When the latest message about it did (UTC).
        last_ordinal: The number of the latest reminder; 0 if there was none.
        reminders: How many reminders there were; numbers can have been left out.
        silence: When they are not to be written to.
    """

    invitation_id: UUID
    campaign: Campaign
    person: Person
    address: Address
    first_sent: datetime
    last_sent: datetime
    last_ordinal: int = 0
    reminders: int = 0
    silence: Silence = QUIET_NEVER


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """A reminder to plan; `due_at` lies in the person's window (UTC)."""

    invitation_id: UUID
    address: Address
    ordinal: int
    due_at: datetime


def scheduled_reminder(
    asked: Unanswered, policy: ContactPolicy, *, at: datetime
) -> Reminder | None:
    """The reminder that the survey's schedule wants by now; None if none is due.

    Of several that were missed only the latest is made.
    """
    tz = asked.person.zone
    days = (local_date(at, tz) - local_date(asked.first_sent, tz)).days
    due = [number for number, day in enumerate(asked.campaign.survey.reminders, 1) if day <= days]
    if not due or due[-1] <= asked.last_ordinal:
        return None
    try:
        return _reminder(asked, policy, ordinal=due[-1], at=at)
    except NoReminder:
        return None


def reminder_by_hand(asked: Unanswered, policy: ContactPolicy, *, at: datetime) -> Reminder:
    """The next reminder, whatever the schedule says.

    Raises:
        NoReminder: If the cap, the 24 hours between messages, their silence or the close forbid it.
    """
    return _reminder(asked, policy, ordinal=asked.last_ordinal + 1, at=at)


def _reminder(asked: Unanswered, policy: ContactPolicy, *, ordinal: int, at: datetime) -> Reminder:
    if max(asked.reminders, asked.last_ordinal) >= policy.max_reminders:
        raise NoReminder(WhyNoReminder.OFTEN_ENOUGH)
    if at < asked.last_sent + MESSAGES_APART:
        raise NoReminder(WhyNoReminder.WRITTEN_TO_TODAY)
    due = due_or_left_out(
        asked.campaign.survey,
        asked.person,
        asked.silence,
        at=at,
        closes_at=asked.campaign.closes_at,
        quiet=policy.quiet,
    )
    if isinstance(due, LeftOut):
        raise NoReminder(
            WhyNoReminder.TOO_LATE if due is LeftOut.CLOSES_BEFORE else WhyNoReminder.SILENCE
        )
    return Reminder(
        invitation_id=asked.invitation_id, address=asked.address, ordinal=ordinal, due_at=due
    )


A_LOCAL_DAY = timedelta(hours=25)
"""How much earlier than as many times 24 hours a local day may come, changes of clocks included."""


def earliest(campaign: Campaign, *, at: datetime) -> Sequence[tuple[int, datetime]]:
    """By ordinal: before which instant a first message must lie for that reminder to be due."""
    return [
        (ordinal, at - timedelta(days=day) + A_LOCAL_DAY)
        for ordinal, day in enumerate(campaign.survey.reminders, 1)
    ]
