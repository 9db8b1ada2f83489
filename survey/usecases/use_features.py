"""Count what people do with features, and ask them about it when it is time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from survey.contact import NO_LIMITS, ContactPolicy
from survey.eligibility import LeftOut, reason_to_leave_out
from survey.errors import CommentTooLong, OnlyIdentified
from survey.features import Judged, Suppressed, Turn, Use, occasion_key
from survey.localtime import local_date, year_start
from survey.occasion import Occasion
from survey.person import EMAIL, Address, Enrolment
from survey.ports import Clock, Contact, Features, Feedback, Occasions
from survey.survey import Survey
from survey.usecases.ask_about import AskAbout, Asked


@dataclass(frozen=True, kw_only=True)
class UseFeatures:
    """What programs tell of their users, and what they are told to do.

    Attributes:
        survey: The one that asks about features; its rest counts from feedback, per feature.
        ask: Plans questions in chat, its own rest set aside.
        knock: Tells the worker that there is something to send.
        zone: The organisation's, in which its year begins.
        policy: The limits over all surveys.
    """

    survey: Survey
    features: Features
    occasions: Occasions
    ask: AskAbout
    knock: Callable[[], None]
    clock: Clock
    zone: ZoneInfo
    policy: ContactPolicy = NO_LIMITS

    @property
    def rest(self) -> timedelta:
        """How long nobody is asked about a feature again after feedback on it."""
        return timedelta(days=self.survey.rest_days)

    async def increment(self, product: str, feature: str, email: str) -> Judged:
        """Count an interaction; ask in chat if that is wanted and it is time.

        The question is planned when the count is committed: the count stands, whatever comes.

        Raises:
            NotFound: If there is no such feature.
        """
        now = self.clock()
        use = await self.features.increment(
            product, feature, email, rested_since=now - self.rest, at=now
        )
        why = use.suppressed_by(rest=self.rest, at=now)
        if why is None:
            why = await self._above(email, at=now)
        if why is None and use.feature.ask_in_chat and await self._asked_in_chat(use, at=now):
            why = Suppressed.ASKED_IN_CHAT
        return Judged(use=use, suppressed_by=why or self._not_by_programs())

    async def reject(self, product: str, feature: str, email: str) -> Judged:
        """Count a rejection; nobody is asked right after one.

        Raises:
            NotFound: If there is no such feature.
        """
        now = self.clock()
        use = await self.features.reject(product, feature, email, at=now)
        return Judged(use=use, suppressed_by=use.suppressed_by(rest=self.rest, at=now))

    async def of_person(self, product: str, email: str) -> Sequence[Judged]:
        """How somebody uses each feature of a product, and which the program is to ask about.

        Raises:
            NotFound: If there is no such product.
        """
        now = self.clock()
        uses = await self.features.of_person(product, email, at=now)
        own = [use.suppressed_by(rest=self.rest, at=now) for use in uses]
        above = await self._above(email, at=now) if None in own else None
        return [
            Judged(use=use, suppressed_by=why or above or self._not_by_programs())
            for use, why in zip(uses, own, strict=True)
        ]

    async def feedback(self, product: str, feature: str, feedback: Feedback) -> None:
        """Keep what somebody said of a feature.

        Raises:
            NotFound: If there is no such feature.
            OnlyIdentified: If the survey shows no names: the program would know who said what, and
                could find out what one person said by saying what all the others do.
            HasStopped: If they asked to be forgotten.
            InvalidScore: If the rating is not on the survey's scale.
            CommentTooLong: If the survey takes no comment of this length.
        """
        about = await self.features.feature(product, feature)
        if len(feedback.comment) > self.survey.comment_limit:
            raise CommentTooLong(length=len(feedback.comment), limit=self.survey.comment_limit)
        campaign = await self.occasions.campaign(self.survey, at=feedback.at)
        if campaign.survey.gated:
            raise OnlyIdentified(campaign.survey.name)
        await self.features.give(campaign, about, feedback)

    async def settle(self) -> int:
        """Count what came of questions in chat; how many were new."""
        now = self.clock()
        return await self.features.settle(since=now - timedelta(days=30), at=now)

    def _not_by_programs(self) -> Suppressed | None:
        """Where nobody is to know who said what, the bot alone asks."""
        return Suppressed.CONFIDENTIAL if self.survey.gated else None

    async def _above(self, email: str, *, at: datetime) -> Suppressed | None:
        """Why people are left alone whatever a feature's own rules say."""
        contact = await self.features.contact(
            self.survey.name, email, year_from=year_start(at, self.zone)
        )
        return self._suppressed(contact, at=at)

    def _suppressed(self, contact: Contact, *, at: datetime) -> Suppressed | None:
        if contact.forgotten:
            return Suppressed.OPTED_OUT
        if contact.open_question:
            return Suppressed.ASKED_IN_CHAT
        if contact.candidate is None:
            return None
        # A program asks where they are: neither an address nor hours are needed.
        here = replace(contact.candidate, address=Address(platform=EMAIL, workspace="", user_id=""))
        unrested = replace(self.survey, rest_days=0)
        why = reason_to_leave_out(unrested, self.policy, here, at=at)
        if why is LeftOut.OPTED_OUT:
            return Suppressed.OPTED_OUT
        today = local_date(at, here.person.zone)
        if why is not None or here.silence.snoozed(today):
            return Suppressed.CONTACT_POLICY
        return None

    async def _asked_in_chat(self, use: Use, *, at: datetime) -> bool:
        """Whether a question in chat is on its way; the program is not to ask as well then."""
        match await self.features.claim_question(use, at=at):
            case Turn.OTHERS:
                return True
            case Turn.TRIED:
                return False
            case Turn.MINE:
                pass
        key = occasion_key(use.feature, f"{use.email} {at.isoformat()}")
        occasion = Occasion(
            key=key,
            who=Enrolment(email=use.email, name=""),
            happened_at=at,
            groups={"product": use.feature.product, "feature": use.feature.key},
            details={"subject": use.feature.title},
        )
        outcome = (await self.ask(self.survey, [occasion]))[key]
        if isinstance(outcome, Asked):
            self.knock()
        return isinstance(outcome, Asked)
