"""Handle what helpdesks told: ask about resolved tickets, withdraw what was reopened."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from survey.campaign import Campaign
from survey.eligibility import LeftOut
from survey.errors import InvitationClosed, StorageUnavailable
from survey.ports import Clock, Occasions, Tickets
from survey.survey import Survey
from survey.tickets import NOTHING, Step, Ticket, TicketEvent, WhyNot
from survey.usecases.ask_about import AskAbout

PORTION = 500
"""How many events are handled at a time."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of the events.

    Attributes:
        handled: How many there were.
        asked: About how many tickets somebody is asked now.
        withdrawn: About how many nobody is, after all.
        broken: Source, event and kind of error, for those that could not be handled.
    """

    handled: int = 0
    asked: int = 0
    withdrawn: int = 0
    broken: tuple[tuple[str, str, str], ...] = ()

    def __add__(self, other: "Taken") -> "Taken":
        """Both together."""
        return Taken(
            handled=self.handled + other.handled,
            asked=self.asked + other.asked,
            withdrawn=self.withdrawn + other.withdrawn,
            broken=self.broken + other.broken,
        )


@dataclass(frozen=True, kw_only=True)
class TakeTicketEvents:
    """Each step can be cut off and done again: events are handled once all is done.

    Attributes:
        survey: The one that waits for tickets; None if none does.
        portion: How many events are handled at a time.
    """

    tickets: Tickets
    occasions: Occasions
    ask_about: AskAbout
    survey: Survey | None
    clock: Clock
    portion: int = PORTION

    async def __call__(self) -> Taken:
        """Handle what waits, the earliest first.

        Raises:
            InvitationClosed: If the campaign is being closed at this moment.
            StorageUnavailable: If the database did not take it; it is handled later.
        """
        taken = Taken()
        while left := await self.tickets.left_to_withdraw(limit=self.portion):
            taken += await self._finish([], left)
        while events := await self.tickets.waiting(limit=self.portion):
            taken += await self._take(events)
        return taken

    async def _take(self, events: Sequence[TicketEvent]) -> Taken:
        """One that can't be handled stops none of the others."""
        try:
            return await self._finish(events, await self.tickets.apply(events))
        except (StorageUnavailable, InvitationClosed):  # not the events' fault: later
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, others must not wait for it
            if len(events) > 1:
                taken = Taken()
                for event in events:
                    taken += await self._take([event])
                return taken
            return await self._set_aside(events[0], error)

    async def _set_aside(self, event: TicketEvent, error: Exception) -> Taken:
        await self.tickets.set_aside(event, why=WhyNot.BROKE, at=self.clock())
        broken = (event.source, event.event, type(error).__name__)
        return Taken(handled=1, broken=(broken,))

    async def _finish(self, events: Sequence[TicketEvent], tickets: Sequence[Ticket]) -> Taken:
        """Do what is due with these tickets, and note that it is done."""
        at = self.clock()
        due = [one for one in tickets if one.outcome in set(Step)]
        work = _Work(due=due)
        campaign: Campaign | None = None
        if due and self.survey is not None:
            campaign = await self.occasions.campaign(self.survey, at=at)
            work = await self._do(self.survey, campaign, due)
        elif due:
            for one in due:
                asks = one.outcome == Step.ASK
                work.outcomes[one.key] = WhyNot.NO_SURVEY if asks else NOTHING
        await self.tickets.settle(
            events, due, campaign=campaign, outcomes=work.outcomes, at=self.clock()
        )
        return Taken(handled=len(events), asked=work.asked, withdrawn=work.withdrawn)

    async def _do(self, survey: Survey, campaign: Campaign, due: Sequence[Ticket]) -> "_Work":
        """What was planned for an earlier resolution goes; then whoever is to be asked is."""
        gone = set(await self.occasions.withdraw(campaign, [one.key for one in due]))
        work = _Work(due=due)
        happened = []
        for one in due:
            if one.outcome == Step.WITHDRAW:
                work.outcomes[one.key] = NOTHING
                work.withdrawn += one.key in gone
            elif one.asked and one.key not in gone:
                work.outcomes[one.key] = NOTHING  # it has gone out: nobody is asked twice
            elif (occasion := one.occasion()) is None:
                work.outcomes[one.key] = WhyNot.NO_EMAIL
            else:
                happened.append(occasion)
        answers = await self.ask_about(survey, happened)
        for key, answer in answers.items():
            left_out = isinstance(answer, LeftOut)
            work.outcomes[key] = answer.value if isinstance(answer, LeftOut) else NOTHING
            work.asked += not left_out
        return work


@dataclass(kw_only=True)
class _Work:
    """What was done with some tickets."""

    due: Sequence[Ticket]
    outcomes: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    withdrawn: int = 0
