"""Faults of the table that come as text: too much of it, odd signs, code of any kind."""

import io
import json
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog
from sqlalchemy import select

from bot.sandbox.inbound import address_of
from runtime import logs
from storage.tables import responses
from survey.campaign import Campaign
from survey.person import Enrolment
from survey.survey import Mode
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


@pytest.mark.parametrize("streamed", [False, True])
async def test_fault_39_comment_of_1_mb(world: World, chat: Sandbox, *, streamed: bool) -> None:
    dialog = await reason_dialog(chat, 1)
    huge = "x" * 1_000_000
    bodies = (
        ("dialog", {"as": email(1), "dialog_id": dialog, "values": {"comment": huge}}),
        ("say", {"as": email(1), "text": huge}),
        ("say", None),
    )
    for what, body in bodies:
        raw = b"{" * 1_000_000 if body is None else json.dumps(body).encode()

        async def pieces(raw: bytes = raw) -> AsyncIterator[bytes]:
            for place in range(0, len(raw), 65_536):
                yield raw[place : place + 65_536]

        answer = await chat.http.post(
            f"/sandbox/api/{what}",
            content=pieces() if streamed else raw,
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 413
        assert answer.json()["code"] == "too_large"
        assert "2,000 characters" in answer.json()["detail"]
    assert await comments(world) == [None]
    assert len(await chat.inbox(1)) == 1


async def test_fault_39_one_character_too_many(world: World, chat: Sandbox) -> None:
    dialog = await reason_dialog(chat, 1)
    message = (await chat.inbox(1))[-1]

    refused = await chat.dialog(1, dialog, comment="🙂" * 2_001)
    assert "2,001" in refused["errors"]["comment"]
    assert "2,000" in refused["errors"]["comment"]
    said = await chat.say(1, "x" * 2_001, thread_id=message["id"])
    assert "2,001" in said["private_text"]
    assert "2,000" in said["private_text"]
    assert await comments(world) == [None]

    kept = await chat.dialog(1, dialog, comment="🙂" * 2_000)
    assert not kept.get("errors")
    assert await comments(world) == ["🙂" * 2_000]


@pytest.mark.parametrize("junk", [r"\u0000", r"\ud800", r"\udfff", r"\u0000\ud83d"])
async def test_fault_40_nul_bytes_and_lone_surrogates(
    world: World, running: Campaign, chat: Sandbox, junk: str
) -> None:
    message = (await chat.inbox(1))[-1]["id"]
    who = f'"as": "per{junk}son1@example.org{junk}"'

    async def sent(what: str, body: str) -> dict[str, object]:
        answer = await chat.http.post(
            f"/sandbox/{what}", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 200, f"{what} {body}: {answer.text}"
        found: dict[str, object] = answer.json()
        return found

    await sent("api/press", f'{{{who}, "message_id": {message}, "button_id": "s6"}}')
    assert await world.scores(running) == {6: 1}
    dialog = (await chat.press(1, "reason"))["dialog"]["id"]
    values = f'"values": {{"comment": "a{junk}b"}}'
    await sent("api/dialog", f'{{{who}, "dialog_id": "{dialog}", {values}}}')
    assert await comments(world) == ["ab"]
    await sent("api/say", f'{{{who}, "text": "c{junk}d", "thread_id": {message}}}')
    assert await comments(world) == ["ab\ncd"]
    await sent("api/say", f'{{{who}, "text": "/nps{junk} pend{junk}ing"}}')


@pytest.mark.parametrize("junk", [r"\u0000", r"\ud800"])
async def test_fault_40_nul_bytes_and_lone_surrogates_beside_a_sealed_button(
    world: World, running: Campaign, chat: Sandbox, junk: str
) -> None:
    sealed = await world.sealed(1, "6")
    answer = await chat.http.post(
        "/sandbox/actions", content=f'{{"as": "{junk}{email(1)}", "context": "{sealed}"}}'
    )
    assert answer.status_code == 200, answer.text
    assert await world.scores(running) == {6: 1}


@pytest.mark.parametrize("junk", [r"\u0000", r"\ud800"])
async def test_fault_40_junk_where_only_ids_belong_is_no_servers_error(
    world: World, running: Campaign, chat: Sandbox, junk: str
) -> None:
    message = (await chat.inbox(1))[-1]["id"]
    who = f'"as": "{email(1)}"'
    sealed = await world.sealed(1, "6")
    for what, body in (
        ("api/press", f'{{{who}, "message_id": {message}, "button_id": "{junk}x"}}'),
        ("api/press", f'{{{who}, "message_id": "{junk}", "button_id": "s6"}}'),
        ("api/dialog", f'{{{who}, "dialog_id": "{junk}", "values": {{"comment": "a"}}}}'),
        ("api/dialog", f'{{{who}, "dialog_id": "{sealed}", "values": {{"{junk}": "a"}}}}'),
        ("api/say", f'{{{who}, "text": "a", "thread_id": "{junk}"}}'),
        ("api/say", f'{{{who}, "text": "{junk}"}}'),
        ("actions", f'{{{who}, "context": "{junk}x"}}'),
    ):
        answer = await chat.http.post(
            f"/sandbox/{what}", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in {200, 400, 404, 422}, f"{body}: {answer.text}"
    assert (await chat.http.get("/sandbox/api/inbox/%00%ED%A0%80x")).status_code == 404
    assert await world.scores(running) == {}
    assert await comments(world) == []


async def test_fault_41_emoji_right_to_left_and_zero_width_are_stored_as_typed(
    world: World, chat: Sandbox
) -> None:
    typed = "👩‍👩‍👧 שלום \u202eabc\u202c a\u200bb\u200d \ufeff e\u0301 क्‍ष 🏳️‍🌈"
    dialog = await reason_dialog(chat, 1)

    answer = await chat.dialog(1, dialog, comment=typed)

    assert await comments(world) == [typed]
    assert f"You wrote: {typed}" in answer["messages"][-1]["lines"]
    await chat.press(2, "s9")
    await chat.say(2, typed, thread_id=(await chat.inbox(2))[-1]["id"])
    assert await comments(world) == [typed, typed]


INERT = (
    "{score}",
    "{0}",
    "{comment.__class__}",
    "%s%n%(score)s",
    "{{7*7}}${7*7}",
    "<script>alert(1)</script><img/src=x onerror=alert(1)>",
    "'); DROP TABLE responses; --",
    "' OR '1'='1",
    "\\x41 \\u0041 `code` $(id)",
)


@pytest.mark.parametrize("text", INERT)
async def test_fault_42_sql_html_and_template_text_is_inert(world: World, text: str) -> None:
    person = await world.product.people.by_email(email(1))
    assert person is not None
    named = Enrolment(
        email=email(1),
        name=text,
        attributes={"team": text, **person.attributes},
        addresses=(address_of(email(1)),),
    )
    await world.product.people.enrol([named])
    world.survey(subject=text, owner=text, mode=Mode.IDENTIFIED)
    running = await world.start()
    chat = world.sandbox()
    async with chat.http:
        asked = (await chat.inbox(1))[-1]
        assert text in asked["headline"]
        assert text.split(maxsplit=1)[0] in asked["greeting"]
        assert text in asked["note"]
        people = (await chat.http.get("/sandbox/api/people")).json()
        assert text in [person["name"] for person in people]
        dialog = await reason_dialog(chat, 1)
        answered = (await chat.dialog(1, dialog, comment=text))["messages"][-1]
        assert f"You wrote: {text}" in answered["lines"]
        assert text in answered["lines"][0]
        assert await comments(world) == [text]
        typed = (await chat.say(0, f"/nps {text}"))["private_text"]
        assert f"`{text.split(maxsplit=1)[0]}`" in typed
        for command in ("report", "report by", "status", "close", "preview", "start to", "optout"):
            await chat.say(0, f"/nps {command} {text}")
    assert await world.scores(running) == {6: 1}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Where events go, as they would be written."""
    stream = io.StringIO()
    yield stream
    structlog.reset_defaults()


@pytest.mark.parametrize("style", ["json", "console"])
def test_fault_45_line_breaks_in_a_logged_field_give_one_line(
    log: io.StringIO, style: logs.LogFormat
) -> None:
    logs.configure(style, "info", log)
    broken = "refused\n2026-11-21 [info] forged\r\nmore\x0bmore\x0cmore\u2028more\u2029more\x85end"

    structlog.get_logger().warning("delivery_failed", reason=broken, detail={broken: [broken]})
    structlog.get_logger("library").error(broken)

    assert len(log.getvalue().splitlines()) == 2
    assert log.getvalue().count("\n") == 2
