"""Faults of the table in which somebody sees or does what is not theirs to see or do."""

import asyncio
import csv
import io
import json
import re
import string
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from bot.sealing import Seal, Sealed
from storage.tables import responses
from survey.campaign import Campaign
from survey.card import Act
from survey.report import as_json, as_rows
from survey.states import InvitationState
from tests.world import Process, Sandbox, World, address, email


async def say_report(chat: Sandbox, place: int) -> tuple[str, list[str]]:
    """`/nps report` and what comes of it: the text, and pictures."""
    said = await chat.say(place, "/nps report nps by team")
    pictures = [url for message in said["messages"] for url in message["images"]]
    return said["private_text"], pictures


async def test_fault_62_report_by_a_non_administrator(world: World, chat: Sandbox) -> None:
    for place in range(6):
        await chat.press(place, "s9")
    told, pictures = await say_report(chat, 1)

    assert told == "Reports are for survey administrators: ada@example.org."
    assert pictures == []
    ada, pictures = await say_report(chat, 0)
    assert ada.startswith("NPS +100")
    assert len(pictures) == 1
    report = (await chat.inbox(0))[-1]
    shared = await chat.press(1, "share", message=report["id"])
    assert shared["private_text"] == "That button isn't yours to press."
    share = Sealed(act=Act.SHARE, value="nps 2026Q4", subject=None, to=address(email(1)))
    sealed = await chat.act(1, Seal(world.settings.secret_keys).close(share))
    assert sealed["private_text"] == told
    assert sealed["update"] == ""
    for command in ("status", "preview", "start nps", "close nps", "close", "status nps"):
        refused = await chat.say(1, f"/nps {command}")
        assert refused["private_text"].endswith("administrators: ada@example.org.")
    assert len(await chat.inbox(1)) == 1


def figures_in(text: str) -> list[str]:
    """Numbers that tell more than who took part."""
    return re.findall(r"NPS|[+−]\d|\d+\s?%\s(?:promoters|passives|detractors)", text)


async def test_fault_62_report_with_fewer_than_k_answers(
    world: World, running: Campaign, chat: Sandbox
) -> None:
    for place in range(1, 5):
        await chat.press(place, "s9")
    told, pictures = await say_report(chat, 0)
    assert told.startswith("4 answers. I show figures from 5.")
    assert figures_in(told) == []
    assert figures_in("NPS +32 · 48 % promoters") == ["NPS", "+3", "48 % promoters"]
    assert pictures == []
    assert (await chat.inbox(0))[-1]["buttons"] != [{"id": "share"}]

    made = await world.product.report("nps", by="team")
    everything = as_json(made)
    silent = ("nps", "interval", "promoters", "passives", "detractors", "mean", "distribution")
    assert {name: everything[name] for name in (*silent, "change", "band")} == dict.fromkeys(
        (*silent, "change", "band")
    )
    assert everything["history"] == []
    assert [sorted(group) for group in everything["groups"]] == [
        ["attribute", "suppressed", "value"]
    ] * 2
    assert everything["answered"] == 4
    for row in as_rows(made):
        private = {name for name in row if name in silent or name.startswith(("marks_", "inter"))}
        assert len(private) > 15
        assert {row[name] for name in private} == {None}
    metrics = (await chat.http.get("/metrics")).text
    assert "voxpop_figures_up 1.0" in metrics
    assert "nps_score" not in metrics
    assert "nps_responses_total" not in metrics
    await world.close_round(running)
    assert (await say_report(chat, 0))[0].startswith("4 answers. I show figures from 5.")
    assert "nps_score" not in (await chat.http.get("/metrics")).text


async def test_fault_62_on_the_command_line(world: World, chat: Sandbox) -> None:
    for place in range(1, 5):
        await chat.press(place, "s9")
    commands = {
        style: Process(world.folder, "report", "nps", "--format", style, **world.environ)
        for style in ("json", "csv")
    }
    codes = {name: one.process.wait(timeout=60) for name, one in commands.items()}
    said = {name: one.said.read_text() for name, one in commands.items()}

    assert codes == {"json": 0, "csv": 0}, said
    report = json.loads(said["json"])
    assert report["answered"] == 4
    assert [report[name] for name in ("nps", "interval", "distribution", "promoters")] == [None] * 4
    (row,) = csv.DictReader(io.StringIO(said["csv"]))
    assert [row[f"marks_{mark}"] for mark in range(11)] == [""] * 11
    assert row["nps"] == row["mean"] == row["promoters"] == ""


OTHER, NEW = "another-key-that-is-long-enough-to-pass", "a-new-key-that-is-long-enough-to-pass"


async def test_fault_65_a_key_is_rotated_and_then_dropped(world: World, running: Campaign) -> None:
    old = world.settings.secret_keys[0]
    sealed = await world.sealed(1, "6")
    rotated, dropped = (
        world.restarted(VOXPOP_SECRET_KEY=keys) for keys in (f"{NEW},{old}", f"{NEW},{OTHER}")
    )
    chat = rotated.sandbox()
    async with chat.http:
        assert (await chat.act(1, sealed))["update"].startswith("You said 6.")
        assert (await chat.press(2, "s9"))["messages"][-1]["text"].startswith("You said 9.")
    await rotated.close()
    before = await world.rows(select(responses))
    world.clock.forward(seconds=1)
    chat = dropped.sandbox()
    async with chat.http:
        told = await chat.act(1, sealed)
        pressed = await chat.press(3, "s9")
        renewed = await chat.press(2, "change")
    await dropped.close()

    assert told["update"] == ""
    assert told["private_text"].startswith("That button is out of date.")
    assert pressed["private_text"].startswith("That button is out of date.")
    assert renewed["messages"][-1]["buttons"][-1]["label"] == "Keep 9"
    assert await world.rows(select(responses)) == before
    assert await world.scores(running) == {6: 1, 9: 1}


