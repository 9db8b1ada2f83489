"""What comes to `/slack/events`: only what Slack signed, and only just now."""

import json
import logging
from typing import Any

import pytest
from slack_sdk.signature import SignatureVerifier
from structlog.testing import capture_logs

from bot.slack.http import Signatures
from survey.card import Act
from tests.examples import SetClock
from tests.slack_inbound import SECRET, Slack, a_slack


def challenge() -> bytes:
    return json.dumps({"type": "url_verification", "token": "x", "challenge": "3eZbrw"}).encode()


async def bare(chat: Slack, body: bytes, **headers: str) -> Any:
    """A request without what Slack writes below it, but for these."""
    named = {name.replace("_", "-"): value.encode() for name, value in headers.items()}
    given = [(name.encode(), value) for name, value in named.items()]
    return await chat.http.post("/slack/events", content=body, headers=given)


async def test_slack_may_verify_the_address() -> None:
    answer = await a_slack().send(challenge())
    assert answer.status_code == 200
    assert answer.json() == {"challenge": "3eZbrw"}


async def test_slack_may_look_at_the_certificate() -> None:
    answer = await bare(a_slack(), b"token=x&ssl_check=1")
    assert (answer.status_code, answer.text) == (200, "")


async def test_a_minute_of_events_that_slack_kept_to_itself_is_noted() -> None:
    dropped = {"type": "app_rate_limited", "team_id": "T0ACME0000", "minute_rate_limited": 1}
    body = json.dumps(dropped).encode()
    with capture_logs() as told:
        answer = await a_slack().send(body)
    assert (await bare(a_slack(), body)).status_code == 401
    assert (answer.status_code, answer.text) == (200, "")
    assert [(one["event"], one.get("workspace")) for one in told] == [
        ("slack_events_dropped", "T0ACME0000")
    ]


async def test_what_is_not_signed_gets_401_and_nothing_is_asked_of_anybody() -> None:
    chat = a_slack()
    chat.store.down.add("*")
    answer = await bare(chat, challenge())
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert chat.api.asked == []


def signed(chat: Slack, body: bytes, *, ago: float = 0, secret: str = SECRET) -> dict[str, str]:
    moment = str(int(chat.clock().timestamp() - ago))
    signature = SignatureVerifier(secret).generate_signature(timestamp=moment, body=body)
    return {"X_Slack_Request_Timestamp": moment, "X_Slack_Signature": str(signature)}


@pytest.mark.parametrize("ago", [0, 299, -299])
async def test_what_slack_signed_just_now_is_taken(ago: float) -> None:
    chat = a_slack()
    assert (await bare(chat, challenge(), **signed(chat, challenge(), ago=ago))).status_code == 200


@pytest.mark.parametrize("ago", [302, 3_600, 10**9, -302])
async def test_fault_31_what_was_signed_long_ago_gets_401(ago: float) -> None:
    chat = a_slack()
    assert (await bare(chat, challenge(), **signed(chat, challenge(), ago=ago))).status_code == 401


async def test_another_secret_and_another_body_get_401() -> None:
    chat = a_slack()
    foreign = signed(chat, challenge(), secret="another-secret")
    assert (await bare(chat, challenge(), **foreign)).status_code == 401
    other = signed(chat, b'{"type": "event_callback"}')
    assert (await bare(chat, challenge(), **other)).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"X_Slack_Signature": "v0=é"},
        {"X_Slack_Signature": "v0=\u2603"},
        {"X_Slack_Signature": "ÿþ"},
        {"X_Slack_Signature": ""},
        {"X_Slack_Signature": "v0="},
        {"X_Slack_Request_Timestamp": "é"},
        {"X_Slack_Request_Timestamp": "²"},
        {"X_Slack_Request_Timestamp": "now"},
        {"X_Slack_Request_Timestamp": ""},
        {"X_Slack_Request_Timestamp": "-1"},
        {"X_Slack_Request_Timestamp": "9" * 400},
        {"X_Slack_Request_Timestamp": "1e9"},
    ],
)
async def test_fault_35_a_signature_that_is_no_text_gets_401(changes: dict[str, str]) -> None:
    chat = a_slack()
    headers = signed(chat, challenge()) | changes
    assert (await bare(chat, challenge(), **headers)).status_code == 401


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{", b"[" * 50_000, b'{"a":' * 10_000, b"payload=%", b"a=b"],
)
async def test_what_slack_never_sends_is_a_problem_document(body: bytes) -> None:
    answer = await a_slack().send(body)
    assert answer.status_code in {400, 404}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_bytes_that_are_no_text_get_401_without_a_signature() -> None:
    chat = a_slack()
    headers = signed(chat, challenge())
    assert (await bare(chat, b"\xff\xfe", **headers)).status_code == 401


async def test_a_body_that_is_too_large_is_refused_before_it_is_read() -> None:
    chat = a_slack()
    answer = await chat.http.post("/slack/events", content=b" " * 1_000_000)
    assert answer.status_code == 413


async def test_without_a_signing_secret_nobody_calls() -> None:
    chat = a_slack(secret=None)
    chat.ask()
    answer = await chat.interact(chat.click(chat.sealed(Act.SCORE, "6")))
    assert answer.status_code == 404
    assert chat.store.writes == []


@pytest.mark.parametrize("secret", ["", "  "])
def test_an_empty_secret_is_none(secret: str) -> None:
    with pytest.raises(ValueError, match="signing secret"):
        Signatures(secret, clock=SetClock())


@pytest.mark.parametrize("name", ["SLACK_SIGNING_SECRET", "SLACK_BOT_TOKEN", "SLACK_CLIENT_ID"])
async def test_what_others_keep_in_the_environment_is_none_of_ours(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "foreign")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "foreign")
    chat = a_slack()
    chat.ask()
    await chat.press(Act.SCORE, "6")
    assert chat.invitation().response.score == 6
    foreign = signed(chat, challenge(), secret="foreign")
    assert (await bare(chat, challenge(), **foreign)).status_code == 401


async def test_whatever_comes_in_our_own_events_go_on_being_logged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = logging.getLogger("voxpop")
    monkeypatch.setattr(ours, "level", logging.INFO)
    monkeypatch.setattr(ours, "handlers", [])
    chat = a_slack()
    await chat.tell(chat.event("app_uninstalled"))
    assert (ours.level, ours.handlers) == (logging.INFO, [])
