"""A Slack as its apps see it: it calls them, and signs every call."""

import json
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier

from bot.afterwards import Afterwards
from bot.desk import Desk
from bot.home import Look
from bot.sealing import Place, Seal, Sealed
from bot.slack import PLATFORM
from bot.slack.actions import Actions
from bot.slack.app import Listeners, create_app
from bot.slack.client import SlackApi
from bot.slack.commands import SlashCommands
from bot.slack.events import Events
from bot.slack.gate import Gate, address_of
from bot.slack.http import Signatures, create_http
from bot.slack.messenger import SlackMessenger
from bot.slack.rendering import message_of
from bot.slack.says import SlackSays
from bot.slack.sharing import Sharing
from bot.slack.views import Views
from bot.slack.voice import Home, Voice
from bot.slack.workspaces import Workspaces
from bot.tally import Tally
from runtime.languages import language
from survey.card import Act
from survey.delivery import MessageRef
from survey.errors import StorageUnavailable
from survey.invitation import Invitation
from survey.person import Address, Person
from survey.ports import Installation, Installations, Tied
from survey.survey import Survey
from survey.wording.asked import subject_of
from tests.callbacks import NoMetrics, ready
from tests.chat import ADA, BEN, a_desk
from tests.examples import NPS_SURVEY, SetClock, invitation
from tests.fakes import FakeHeard, FakeMessages, FakePeople, Store
from webapp.app import WebParts
from webapp.app import create_app as create_web_app

API = "https://slack.example/api/"
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TEAM, OTHER_TEAM = "T0ACME0000", "T0OTHER000"
GENERAL = "C0GENERAL0"
RESPONSE = "https://hooks.slack.com/actions/T0ACME0000/1/abc"
LATER = "https://hooks.slack.com/commands/T0ACME0000/1/abc"
DELIVERY = UUID(int=77)
POST = "1795604400.000100"
KEYS = ("a-key-for-tests-that-is-long-enough-to-pass",)


def id_of(person: Person) -> str:
    """An account's id, as Slack makes them."""
    return f"U{person.first_name.upper():0<10}"


def direct(person: Person) -> str:
    return f"D{person.first_name.upper():0<10}"


def stamp(at: datetime) -> str:
    """A moment, as Slack writes it."""
    return f"{at.timestamp():.6f}"


class FakeSlack(SlackApi):
    """Keeps what it was asked, and does as it is told.

    Attributes:
        asked: Method and arguments of every call.
        answers: Address and body of every answer to a press or a command.
        refusals: Methods and addresses that are refused, and how.
        uploads: Files.
        gone: Messages that were deleted: nothing can be said below them.
    """

    def __init__(self) -> None:
        super().__init__(API)
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.answers: list[tuple[str, Mapping[str, Any]]] = []
        self.refusals: dict[str, Exception] = {}
        self.uploads: list[bytes] = []
        self.gone: set[str] = set()

    async def call(self, method: str, *, token: str | None, **arguments: Any) -> Mapping[str, Any]:
        given = {name: value for name, value in arguments.items() if value is not None}
        self.asked.append((method, given))
        if method in self.refusals:
            raise self.refusals[method]
        if given.get("thread_ts") in self.gone:
            raise SlackSays(200, "thread_not_found")
        told: dict[str, Callable[[], Mapping[str, Any]]] = {
            "auth.test": lambda: {
                "user_id": "U0VOXPOP00",
                "bot_id": "B0VOXPOP00",
                "team_id": TEAM if token == "xoxb-home" else OTHER_TEAM,
                "team": "Acme",
                "user": "voxpop",
            },
            "chat.postMessage": lambda: {
                "channel": str(given["channel"]).replace("U", "D", 1),
                "ts": f"1795604401.{len(self.asked):06}",
            },
            "files.getUploadURLExternal": lambda: {
                "upload_url": f"{API}up",
                "file_id": f"F{len(self.asked)}",
            },
            "conversations.open": lambda: {
                "channel": {"id": str(given["users"]).replace("U", "D", 1)}
            },
        }
        return {"ok": True, **told.get(method, dict)()}

    async def answer(self, response_url: str, body: Mapping[str, Any]) -> None:
        self._check(response_url, frozenset({"hooks.slack.com"}))
        if response_url in self.refusals:
            raise self.refusals[response_url]
        self.answers.append((response_url, body))

    async def upload(self, url: str, content: bytes) -> None:
        if url in self.refusals:
            raise self.refusals[url]
        self.uploads.append(content)

    def calls(self, method: str) -> list[Mapping[str, Any]]:
        """What a method was called with, in order."""
        return [given for name, given in self.asked if name == method]

    def replaced(self) -> list[Mapping[str, Any]]:
        """What messages turned into, by the address that came with the press."""
        return [body for _, body in self.answers if body.get("replace_original")]

    def whispered(self) -> list[str]:
        """What was said to one person alone, by that address."""
        return [said(body) for _, body in self.answers if not body.get("replace_original")]


