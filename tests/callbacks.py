"""A Mattermost server as its integrations see it: it calls them, and signs every click."""

import asyncio
import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bot.afterwards import Afterwards
from bot.desk import Desk
from bot.mattermost.account import BotAccount
from bot.mattermost.actions import Actions
from bot.mattermost.callbacks import create_callbacks
from bot.mattermost.client import Client, ServerSays
from bot.mattermost.commands import SlashCommands
from bot.mattermost.dialogs import Dialogs
from bot.mattermost.gate import Gate, address_of
from bot.mattermost.hearing import Hearing
from bot.mattermost.rendering import post_of
from bot.mattermost.sharing import Sharing
from bot.mattermost.triggers import Triggers
from bot.mattermost.voice import Voice
from bot.sealing import Place, Seal, Sealed
from bot.tally import Tally
from runtime.languages import language
from survey.card import Act, Card
from survey.delivery import MessageRef, Method, Pace
from survey.invitation import Invitation
from survey.person import Address, Person
from survey.survey import Survey
from survey.wording.asked import subject_of
from tests.chat import ADA, BEN, a_desk
from tests.examples import NPS_SURVEY, SetClock, invitation
from tests.fakes import FakeHeard, FakeMessages, FakePeople, Store
from webapp.app import WebParts, create_app
from webapp.metrics import NpsMetrics

BOT, KEYS = "b" * 26, ("a-key-for-tests-that-is-long-enough-to-pass",)
COMMAND_TOKEN = "slashcommandtoken000000000"
CALLBACK_URL = "https://voxpop.example.org"
DELIVERY = UUID(int=77)
POST, SQUARE = "p" * 26, "s" * 26


def id_of(person: Person) -> str:
    """An account's id, as a Mattermost server makes them."""
    return f"{person.first_name.lower():u<26}"


def direct(person: Person) -> str:
    return f"{person.first_name.lower():d<26}"


