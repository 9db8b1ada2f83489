"""G3: a press in Slack beside a bare handler that checks the same signature and does one INSERT.

`python -m bench.slack_press`: four rows on each database, in one run. Only their ratios mean
anything: the bare handler; the same through Bolt; the product, which acknowledges and tells nobody;
the product, which changes the message as well, at a Slack on this machine that takes everything.
Then presses at 100 a second, whether answers come or not: p99 of the acknowledgement.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from fastapi import FastAPI
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bench import floors
from bench.load import post
from bench.open_loop import arrive
from bench.ours import KEY, TOML
from bench.press import check_totals, line, measure, sqlite_databases
from bench.servers import postgresql_databases, serving
from bot.sealing import Place, Seal, Sealed
from bot.slack import PLATFORM, WORKSPACE_AT_HOME
from bot.slack.client import SlackApi
from bot.slack.gate import address_of
from runtime.parts import Part
from runtime.serving import create_server_app
from runtime.settings import Settings, load_settings
from runtime.wiring import put_together
from storage.schema import upgrade
from survey.card import Act, Subject
from survey.person import Enrolment

SECRET = "the-signing-secret-of-the-bench"  # noqa: S105 - it opens nothing
TEAM = "T0BENCH000"
POST = "1795604400.000100"
PATH = "/slack/events"
TOLERANCE = 300
PROMISED, RATE = 500.0, 100.0
"""The p99 of an acknowledgement (milliseconds) at so many presses a second."""


def slack() -> Starlette:
    """A Slack that tells who the bot is, and takes every answer."""

    async def takes(request: Request) -> Response:
        await request.body()
        if request.url.path.endswith("auth.test"):
            about = {"ok": True, "team_id": TEAM, "team": "Bench", "user": "voxpop"}
            return JSONResponse({**about, "user_id": "U0VOXPOP00", "bot_id": "B0VOXPOP00"})
        if request.url.path.endswith("users.list"):
            return JSONResponse({"ok": True, "members": []})
        return Response("ok")

    return Starlette(routes=[Route("/{rest:path}", takes, methods=["POST"])])


def _signature(body: bytes, moment: str) -> str:
    text = b":".join((b"v0", moment.encode(), body))
    return "v0=" + hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()


def _pressed(payload: Mapping[str, Any]) -> tuple[str, int]:
    return payload["user"]["id"], int(payload["actions"][0]["action_id"][1:])


def floor() -> Starlette:
    """A bare Starlette handler: Slack's signature, one INSERT."""

    async def press(request: Request, insert: floors.Insert) -> Response:
        body = await request.body()
        moment = request.headers["X-Slack-Request-Timestamp"]
        given = request.headers["X-Slack-Signature"].encode()
        fits = hmac.compare_digest(_signature(body, moment).encode(), given)
        if not fits or abs(time.time() - int(moment)) > TOLERANCE:
            return Response(status_code=401)
        await insert(*_pressed(json.loads(dict(parse_qsl(body.decode()))["payload"])))
        return Response()

    return floors.app(press, path=PATH)


def through_bolt() -> Starlette:
    """The same INSERT in a listener of Bolt's, which checks the signature itself."""

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)

    bolt = AsyncApp(
        name="floor", signing_secret=SECRET, authorize=authorize, process_before_response=True
    )
    handler = AsyncSlackRequestHandler(bolt)
    inserts: list[floors.Insert] = []

    async def pressed(ack: AsyncAck, body: dict[str, Any]) -> None:
        await inserts[0](*_pressed(body))
        await ack()

    for score in range(11):
        bolt.action(f"s{score}")(pressed)

    async def press(request: Request, insert: floors.Insert) -> Response:
        inserts[:] = [insert]
        return await handler.handle(request)

    return floors.app(press, path=PATH)


