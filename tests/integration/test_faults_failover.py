"""Fault 8: the database goes while it saves, and nobody hears whether it did."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.interactions import Pressed
from storage.tables import campaigns, deliveries, sandbox_messages
from survey.card import Act, Card
from survey.comment import Comment
from survey.errors import CommitUnknown, StorageUnavailable
from survey.survey import Answers
from tests.conftest import PostgresServer
from tests.peer.way import Way, way_to
from tests.world import World, address, email

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SORRY = Card(headline="I couldn't save that just now, so please press again in a minute.")


@pytest.fixture
async def failing_over(
    postgres: PostgresServer, tmp_path: Path
) -> AsyncIterator[tuple[World, Way]]:
    """The world on a way to PostgreSQL that can break."""
    async with way_to(postgres.fresh()) as (url, way):
        world = World(url, folder=tmp_path)
        await world.populate()
        yield world, way
        await world.close()


arriving = pytest.mark.parametrize(
    "arrives", [True, False], ids=["it was committed", "it was not committed"]
)


@arriving
@pytest.mark.parametrize("rule", ["changeable", "once"])
async def test_fault_8_a_press_whose_commit_went_unheard_is_read_again(
    failing_over: tuple[World, Way], arrives: bool, rule: str
) -> None:
    world, way = failing_over
    world.survey(answers=Answers(rule))
    campaign = await world.start()
    press = await world.press_of(1)
    way.breaks(email(1).encode(), arrives=arrives)

    recorded = await world.product.answers.record(press, 9)

    assert way.cuts == 1
    assert (recorded.response.score, recorded.state.value) == (9, "answered")
    assert await world.scores(campaign) == {9: 1}


@arriving
async def test_fault_8_an_undo_whose_commit_went_unheard_is_read_again(
    failing_over: tuple[World, Way], arrives: bool
) -> None:
    world, way = failing_over
    campaign = await world.start()
    await world.press(1, 9)
    world.clock.forward(seconds=1)
    press = await world.press_of(1)
    way.breaks(email(1).encode(), arrives=arrives)

    undone = await world.product.answers.undo(press)

    assert way.cuts == 1
    assert undone.response.score is None
    assert await world.scores(campaign) == {}


@arriving
async def test_fault_8_a_press_that_cant_be_read_again_says_so_and_may_be_pressed_again(
    failing_over: tuple[World, Way], arrives: bool
) -> None:
    world, way = failing_over
    campaign = await world.start()
    press = await world.press_of(1)
    way.breaks(email(1).encode(), arrives=arrives, stays=True)
    interaction = Pressed(
        by=address(email(1)), at=press.at, act=Act.SCORE, value="9", subject=press.subject
    )

    told = await world.product.desk(interaction)
    assert (told.private, told.update) == (SORRY, None)
    way.closed = False
    again = await world.product.desk(interaction)

    assert again.update is not None
    assert again.update.headline == "You said 9."
    assert await world.scores(campaign) == {9: 1}


@arriving
async def test_fault_8_a_comment_whose_commit_went_unheard_is_not_kept_twice(
    failing_over: tuple[World, Way], arrives: bool
) -> None:
    world, way = failing_over
    await world.start()
    await world.press(1, 6)
    press = await world.press_of(1)
    await world.product.answers.comment(press, Comment("Slow."))
    way.breaks(b"COMMIT;", arrives=arrives)

    adding = world.product.answers.comment(press, Comment("Loud."), added=True)
    if arrives:
        assert (await adding).response.comment == "Slow.\nLoud."
    else:
        with pytest.raises(CommitUnknown, match="look before you try again"):
            await adding

    kept = (await world.invitation(1)).response.comment
    assert kept == ("Slow.\nLoud." if arrives else "Slow.")
    assert way.cuts == 1


@arriving
async def test_fault_8_a_start_whose_commit_went_unheard_is_one_round(
    failing_over: tuple[World, Way], arrives: bool
) -> None:
    world, way = failing_over
    plan = await world.product.start.plan("nps", at_once=True)
    way.breaks(b"COMMIT;", arrives=arrives)
    if arrives:
        started = await world.product.rounds.start(plan)
    else:
        with pytest.raises(StorageUnavailable):
            await world.product.rounds.start(plan)
        started = await world.product.rounds.start(plan)

    assert way.cuts == 1
    (number,) = await world.rows(select(campaigns.c.id))
    assert started.id == number.id
    assert await world.states(started) == {"planned": 12}


@arriving
@pytest.mark.parametrize("nth", [1, 2, 3, 9, 14, 15])
async def test_fault_8_whatever_commit_of_a_worker_goes_unheard_everybody_gets_one_message(
    failing_over: tuple[World, Way], arrives: bool, nth: int
) -> None:
    world, way = failing_over
    campaign = await world.start(deliver=False)
    way.breaks(b"COMMIT;", arrives=arrives, nth=nth)
    try:
        await world.product.worker()
    except StorageUnavailable:
        world.clock.forward(minutes=3)  # as the next look would
    await world.rows(deliveries.update().values(lease_until=LONG_AGO))
    for _ in range(3):
        await world.product.worker()
        world.clock.forward(minutes=6)

    assert way.cuts == 1
    assert await world.states(campaign) == {"sent": 12}
    assert (await world.product.rounds.by_id(campaign.id)).reached == 12
    got = select(func.count(sandbox_messages.c.id)).group_by(sandbox_messages.c.inbox)
    assert [number for (number,) in await world.rows(got)] == [1] * 12
