"""P7: forged, replayed and foreign callbacks of a chat server that are accepted; none may be.

Every request is a genuine one that was bent in one way: its seal, its place, its person, its
signature, its time, its shape; or it is one that was heard before. Accepted is what changes
anything, is shown a card, opens a form or is posted somewhere.
"""

import argparse
import asyncio
import base64
import json
import string
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from bot.mattermost.gate import address_of
from bot.sealing import Place, Seal
from survey.card import Act
from tests.callbacks import (
    DELIVERY,
    POST,
    SQUARE,
    Mattermost,
    SigningServer,
    a_mattermost,
    direct,
    id_of,
)
from tests.chat import ADA, BEN

LETTERS = string.ascii_letters + string.digits + "-_=.+/ \u00e9"
OTHER = Seal(("another-key-that-is-long-enough-to-pass",))
WORTH = [
    (Act.SCORE, "9"),
    (Act.SCORE, "0"),
    (Act.UNDO, ""),
    (Act.LATER, ""),
    (Act.STOP_ALL, ""),
    (Act.STOP_THIS, ""),
    (Act.REASON, ""),
    (Act.WHY, ""),
    (Act.CHANGE, ""),
]

Request = tuple[str, dict[str, Any]]


@dataclass
class Forger:
    """Somebody who has seen genuine requests, and bends them."""

    chat: Mattermost
    chance: Random
    seen: list[Request] = field(default_factory=list)
    stranger: SigningServer = field(default_factory=SigningServer)

    def any(self, among: Sequence[Any]) -> Any:
        return self.chance.choice(among)

    def genuine(self) -> dict[str, Any]:
        """A press of Ada's that would count, and that nobody ever sent."""
        act, value = self.any(WORTH)
        places = [
            Place(channel=direct(ADA), delivery=DELIVERY),
            Place(channel=direct(ADA), message=POST),
            Place(channel=direct(ADA), message=POST, delivery=DELIVERY),
        ]
        return self.chat.click(self.chat.sealed(act, value, place=self.any(places)))

    def bent(self, text: str) -> str:
        """A text with something changed."""
        while True:
            place = self.chance.randrange(len(text))
            payload, _, signature = text.rpartition(".")
            found: str = self.any(
                [
                    text[:place] + self.any(LETTERS) + text[place + 1 :],
                    text[:place] + self.any(LETTERS) + text[place:],
                    text[:place] + text[place + 1 :],
                    text[:place],
                    text[place:] if place else "",
                    text.swapcase(),
                    f"{payload}.{signature[::-1]}",
                    f"{payload}={signature}",
                    f"{text}=",
                    f" {text}",
                ]
            )
            if found != text:
                return found

    # The ways

    def seal(self) -> Request:
        click = self.genuine()
        return "actions", click | {"context": {"seal": self.bent(click["context"]["seal"])}}

    def key(self) -> Request:
        click = self.genuine()
        opened = self.chat.seal.open(click["context"]["seal"])
        return "actions", click | {"context": {"seal": OTHER.close(opened)}}

    def signature_of_another_seal(self) -> Request:
        click = self.genuine()
        payload = click["context"]["seal"].rpartition(".")[0]
        other = self.chat.sealed(Act.KEEP).rpartition(".")[2]
        return "actions", click | {"context": {"seal": f"{payload}.{other}"}}

    def planted(self) -> Request:
        shapes: list[Any] = [
            {},
            None,
            {"seal": None},
            {"seal": 1},
            {"seal": ["x"]},
            {"seal": {}},
            {"score": 9},
        ]
        return "actions", self.genuine() | {"context": self.any(shapes)}

    def person(self) -> Request:
        trigger = self.chat.server.trigger(id_of(BEN), self.chat.clock())
        return "actions", self.genuine() | {"user_id": id_of(BEN), "trigger_id": trigger}

    def channel(self) -> Request:
        return "actions", self.genuine() | {"channel_id": self.any([SQUARE, direct(BEN)])}

    def message(self) -> Request:
        return "actions", self.genuine() | {"post_id": self.any(["q" * 26, "1" * 26])}

    def platform(self) -> Request:
        where = [None, Place(channel=direct(BEN)), Place(channel="")]
        return "actions", self.chat.click(self.chat.sealed(Act.SCORE, "9", place=self.any(where)))

    def somebody_elses_seal(self) -> Request:
        seal = self.chat.sealed(Act.SCORE, "9", to=address_of(id_of(BEN)))
        return "actions", self.chat.click(seal)

    def trigger(self) -> Request:
        click = self.genuine()
        text = base64.b64decode(click["trigger_id"]).decode()
        name, user, ms, signature = text.split(":")
        bent = self.any(
            [
                ("x" * 26, user, ms, signature),
                (name, user, str(int(ms) + self.chance.randrange(1, 10**6)), signature),
                (name, user, ms, base64.b64encode(self.chance.randbytes(71)).decode()),
                (name, user, ms, ""),
                (name, user, ms, "é"),
                (name, "", ms, signature),
            ]
        )
        forged = base64.b64encode(":".join(bent).encode()).decode()
        return "actions", click | {"trigger_id": self.any([forged, "", "x", text])}

    def other_server(self) -> Request:
        trigger = self.stranger.trigger(id_of(ADA), self.chat.clock())
        return "actions", self.genuine() | {"trigger_id": trigger}

    def somebody_elses_trigger(self) -> Request:
        trigger = self.chat.server.trigger(id_of(BEN), self.chat.clock())
        return "actions", self.genuine() | {"trigger_id": trigger}

    def time(self) -> Request:
        off = self.any([timedelta(minutes=-61), timedelta(days=-30), timedelta(minutes=6)])
        trigger = self.chat.server.trigger(id_of(ADA), self.chat.clock() + off)
        return "actions", self.genuine() | {"trigger_id": trigger}

    def replay(self) -> Request:
        path, body = self.any(self.seen)
        return path, body

    def replay_in_other_words(self) -> Request:
        """A signature of this kind can be written in a second way; the click stays the same."""
        path, body = self.any([one for one in self.seen if one[0] == "actions"])
        text = base64.b64decode(body["trigger_id"]).decode()
        signed, _, signature = text.rpartition(":")
        again = _mirrored(base64.b64decode(signature))
        forged = base64.b64encode(f"{signed}:{base64.b64encode(again).decode()}".encode())
        return path, body | {"trigger_id": forged.decode()}

    def state(self) -> Request:
        state = self.chat.sealed(Act.REASON, place=Place(channel=direct(ADA), message=POST))
        body = {"user_id": id_of(ADA), "submission": {"comment": "forged"}, "state": state}
        return "dialogs", body | self.any(
            [
                {"state": self.bent(state)},
                {"state": OTHER.close(self.chat.seal.open(state))},
                {"user_id": id_of(BEN)},
                {"state": self.chat.sealed(Act.REASON)},
                {"state": ""},
            ]
        )

    @property
    def ways(self) -> list[Callable[[], Request]]:
        return [
            self.seal,
            self.key,
            self.signature_of_another_seal,
            self.planted,
            self.person,
            self.channel,
            self.message,
            self.platform,
            self.somebody_elses_seal,
            self.trigger,
            self.other_server,
            self.somebody_elses_trigger,
            self.time,
            self.replay,
            self.replay_in_other_words,
            self.state,
        ]


