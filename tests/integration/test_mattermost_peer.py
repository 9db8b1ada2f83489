"""The Mattermost peer against the recording of a real server: every exchange, in its order.

The peer never sees the recording. Ids, times, tokens, signatures and ports are others; everything
else that it says has to be what the real server said.
"""

import base64
import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tests.mattermost.replay.mapping import Differs, Mapping
from tests.mattermost.replay.run import CALLBACK, FOLDER, RECORDING, Integration, Replay, recorded
from tests.mattermost.server import MattermostServer


@pytest.fixture
async def replay() -> AsyncIterator[Replay]:
    integration = Integration()
    app = web.Application()
    app.router.add_post("/{name}", integration.hear)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with MattermostServer() as server:
            made = Replay(server, integration, runner.addresses[0][1])
            made.people()
            await made.run()
            yield made
    finally:
        await runner.cleanup()


async def test_every_exchange_of_the_recording_is_what_the_peer_does(replay: Replay) -> None:
    assert replay.seen == Counter(exchange["direction"] for exchange in RECORDING)
    assert replay.seen.total() == 61


async def test_what_happened_later_in_the_recording_happens_later_here(replay: Replay) -> None:
    replayed = [moment for _, moment in replay.mapping.times()]
    assert replayed == sorted(replayed)
    assert len(replayed) > 15


def parts(trigger_id: str) -> tuple[list[str], bytes, bytes]:
    signed, _, signature = base64.b64decode(trigger_id).rpartition(b":")
    return signed.decode().split(":"), signed + b":", base64.b64decode(signature)


async def test_triggers_are_signed_and_made_as_the_recorded_ones(replay: Replay) -> None:
    keys = {}
    keys["recorded"] = recorded("config_client")["response_body"]["AsymmetricSigningPublicKey"]
    keys["replayed"] = replay.mapping.known[keys["recorded"]]
    clicks = [exchange for exchange in RECORDING if exchange["direction"] == CALLBACK]
    triggers = {
        exchange["request_body"]["trigger_id"]
        for exchange in clicks
        if "trigger_id" in exchange["request_body"]
    }
    assert len(triggers) == 6
    for told in triggers:
        shown = replay.mapping.known[told]
        for trigger, key in ((told, keys["recorded"]), (shown, keys["replayed"])):
            _, signed, signature = parts(trigger)
            public = load_der_public_key(base64.b64decode(key))
            assert isinstance(public, ec.EllipticCurvePublicKey)
            public.verify(signature, signed, ec.ECDSA(SHA256()))
        replay.mapping.compare(parts(told)[0], parts(shown)[0], "trigger")


def test_the_peer_has_nothing_of_the_recording_and_reads_no_file() -> None:
    modules = {path.name: path.read_text() for path in FOLDER.glob("*.py")}
    assert len(modules) > 15
    ids = set(re.findall(r"\b[a-z0-9]{26}\b", json.dumps(RECORDING)))
    for name, text in modules.items():
        assert not re.search(r"recording|contracts|replay|read_text|read_bytes|pathlib", text), name
        assert not re.search(r"(?<![.\w])open\(|importlib|__file__", text), name
        assert not ids & set(re.findall(r"\b[a-z0-9]{26}\b", text)), name


FIRST, SECOND, OTHER = "a1" * 13, "b2" * 13, "c3" * 13
POST = {"id": FIRST, "user_id": SECOND, "create_at": 1795225121516, "props": {}, "message": "hi"}


@pytest.mark.parametrize(
    "change",
    [
        {"message": "ho"},
        {"props": None},
        {"props": {"from_bot": "true"}},
        {"create_at": "1795225121516"},
        {"create_at": 0},
        {"id": "short"},
        {"user_id": OTHER, "message": f"by {FIRST}"},
        {"user_id": OTHER},
        {"more": ""},
    ],
    ids=str,
)
def test_a_difference_is_noticed(change: dict[str, Any]) -> None:
    Mapping().compare(POST, {**POST, "id": OTHER, "create_at": 1795225121517}, "post")
    with pytest.raises(Differs):
        Mapping().compare(POST, {**POST, "id": OTHER, **change}, "post")


def test_an_id_stands_for_one_thing_only() -> None:
    mapping = Mapping()
    mapping.compare({"id": FIRST}, {"id": OTHER}, "post")
    with pytest.raises(Differs):
        mapping.compare([f"{FIRST}__{SECOND}"], [f"{SECOND}__{SECOND}"], "name")
    with pytest.raises(Differs):
        mapping.compare(SECOND, OTHER, "name")


def test_a_missing_key_is_noticed() -> None:
    with pytest.raises(Differs):
        Mapping().compare(POST, {key: POST[key] for key in POST if key != "props"}, "post")