class SigningServer:
    """The key pair of a server, and what it says of a click."""

    def __init__(self) -> None:
        self.key: ec.EllipticCurvePrivateKey | None = ec.generate_private_key(ec.SECP256R1())
        self.asked = 0

    async def public_key(self) -> str | None:
        self.asked += 1
        if self.key is None:
            return None
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        told = self.key.public_key().public_bytes(serialization.Encoding.DER, form)
        return base64.b64encode(told).decode()

    def trigger(self, user_id: str, at: datetime) -> str:
        """A click, signed."""
        text = f"{secrets.token_hex(13)}:{user_id}:{int(at.timestamp() * 1000)}:"
        key = self.key or ec.generate_private_key(ec.SECP256R1())
        signature = base64.b64encode(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return base64.b64encode(text.encode() + signature).decode()


class FakeClient(Client):
    """Keeps what it was asked, and does as it is told.

    Attributes:
        asked: Method, path and body of every call.
        refusals: Paths that are refused, and how.
        slips: Paths that are refused so often, and answered after that.
        hangs: Paths that are not answered before this is set.
        answers: Paths that answer something of their own.
        later: What came by `response_url`.
    """

    def __init__(self) -> None:
        super().__init__("https://chat.example.org", "token")
        self.asked: list[tuple[str, str, Any]] = []
        self.refusals: dict[str, ServerSays] = {}
        self.slips: dict[str, list[ServerSays]] = {}
        self.hangs: dict[str, asyncio.Event] = {}
        self.answers: dict[str, Any] = {"/users/me": {"id": BOT, "username": "voxpop"}}
        self.later: list[tuple[str, Any]] = []

    async def call(self, method: str, path: str, **what: Any) -> Any:
        self.asked.append((method, path, what.get("json") or what.get("files")))
        if path in self.hangs:
            await self.hangs[path].wait()
        if slips := self.slips.get(path):
            raise slips.pop(0)
        if path in self.refusals:
            raise self.refusals[path]
        if path == "/channels/direct":
            return {"id": what["json"][1].replace("u" * 4, "d" * 4).replace("u", "d")}
        if path == "/files":
            return {"file_infos": [{"id": "f" * 26}]}
        return self.answers.get(path, {"id": "n" * 26})

    async def answer_later(self, response_url: str, body: Mapping[str, Any]) -> None:
        if response_url in self.refusals:
            raise self.refusals[response_url]
        self.later.append((response_url, body))

    def posted(self) -> list[Any]:
        return [body for verb, path, body in self.asked if (verb, path) == ("POST", "/posts")]


@dataclass
class FakeMessenger:
    """Keeps the updates."""

    repeats = False

    updates: list[tuple[Address, MessageRef, Card]] = field(default_factory=list)
    refuses: Exception | None = None
    paces: Mapping[Method, Pace] = field(default_factory=dict)

    async def send(self, address: Address, card: Card, *, delivery_id: UUID) -> MessageRef:
        raise NotImplementedError

    async def update(self, address: Address, ref: MessageRef, card: Card) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.updates.append((address, ref, card))

    async def find(self, address: Address, delivery_id: UUID) -> MessageRef | None:
        raise NotImplementedError


@dataclass
class Mattermost:
    """One server with Ada (an administrator) and Ben, and Voxpop behind it on fakes."""

    store: Store
    clock: SetClock
    server: SigningServer
    client: FakeClient
    messenger: FakeMessenger
    seal: Seal
    desk: Desk
    gate: Gate
    hearing: Hearing
    actions: Actions
    commands: SlashCommands
    afterwards: Afterwards
    http: httpx.AsyncClient

    def ask(self, asked: Invitation | None = None, *, post: str = POST) -> Invitation:
        """A message that asks has arrived."""
        one = self.store.asks(asked or invitation())
        ref = MessageRef(channel=direct(one.person), message=post)
        self.store.sent[DELIVERY] = ref
        self.store.messages[ref] = (address_of(id_of(one.person)), subject_of(one))
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
            "to": address_of(id_of(ADA)),
            "place": Place(channel=direct(ADA), delivery=DELIVERY),
            **changes,
        }
        return self.seal.close(Sealed(**whole))

    async def shown(self) -> dict[str, Any]:
        """The message that asks, as it was posted."""
        return dict(
            post_of(
                await self.desk.compose(self.invitation()),
                to=address_of(id_of(ADA)),
                place=Place(channel=direct(ADA), delivery=DELIVERY),
                seal=self.seal,
                callback_url=CALLBACK_URL,
            )
        )

    def click(
        self, seal: str, *, by: Person = ADA, at: datetime | None = None, **changes: Any
    ) -> dict[str, Any]:
        """The body of a press, as the server sends it."""
        return {
            "user_id": id_of(by),
            "user_name": by.first_name.lower(),
            "channel_id": direct(by),
            "channel_name": f"{id_of(by)}__{BOT}",
            "team_id": "",
            "team_domain": "",
            "post_id": POST,
            "trigger_id": self.server.trigger(id_of(by), at or self.clock()),
            "type": "button",
            "data_source": "",
            "context": {"seal": seal},
            **changes,
        }

    async def post(self, path: str, body: Any) -> httpx.Response:
        # In ASCII, as Go writes what is no text, too.
        return await self.http.post(f"/mattermost/{path}", content=json.dumps(body))

    async def press(self, act: Act, value: str = "", **how: Any) -> dict[str, Any]:
        """Press a button; everything that a server sends is answered 200."""
        answer = await self.post("actions", self.click(self.sealed(act, value), **how))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def submit(self, state: str, text: str, **changes: Any) -> dict[str, Any]:
        """Send a form."""
        body = {
            "type": "dialog_submission",
            "callback_id": "reason",
            "state": state,
            "user_id": id_of(ADA),
            "channel_id": SQUARE,
            "team_id": "t" * 26,
            "submission": {"comment": text},
            "cancelled": False,
            **changes,
        }
        answer = await self.post("dialogs", body)
        assert answer.status_code == 200, answer.text
        await self.settled()
        found: dict[str, Any] = answer.json()
        return found

    async def types(
        self,
        text: str,
        *,
        by: Person = ADA,
        header: str | None = f"Token {COMMAND_TOKEN}",
        **changes: str,
    ) -> httpx.Response:
        """A slash command."""
        body = {
            "channel_id": SQUARE,
            "channel_name": "town-square",
            "command": "/nps",
            "response_url": "https://chat.example.org/hooks/commands/abc",
            "team_domain": "acme",
            "team_id": "t" * 26,
            "text": text,
            "token": COMMAND_TOKEN,
            "trigger_id": self.server.trigger(id_of(by), self.clock()),
            "user_id": id_of(by),
            "user_name": by.first_name.lower(),
            **changes,
        }
        headers = {} if header is None else {"Authorization": header}
        return await self.http.post("/mattermost/commands", data=body, headers=headers)

    async def settled(self) -> None:
        """What is done behind an answer has been done."""
        assert await self.afterwards.finish(within=timedelta(seconds=5))

    def opened(self) -> dict[str, Any]:
        """The form that was opened last."""
        found = [body for _, path, body in self.client.asked if path == "/actions/dialogs/open"]
        last: dict[str, Any] = json.loads(json.dumps(found[-1]))
        return last


