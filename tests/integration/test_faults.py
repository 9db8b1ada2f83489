"""Faults of the table, by their numbers, through the sandbox's JSON on both databases."""

import asyncio

from sqlalchemy import select

from storage.tables import responses
from survey.campaign import Campaign
from tests.world import Sandbox, World, email


async def comments(world: World) -> list[str | None]:
    return [row.comment for row in await world.rows(select(responses.c.comment))]


async def reason_dialog(chat: Sandbox, place: int) -> str:
    """Press 6, then `Add a reason`; the form's id."""
    await chat.press(place, "s6")
    opened = (await chat.press(place, "reason"))["dialog"]
    assert [field["name"] for field in opened["fields"]] == ["comment"]
    assert opened["fields"][0]["max_length"] == 2_000
    return str(opened["id"])


async def test_fault_26_double_click(world: World, running: Campaign, chat: Sandbox) -> None:
    message = (await chat.inbox(1))[-1]["id"]

    one, two = await asyncio.gather(*(chat.press(1, "s6", message=message) for _ in range(2)))

    late = await chat.press(1, "s6", message=message)
    assert one == two == late
    assert one["messages"][-1]["text"].startswith("You said 6.")
    sealed = await world.sealed(1, "6")
    assert await chat.act(1, sealed) == await chat.act(1, sealed)
    assert len(await comments(world)) == 1
    assert await world.scores(running) == {6: 1}


async def test_fault_27_two_devices(world: World, running: Campaign, chat: Sandbox) -> None:
    phone, laptop = await world.sealed(1, "3"), await world.sealed(1, "8")
    await chat.act(1, phone)
    world.clock.forward(seconds=1)
    shown = await chat.act(1, laptop)

    assert shown["update"].startswith("You said 8.")
    assert await world.scores(running) == {8: 1}


async def test_fault_28_clicks_out_of_order(world: World, running: Campaign, chat: Sandbox) -> None:
    early, late = await world.sealed(1, "3"), await world.sealed(1, "8")
    world.clock.forward(seconds=1)
    await chat.act(1, late)
    world.clock.forward(seconds=-1)
    shown = await chat.act(1, early)

    assert shown["update"].startswith("You said 8.")
    assert shown["private_text"] == ""
    assert await world.scores(running) == {8: 1}


async def test_fault_29_click_after_close(world: World, running: Campaign, chat: Sandbox) -> None:
    dialog = await reason_dialog(chat, 2)
    await chat.say(0, "/nps close nps")

    late = await chat.press(1, "s6")
    assert late["private_text"] == (
        "This round closed on Monday 16 November, so I couldn't count that."
    )
    assert late["messages"][-1]["text"].startswith("This round is closed.")
    assert late["messages"][-1]["buttons"] == []
    form = await chat.dialog(2, dialog, comment="too late")
    assert form["errors"] == {"comment": late["private_text"]}
    assert form["private_text"] == late["private_text"]
    assert await comments(world) == [None]
    assert await world.scores(running) == {6: 1}


async def test_fault_29_click_after_the_message_says_that_it_is_closed(
    world: World, running: Campaign, chat: Sandbox
) -> None:
    await world.close_round(running)
    message = (await chat.inbox(1))[-1]
    assert message["text"].startswith("This round is closed.")
    assert message["buttons"] == []

    late = await chat.press(1, "s6")  # from a screen that still shows the buttons

    assert late["messages"] == [message]
    assert await world.scores(running) == {}
    assert "This round closed on Monday 16 November" in late["private_text"]


async def test_fault_30_click_by_somebody_else(
    world: World, running: Campaign, chat: Sandbox
) -> None:
    dialog = await reason_dialog(chat, 1)
    message = (await chat.inbox(1))[-1]
    sealed = await world.sealed(1, "9")
    before = await chat.inbox(1), await chat.inbox(2)

    for button in ("s9", "undo", "change", "reason", "later", "stop", "nonsense"):
        pressed = await chat.press(2, button, message=message["id"])
        assert pressed["private_text"] == "That button isn't yours to press."
        assert pressed["messages"] == before[1]
        assert pressed["dialog"] is None
    assert (await chat.act(2, sealed))["private_text"] == "That button isn't yours to press."
    form = await chat.dialog(2, dialog, comment="not mine")
    assert form["private_text"] == "That button isn't yours to press."
    thread = await chat.http.post(
        "/sandbox/api/say",
        json={"as": email(2), "text": "not mine", "thread_id": message["id"]},
    )

    assert thread.status_code == 404
    assert (await chat.inbox(1), await chat.inbox(2)) == before
    assert await comments(world) == [None]
    assert await world.scores(running) == {6: 1}
