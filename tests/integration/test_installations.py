"""Workspaces that installed us, on both databases: tokens stay sealed, and are renewed once."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import text

from storage.installations import SqlInstallations
from survey.ports import Installation
from tests.world import MONDAY, World

OLD, NEW = "an-old-key-for-tests-that-is-long-enough", "a-new-key-for-tests-that-is-long-enough"
SOON = MONDAY + timedelta(minutes=5)
ACME = Installation(
    workspace="T0ACME",
    name="Acme",
    bot_user_id="U0BOT",
    app_id="A0APP",
    scopes=("chat:write", "im:history"),
    token="xoxb-acme",
    refresh_token="xoxe-1-acme",
    expires_at=MONDAY + timedelta(hours=12),
    installed_at=MONDAY,
    installed_by="U0ADA",
)
BETA = replace(ACME, workspace="T0BETA", name="Beta", refresh_token=None, expires_at=None)

NEXT = replace(
    ACME,
    token="xoxb-next",
    refresh_token="xoxe-2-acme",
    expires_at=MONDAY + timedelta(hours=22),
)


def installations(world: World, *keys: str) -> SqlInstallations:
    return SqlInstallations(world.product.database, keys or (OLD,))


async def renew(kept: SqlInstallations, new: Installation, *, until: datetime) -> bool:
    return await kept.rotated(
        new.workspace,
        until=until,
        token=new.token,
        refresh_token=new.refresh_token,
        expires_at=new.expires_at,
    )


async def rows(world: World) -> str:
    """Everything that a reader of the database sees."""
    async with world.product.database.read() as connection:
        return str((await connection.execute(text("SELECT * FROM installations"))).all())


async def test_what_was_saved_is_found_again(world: World) -> None:
    kept = installations(world)
    await kept.save(BETA)
    await kept.save(ACME)
    assert await kept.all() == [ACME, BETA]
    assert await kept.find("T0BETA") == BETA
    assert await kept.find("T0NONE") is None


async def test_whoever_installs_again_replaces_what_was_there(world: World) -> None:
    kept = installations(world)
    await kept.save(ACME)
    again = replace(ACME, token="xoxb-again", scopes=("chat:write",), installed_by="U0BOB")
    await kept.save(again)
    assert await kept.all() == [again]


async def test_a_workspace_that_is_forgotten_is_gone_with_its_token(world: World) -> None:
    kept = installations(world)
    await kept.save(ACME)
    assert await kept.forget("T0ACME")
    assert not await kept.forget("T0ACME")
    assert await kept.find("T0ACME") is None
    assert await rows(world) == "[]"


async def test_no_token_can_be_read_in_the_database_or_in_a_log(world: World) -> None:
    await installations(world).save(ACME)
    told = await rows(world)
    assert "T0ACME" in told
    for secret in (ACME.token, ACME.refresh_token):
        assert secret
        assert secret not in told
        assert secret not in repr(ACME)


async def test_a_new_key_in_front_still_opens_what_the_old_one_sealed(world: World) -> None:
    await installations(world, OLD).save(ACME)
    both = installations(world, NEW, OLD)
    assert await both.all() == [ACME]
    await both.save(ACME)
    assert await installations(world, NEW).find("T0ACME") == ACME


async def test_a_token_whose_key_is_gone_is_left_out_and_named(world: World) -> None:
    await installations(world, OLD).save(ACME)
    await installations(world, NEW).save(BETA)
    assert await installations(world, NEW).all() == [BETA]
    assert await installations(world, NEW).find("T0ACME") is None
    assert await installations(world, NEW).unreadable() == ["T0ACME"]
    assert await installations(world, NEW, OLD).unreadable() == []


async def test_a_token_that_is_moved_to_another_workspace_opens_nothing(world: World) -> None:
    kept = installations(world)
    await kept.save(ACME)
    await kept.save(BETA)
    moved = """UPDATE installations SET secrets =
        (SELECT secrets FROM installations WHERE workspace = 'T0ACME')"""
    async with world.product.database.write() as connection:
        await connection.execute(text(moved))
    assert await kept.all() == [ACME]
    assert await kept.unreadable() == ["T0BETA"]


async def test_of_many_who_would_renew_a_token_one_does(world: World) -> None:
    kept = installations(world)
    await kept.save(ACME)
    begun = await asyncio.gather(
        *(kept.begin_rotation("T0ACME", at=MONDAY, until=SOON) for _ in range(8))
    )
    assert sorted(begun) == [False] * 7 + [True]
    assert not await kept.begin_rotation("T0NONE", at=MONDAY, until=SOON)


async def test_a_renewed_token_takes_the_place_of_the_old_one(world: World) -> None:
    kept = installations(world)
    await kept.save(ACME)
    assert await kept.begin_rotation("T0ACME", at=MONDAY, until=SOON)
    assert await renew(kept, NEXT, until=SOON)
    assert await kept.find("T0ACME") == NEXT
    assert await kept.begin_rotation("T0ACME", at=MONDAY, until=SOON)  # the next one may begin


async def test_who_took_too_long_has_lost_the_renewal_to_another(world: World) -> None:
    kept = installations(world)
    await kept.save(ACME)
    assert await kept.begin_rotation("T0ACME", at=MONDAY, until=SOON)
    later = SOON + timedelta(minutes=5)
    assert await kept.begin_rotation("T0ACME", at=SOON, until=later)
    assert not await renew(kept, NEXT, until=SOON)
    assert await kept.find("T0ACME") == ACME


async def test_an_installation_during_a_renewal_wins(world: World) -> None:
    kept = installations(world)
    await kept.save(ACME)
    assert await kept.begin_rotation("T0ACME", at=MONDAY, until=SOON)
    again = replace(ACME, token="xoxb-again")
    await kept.save(again)
    assert not await renew(kept, NEXT, until=SOON)
    assert await kept.find("T0ACME") == again
