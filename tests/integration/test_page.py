"""The pages on real databases, as the product puts them together."""

import asyncio

import httpx
import pytest

from runtime.serving import create_server_app
from survey.consent import How
from survey.ports import Purpose
from survey.scale import CSAT
from survey.survey import Answers, Mode
from survey.usecases.count_doubtful import CountDoubtful
from tests.visits import Visit, visit
from tests.world import World, email


@pytest.fixture
async def web(world: World) -> httpx.AsyncClient:
    app = create_server_app(world.product)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=world.settings.base_url)


async def test_a_press_a_comment_a_change_and_an_undo(world: World, web: httpx.AsyncClient) -> None:
    mine = await visit(world, web)
    assert (await web.get(await mine.path())).status_code == 200
    assert await mine.answer() == (None, None)
    assert "You said 6." in (await mine.post(score=6)).text
    world.clock.forward(seconds=5)
    assert "Less noise" in (await mine.post(do="comment", words="Less noise")).text
    world.clock.forward(seconds=5)
    assert "Changed from 6 to 9." in (await mine.post(score=9, stands=6)).text
    assert await mine.answer() == (9, "Less noise")
    world.clock.forward(seconds=5)
    for _ in range(2):
        assert "Taken back." in (await mine.post(do="undo")).text
    assert await mine.answer() == (None, None)


async def test_eight_presses_at_once_are_one_answer(world: World, web: httpx.AsyncClient) -> None:
    mine = await visit(world, web)
    answers = await asyncio.gather(*(mine.post(score=7) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    campaign = (await world.invitation(3)).campaign
    assert sum((await world.scores(campaign)).values()) == 1


async def test_a_press_in_chat_and_one_on_the_page_are_one_answer(
    world: World, web: httpx.AsyncClient
) -> None:
    mine = await visit(world, web)
    await world.press(3, 4)
    world.clock.forward(seconds=5)
    answer = await mine.post(score=8)
    assert "You said 8." in answer.text
    assert "Changed from" not in answer.text  # who has the link need not be who pressed
    assert await mine.answer() == (8, None)


async def test_what_programs_press_is_set_aside_and_the_person_wins(
    world: World, web: httpx.AsyncClient
) -> None:
    mine = await visit(world, web)
    for mark in range(11):
        assert (await mine.post(score=mark, homepage="x")).status_code == 202
    assert await mine.answer() == (None, None)
    campaign = (await world.invitation(3)).campaign
    assert len(await world.product.doubtful.waiting(campaign)) == 1
    await mine.post(score=9)
    assert await mine.answer() == (9, None)
    assert await world.product.doubtful.waiting(campaign) == []


async def test_one_press_counts_after_a_quarter_of_an_hour_unless_it_is_taken_back(
    world: World, web: httpx.AsyncClient
) -> None:
    world.survey(scale=CSAT, mode=Mode.IDENTIFIED, one_press=True)
    mine = await visit(world, web)
    other = Visit(world, web, 4)
    for one in (mine, other):
        assert (await one.post(score=4, auto=1)).status_code == 202
    await other.post(do="undo", provisional=1)
    count = CountDoubtful(
        answers=world.product.answers, doubtful=world.product.doubtful, clock=world.clock
    )
    assert await count() == 0
    world.clock.forward(minutes=15)
    assert await count() == 1
    assert await mine.answer() == (4, None)
    assert await other.answer() == (None, None)


async def test_one_answer_is_one_answer_on_the_page_too(
    world: World, web: httpx.AsyncClient
) -> None:
    world.survey(answers=Answers.ONCE)
    mine = await visit(world, web)
    await mine.post(score=6)
    assert (await web.get(await mine.path())).status_code == 409
    assert (await mine.post(score=9)).status_code == 409
    assert await mine.answer() == (6, None)


async def test_unsubscribing_is_noted_with_its_way_and_its_reason(
    world: World, web: httpx.AsyncClient
) -> None:
    mine = await visit(world, web)
    stop = await mine.path(Purpose.UNSUBSCRIBE)
    answers = await mine.path()
    await web.post(stop, data={"stop": "this", "words": "Too many"})
    await web.post(stop, data={"List-Unsubscribe": "One-Click"})
    await web.post(stop, data={"again": "all"})
    person = await world.product.people.by_email(email(3))
    assert person is not None
    said = await world.product.people.consents(person)
    assert [(one.survey, one.may_ask, one.how, one.reason) for one in said][:2] == [
        ("nps", False, How.PAGE, "Too many"),
        ("", False, How.ONE_CLICK, ""),
    ]
    assert all(one.may_ask and one.how is How.PAGE for one in said[2:])
    assert await world.product.people.opted_out(person) == []
    assert (await web.post(answers, data={"score": "5"})).status_code == 200


async def test_a_closed_round_says_so_at_once_to_whoever_presses(
    world: World, web: httpx.AsyncClient
) -> None:
    mine = await visit(world, web)
    path = await mine.path()
    assert (await web.get(path)).status_code == 200
    campaign = (await world.invitation(3)).campaign
    await world.close_round(campaign)
    answer = await web.post(path, data={"score": "6"})
    assert answer.status_code == 410
    assert "This round is closed; thank you." in answer.text
