"""Comments and files over real storage and through the sandbox."""

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from uuid import uuid4

from sqlalchemy import event, select

from storage.tables import responses
from survey.campaign import Campaign
from survey.card import Attachment, Card
from survey.comment import Comment
from survey.report import BOM, Withheld, export_csv, export_json
from survey.survey import Mode
from tests.world import Sandbox, World, address, email

BUTTONS = ("comments", "compare", "export")


async def write(world: World, place: int, text: str) -> None:
    await world.product.answers.comment(await world.press_of(place), Comment(text))


async def answer(world: World, places: Iterable[int]) -> None:
    for place in places:
        world.clock.forward(seconds=1)
        await world.press(place, place % 11)
        await write(world, place, f"Words of {place}")


async def whole(pieces: AsyncIterator[str]) -> str:
    return "".join([piece async for piece in pieces])


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix(BOM), newline="")))


# Comments


async def test_unnamed_comments_wait_for_the_close(world: World, running: Campaign) -> None:
    await answer(world, range(12))
    found = await world.product.read_comments("nps")
    assert (found.withheld, found.count) == (Withheld.OPEN, 0)
    await world.product.close(running)
    found = await world.product.read_comments("nps")
    assert (found.withheld, found.count) == (Withheld.OPEN, 0)

    await world.close_round(running)
    found = await world.product.read_comments("nps")
    assert (found.withheld, found.named) == (None, ())
    assert set(found.unnamed) == {f"Words of {place}" for place in range(12)}
    assert (await world.restarted().product.read_comments("nps")).unnamed == found.unnamed


async def test_the_order_of_unnamed_comments_is_that_of_nothing_else(
    world: World, running: Campaign
) -> None:
    await answer(world, range(12))
    await world.close_round(running)
    shown = list((await world.product.read_comments("nps")).unnamed)
    rows = await world.rows(
        select(responses.c.comment, responses.c.score)
        .where(responses.c.campaign_id == running.id)
        .order_by(responses.c.respondent)
    )
    by_pseudonym = [row.comment for row in rows]
    by_time = [f"Words of {place}" for place in range(12)]
    for order in (by_pseudonym, by_time, sorted(by_time)):
        assert shown not in (order, order[::-1])


async def test_too_few_counted_answers_show_no_comment(world: World, running: Campaign) -> None:
    await answer(world, range(9))
    await write(world, 9, "A comment before the score")
    await world.close_round(running)
    found = await world.product.read_comments("nps")
    assert (found.withheld, found.count) == (Withheld.FEW, 0)


async def test_whoever_is_not_counted_is_not_quoted(world: World, running: Campaign) -> None:
    await answer(world, range(11))
    assert (await world.product.report("nps")).figures is not None
    await write(world, 11, "A comment before the score")
    world.clock.forward(seconds=1)
    await world.product.answers.undo(await world.press_of(0))
    await write(world, 0, "A comment after the undo")
    await world.close_round(running)
    report = await world.product.report("nps")
    assert report.figures is not None
    assert report.figures.n >= 10
    shown = (await world.product.read_comments("nps")).unnamed
    assert set(shown) == {f"Words of {place}" for place in range(1, 11)}


async def test_named_comments_are_there_at_once_the_latest_first(world: World) -> None:
    world.survey(mode=Mode.IDENTIFIED)
    await world.start()
    await answer(world, [3, 5])
    await write(world, 7, "No score yet")
    found = await world.product.read_comments("nps")
    assert found.unnamed == ()
    assert [(one.email, one.score, one.comment) for one in found.named] == [
        (email(5), 5, "Words of 5"),
        (email(3), 3, "Words of 3"),
    ]
    assert found.named[0].attributes == {"team": "Sales", "badge": "B0005"}
    assert found.named[0].pressed_at == world.clock.at


# Files


async def test_fault_44_every_text_of_a_file_opens_as_text(world: World) -> None:
    starts = ["=", "+", "-", "@", "\t=", "\r=", "＝", "  =", "\xa0@", "\u200b="]  # noqa: RUF001
    world.survey(mode=Mode.IDENTIFIED)
    await world.start()
    await answer(world, range(len(starts)))
    for place, start in enumerate(starts):
        # As if nothing had been trimmed on its way in.
        await world.rows(
            responses.update()
            .where(responses.c.comment == f"Words of {place}")
            .values(comment=f"{start}cmd()")
        )
    rows = rows_of(await whole(export_csv(await world.product.export("nps"))))
    assert len(rows) == len(starts)
    assert {row["comment"][0] for row in rows} == {"'"}
    found = await world.product.read_comments("nps")
    assert {one.comment for one in found.named} == {row["comment"][1:] for row in rows}