def _mirrored(signature: bytes) -> bytes:
    """The same signature with n - s in place of s."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    r, s = decode_dss_signature(signature)
    return encode_dss_signature(r, order - s)


async def attack(number: int, *, seed: int = 7) -> tuple[Counter[str], list[Request]]:
    """How many were tried in which way, and those that were accepted."""
    chat, tried, accepted = a_mattermost(), Counter[str](), list[Request]()
    forger = Forger(chat=chat, chance=Random(seed))
    chat.ask()
    for act, value in [(Act.SCORE, "6"), (Act.LATER, ""), (Act.WHY, ""), (Act.UNDO, "")]:
        body = chat.click(chat.sealed(act, value))
        await chat.post("actions", body)
        forger.seen.append(("actions", body))
        chat.clock.forward(seconds=1)
    body = chat.click(chat.sealed(Act.SCORE, "8"))
    await chat.post("actions", body)
    forger.seen.append(("actions", body))
    await chat.press(Act.REASON)
    form = {
        "user_id": id_of(ADA),
        "submission": {"comment": "As it was meant."},
        "state": chat.opened()["dialog"]["state"],
    }
    await chat.post("dialogs", form)
    await chat.submit(chat.sealed(Act.REASON, place=Place(channel=direct(ADA), message=POST)), "")
    await chat.settled()
    forger.seen.append(("dialogs", form))
    before = chat.invitation()
    for turn in range(number):
        way = forger.ways[turn % len(forger.ways)]
        path, body = way()
        tried[way.__name__] += 1
        was = (len(chat.store.writes), len(chat.client.asked), len(chat.messenger.updates))
        answer = await chat.post(path, json.loads(json.dumps(body)))
        await chat.settled()
        now = (len(chat.store.writes), len(chat.client.asked), len(chat.messenger.updates))
        if was != now or "update" in answer.json() or chat.invitation() != before:
            accepted.append((way.__name__, {"body": body, "answer": answer.text}))
    last = await chat.press(Act.SCORE, "3")
    assert last["update"]["message"].startswith("**You said 3.**"), "the real button works no more"
    return tried, accepted


def main() -> int:
    """Print what was tried and what was accepted; 1 if anything was."""
    parser = argparse.ArgumentParser(prog="python -m bench.forged", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    tried, accepted = asyncio.run(attack(chosen.requests, seed=chosen.seed))
    for way, times in sorted(tried.items()):
        print(f"{times:>7} {way}")
    print(f"{tried.total():>7} tried, {len(accepted)} accepted")
    for way, told in accepted[:5]:
        print(way, told)
    return 1 if accepted else 0


if __name__ == "__main__":
    sys.exit(main())
