"""The recording, sent to the peer again: what clients asked, and what integrations answered."""

import asyncio
import json
from collections import Counter, deque
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web

from tests.mattermost.identity import new_id
from tests.mattermost.records import User
from tests.mattermost.replay.mapping import Mapping
from tests.mattermost.server import MattermostServer

Exchange = dict[str, Any]
FOLDER = Path(__file__).parent.parent
RECORDING = json.loads((FOLDER / "recording-5.37.json").read_text())["exchanges"]
CLIENT, CALLBACK = "client->mattermost", "mattermost->integration"
SOCKETS = {"alice": "mattermost->client websocket", "voxpop": "mattermost->bot websocket"}
# Who made a recorded request, where it was not the bot.
ACTORS = {
    "click_by_other_user": "bob",
    "create_slash_command": "admin",
    "list_commands": "admin",
    "execute_command": "alice",
    "submit_dialog": "alice",
    "submit_dialog_error": "alice",
    "cancel_dialog": "alice",
    "reply_in_dm": "alice",
    "bad_token": "nobody",
    "config_client": "",
}
# Of the hundred settings that a server tells, the recording keeps three.
NOT_KEPT = {"config_client": {"SiteURL"}}
BAD_TOKEN = "x" * 26


def recorded(name: str) -> Exchange:
    return next(exchange for exchange in RECORDING if exchange["name"] == name)


def actor(exchange: Exchange) -> str:
    clicked = "/actions/" in exchange["url"] and "/posts/" in exchange["url"]
    return ACTORS.get(exchange["name"], "alice" if clicked else "voxpop")


class Integration:
    """Answers the server's calls as the recorded integration did, one after the other."""

    def __init__(self) -> None:
        self.answers: deque[Exchange] = deque()
        self.heard: list[tuple[web.Request, str]] = []

    async def hear(self, request: web.Request) -> web.Response:
        self.heard.append((request, await request.text()))
        answer = self.answers.popleft()
        kind, body = answer["response_headers"]["Content-Type"], answer["response_body"]
        text = body if kind == "text/plain" else json.dumps(body)
        return web.Response(text=text, status=answer["status"], content_type=kind)


