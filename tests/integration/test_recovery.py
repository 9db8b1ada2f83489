"""What goes on when something beside us breaks, and what people see of it."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.interactions import CommandTyped
from survey.card import Act, Reply
from tests.world import World, address, email

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


async def _cut_all_connections(world: World) -> None:
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
    async with world.product.database.engine.connect() as connection:
        await connection.execute(text(cut + "AND datname = current_database()"))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_fault_5_presses_go_on_after_the_database_cut_every_connection(
    world: World,
) -> None:
    await world.start()
    await asyncio.gather(*(world.press(place, 7) for place in range(10)))
    await _cut_all_connections(world)
    world.clock.forward(seconds=1)
    for place in range(10):
        assert (await world.press(place, 9)).response.score == 9


def test_a_worker_outlives_the_event_loop_that_it_began_on(
    sqlite_template: Path, tmp_path: Path
) -> None:
    path = tmp_path / "voxpop.db"
    path.write_bytes(sqlite_template.read_bytes())
    world = World(f"sqlite:///{path}", folder=tmp_path)

    async def ask(survey: str, people: int) -> int:
        if survey == "nps":
            await world.populate(people)
        campaign = await world.start(survey)
        sent = (await world.states(campaign)).get("sent", 0)
        await world.close()
        return sent

    assert asyncio.run(ask("nps", 30)) == 30
    assert asyncio.run(ask("ticket", 30)) == 30


async def test_the_message_shows_what_is_stored_whoever_presses_at_once(world: World) -> None:
    await world.start()
    chat = world.sandbox()
    async with chat.http as http:
        for place in range(1, 7):
            inbox = (await http.get(f"/sandbox/api/inbox/{email(place)}")).json()["messages"]
            message = inbox[-1]["id"]

            async def press(button: str, place: int = place, message: str = message) -> None:
                world.clock.forward(milliseconds=1)
                body = {"as": email(place), "message_id": message, "button_id": button}
                await http.post("/sandbox/api/press", json=body)

            await asyncio.gather(*(press(f"s{score}") for score in (0, 3, 5, 7, 9, 10, 2, 8)))
            await asyncio.gather(press("undo"), press("reason"))
            stored = (await world.invitation(place)).response.score
            inbox = (await http.get(f"/sandbox/api/inbox/{email(place)}")).json()["messages"]
            shown = inbox[-1]["headline"]
            assert shown == (f"You said {stored}." if stored is not None else shown)
            assert ("You said" in shown) == (stored is not None)


async def test_words_below_a_closed_question_go_to_nobody(world: World) -> None:
    closed = await world.start("nps")
    await world.close_round(closed)
    await world.start("ticket")
    chat = world.sandbox()
    async with chat.http as http:
        inbox = (await http.get(f"/sandbox/api/inbox/{email(1)}")).json()["messages"]
        old = next(one for one in inbox if "closed" in one["headline"])
        said = {"as": email(1), "text": "between us", "thread_id": old["id"]}
        answer = (await http.post("/sandbox/api/say", json=said)).json()
    assert "This round closed on" in answer["private_text"]
    assert (await world.invitation(1)).response.comment is None


async def test_whoever_comes_back_after_stopping_has_buttons_again(world: World) -> None:
    await world.start()
    chat = world.sandbox()
    async with chat.http as http:

        async def inbox() -> list[dict[str, list[dict[str, str]]]]:
            answer = await http.get(f"/sandbox/api/inbox/{email(1)}")
            return list(answer.json()["messages"])

        async def press(button: str) -> None:
            body = {"as": email(1), "message_id": (await inbox())[-1]["id"], "button_id": button}
            await http.post("/sandbox/api/press", json=body)

        await press("stop")
        await press("stopall")
        assert (await inbox())[-1]["buttons"] == []
        await http.post("/sandbox/api/say", json={"as": email(1), "text": "/nps optin"})
        await world.product.worker()
        assert len((await inbox())[-1]["buttons"]) == 14
        await press("s9")
    assert (await world.invitation(1)).response.score == 9


async def test_a_report_comes_without_its_picture_where_none_can_be_drawn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.start()
    for place in range(6):
        await world.press(place, 8)
    typed = CommandTyped(by=address(email(0)), text="/nps report", at=world.clock.at)
    drawn = await world.product.desk(typed)
    monkeypatch.setattr("runtime.pictures.DRAWING_SECONDS", 0)
    undrawn = await world.product.desk(typed)
    assert drawn.private is not None
    assert drawn.private.picture is not None
    assert drawn.private.picture.png.startswith(b"\x89PNG")
    assert undrawn.private is not None
    assert undrawn.private.picture is None
    assert undrawn.private.lines == drawn.private.lines


async def test_something_unforeseen_is_told_in_a_sentence(world: World) -> None:
    async def broken(*_: object) -> Reply:
        raise ZeroDivisionError

    desk = world.product.desk
    object.__setattr__(desk, "commands", broken)
    typed = CommandTyped(by=address(email(0)), text="/nps report", at=world.clock.at)
    reply = await desk(typed)
    assert reply.private is not None
    assert "What you answered before stands." in reply.private.text
    assert Act.SCORE.value not in reply.private.text