def ours() -> FastAPI:
    """The product on the database that the environment names; silent if it says so."""
    settings = _settings(os.environ["BENCH_DATABASE"], Path(os.environ["BENCH_FOLDER"]))
    if "BENCH_SILENT" in os.environ:

        async def silently(_api: SlackApi, _url: str, _body: Mapping[str, Any]) -> None:
            """Nobody is told."""

        setattr(SlackApi, "answer", silently)  # noqa: B010 - it is no method to mypy otherwise
    return create_server_app(put_together(settings), frozenset({Part.WEB, Part.BOT}))


def _settings(url: str, folder: Path) -> Settings:
    (folder / "voxpop.toml").write_text(TOML)
    environ = {
        "VOXPOP_DATABASE_URL": url,
        "VOXPOP_SECRET_KEY": KEY,
        "VOXPOP_SLACK__BOT_TOKEN": "xoxb-the-token-of-the-bench",
        "VOXPOP_SLACK__SIGNING_SECRET": SECRET,
        "VOXPOP_SLACK__API_URL": os.environ["BENCH_SLACK"],
        "VOXPOP_LOG_LEVEL": "warning",
    }
    return load_settings(environ, folder=folder)


async def prepared(url: str, folder: Path, number: int) -> list[bytes]:
    """A round for so many people, and a press of each."""
    product = put_together(_settings(url, folder))
    try:
        await upgrade(product.database)
        people = [
            Enrolment(
                email=f"person{place}@example.org",
                name=f"Person {place}",
                timezone="Europe/Berlin",
                addresses=(address_of(WORKSPACE_AT_HOME, f"U{place:010}"),),
            )
            for place in range(number)
        ]
        await product.people.enrol(people)
        campaign = await product.start("nps", at_once=True)
        async with product.database.engine.connect() as connection:
            rows = await connection.exec_driver_sql(
                "SELECT i.id, a.user_id FROM invitations i "
                "JOIN addresses a ON a.person_id = i.person_id"
            )
            found = [(UUID(str(row.id)), row.user_id) for row in rows]
        seal = Seal(product.settings.secret_keys)
        return [
            press(
                seal, Subject(campaign_id=campaign.id, invitation_id=invitation), user, place % 11
            )
            for place, (invitation, user) in enumerate(found)
        ]
    finally:
        await product.let_go()


def press(seal: Seal, subject: Subject, user: str, score: int) -> bytes:
    """A press as Slack sends it below a message that was changed before, with all of its buttons.

    A first press asks the outbox besides whether the message is the one that was sent.
    """
    channel = user.replace("U", "D", 1)
    to = address_of(WORKSPACE_AT_HOME, user)
    place = Place(channel=channel, message=POST)
    sealed = [
        seal.close(Sealed(act=Act.SCORE, value=str(one), subject=subject, to=to, place=place))
        for one in range(11)
    ]
    shown = [
        {
            "type": "button",
            "action_id": f"s{one}",
            "text": {"type": "plain_text", "text": str(one), "emoji": False},
            "value": value,
        }
        for one, value in enumerate(sealed)
    ]
    container = {"type": "message", "message_ts": POST, "channel_id": channel}
    payload: dict[str, Any] = {
        "type": "block_actions",
        "user": {"id": user, "username": "somebody", "name": "somebody", "team_id": TEAM},
        "api_app_id": "A0VOXPOP00",
        "token": "deprecated",
        "container": {**container, "is_ephemeral": False},
        "trigger_id": f"1.2.{secrets.token_hex(16)}",
        "team": {"id": TEAM, "domain": "bench"},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": channel, "name": "directmessage"},
        "message": {
            "type": "message",
            "ts": POST,
            "text": "How likely are you to recommend Acme to a colleague?",
            "blocks": [{"type": "actions", "block_id": "scores", "elements": shown}],
        },
        "state": {"values": {}},
        "response_url": f"{os.environ['BENCH_SLACK']}actions/1/2/3",
        "actions": [
            {**shown[score], "block_id": "scores", "action_ts": f"{time.time():.6f}"},
        ],
    }
    body = urlencode({"payload": json.dumps(payload)}).encode()
    moment = str(int(time.time()))
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": moment,
        "X-Slack-Signature": _signature(body, moment),
    }
    return post(PATH, body, headers=headers)