class NoMetrics:
    async def figures(self) -> NpsMetrics:
        raise NotImplementedError


async def ready() -> Mapping[str, str]:
    return {}


def a_mattermost(
    *, surveys: tuple[Survey, ...] = (NPS_SURVEY,), command_token: str | None = COMMAND_TOKEN
) -> Mattermost:
    """Everything that stands behind `/mattermost`, on fakes."""
    store, clock, server = Store(), SetClock(), SigningServer()
    client, messenger, seal = FakeClient(), FakeMessenger(), Seal(KEYS)
    store.people |= {address_of(id_of(one)): one for one in (ADA, BEN)}
    desk = a_desk(store, clock, surveys={one.name: one for one in surveys}, knocks=[], admin=ADA)
    heard, messages = FakeHeard(store), FakeMessages(store)
    gate = Gate(
        seal=seal,
        triggers=Triggers(server.public_key, clock=clock),
        messages=messages,
        heard=heard,
        clock=clock,
    )
    voice = Voice(
        client=client,
        account=BotAccount(client),
        messenger=messenger,
        people=FakePeople(store),
        languages=language,
        seal=seal,
        callback_url=CALLBACK_URL,
    )
    sharing, tally, afterwards = Sharing(voice=voice), Tally(clock=clock), Afterwards()
    commands = SlashCommands(
        token=command_token,
        gate=gate,
        desk=desk,
        voice=voice,
        sharing=sharing,
        tally=tally,
        afterwards=afterwards,
        at_once=0.2,
    )
    actions = Actions(
        gate=gate,
        desk=desk,
        voice=voice,
        sharing=sharing,
        tally=tally,
        afterwards=afterwards,
        at_most=0.2,
    )
    callbacks = create_callbacks(
        actions=actions,
        dialogs=Dialogs(gate=gate, desk=desk, voice=voice, tally=tally, afterwards=afterwards),
        commands=commands,
    )
    app = create_app(
        WebParts(version="0", ready=ready, metrics=NoMetrics(), mounts={"/mattermost": callbacks})
    )
    transport = httpx.ASGITransport(app)
    return Mattermost(
        store=store,
        clock=clock,
        server=server,
        client=client,
        messenger=messenger,
        seal=seal,
        desk=desk,
        gate=gate,
        hearing=Hearing(
            client=client, voice=voice, desk=desk, heard=heard, messages=messages, clock=clock
        ),
        actions=actions,
        commands=commands,
        afterwards=afterwards,
        http=httpx.AsyncClient(transport=transport, base_url="http://voxpop"),
    )