def mutations(genuine: list[str], *, number: int) -> Iterator[str]:
    """Sealed buttons as somebody might bend them."""
    chance = Random(7)  # noqa: S311
    letters = string.ascii_letters + string.digits + "-_=.+/ \u00e9"
    while number:
        text = chance.choice(genuine)
        place = chance.randrange(len(text))
        payload, _, signature = text.rpartition(".")
        bent = chance.choice(
            [
                text[:place] + chance.choice(letters) + text[place + 1 :],
                text[:place] + chance.choice(letters) + text[place:],
                text[:place] + text[place + 1 :],
                text[:place],
                text[place:],
                text.swapcase(),
                f"{payload}.{chance.choice(genuine).rpartition('.')[2]}",
                f"{payload}.{signature[:-1]}{chance.choice(letters)}",
                f"{payload}={signature}",
                f" {text}",
                f"{text}=",
            ]
        )
        if bent not in genuine:
            number -= 1
            yield bent


async def test_fault_33_a_forged_button_records_nothing_and_the_real_one_still_works(
    world: World, running: Campaign, chat: Sandbox
) -> None:
    genuine = [await world.sealed(1, str(score)) for score in range(11)]
    genuine.append(await world.sealed(1, "", Act.STOP_ALL))
    accepted = []

    async def tried(bent: str) -> None:
        answer = await chat.http.post("/sandbox/actions", json={"as": email(1), "context": bent})
        assert answer.status_code in {200, 422}, answer.text
        if answer.status_code == 200 and answer.json()["update"] is not None:
            accepted.append(bent)

    bent = list(mutations(genuine, number=1_500))
    for place in range(0, len(bent), 50):
        await asyncio.gather(*(tried(one) for one in bent[place : place + 50]))

    assert accepted == []
    assert await world.scores(running) == {}
    assert (await world.invitation(1)).state is InvitationState.SENT
    other_key = Seal((OTHER,)).close(Seal(world.settings.secret_keys).open(genuine[6]))
    assert "out of date" in (await chat.act(1, other_key))["private_text"]
    assert (await chat.act(1, genuine[6]))["update"].startswith("You said 6.")


@pytest.mark.parametrize("value", ["11", "-1", "6.0", "six", "", "NaN", "1e1", "9" * 400])
async def test_fault_33_a_sealed_button_with_a_wrong_score_records_nothing(
    world: World, running: Campaign, chat: Sandbox, value: str
) -> None:
    told = await chat.act(1, await world.sealed(1, value))
    pressed = await chat.press(1, f"s{value[:10]}")

    assert told["private_text"] == (
        "That is no score of this question. Please press one of its buttons."
    )
    assert "out of date" in pressed["private_text"]
    assert await world.scores(running) == {}


FOREIGN: list[tuple[str, dict[str, str]]] = [
    ("192.0.2.7", {}),
    ("10.0.0.1", {}),
    ("::ffff:192.0.2.7", {}),
    ("", {}),
    *(
        ("127.0.0.1", {"Host": host})
        for host in (
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil.example:8000",
            "localhost@evil.example",
            "[::2]",
            "",
        )
    ),
    *(
        ("127.0.0.1", {"Origin": origin})
        for origin in (
            "http://evil.example",
            "null",
            "http://localhost:9999",
            "http://127.0.0.1",
            "http://localhost.evil.example",
            "",
        )
    ),
    *(
        ("127.0.0.1", {name: "192.0.2.7"})
        for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Host", "Via")
    ),
]
REQUESTS: list[tuple[str, str, Any]] = [
    ("GET", "/sandbox", None),
    ("GET", "/sandbox/static/chat.js", None),
    ("GET", "/sandbox/api/people", None),
    ("GET", "/sandbox/api/inbox/person1@example.org", None),
    ("POST", "/sandbox/api/say", {"as": "ada@example.org", "text": "/nps close nps"}),
]


async def test_the_sandbox_answers_on_this_machine_alone(world: World, running: Campaign) -> None:
    sealed = {"as": email(1), "context": await world.sealed(1, "6")}
    let_in = []
    for client, headers in FOREIGN:
        async with world.sandbox(client=client).http as http:
            for verb, path, body in [*REQUESTS, ("POST", "/sandbox/actions", sealed)]:
                answer = await http.request(verb, path, json=body, headers=headers)
                if answer.status_code != 403 or answer.json()["code"] != "loopback_only":
                    let_in.append((path, client, headers))

    assert let_in == []
    assert await world.scores(running) == {}
    assert (await world.invitation(1)).campaign.takes_answers(world.clock.at)


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        ("127.0.0.1", {"Origin": "http://localhost"}),
        ("127.0.0.1", {"Host": "127.0.0.1:8123", "Origin": "http://127.0.0.1:8123"}),
        ("::1", {"Host": "[::1]:8000"}),
        ("127.9.9.9", {"Host": "LOCALHOST"}),
    ],
)
async def test_this_machine_is_answered(world: World, client: str, headers: dict[str, str]) -> None:
    async with world.sandbox(client=client).http as http:
        answer = await http.get("/sandbox/api/people", headers=headers)
    assert answer.status_code == 200
