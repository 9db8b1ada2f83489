"""Keys of programs: told once, kept as digests, worthless once revoked."""

import asyncio

import pytest
from sqlalchemy import select

from storage.keys import SqlKeys
from storage.tables import api_keys
from survey.errors import InvalidValue
from survey.ports import Role
from tests.world import World


async def test_a_key_is_found_by_itself_and_by_nothing_near_it(world: World) -> None:
    keys = SqlKeys(world.product.database)
    key = await keys.make("dashboard", Role.INGEST, at=world.clock.at)
    other = await keys.make("boss", Role.OWNER, at=world.clock.at)

    found = await keys.find(key)

    assert found is not None
    assert (found.name, found.role, found.made_at) == ("dashboard", Role.INGEST, world.clock.at)
    assert key.startswith(found.mark)
    assert key != other
    for near in (
        "",
        found.mark,
        key[:-1],
        key + "A",
        key.upper(),
        f" {key}",
        "\udce9\0",
        "x" * 9_999,
    ):
        assert await keys.find(near) is None


async def test_what_a_key_consists_of_is_kept_nowhere(world: World) -> None:
    keys = SqlKeys(world.product.database)
    key = await keys.make("dashboard", Role.ADMIN, at=world.clock.at)

    (row,) = await world.rows(select(api_keys))

    assert key not in str(row)
    assert len(key) - len(row.mark) >= 32


async def test_a_revoked_key_opens_nothing_and_stays_in_the_list(world: World) -> None:
    keys, at = SqlKeys(world.product.database), world.clock.at
    key = await keys.make("old", Role.ADMIN, at=at)
    await keys.make("new", Role.INGEST, at=at)
    world.clock.forward(hours=1)

    assert await keys.revoke("old", at=world.clock.at)
    assert not await keys.revoke("old", at=world.clock.at)
    assert not await keys.revoke("nobody", at=world.clock.at)

    assert await keys.find(key) is None
    assert [(known.name, known.revoked_at) for known in await keys.all()] == [
        ("new", None),
        ("old", world.clock.at),
    ]


@pytest.mark.parametrize("name", ["", "  ", "x" * 65])
async def test_a_name_that_cant_be_listed_is_refused(world: World, name: str) -> None:
    with pytest.raises(InvalidValue, match="1 to 64"):
        await SqlKeys(world.product.database).make(name, Role.ADMIN, at=world.clock.at)


async def test_a_name_is_used_once_though_two_ask_for_it_and_it_was_revoked(world: World) -> None:
    keys, at = SqlKeys(world.product.database), world.clock.at
    told = await asyncio.gather(
        *(keys.make("dashboard", Role.ADMIN, at=at) for _ in range(2)), return_exceptions=True
    )
    assert sorted(isinstance(one, InvalidValue) for one in told) == [False, True]
    await keys.revoke("dashboard", at=at)

    with pytest.raises(InvalidValue, match="dashboard already"):
        await keys.make("dashboard", Role.INGEST, at=at)