async def test_a_file_without_names_tells_what_the_report_tells(
    world: World, running: Campaign
) -> None:
    await answer(world, range(12))
    before = rows_of(await whole(export_csv(await world.product.export("nps"))))
    assert {row["kind"] for row in before} >= {"answered", "overall", "score"}
    assert [row for row in before if row["comment"]] == []
    assert {row["suppressed"] for row in before if row["kind"] == "group"} == {"yes"}
    await world.close_round(running)
    report = await world.product.report("nps", by="team")
    assert report.distribution is not None
    rows = rows_of(await whole(export_csv(await world.product.export("nps"))))
    counted = {int(r["score"]): int(r["people"]) for r in rows if r["kind"] == "score"}
    assert counted == report.distribution.counts
    groups = {
        r["value"]: int(r["people"])
        for r in rows
        if r["kind"] == "group" and r["suppressed"] == "no"
    }
    assert groups == {group.value: group.figures.n for group in report.groups if group.figures}
    assert "B0001" not in str(rows)
    assert "@example.org" not in str(rows)

    told = json.loads(await whole(export_json(await world.product.export("nps"))))
    assert told["report"]["distribution"] == {str(k): n for k, n in counted.items()}
    assert set(told["comments"]) == {f"Words of {place}" for place in range(12)}
    assert told["comments_withheld"] is None


async def test_a_file_with_names_is_read_by_one_statement_and_some_at_a_time(world: World) -> None:
    world.survey(mode=Mode.IDENTIFIED)
    await world.start()
    await answer(world, range(12))
    said: list[str] = []
    engine = world.product.database.readers.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *call: said.append(call[2]))
    found = await world.product.export("nps")
    said.clear()
    text = await whole(export_csv(found))
    assert len([statement for statement in said if "SELECT" in statement]) == 1
    rows = rows_of(text)
    assert [row["email"] for row in rows] == sorted(email(place) for place in range(12))
    assert rows[0]["attribute_team"] == "Platform"

    told = json.loads(await whole(export_json(await world.product.export("nps"))))
    assert [one["score"] for one in told["answers"]] == [int(row["score"]) for row in rows]
    again = await world.product.export("nps")
    assert again.answers is not None
    async with aclosing(again.answers) as answers:
        assert (await anext(answers)).email == email(0)
    await world.press(1, 10)  # nobody holds anything any more


# Rights


async def test_fault_62_comments_files_and_comparisons_are_for_administrators(
    world: World, chat: Sandbox
) -> None:
    await answer(world, range(12))
    for command in ("comments", "export", "comments nps", "export nps/2026Q4"):
        before = len(await chat.inbox(1))
        refused = await chat.say(1, f"/nps {command}")
        assert refused["private_text"].endswith("survey administrators: ada@example.org.")
        assert len(await chat.inbox(1)) == before
    await chat.say(0, "/nps report")
    report = (await chat.inbox(0))[-1]
    assert [button["id"] for button in report["buttons"]] == [*BUTTONS, "share"]
    for button in BUTTONS:
        refused = await chat.press(1, button, message=report["id"])
        assert refused["private_text"] == "That button isn't yours to press."


async def test_fault_62_fewer_than_k_show_no_figure_anywhere(world: World, chat: Sandbox) -> None:
    await answer(world, range(4))
    told = (await chat.say(0, "/nps comments"))["private_text"]
    assert "Words" not in told
    await chat.say(0, "/nps export")
    message = (await chat.inbox(0))[-1]
    text = (await chat.http.get(message["files"][0]["url"])).text
    assert "Words" not in text
    rows = rows_of(text)
    assert {row["figure"] for row in rows} == {""}
    assert {row["kind"] for row in rows} == {
        "invited",
        "reached",
        "answered",
        "pending",
        "overall",
        "group",
    }
    assert {row["people"] for row in rows if row["kind"] in {"overall", "group"}} == {""}


# The file in the chat


async def test_a_file_comes_as_a_download_that_no_browser_opens(
    world: World, chat: Sandbox
) -> None:
    await answer(world, range(12))
    await chat.say(0, "/nps export")
    message = (await chat.inbox(0))[-1]
    assert message["files"] == [
        {"name": "nps-2026Q4.csv", "url": f"/sandbox/api/files/{message['id']}"}
    ]
    found = await chat.http.get(message["files"][0]["url"])
    assert found.status_code == 200
    assert found.text.startswith(BOM)
    assert found.headers["content-type"] == "text/csv; charset=utf-8"
    assert found.headers["content-disposition"] == "attachment; filename*=UTF-8''nps-2026Q4.csv"
    assert found.headers["x-content-type-options"] == "nosniff"
    without = (await chat.inbox(0))[0]
    assert without["files"] == []
    assert (await chat.http.get(f"/sandbox/api/files/{without['id']}")).status_code == 404


async def test_a_message_of_our_own_carries_its_file(world: World) -> None:
    file = Attachment(name="Übersicht; x.txt", media_type="text/plain", content=b"\x00<b>")
    card = Card(headline="For you", attachment=file)
    messenger = world.product.worker.messengers["sandbox"]
    await messenger.send(address(email(1)), card, delivery_id=uuid4())
    chat = world.sandbox()
    async with chat.http:
        (message,) = await chat.inbox(1)
        assert message["files"][0]["name"] == "Übersicht; x.txt"
        found = await chat.http.get(message["files"][0]["url"])
    assert found.content == file.content
    assert found.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''%C3%9Cbersicht%3B%20x.txt"
    )