@dataclass
class FakeInstallations:
    """Who installed us, in memory."""

    known: dict[str, Installation] = field(default_factory=dict)

    async def all(self) -> list[Installation]:
        return list(self.known.values())

    async def find(self, workspace: str) -> Installation | None:
        return self.known.get(workspace)

    async def save(self, installation: Installation) -> None:
        self.known[installation.workspace] = installation

    async def forget(self, workspace: str) -> bool:
        return self.known.pop(workspace, None) is not None

    async def begin_rotation(self, workspace: str, *, at: datetime, until: datetime) -> bool:
        raise NotImplementedError

    async def rotated(
        self,
        workspace: str,
        *,
        until: datetime,
        token: str,
        refresh_token: str | None,
        expires_at: datetime | None,
    ) -> bool:
        raise NotImplementedError


@dataclass
class FakeTies:
    """Which workspaces have no accounts any more."""

    released: list[str] = field(default_factory=list)
    down: bool = False

    async def tie(
        self,
        platform: str,
        workspace: str,
        *,
        accounts: Mapping[str, str],
        gone: Collection[str] = (),
    ) -> Tied:
        raise NotImplementedError

    async def release(self, platform: str, workspace: str) -> int:
        assert platform == PLATFORM
        if self.down:
            raise StorageUnavailable("The database does not answer.")
        self.released.append(workspace)
        return 0

    async def untied(self, platform: str, *, after: str = "", limit: int) -> Sequence[str]:
        raise NotImplementedError

    async def give_mailboxes(self) -> int:
        raise NotImplementedError


