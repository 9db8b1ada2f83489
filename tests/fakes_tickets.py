"""A hand-written stand-in for the port `Tickets`, in memory."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from survey.campaign import Campaign
from survey.tickets import NOTHING, Step, Ticket, TicketEvent, TicketState
from tests.fakes_moments import FakeOccasions


@dataclass
class FakeTickets:
    """What helpdesks told.

    Attributes:
        breaks: Tickets of these numbers can't be handled.
        cut_off: Whether the next `settle` is cut off before it has done anything.
    """

    occasions: FakeOccasions
    inbox: dict[tuple[str, str], TicketEvent] = field(default_factory=dict)
    handled: dict[tuple[str, str], str] = field(default_factory=dict)
    known: dict[str, Ticket] = field(default_factory=dict)
    breaks: set[str] = field(default_factory=set)
    cut_off: bool = False

    async def accept(self, event: TicketEvent, *, at: datetime) -> bool:  # noqa: ARG002
        self.occasions.store.read("accept")
        name = (event.source, event.event)
        if name in self.inbox or name in self.handled:
            return False
        self.inbox[name] = event
        return True

    async def waiting(self, *, limit: int) -> Sequence[TicketEvent]:
        self.occasions.store.read("waiting")
        return list(self.inbox.values())[:limit]

    async def apply(self, events: Sequence[TicketEvent]) -> Sequence[Ticket]:
        if self.breaks & {event.number for event in events}:
            raise RuntimeError("A ticket that nobody can handle.")
        for event in sorted(events, key=lambda one: one.happened_at):
            before = self.known.get(event.key, Ticket(source=event.source, number=event.number))
            asked = any(self._about(event.key))
            self.known[event.key] = replace(before, asked=asked).after(event)
        return [self.known[key] for key in dict.fromkeys(event.key for event in events)]

    async def left_to_withdraw(self, *, limit: int) -> Sequence[Ticket]:
        return [one for one in self.known.values() if one.outcome == Step.WITHDRAW][:limit]

    async def settle(
        self,
        events: Sequence[TicketEvent],
        tickets: Sequence[Ticket],
        *,
        campaign: Campaign | None,  # noqa: ARG002
        outcomes: Mapping[str, str],
        at: datetime,  # noqa: ARG002
    ) -> None:
        if self.cut_off:
            self.cut_off = False
            raise asyncio.CancelledError
        for one in tickets:
            now, asked = self.known[one.key], any(self._about(one.key))
            if one.outcome == Step.ASK and asked and now.state is not TicketState.RESOLVED:
                self.known[one.key] = replace(now, asked=asked, outcome=Step.WITHDRAW)
            elif now.state_at == one.state_at:
                outcome = NOTHING if asked else outcomes[one.key]
                self.known[one.key] = replace(now, asked=asked, outcome=outcome)
        for event in events:
            self.inbox.pop((event.source, event.event), None)
            self.handled[event.source, event.event] = outcomes.get(event.key, NOTHING)

    async def set_aside(self, event: TicketEvent, *, why: str, at: datetime) -> None:  # noqa: ARG002
        del self.inbox[event.source, event.event]
        self.handled[event.source, event.event] = why

    async def listed(self, *, state: str | None = None, limit: int) -> Sequence[Ticket]:
        found = [one for one in self.known.values() if state in {None, one.state.value}]
        return sorted(found, key=lambda one: one.state_at, reverse=True)[:limit]

    async def prune(self, *, before: datetime) -> int:
        raise NotImplementedError

    def _about(self, key: str) -> list[object]:
        return [
            one
            for one in self.occasions.store.invitations.values()
            if one.about is not None and one.about.key == key
        ]
