"""Administrators' e-mails and the accounts they are pinned to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from storage.audit import append_within, tell
from storage.engine import Database
from storage.tables import administrator_pins
from survey.audit import Chain, Entry, plain
from survey.person import Address
from survey.ports import Pin


class SqlPins:
    """The port `Pins` on a database."""

    def __init__(self, database: Database, chain: Chain) -> None:
        self._database = database
        self._chain = chain

    async def present(self, email: str, address: Address, *, at: datetime) -> Pin:
        """See the port."""
        insert = sqlite_insert if self._database.is_sqlite else pg_insert
        told = None
        async with self._database.write() as connection:
            made = await connection.execute(
                insert(administrator_pins)
                .values(
                    email=email,
                    platform=address.platform,
                    workspace=address.workspace,
                    user_id=address.user_id,
                    pinned_at=at,
                )
                .on_conflict_do_nothing()
                .returning(administrator_pins.c.email)
            )
            new = made.one_or_none() is not None
            which = (
                administrator_pins.c.email == email,
                administrator_pins.c.platform == address.platform,
                administrator_pins.c.workspace == address.workspace,
            )
            row = (
                await connection.execute(select(administrator_pins).where(*which).with_for_update())
            ).one()
            action = "administrator.pinned" if new else None
            if address.user_id not in {row.user_id, row.claimed_by}:
                await connection.execute(
                    administrator_pins.update().where(*which).values(claimed_by=address.user_id)
                )
                action = "administrator.claimed"
            if action is not None:
                told = await append_within(
                    connection,
                    self._chain,
                    Entry(at=at, actor=plain(email), action=action, about=_account(address)),
                )
        if told is not None:
            tell(told)
        return _pin(row)

    async def all(self) -> Sequence[Pin]:
        """See the port."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(administrator_pins).order_by(
                    administrator_pins.c.email,
                    administrator_pins.c.platform,
                    administrator_pins.c.workspace,
                )
            )
            return [_pin(row) for row in rows]

    async def confirm(
        self, email: str, *, platform: str, user_id: str, actor: str, at: datetime
    ) -> Sequence[Pin]:
        """See the port."""
        async with self._database.write() as connection:
            rows = await connection.execute(
                administrator_pins.update()
                .where(
                    administrator_pins.c.email == email,
                    administrator_pins.c.platform == platform,
                    administrator_pins.c.claimed_by == user_id,
                )
                .values(user_id=administrator_pins.c.claimed_by, claimed_by=None, pinned_at=at)
                .returning(administrator_pins)
            )
            pins = [_pin(row) for row in rows]
            lines = [
                await append_within(
                    connection,
                    self._chain,
                    Entry(
                        at=at,
                        actor=actor,
                        action="administrator.confirmed",
                        about=plain(f"{email} as {_account(pin.address)}"),
                    ),
                )
                for pin in pins
            ]
        for line in lines:
            tell(line)
        return pins


def _account(address: Address) -> str:
    return plain(f"{address.platform}:{address.user_id}")


def _pin(row: Row[Any]) -> Pin:
    return Pin(
        email=row.email,
        address=Address(platform=row.platform, workspace=row.workspace, user_id=row.user_id),
        pinned_at=row.pinned_at,
        claimed_by=row.claimed_by,
    )