class Replay:
    """One run through the recording."""

    def __init__(self, server: MattermostServer, integration: Integration, port: int) -> None:
        self.server = server
        self.integration = integration
        self.mapping = Mapping()
        self.seen: Counter[str] = Counter()
        self.events: dict[str, list[dict[str, Any]]] = {"alice": [], "voxpop": []}
        self.sockets: list[aiohttp.ClientWebSocketResponse] = []
        self.tokens = {"admin": server.admin_token, "nobody": BAD_TOKEN}
        self.mapping.bind("19000", str(port), kind="port")
        self.mapping.bind(BAD_TOKEN, BAD_TOKEN)
        self.mapping.bind("a" * 26, "a" * 26)

    def people(self) -> None:
        """The people, the team and the bot of the recording, by names of their own."""
        told = {
            "voxpop": recorded("get_me")["response_body"]["id"],
            "alice": recorded("user_by_email")["response_body"]["id"],
            "gone": recorded("direct_channel_deactivated_user")["request_body"][1],
        }
        # A direct channel is named after its two, in the order of their ids.
        ids = dict(
            zip(sorted(told, key=told.__getitem__), sorted(new_id() for _ in told), strict=True)
        )
        alice: dict[str, Any] = {"first_name": "Alice", "last_name": "Example"}
        # In the order of the recording, by whose moments those of the replay are judged.
        people: list[User] = [
            self.server.add_person("alice", id=ids["alice"], **alice),
            self.server.add_person("gone", id=ids["gone"]),
            self.server.add_person("bob"),
        ]
        bot, self.tokens["voxpop"] = self.server.add_bot("voxpop", id=ids["voxpop"])
        people.append(bot)
        for user in people:
            self.tokens[user.username] = self.tokens.get(user.username) or self.server.state.log_in(
                user
            )
            if user.username in told:
                self.mapping.bind(told[user.username], user.id)
        self.server.deactivate("gone")
        command = recorded("slash_command")["request_body"]
        self.mapping.bind(command["team_id"], self.server.team.id)
        square = self.server.state.channel_named(self.server.team.id, "town-square")
        self.mapping.bind(command["channel_id"], square.id)

    async def run(self) -> None:
        welcome = {name: asyncio.Event() for name in self.events}
        listeners = [
            asyncio.create_task(self._listen(name, heard)) for name, heard in welcome.items()
        ]
        for heard in welcome.values():
            await heard.wait()
        async with aiohttp.ClientSession(self.server.url) as http:
            callbacks: list[Exchange] = []
            for exchange in RECORDING:
                if exchange["direction"] == CALLBACK:
                    callbacks.append(exchange)
                elif exchange["direction"] == CLIENT:
                    await self._request(http, exchange, callbacks)
                    callbacks = []
        # What was said before a ping comes before its answer.
        for socket in self.sockets:
            await socket.send_json({"seq": 1, "action": "ping"})
        await asyncio.gather(*listeners)
        self._compare_events()

    async def _request(
        self, http: aiohttp.ClientSession, exchange: Exchange, callbacks: list[Exchange]
    ) -> None:
        name = exchange["name"]
        if name == "open_dialog_expired_trigger":
            self.server.state.clock.advance(3.5)
        for callback in callbacks:
            told = self.mapping.translated(callback["response_body"])
            self.integration.answers.append({**callback, "response_body": told})
        url, body = self.mapping.translated([exchange["url"], exchange["request_body"]])
        token = self.tokens.get(actor(exchange))
        assert set(exchange["request_headers"]) == ({"Authorization"} if token else set())
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with http.request(exchange["method"], url, json=body, headers=headers) as answer:
            shown = json.loads(await answer.read())
        # The calls come first: the answer speaks of what they brought.
        self._compare_calls(callbacks)
        assert answer.status == exchange["status"], (name, shown)
        for header, value in exchange["response_headers"].items():
            self.mapping.compare(value, answer.headers[header], f"{name} {header}")
        for setting in NOT_KEPT.get(name, ()):
            del shown[setting]
        self.mapping.compare(exchange["response_body"], shown, name)
        self.seen[exchange["direction"]] += 1

    def _compare_calls(self, callbacks: list[Exchange]) -> None:
        assert not self.integration.answers
        heard, self.integration.heard = self.integration.heard, []
        assert len(heard) == len(callbacks)
        for exchange, (request, text) in zip(callbacks, heard, strict=True):
            name = exchange["name"]
            assert request.method == exchange["method"]
            self.mapping.compare(exchange["url"], request.path_qs, f"{name} url")
            self._compare_headers(exchange, request, text)
            form = request.content_type == "application/x-www-form-urlencoded"
            body = dict(parse_qsl(text, strict_parsing=True)) if form else json.loads(text)
            self.mapping.compare(exchange["request_body"], body, name)
            if not form:
                assert len(text) == len(json.dumps(body, separators=(",", ":")))
            self.seen[exchange["direction"]] += 1

    def _compare_headers(self, exchange: Exchange, request: web.Request, text: str) -> None:
        """All of them; the length is that of the body, as a signature's length varies."""
        headers = dict(request.headers)
        assert headers.pop("Content-Length") == str(len(text.encode()))
        expected = {**exchange["request_headers"]}
        del expected["Content-Length"]
        self.mapping.compare(expected, headers, f"{exchange['name']} headers")

    async def _listen(self, name: str, heard: asyncio.Event) -> None:
        bearer = {"Authorization": f"Bearer {self.tokens[name]}"}
        url = f"{self.server.url}/api/v4/websocket"
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(url, headers=bearer) as socket,
        ):
            self.sockets.append(socket)
            while "seq_reply" not in (told := await socket.receive_json()):
                self.events[name].append(told)
                heard.set()

    def _compare_events(self) -> None:
        for name, direction in SOCKETS.items():
            events, expected = (
                self.events[name],
                [exchange for exchange in RECORDING if exchange["direction"] == direction],
            )
            assert [event["seq"] for event in events] == list(range(len(events)))
            kinds = {exchange["response_body"]["event"] for exchange in expected}
            kept = [event for event in events if event["event"] in kinds]
            assert len(kept) == len(expected)
            for exchange, event in zip(expected, kept, strict=True):
                self._compare_event(exchange, event, numbers=name == "alice")
                self.seen[direction] += 1

    def _compare_event(self, exchange: Exchange, event: dict[str, Any], *, numbers: bool) -> None:
        """JSON within the event is compared as what it says.

        Between the bot's recorded events others were left out, so its numbers have gaps that
        nobody can explain any more; Alice's are compared.
        """
        told, shown = _unfolded(exchange["response_body"]), _unfolded(event)
        if not numbers:
            del told["seq"], shown["seq"]
        self.mapping.compare(told, shown, exchange["name"])


def _unfolded(event: dict[str, Any]) -> dict[str, Any]:
    data = {
        key: json.loads(value) if key in {"post", "dialog", "mentions"} else value
        for key, value in event["data"].items()
    }
    return {**event, "data": data}