def compare(fresh: Callable[[], str], *, number: int, connections: int) -> None:
    """Print the four rows side by side; one person presses once in each."""
    print(f"\n{connections} connections, {number} presses a row")
    print(f"{'':<34}{'rate':>10}{'ratio':>7}{'p50':>12}{'':>7}{'p99':>12}{'':>7}{'CPU':>11}")
    rows = {}
    for name, factory, silent in (
        ("bare handler", "floor", False),
        ("the same through Bolt", "through_bolt", False),
        ("press, acknowledged", "ours", True),
        ("press, and the message changed", "ours", False),
    ):
        with tempfile.TemporaryDirectory() as folder:
            url = fresh()
            requests = asyncio.run(prepared(url, Path(folder), number))
            product = factory == "ours"
            where = url if product else fresh().removeprefix("sqlite:///")
            environ = {"BENCH_DATABASE": where, "BENCH_FOLDER": folder}
            environ |= {"BENCH_SILENT": "1"} if silent else {}
            rows[name] = measure(
                name, f"bench.slack_press:{factory}", environ, requests, connections
            )
            print(line(rows[name], rows["bare handler"]))
            if product:
                check_totals(url, len(requests))
    bare, bolt, ours, _ = rows.values()
    print(
        f"G3 CPU of a press: {ours.cpu_ms / bolt.cpu_ms:.2f} × the bare handler through Bolt, "
        f"{ours.cpu_ms / bare.cpu_ms:.2f} × without (aim ≤ 1.6)"
    )


def at_rate(fresh: Callable[[], str], *, seconds: float) -> bool:
    """Presses at a constant rate; whether their acknowledgements come as promised."""
    with tempfile.TemporaryDirectory() as folder:
        url = fresh()
        requests = asyncio.run(prepared(url, Path(folder), 100 + round(RATE * seconds)))
        environ = {"BENCH_DATABASE": url, "BENCH_FOLDER": folder}
        with serving("bench.slack_press:ours", environ) as server:
            warm, requests = requests[:100], requests[100:]
            asyncio.run(arrive([server.port], warm, rate=RATE / 2, word=b""))
            outcome = asyncio.run(arrive([server.port], requests, rate=RATE, word=b""))
        check_totals(url, len(warm) + len(requests))
    p99 = outcome.percentile(0.99)
    holds = p99 < PROMISED and not outcome.refused and not outcome.unanswered
    print(
        f"{RATE:.0f} presses/s for {seconds:.0f} s: p50 {outcome.percentile(0.5):.1f}, "
        f"p99 {p99:.1f}, longest {outcome.percentile(1):.1f} ms, {outcome.refused} refused, "
        f"{outcome.unanswered} unanswered: {'holds' if holds else 'DOES NOT HOLD'}"
    )
    return holds


def main() -> None:
    """Measure on both databases."""
    parser = argparse.ArgumentParser(prog="python -m bench.slack_press", description=__doc__)
    parser.add_argument("--presses", type=int, default=4_000, help="presses a row")
    parser.add_argument("--connections", type=int, default=16, help="at the same time")
    parser.add_argument("--seconds", type=float, default=20.0, help="at 100 presses a second")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one database")
    chosen = parser.parse_args()
    held = True
    with serving("bench.slack_press:slack", {}) as peer:
        os.environ["BENCH_SLACK"] = f"http://127.0.0.1:{peer.port}/api/"
        for name in ("postgresql", "sqlite"):
            if chosen.only not in {None, name}:
                continue
            print(f"\n== {name}, {PLATFORM}")
            with tempfile.TemporaryDirectory() as folder:
                known = postgresql_databases if name == "postgresql" else sqlite_databases
                fresh = known(folder)
                compare(fresh, number=chosen.presses, connections=chosen.connections)
                held = at_rate(fresh, seconds=chosen.seconds) and held
    sys.exit(not held)


if __name__ == "__main__":
    main()
