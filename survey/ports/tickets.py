"""Tickets of helpdesks, and what was told of them and is not handled yet."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from survey.campaign import Campaign
from survey.tickets import Ticket, TicketEvent


class Tickets(Protocol):
    """What helpdesks told. Handled set-based, however many; several may handle at a time."""

    async def accept(self, event: TicketEvent, *, at: datetime) -> bool:
        """Keep an event until it is handled; whether it was new.

        Raises:
            StorageUnavailable: If the database did not take it: it is to be told again.
        """
        ...

    async def waiting(self, *, limit: int) -> Sequence[TicketEvent]:
        """Events that are not handled, those that came first before the others."""
        ...

    async def apply(self, events: Sequence[TicketEvent]) -> Sequence[Ticket]:
        """The tickets after these events; kept so. What is due with them stands in `outcome`."""
        ...

    async def left_to_withdraw(self, *, limit: int) -> Sequence[Ticket]:
        """Tickets whose question is to be withdrawn, whatever happened to their events."""
        ...

    async def settle(
        self,
        events: Sequence[TicketEvent],
        tickets: Sequence[Ticket],
        *,
        campaign: Campaign | None,
        outcomes: Mapping[str, str],
        at: datetime,
    ) -> None:
        """What was due is done: note it, and forget what the events said.

        A ticket that has changed meanwhile keeps what is due with it. One that was asked about in
        the moment in which it was reopened is to be withdrawn.

        Args:
            events: They are handled.
            tickets: As `apply` told them.
            campaign: In which people were asked; None if nobody was.
            outcomes: By the ticket's key: `NOTHING`, or why nobody is asked; that does not count
                where an invitation is about it.
            at: Now (UTC).
        """
        ...

    async def set_aside(self, event: TicketEvent, *, why: str, at: datetime) -> None:
        """This event can't be handled, and is not tried again.

        Args:
            event: Which.
            why: As `voxpop ticket list` tells it.
            at: Now (UTC).
        """
        ...

    async def listed(self, *, state: str | None = None, limit: int) -> Sequence[Ticket]:
        """Tickets, what was told last first; without whoever opened them.

        Args:
            state: Only those in this state; None for all.
            limit: How many at most.
        """
        ...

    async def prune(self, *, before: datetime) -> int:
        """Forget which events were handled before an instant; how many."""
        ...
