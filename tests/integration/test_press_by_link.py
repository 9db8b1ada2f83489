"""A press by the invitation's own link: whoever holds it is the one who was asked."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from storage.tables import deliveries
from survey.campaign import Campaign
from survey.card import Subject
from survey.comment import Comment
from survey.errors import InvitationClosed, OutOfDate
from survey.invitation import Response
from survey.person import EMAIL
from survey.ports import Press
from survey.states import InvitationState
from tests.posting import Post
from tests.world import World, email


async def link_of(world: World, place: int) -> Press:
    return replace(await world.press_of(place), by=None)


async def updates(world: World) -> int:
    found = await world.rows(
        select(func.count()).where(deliveries.c.kind == "update", deliveries.c.state == "planned")
    )
    return int(found[0][0])


async def test_it_answers_changes_comments_and_takes_back(world: World, running: Campaign) -> None:
    press = await link_of(world, 1)
    answers = world.product.answers

    recorded = await answers.record(press, 6)
    changed = await answers.record(press, 9)
    commented = await answers.comment(press, Comment("Good coffee."))

    assert recorded.person.email == email(1)
    assert recorded.response == Response(score=6)
    assert changed.response == Response(score=9, previous=6)
    assert commented.state is InvitationState.COMPLETED
    assert await answers.show(press) == commented
    assert await world.scores(running) == {9: 1}
    assert (await answers.undo(press)).response == Response(previous=9)
    assert await world.scores(running) == {}


async def test_chat_and_link_are_one_answer(world: World, running: Campaign) -> None:
    await world.press(1, 6)
    world.clock.forward(seconds=1)
    await world.product.answers.record(await link_of(world, 1), 2)
    world.clock.forward(seconds=1)

    assert (await world.press(1, 3)).response == Response(score=3, previous=2)
    assert await world.scores(running) == {3: 1}


async def test_an_answer_by_link_changes_the_message_in_the_chat(
    world: World, running: Campaign
) -> None:
    del running
    press = await link_of(world, 1)
    await world.product.answers.record(press, 9)
    assert await updates(world) == 1
    await world.product.worker()
    assert await updates(world) == 0

    await world.product.answers.undo(press)
    assert await updates(world) == 1
    await world.product.worker()
    await world.product.answers.comment(press, Comment("why"))
    assert await updates(world) == 1


async def test_who_has_nothing_but_mail_causes_no_message(world: World) -> None:
    post = Post(world, EMAIL)
    await post.start(1)
    await post.arrives(*await post.due())
    press = await link_of(world, 1)

    await world.product.answers.record(press, 9)
    await world.product.answers.comment(press, Comment("why"))
    await world.product.answers.undo(press)

    assert await updates(world) == 0


async def test_a_press_in_chat_beside_a_mail_changes_nothing_by_mail(world: World) -> None:
    post = Post(world)
    await post.start(1)
    await post.arrives(*await post.due())
    await world.press(1, 9)
    assert await updates(world) == 0


async def test_it_opens_its_own_invitation_alone(world: World, running: Campaign) -> None:
    known = (await link_of(world, 1)).subject
    for subject in (
        Subject(campaign_id=known.campaign_id, invitation_id=uuid4()),
        Subject(campaign_id=known.campaign_id + 1, invitation_id=known.invitation_id),
    ):
        press = Press(subject=subject, by=None, at=world.clock.at)
        for attempt in (
            world.product.answers.record(press, 3),
            world.product.answers.undo(press),
            world.product.answers.comment(press, Comment("no")),
            world.product.answers.show(press),
        ):
            with pytest.raises(OutOfDate):
                await attempt
    assert await world.scores(running) == {}


async def test_after_the_close_it_opens_nothing(world: World, running: Campaign) -> None:
    press = await link_of(world, 1)
    await world.product.close(running)
    with pytest.raises(InvitationClosed):
        await world.product.answers.record(press, 3)
    assert await world.scores(running) == {}


async def test_a_page_cant_be_asked_to_come_later(world: World, running: Campaign) -> None:
    del running
    press = await link_of(world, 1)
    with pytest.raises(OutOfDate):
        await world.product.answers.ask_later(press, due_at=world.clock.at)


async def test_presses_by_link_and_by_account_at_once_are_counted_once(
    world: World, running: Campaign
) -> None:
    presses = [await link_of(world, 1), await world.press_of(1)]
    await asyncio.gather(
        *(world.product.answers.record(press, score) for score in range(5) for press in presses)
    )
    assert sum((await world.scores(running)).values()) == 1
