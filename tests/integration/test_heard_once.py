"""Events that a chat tells of more than once, on both databases."""

import asyncio
from dataclasses import replace

from storage.heard import SqlHeard
from survey.campaign import Campaign
from survey.comment import Comment
from survey.ports import Event
from tests.world import World


async def test_words_that_are_told_of_again_are_added_once(world: World, running: Campaign) -> None:
    assert running.takes_answers(world.clock.at)
    await world.press(1, 6)
    press = replace(
        await world.press_of(1), event=Event(source="mattermost:comments", name="w" * 26)
    )
    other = replace(press, event=Event(source="mattermost:comments", name="v" * 26))
    for one, text in ((press, "First"), (press, "First"), (other, "Second"), (press, "First")):
        await world.product.answers.comment(one, Comment(text), added=True)
    found = await world.product.answers.show(press)
    assert found.response.comment == "First\nSecond"


async def test_of_many_who_note_an_event_one_is_the_first(world: World) -> None:
    heard = SqlHeard(world.product.database)
    told = await asyncio.gather(
        *(heard.done("mattermost:clicks", "x" * 26, at=world.clock.at) for _ in range(8))
    )
    assert sorted(told) == [False] * 7 + [True]
    assert not await heard.is_new("mattermost:clicks", "x" * 26)
    assert await heard.is_new("mattermost:posts", "x" * 26)


async def test_a_mark_never_goes_back(world: World) -> None:
    heard = SqlHeard(world.product.database)
    assert await heard.mark("mattermost:posts") is None
    for mark in (5, 9, 7):
        await heard.set_mark("mattermost:posts", mark)
    assert await heard.mark("mattermost:posts") == 9
