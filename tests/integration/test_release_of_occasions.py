"""The release gate where somebody is asked again and again: k people, not k of their answers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from survey.campaign import Campaign
from survey.ports import Given
from survey.survey import Answers, Mode
from tests.happenings import TOML, campaign_of, ticket
from tests.world import World, email

K = 5
GATED = {
    "mode": Mode.CONFIDENTIAL,
    "one_press": False,
    "alert_at": None,
    "answers": Answers.CHANGEABLE,
}


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    found = World(database_url, folder=tmp_path, toml=TOML)
    await found.populate(20)
    yield found
    await found.close()


async def gives(desk: World, number: int, person: int, score: int, words: str = "") -> None:
    """Somebody's answer about one of their tickets."""
    desk.clock.forward(seconds=1)
    about = ticket(desk, number, who=email(person))
    given = Given(occasion=about, score=score, comment=words, at=desk.clock.at)
    await desk.product.occasions.answer(await campaign_of(desk, **GATED), given)


async def shown(desk: World, campaign: Campaign) -> dict[int, int]:
    await desk.product.close.move_figures()
    found = (await desk.product.figures.of_rounds([campaign]))[campaign.id]
    return {score: n for score, n in found.counts.items() if n}


async def test_many_answers_of_one_person_are_no_group(desk: World) -> None:
    campaign = await campaign_of(desk, **GATED)
    for number in range(1, 3 * K):
        await gives(desk, number, 1, 1)
    assert await shown(desk, campaign) == {}
    for person in range(2, K):
        await gives(desk, 100 + person, person, 5)
    assert await shown(desk, campaign) == {}
    await gives(desk, 200, K, 5)
    assert await shown(desk, campaign) == {1: 1, 5: K - 1}
    # What one of them said besides waits for k others.
    assert await shown(desk, campaign) == {1: 1, 5: K - 1}
    for person in range(2, K + 1):
        await gives(desk, 300 + person, person, 4)
    assert await shown(desk, campaign) == {1: 2, 4: K - 1, 5: K - 1}


async def test_an_answer_that_is_changed_moves_with_k_people(desk: World) -> None:
    campaign = await campaign_of(desk, **GATED)
    for person in range(1, 2 * K + 1):
        await gives(desk, person, person, 5)
    assert await shown(desk, campaign) == {5: 2 * K}
    for number in range(1, K + 1):
        await gives(desk, 100 + number, 1, 1)
    await gives(desk, 1, 1, 2)
    assert await shown(desk, campaign) == {5: 2 * K}


async def test_at_the_close_all_that_groups_of_k_have_said_comes_in(desk: World) -> None:
    campaign = await campaign_of(desk, **GATED)
    for person in range(1, K + 1):
        for number in range(3):
            await gives(desk, 10 * person + number, person, 3)
    await gives(desk, 99, 1, 1)
    await desk.product.close(campaign)
    desk.clock.forward(minutes=1)
    await desk.product.close.settle()
    found = (await desk.product.figures.of_rounds([campaign]))[campaign.id]
    assert {score: n for score, n in found.counts.items() if n} in (
        {3: 3 * K},
        {1: 1, 3: 3 * K - 1},
    )


async def test_people_and_not_answers_are_the_measure_of_what_moves(desk: World) -> None:
    campaign = await campaign_of(desk, **GATED)
    for turn in range(22):
        for person in range(1, K + 1):
            await gives(desk, 100 * turn + person, person, 3)
        desk.clock.forward(hours=1)
        assert await shown(desk, campaign) == {3: (turn + 1) * K}


@pytest.mark.parametrize(("people", "told"), [(2 * K - 1, 0), (2 * K, 4 * K)])
async def test_comments_are_told_of_twice_as_many_people_and_not_answers(
    desk: World, people: int, told: int
) -> None:
    campaign = await campaign_of(desk, **GATED)
    for person in range(1, people + 1):
        for number in range(2):
            await gives(desk, 10 * person + number, person, 3, f"Words {number}")
    await desk.product.close(campaign)
    desk.clock.forward(minutes=1)
    await desk.product.close.settle()
    assert len((await desk.product.read_comments("support")).unnamed) == told
