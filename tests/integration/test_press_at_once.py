"""Presses at the same moment, on two processes: one row a person, and totals that are right."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from random import Random

import pytest
from sqlalchemy import func, select

from storage.tables import responses
from survey.campaign import Campaign
from survey.errors import AlreadyAnswered, OutOfDate
from survey.ports import Press
from survey.survey import Answers, Mode
from tests.world import World


@pytest.fixture
async def replica(world: World) -> AsyncIterator[World]:
    """A second process on the same database."""
    again = world.restarted()
    yield again
    await again.close()


async def answered_rows(world: World, campaign: Campaign) -> int:
    found = await world.rows(
        select(func.count()).select_from(responses).where(responses.c.campaign_id == campaign.id)
    )
    return int(found[0][0])


async def test_eight_simultaneous_presses_of_one_person_leave_one_row_and_right_totals(
    world: World, replica: World, running: Campaign
) -> None:
    chance = Random(8)  # noqa: S311
    for _ in range(25):
        world.clock.forward(seconds=1)
        press = await world.press_of(1)
        marks = [chance.randrange(11) for _ in range(8)]
        recorded = await asyncio.gather(
            *(
                (world, replica)[place % 2].product.answers.record(press, mark)
                for place, mark in enumerate(marks)
            )
        )
        assert [found.response.score for found in recorded] == marks
        stands = (await world.product.answers.show(press)).response.score
        assert stands in marks
        assert await answered_rows(world, running) == 1
        assert await world.scores(running) == {stands: 1}


async def press_or_undo(world: World, press: Press, score: int | None) -> None:
    """Whichever comes first: there may be nothing yet to take back."""
    if score is None:
        with suppress(OutOfDate):
            await world.product.answers.undo(press)
    else:
        await world.product.answers.record(press, score)


async def test_simultaneous_presses_of_many_people_keep_the_totals_right(
    world: World, replica: World, running: Campaign
) -> None:
    chance = Random(11)  # noqa: S311
    for _ in range(6):
        world.clock.forward(seconds=1)
        presses = [await world.press_of(place % 12) for place in range(48)]
        await asyncio.gather(
            *(
                press_or_undo((world, replica)[place // 12 % 2], press, chance.randrange(11))
                for place, press in enumerate(presses)
            )
        )
        stood = Counter([(await world.invitation(place)).response.score for place in range(12)])
        assert await world.scores(running) == stood
    assert await answered_rows(world, running) == 12


async def test_an_undo_among_simultaneous_presses_finds_its_place(
    world: World, replica: World, running: Campaign
) -> None:
    chance = Random(5)  # noqa: S311
    for _ in range(25):
        world.clock.forward(seconds=1)
        press = await world.press_of(1)
        acts = [chance.choice([None, 3, 9]) for _ in range(8)]
        await asyncio.gather(
            *(
                press_or_undo((world, replica)[place % 2], press, score)
                for place, score in enumerate(acts)
            )
        )
        stands = (await world.invitation(1)).response.score
        assert await world.scores(running) == ({} if stands is None else {stands: 1})


async def test_a_press_that_is_cut_off_in_the_middle_leaves_nothing_in_the_way(
    world: World, running: Campaign
) -> None:
    press = await world.press_of(1)
    for patience in range(12):
        cut_off = asyncio.ensure_future(world.product.answers.record(press, 3))
        for _ in range(patience):
            await asyncio.sleep(0)
        cut_off.cancel()
        await asyncio.gather(cut_off, return_exceptions=True)

        world.clock.forward(seconds=1)
        assert (await world.press(1, patience % 11)).response.score == patience % 11
        assert await world.scores(running) == {patience % 11: 1}


async def test_of_simultaneous_presses_a_once_survey_counts_one(world: World) -> None:
    world.survey(answers=Answers.ONCE, mode=Mode.IDENTIFIED)
    campaign = await world.start()
    press = await world.press_of(1)

    found = await asyncio.gather(
        *(world.product.answers.record(press, mark) for mark in range(8)), return_exceptions=True
    )

    assert sum(isinstance(one, AlreadyAnswered) for one in found) == 7
    assert await answered_rows(world, campaign) == 1
    assert sum((await world.scores(campaign)).values()) == 1