@dataclass
class Slack:
    """One workspace with Ada (an administrator) and Ben, and Voxpop behind it on fakes.

    Attributes:
        homes: Whose Home tab was published, in order.
        looks: Why.
    """

    store: Store
    clock: SetClock
    api: FakeSlack
    installations: FakeInstallations
    ties: FakeTies
    seal: Seal
    desk: Desk
    gate: Gate
    commands: SlashCommands
    afterwards: Afterwards
    app: AsyncApp
    http: httpx.AsyncClient
    homes: list[Address]
    looks: list[Look]

    def ask(self, asked: Invitation | None = None, *, post: str = POST) -> Invitation:
        """A message that asks has arrived."""
        one = self.store.asks(asked or invitation())
        ref = MessageRef(channel=direct(one.person), message=post)
        self.store.sent[DELIVERY] = ref
        self.store.messages[ref] = (address_of("", id_of(one.person)), subject_of(one))
        return one

    def invitation(self) -> Invitation:
        (only,) = self.store.invitations.values()
        return only

    def sealed(self, act: Act, value: str = "", **changes: Any) -> str:
        """What a button of Ada's carries."""
        whole = {
            "act": act,
            "value": value,
            "subject": subject_of(self.invitation()),
            "to": address_of("", id_of(ADA)),
            "place": Place(channel=id_of(ADA), delivery=DELIVERY),
            **changes,
        }
        return self.seal.close(Sealed(**whole))

    async def shown(self) -> Mapping[str, Any]:
        """The message that asks, as it was posted."""
        return message_of(
            await self.desk.compose(self.invitation()),
            to=address_of("", id_of(ADA)),
            place=Place(channel=id_of(ADA), delivery=DELIVERY),
            seal=self.seal,
            delivery=DELIVERY,
        )

    def click(
        self,
        seal: str,
        *,
        by: Person = ADA,
        at: datetime | None = None,
        channel: str | None = None,
        post: str = POST,
        ephemeral: bool = False,
        **changes: Any,
    ) -> dict[str, Any]:
        """A press below a message, as Slack tells of it."""
        where = channel or direct(by)
        told = {
            "type": "block_actions",
            "user": {"id": id_of(by), "username": "x", "name": "x", "team_id": TEAM},
            "api_app_id": "A0VOXPOP00",
            "token": "deprecated",
            "container": {
                "type": "message",
                "message_ts": post,
                "channel_id": where,
                "is_ephemeral": ephemeral,
            },
            "trigger_id": f"1.2.{secrets.token_hex(16)}",
            "team": {"id": TEAM, "domain": "acme"},
            "enterprise": None,
            "is_enterprise_install": False,
            "channel": {"id": where, "name": "directmessage"},
            "state": {"values": {}},
            "response_url": RESPONSE,
            "actions": [
                {
                    "type": "button",
                    "action_id": "s6",
                    "block_id": "scores",
                    "text": {"type": "plain_text", "text": "6"},
                    "value": seal,
                    "action_ts": stamp(at or self.clock()),
                }
            ],
            **changes,
        }
        return {name: value for name, value in told.items() if value is not ...}

    def click_at_home(self, seal: str, *, by: Person = ADA) -> dict[str, Any]:
        """A press in the Home tab."""
        view = {"id": "V0HOME0000", "type": "home", "callback_id": "", "team_id": TEAM}
        container = {"type": "view", "view_id": "V0HOME0000"}
        return self.click(
            seal, by=by, container=container, view=view, channel=None, response_url=...
        ) | {"channel": None}

    def chosen(self, name: str, choice: object, **changes: Any) -> dict[str, Any]:
        """A choice in a menu."""
        body = self.click("", **changes)
        body["actions"] = [
            {
                "type": "static_select",
                "action_id": name,
                "block_id": "scores",
                "selected_option": {"text": {"type": "plain_text", "text": "x"}, "value": choice},
                "action_ts": stamp(self.clock()),
            }
        ]
        return body

    async def send(
        self, body: bytes, *, form: bool = False, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """A signed request; what Voxpop does behind its answer is done, too."""
        moment = str(int(self.clock().timestamp()))
        signature = SignatureVerifier(SECRET).generate_signature(timestamp=moment, body=body)
        kind = "application/x-www-form-urlencoded" if form else "application/json"
        signed = {
            "Content-Type": kind,
            "X-Slack-Request-Timestamp": moment,
            "X-Slack-Signature": signature or "",
            **(headers or {}),
        }
        answer = await self.http.post("/slack/events", content=body, headers=signed)
        await self.settled()
        return answer

    async def interact(self, payload: object) -> httpx.Response:
        """Something done with a message or a form."""
        return await self.send(urlencode({"payload": json.dumps(payload)}).encode(), form=True)

    async def press(self, act: Act, value: str = "", **how: Any) -> None:
        """Press a button; Slack is always told that it arrived."""
        answer = await self.interact(self.click(self.sealed(act, value), **how))
        assert (answer.status_code, answer.text) == (200, ""), answer.text

    async def submit(self, state: str, text: object, **changes: Any) -> dict[str, Any]:
        """Send a form off."""
        values = {"comment": {"comment": {"type": "plain_text_input", "value": text}}}
        body = {
            "type": "view_submission",
            "team": {"id": TEAM, "domain": "acme"},
            "user": {"id": id_of(ADA), "name": "ada", "team_id": TEAM},
            "trigger_id": f"1.2.{secrets.token_hex(16)}",
            "view": {
                "id": "V0FORM0000",
                "type": "modal",
                "callback_id": "reason",
                "private_metadata": state,
                "state": {"values": values},
                "hash": "1.a",
            },
            "response_urls": [],
            **changes,
        }
        answer = await self.interact(body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    async def types(self, text: str, *, by: Person = ADA, **changes: str) -> httpx.Response:
        """A slash command."""
        body = {
            "token": "deprecated",
            "team_id": TEAM,
            "team_domain": "acme",
            "channel_id": GENERAL,
            "channel_name": "general",
            "user_id": id_of(by),
            "user_name": "x",
            "command": "/nps",
            "text": text,
            "api_app_id": "A0VOXPOP00",
            "is_enterprise_install": "false",
            "response_url": LATER,
            "trigger_id": f"1.2.{secrets.token_hex(16)}",
            **changes,
        }
        return await self.send(urlencode(body).encode(), form=True)

    def event(self, kind: str, *, team: str = TEAM, **event: Any) -> dict[str, Any]:
        """Something that Slack tells of."""
        return {
            "type": "event_callback",
            "token": "deprecated",
            "team_id": team,
            "api_app_id": "A0VOXPOP00",
            "event": {"type": kind, "event_ts": stamp(self.clock()), **event},
            "event_id": f"Ev{secrets.token_hex(5).upper()}",
            "event_time": int(self.clock().timestamp()),
            "authorizations": [
                {"enterprise_id": None, "team_id": team, "user_id": "U0VOXPOP00", "is_bot": True}
            ],
            "is_ext_shared_channel": False,
        }

    def written(self, text: str, *, by: Person = ADA, **changes: Any) -> dict[str, Any]:
        """Words in the direct messages."""
        said = {
            "channel": direct(by),
            "channel_type": "im",
            "user": id_of(by),
            "text": text,
            "ts": stamp(self.clock()),
            "team": TEAM,
            **changes,
        }
        return self.event("message", **said)

    async def tell(self, event: Mapping[str, Any], *, again: int = 0) -> httpx.Response:
        """An event; `again` counts how often it was told before."""
        headers = {"X-Slack-Retry-Num": str(again)} if again else {}
        return await self.send(json.dumps(event).encode(), headers=headers)

    async def settled(self) -> None:
        """What is done behind an answer has been done."""
        assert await self.afterwards.finish(within=timedelta(seconds=5))

    def opened(self) -> Mapping[str, Any]:
        """The form that was opened last."""
        view: Mapping[str, Any] = self.api.calls("views.open")[-1]["view"]
        return view


def said(message: Mapping[str, Any]) -> str:
    """The words of a message, a line each."""
    lines = []
    for block in message["blocks"]:
        if block["type"] == "rich_text":
            lines += [
                "".join(one.get("text", "") for one in section["elements"])
                for section in block["elements"]
            ]
        elif block["type"] == "context":
            lines += [one["text"] for one in block["elements"]]
    return "\n".join(lines)


def buttons(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What can be pressed in a message."""
    return [
        element
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def labels(message: Mapping[str, Any]) -> list[str]:
    return [one["text"]["text"] for one in buttons(message) if one["type"] == "button"]


def refused(error: str, status: int = 200) -> SlackSays:
    return SlackSays(status, error)


def a_slack(
    *,
    surveys: tuple[Survey, ...] = (NPS_SURVEY,),
    home_token: str | None = "xoxb-home",  # noqa: S107
    secret: str | None = SECRET,
) -> Slack:
    """Everything that stands behind `/slack`, on fakes."""
    store, clock, api, seal = Store(), SetClock(), FakeSlack(), Seal(KEYS)
    store.people |= {address_of("", id_of(one)): one for one in (ADA, BEN)}
    desk = a_desk(store, clock, surveys={one.name: one for one in surveys}, knocks=[], admin=ADA)
    heard, messages = FakeHeard(store), FakeMessages(store)
    installed = FakeInstallations()
    port: Installations = installed
    ties = FakeTies()
    workspaces = Workspaces(api, home_token, port, clock)
    messenger = SlackMessenger(workspaces, seal)
    gate = Gate(seal=seal, messages=messages, heard=heard, clock=clock)
    homes: list[Address] = []

    looks: list[Look] = []

    async def publish(to: Address, look: Look) -> None:
        if store.down & {"home", "*"}:
            raise StorageUnavailable("The database does not answer.")
        homes.append(to)
        looks.append(look)

    home: Home = publish
    voice = Voice(
        api=api,
        workspaces=workspaces,
        messenger=messenger,
        people=FakePeople(store),
        languages=language,
        seal=seal,
        shown=messenger.shown,
        home=home,
    )
    sharing, tally, afterwards = Sharing(voice=voice), Tally(clock=clock), Afterwards()
    commands = SlashCommands(
        gate=gate,
        desk=desk,
        voice=voice,
        sharing=sharing,
        tally=tally,
        afterwards=afterwards,
        at_once=0.6,
    )
    app = create_app(
        Listeners(
            workspaces=workspaces,
            actions=Actions(
                gate=gate,
                desk=desk,
                voice=voice,
                sharing=sharing,
                tally=tally,
                afterwards=afterwards,
            ),
            views=Views(gate=gate, desk=desk, voice=voice, tally=tally, afterwards=afterwards),
            commands=commands,
            events=Events(
                gate=gate,
                desk=desk,
                voice=voice,
                workspaces=workspaces,
                installations=port,
                ties=ties,
                afterwards=afterwards,
            ),
            tally=tally,
        ),
        base_url=API,
    )
    http = create_http(
        app,
        signatures=None if secret is None else Signatures(secret, clock=clock),
        tally=tally,
    )
    web = create_web_app(
        WebParts(version="0", ready=ready, metrics=NoMetrics(), mounts={"/slack": http})
    )
    return Slack(
        store=store,
        clock=clock,
        api=api,
        installations=installed,
        ties=ties,
        seal=seal,
        desk=desk,
        gate=gate,
        commands=commands,
        afterwards=afterwards,
        app=app,
        http=httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://voxpop"),
        homes=homes,
        looks=looks,
    )
