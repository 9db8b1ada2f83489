"""Requests that are sent again, on real databases."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from storage.idempotency import KEPT_FOR, LOST_AFTER, SqlKeptAnswers
from storage.set_aside import SqlDoubtful
from storage.tables_moments import idempotency
from survey.campaign import Campaign
from survey.errors import IdempotencyInProgress, IdempotencyKeyReused
from survey.ports import Kept, Role
from tests.api import bearer, behind, client
from tests.world import World, email
from webapp.api.once import Once

CREATED = Kept(status=201, body="sealed", media_type="application/json", location="/things/1")
ONE, TWO = "1" * 64, "2" * 64


@pytest.fixture
def kept(world: World) -> SqlKeptAnswers:
    return SqlKeptAnswers(world.product.database)


async def test_what_was_kept_is_told_again_as_it_was(world: World, kept: SqlKeptAnswers) -> None:
    assert await kept.begin("crm", "a", request=ONE, at=world.clock()) is None
    await kept.keep("crm", "a", CREATED)
    assert await kept.begin("crm", "a", request=ONE, at=world.clock()) == CREATED
    with pytest.raises(IdempotencyKeyReused):
        await kept.begin("crm", "a", request=TWO, at=world.clock())
    assert await kept.begin("shop", "a", request=TWO, at=world.clock()) is None


async def test_of_many_at_once_one_begins(world: World, kept: SqlKeptAnswers) -> None:
    found = await asyncio.gather(
        *(kept.begin("crm", "a", request=ONE, at=world.clock()) for _ in range(16)),
        return_exceptions=True,
    )
    assert Counter(type(one) for one in found) == {type(None): 1, IdempotencyInProgress: 15}


async def test_what_was_dropped_begins_anew(world: World, kept: SqlKeptAnswers) -> None:
    await kept.begin("crm", "a", request=ONE, at=world.clock())
    await kept.drop("crm", "a")
    assert await kept.begin("crm", "a", request=TWO, at=world.clock()) is None


async def test_what_is_kept_can_neither_be_dropped_nor_kept_otherwise(
    world: World, kept: SqlKeptAnswers
) -> None:
    await kept.begin("crm", "a", request=ONE, at=world.clock())
    await kept.keep("crm", "a", CREATED)
    await kept.keep("crm", "a", Kept(status=200, body="other"))
    await kept.drop("crm", "a")
    assert await kept.begin("crm", "a", request=ONE, at=world.clock()) == CREATED


async def test_what_was_lost_with_its_process_begins_anew(
    world: World, kept: SqlKeptAnswers
) -> None:
    await kept.begin("crm", "a", request=ONE, at=world.clock())
    almost = world.clock() + LOST_AFTER - timedelta(seconds=1)
    with pytest.raises(IdempotencyInProgress):
        await kept.begin("crm", "a", request=ONE, at=almost)
    later = world.clock() + LOST_AFTER
    assert await kept.begin("crm", "a", request=ONE, at=later) is None
    with pytest.raises(IdempotencyInProgress):
        await kept.begin("crm", "a", request=ONE, at=later)


async def test_answers_are_kept_for_a_day_and_then_forgotten(
    world: World, kept: SqlKeptAnswers
) -> None:
    await kept.begin("crm", "a", request=ONE, at=world.clock())
    await kept.keep("crm", "a", CREATED)
    await kept.begin("crm", "b", request=ONE, at=world.clock() + timedelta(hours=1))
    assert await kept.begin("crm", "a", request=TWO, at=world.clock() + KEPT_FOR) is None
    assert await kept.forget(before=world.clock() + KEPT_FOR) == 1
    [left] = await world.rows(select(idempotency.c.key))
    assert left == ("a",)


async def test_a_link_is_made_once_and_lies_nowhere_in_the_open(
    world: World,
    kept: SqlKeptAnswers,
    running: Campaign,  # noqa: ARG001 - it runs
) -> None:
    key = await world.product.keys.make("crm", Role.INGEST, at=world.clock())
    once = Once(kept=kept, clock=world.clock)
    app = behind(world, SqlDoubtful(world.product.database), once=once).app()
    told = bearer(key) | {"Idempotency-Key": "link-for-2"}
    async with client(app) as web:
        asked = {"json": {"email": email(2)}, "headers": told}
        first = await web.post("/api/v1/survey/generate", **asked)  # type: ignore[arg-type]
        world.clock.forward(minutes=5)
        again = await web.post("/api/v1/survey/generate", **asked)  # type: ignore[arg-type]
    assert first.status_code == 200
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    [row] = await world.rows(select(idempotency))
    assert first.json()["token"] not in repr(row)
    assert email(2) not in repr(row)
    [count] = await world.rows(select(func.count()).select_from(idempotency))
    assert count[0] == 1
