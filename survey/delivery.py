"""The outbox: one row for everything that goes out, and when it may."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from survey.contact import MESSAGES_APART, QUIET_NEVER, QuietDay, Silence, never_quiet
from survey.eligibility import LeftOut, due_or_left_out
from survey.invitation import Invitation
from survey.localtime import local_date
from survey.person import Address
from survey.states import COUNTED, CampaignState, DeliveryKind, InvitationState

LEASE = timedelta(minutes=2)
"""How long a worker may take over one message before another looks after it."""
ATTEMPTS = 8
"""How often a message is tried before it counts as failed."""


class Method(StrEnum):
    """What is done on a platform; each has a pace of its own."""

    SEND = "send"
    UPDATE = "update"


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast one workspace takes a method, by all processes together.

    Attributes:
        per_second: How many in the long run.
        burst: How many at once after a pause; 1 or more.
    """

    per_second: float
    burst: int


@dataclass(frozen=True, kw_only=True)
class MessageRef:
    """A message on a platform, as the platform names it."""

    channel: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One message that goes out, or an update of one that did.

    Attributes:
        id: Ours; the platform carries it along, so that it can be asked what arrived.
        kind: What the message is for.
        ordinal: Its number among those of its kind; (invitation, kind, ordinal) is unique.
        address: Where it goes.
        attempt: The fence: only the attempt that holds the lease may write the outcome.
        tries: How often it went wrong so far, waiting for windows and platforms aside.
        invitation: What it is about, as it stood when the delivery was claimed.
        target: The message that an update changes.
        at_once: Whether the sending window is set aside (`--now`).
        silence: When the person is not to be written to.
        probe: Whether its platform had trouble, and this one finds out whether it still has.
        begins: Whether nothing about the invitation was tried on its platform before; told of
            e-mail alone, where later ones answer to the first.
        left: Whether the person has stopped this survey or left; checked as it is claimed.
        last_sent: When the latest message about the same invitation went out (UTC), or None.
    """

    id: UUID
    kind: DeliveryKind
    ordinal: int
    address: Address
    attempt: int
    invitation: Invitation
    tries: int = 0
    target: MessageRef | None = None
    at_once: bool = False
    silence: Silence = QUIET_NEVER
    last_sent: datetime | None = None
    probe: bool = False
    begins: bool = True
    left: bool = False


def method_of(delivery: Delivery) -> Method:
    """What the platform is asked to do."""
    return Method.UPDATE if delivery.kind is DeliveryKind.UPDATE else Method.SEND


@dataclass(frozen=True)
class Skip:
    """Not to be sent any more, and why."""

    reason: str


@dataclass(frozen=True)
class Postpone:
    """Not now: try again from this instant on."""

    until: datetime


def sending(
    delivery: Delivery, *, at: datetime, quiet: QuietDay = never_quiet
) -> Skip | Postpone | None:
    """What to do with a delivery at the moment of sending it; None means: send.

    What was true when it was planned is checked again: who has answered, declined or was closed
    out in the meantime is not written to.
    """
    if delivery.kind in {DeliveryKind.UPDATE, DeliveryKind.NOTICE}:
        return None
    invitation = delivery.invitation
    campaign = invitation.campaign
    if not campaign.takes_answers(at):
        return Skip("the round has closed")
    if invitation.state in COUNTED:
        return Skip("already answered")
    if invitation.state not in {InvitationState.PENDING, InvitationState.SENT}:
        return Skip(invitation.state.value.replace("_", " "))
    if delivery.left:
        return Skip("stopped or left")
    if campaign.state is CampaignState.PAUSED:
        return Postpone(at + timedelta(minutes=1))
    earliest = at
    if delivery.kind is DeliveryKind.REMINDER and delivery.last_sent is not None:
        earliest = max(at, delivery.last_sent + MESSAGES_APART)
    due = due_or_left_out(
        campaign.survey,
        invitation.person,
        delivery.silence,
        at=earliest,
        closes_at=campaign.closes_at,
        at_once=delivery.at_once and delivery.kind is DeliveryKind.INITIAL,
        quiet=quiet,
    )
    if isinstance(due, LeftOut):
        return Skip(due.value)
    return Postpone(due) if due > at else None


def ask_again(invitation: Invitation, *, days: int, at: datetime) -> datetime:
    """When a person who said `Later` is asked again: the opening of the window `days` days on.

    Args:
        invitation: Whose; the days are local ones.
        days: 1 or more.
        at: Now.

    Returns:
        An instant in UTC; it may lie after the close, which the caller checks.
    """
    tz = invitation.person.zone
    return invitation.campaign.survey.window.opening_on(
        local_date(at, tz) + timedelta(days=days), tz
    )


def wait_for_recipient(tries: int) -> timedelta:
    """How long to wait for somebody whose server does not take it now: 5, 10, 20 … 360 minutes.

    Args:
        tries: How often that was before; 17 in all come to three days.
    """
    return timedelta(minutes=min(5 * 2 ** min(tries, 9), 360))


def retry_after(attempt: int, *, jitter: float) -> timedelta:
    """How long to wait after a failed attempt: 2, 4, 8 … 300 seconds, spread by the jitter.

    Args:
        attempt: How many were made; 1 or more.
        jitter: 0 … 1, at random, so that many do not come back at once.
    """
    return timedelta(seconds=min(2.0 ** min(attempt, 9), 300.0) * (0.5 + jitter / 2))
