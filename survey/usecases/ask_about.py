"""Ask people about what has just happened to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from survey.contact import NO_LIMITS, ContactPolicy
from survey.eligibility import Candidate, LeftOut, due_or_left_out, reason_to_leave_out
from survey.localtime import year_start
from survey.occasion import Occasion
from survey.ports import Asking, Clock, Occasions
from survey.survey import Survey


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Somebody is asked.

    Attributes:
        invitation_id: Ours.
        due_at: When at the earliest (UTC).
    """

    invitation_id: UUID
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class AskAbout:
    """The rules decide whether and when; then it goes the way of every other question.

    Attributes:
        platforms: Those that are on, the preferred first.
        zone: The organisation's, in which its year begins.
        policy: The limits over all surveys.
        rests: Whether the survey's own rest counts here; False where whoever calls has counted it.
    """

    occasions: Occasions
    clock: Clock
    platforms: Sequence[str]
    zone: ZoneInfo
    policy: ContactPolicy = NO_LIMITS
    rests: bool = True

    async def __call__(
        self, survey: Survey, happened: Sequence[Occasion], *, at_once: bool = False
    ) -> Mapping[str, Asked | LeftOut]:
        """Plan the questions, however many at once.

        Args:
            survey: Which survey; one that waits for such things.
            happened: What happened; of two with the same key the first counts.
            at_once: Ask without waiting, and without waiting for anybody's window.

        Returns:
            By the occasion's key: who is asked and when, or why they are not.

        Raises:
            InvitationClosed: If the campaign is being closed at this moment.
            StorageUnavailable: If the database did not take it.
        """
        if not happened:
            return {}
        now = self.clock()
        campaign = await self.occasions.campaign(survey, at=now)
        frozen = campaign.survey
        known = await self.occasions.candidates(
            frozen,
            happened,
            platforms=frozen.asks_on(self.platforms),
            year_from=year_start(now, self.zone),
            at=now,
        )
        outcomes: dict[str, Asked | LeftOut] = {}
        askings: dict[str, Asking] = {}
        asked_now: set[int] = set()
        for occasion in happened:
            if occasion.key in askings or occasion.key in outcomes:
                continue
            candidate = known.get(occasion.who.email.strip().lower())
            decided = self._decide(
                frozen if self.rests else replace(frozen, rest_days=0),
                occasion,
                candidate,
                at=now,
                at_once=at_once,
                others=asked_now,
            )
            if isinstance(decided, LeftOut):
                outcomes[occasion.key] = decided
            else:
                askings[occasion.key] = decided
                asked_now.add(decided.person_id)
        made = await self.occasions.ask(campaign, list(askings.values())) if askings else {}
        for key, asking in askings.items():
            outcomes[key] = (
                Asked(invitation_id=made[key], due_at=asking.due_at)
                if key in made
                else LeftOut.ALREADY_ASKED
            )
        return outcomes

    def _decide(
        self,
        survey: Survey,
        occasion: Occasion,
        candidate: Candidate | None,
        *,
        at: datetime,
        at_once: bool,
        others: set[int],
    ) -> Asking | LeftOut:
        if candidate is None:
            return LeftOut.FORGOTTEN
        why = reason_to_leave_out(survey, self.policy, candidate, at=at)
        if why is not None:
            return why
        rests = survey.rest_days or self.policy.rest_days
        if rests and candidate.person.id in others:  # the same person twice in one go
            return LeftOut.ASKED_RECENTLY
        if candidate.address is None:
            return LeftOut.NOT_REACHABLE
        earliest = at if at_once else max(at, occasion.happened_at + survey.waits)
        if at > occasion.happened_at + survey.waits + timedelta(days=survey.open_days):
            return LeftOut.TOO_LATE
        due = due_or_left_out(
            survey,
            candidate.person,
            candidate.silence,
            at=earliest,
            closes_at=earliest + timedelta(days=survey.open_days),
            at_once=at_once,
            quiet=self.policy.quiet,
        )
        if isinstance(due, LeftOut):
            return due
        return Asking(
            occasion=occasion,
            person_id=candidate.person.id,
            address=candidate.address,
            due_at=due,
            closes_at=due + timedelta(days=survey.open_days),
            first_contact=candidate.ledger.last_asked_by_any is None,
            number=candidate.ledger.asks_this_year + 1,
            at_once=at_once,
        )
