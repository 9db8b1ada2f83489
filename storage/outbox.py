"""The deliveries as a queue: claimed under a lease, recorded with a fence."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.arrivals import Arrival, record
from storage.channels import go_on
from storage.claims import due, hold, load_deliveries, lost
from storage.engine import Database
from storage.invitations import Ballots
from storage.lanes import (
    FIRST_PATIENCE,
    FIRST_PAUSE,
    Paces,
    database_now,
    open_lanes,
    shut,
    take,
    well_again,
)
from storage.tables import deliveries
from storage.together import Together
from survey.delivery import Delivery, MessageRef, Method, method_of
from survey.states import ABOUT, DeliveryState

_NO_LIMITS: Paces = {}
LINGER = timedelta(seconds=0.2)
"""How long a message that arrived waits for others that are recorded with it."""
MOST_TOGETHER = 50


class SqlOutbox:
    """The port `Outbox` on a database. Leases run by the database's own clock.

    Args:
        paces: How fast each platform is used, over all processes.
        platforms: Those that are on, the preferred first: where a message that can't be delivered
            goes on to.
    """

    def __init__(
        self,
        database: Database,
        ballots: Ballots,
        *,
        paces: Paces = _NO_LIMITS,
        platforms: Sequence[str] = (),
    ) -> None:
        self._database = database
        self._platforms = platforms
        self._paces = paces
        self._ballots = ballots
        self._arrived = Together(self._record, linger=LINGER.total_seconds(), most=MOST_TOGETHER)

    async def claim(self, *, at: datetime, limit: int) -> Sequence[Delivery]:
        """See the port."""
        taken: list[UUID] = []
        probes: set[UUID] = set()
        async with self._database.write() as connection:
            for lane in await open_lanes(connection, self._database, self._paces):
                left = limit - len(taken)
                number = left if lane.allowed is None else min(left, lane.allowed)
                if number < 1:
                    continue
                mine = await hold(connection, self._database, due(lane, at=at, number=number))
                taken.extend(mine)
                if lane.troubled:
                    probes.update(mine)
                if mine and lane.allowed is not None:
                    await take(connection, lane, len(mine))
            found = await load_deliveries(connection, taken, self._ballots)
        return [replace(one, probe=True) if one.id in probes else one for one in found]

    async def claim_unknown(self, *, at: datetime, limit: int) -> Sequence[Delivery]:
        """See the port."""
        async with self._database.write() as connection:
            which = lost(self._database, at=at, limit=limit)
            taken = await hold(connection, self._database, which)
            return await load_deliveries(connection, taken, self._ballots)

    async def busy(self, delivery: Delivery, *, wait: timedelta | None, reason: str) -> None:
        """See the port."""
        async with self._database.write() as connection:
            await self._put_back(connection, delivery, reason)
            await self._shut(connection, delivery, reason, wait=wait)

    async def trouble(self, delivery: Delivery, *, reason: str) -> None:
        """See the port."""
        async with self._database.write() as connection:
            await self._shut(connection, delivery, reason)

    async def refused(self, delivery: Delivery, *, reason: str) -> bool:
        """See the port."""
        async with self._database.write() as connection:
            await self._put_back(connection, delivery, reason)
            return await self._shut(connection, delivery, reason, all_methods=True)

    async def _put_back(self, connection: AsyncConnection, delivery: Delivery, reason: str) -> None:
        """It is planned as it was; somebody tries again."""
        await self._end(
            connection, delivery, state=DeliveryState.PLANNED, reason=reason, lease_until=None
        )

    async def _shut(
        self,
        connection: AsyncConnection,
        delivery: Delivery,
        reason: str,
        *,
        wait: timedelta | None = None,
        all_methods: bool = False,
    ) -> bool:
        """Shut its lane, or all of its workspace's; whether one was well before."""
        address = delivery.address
        return await shut(
            connection,
            self._database,
            (address.platform, address.workspace),
            tuple(Method) if all_methods else [method_of(delivery)],
            wait=wait,
            first=FIRST_PAUSE if all_methods else FIRST_PATIENCE,
            reason=reason,
        )

    async def well(self, delivery: Delivery) -> bool:
        """See the port."""
        async with self._database.write() as connection:
            return await well_again(
                connection, delivery.address.platform, delivery.address.workspace
            )

    async def sent(
        self, delivery: Delivery, ref: MessageRef, *, at: datetime, more: bool = False
    ) -> bool:
        """See the port."""
        return await self._arrived(Arrival(delivery=delivery, ref=ref, at=at), more=more)

    async def _record(self, arrivals: Sequence[Arrival]) -> Sequence[bool]:
        async with self._database.write() as connection:
            return await record(connection, arrivals)

    async def postponed(
        self, delivery: Delivery, *, until: datetime, reason: str, tried: bool = False
    ) -> bool:
        """See the port."""
        return await self._close(
            delivery,
            state=DeliveryState.PLANNED,
            due_at=until,
            reason=reason,
            lease_until=None,
            tries=deliveries.c.tries + int(tried),
        )

    async def unknown(self, delivery: Delivery, *, until: datetime, reason: str) -> bool:
        """See the port."""
        return await self._close(
            delivery,
            state=DeliveryState.UNKNOWN,
            due_at=until,
            reason=reason,
            lease_until=database_now(self._database),
        )

    async def failed(self, delivery: Delivery, *, reason: str) -> bool:
        """See the port."""
        async with self._database.write() as connection:
            written = await self._end(
                connection, delivery, state=DeliveryState.FAILED, reason=reason
            )
            if written and delivery.kind in ABOUT:
                await go_on(connection, [delivery.id], self._platforms)
            return written

    async def skipped(self, delivery: Delivery, *, reason: str) -> bool:
        """See the port."""
        return await self._close(delivery, state=DeliveryState.SKIPPED, reason=reason)

    async def _close(self, delivery: Delivery, **values: Any) -> bool:
        async with self._database.write() as connection:
            return await self._end(connection, delivery, **values)

    async def _end(
        self,
        connection: AsyncConnection,
        delivery: Delivery,
        *,
        state: DeliveryState,
        **values: Any,
    ) -> bool:
        """Write the outcome, if this attempt still holds the delivery."""
        written = await connection.execute(
            deliveries.update()
            .where(
                deliveries.c.id == delivery.id,
                deliveries.c.state == DeliveryState.SENDING.value,
                deliveries.c.attempt == delivery.attempt,
            )
            .values(state=state.value, **values)
        )
        return bool(written.rowcount)
