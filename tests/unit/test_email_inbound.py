"""What comes to `/email`: reports from those who have a key, events that SendGrid signed."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from structlog.testing import capture_logs

from bot.email.inbound import create_http
from bot.email.returns import Returns
from bot.email.sendgrid_events import EventSignatures
from bot.tally import Tally
from survey.errors import InvalidValue
from survey.ports import Cause, Key, Role
from tests.examples import MONDAY, SetClock
from tests.fakes import Store
from tests.fakes_mail import FakeKeys, FakeSuppressions
from tests.mail.known import mails
from tests.mail.returned import ADA, NAME, complaint, out_of_office, undelivered
from webapp.problems import install_problems

KEY = "key-of-relay"
STAMP, SIGNATURE = (f"X-Twilio-Email-Event-Webhook-{word}" for word in ("Timestamp", "Signature"))
EVENT = {
    "email": ADA,
    "event": "bounce",
    "type": "bounce",
    "status": "5.1.1",
    "reason": "550 5.1.1 The email account that you tried to reach does not exist.",
    "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
    "voxpop": NAME,
    "timestamp": 1795604400,
}


def public(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return base64.b64encode(
        key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    ).decode()


BODY = json.dumps([EVENT]).encode()


@dataclass
class Post:
    """Us, to whom others tell what came back."""

    store: Store = field(default_factory=mails)
    role: Role = Role.INGEST
    clock: SetClock = field(default_factory=SetClock)
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        self.store.keys["relay"] = Key(name="relay", role=self.role, mark="key", made_at=MONDAY)
        app = create_http(
            Returns(suppressions=FakeSuppressions(self.store), clock=self.clock),
            signatures=EventSignatures(public(self.private), clock=self.clock),
            keys=FakeKeys(self.store),
            tally=Tally(clock=self.clock),
        )
        install_problems(app)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://voxpop.test") as http:
            encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
            return await http.post(path, content=body, headers=encoded)

    async def report(self, raw: bytes, *, key: str = KEY) -> httpx.Response:
        return await self.post("/reports", raw, {"Authorization": f"Bearer {key}"})

    async def events(self, *events: object) -> httpx.Response:
        return await self.raw_events(json.dumps(list(events)).encode())

    async def raw_events(self, body: bytes, *, ago: float = 0) -> httpx.Response:
        return await self.post("/events", body, self.signed(body, ago=ago))

    def signed(
        self, body: bytes, *, ago: float = 0, by: ec.EllipticCurvePrivateKey | None = None
    ) -> dict[str, str]:
        moment = str(int(self.clock().timestamp() - ago))
        signed = (by or self.private).sign(moment.encode() + body, ec.ECDSA(hashes.SHA256()))
        return {STAMP: moment, SIGNATURE: base64.b64encode(signed).decode()}


# Reports


async def test_a_report_suppresses_the_mailbox_and_keeps_what_its_server_said() -> None:
    us = Post()
    answer = await us.report(undelivered())
    assert (answer.status_code, answer.json()) == (200, {"report": True, "ours": True})
    held = us.store.suppressions[ADA]
    assert (held.cause, held.at) == (Cause.BOUNCED, MONDAY)
    assert held.reason.startswith("550 5.1.1")


async def test_a_complaint_is_taken_as_one() -> None:
    us = Post()
    await us.report(complaint())
    assert us.store.suppressions[ADA].cause is Cause.COMPLAINED


async def test_what_passes_by_itself_suppresses_nothing_and_has_not_arrived() -> None:
    us = Post()
    answer = await us.report(undelivered("5.2.2", "smtp; 552 5.2.2 over quota"))
    assert answer.json() == {"report": True, "ours": True}
    assert us.store.writes == [("returned", NAME)]
    assert us.store.suppressions == {}


async def test_a_report_about_a_mailbox_to_which_the_mail_did_not_go_changes_nothing() -> None:
    us = Post()
    answer = await us.report(undelivered(to="ben@example.org", final="ben@example.org"))
    assert answer.json() == {"report": True, "ours": False}
    assert us.store.suppressions == {}


async def test_what_is_no_report_is_taken_and_passed_over() -> None:
    us = Post()
    for raw in (b"", out_of_office(), b"\xff" * 1_000):
        assert (await us.report(raw)).json() == {"report": False, "ours": False}
    assert us.store.writes == []


async def test_without_a_key_nothing_is_read() -> None:
    us = Post()
    for value in (
        "",
        "Bearer",
        "Bearer ",
        f"Basic {KEY}",
        KEY,
        f"Bearer {KEY}x",
        "Bearer " + "x" * 999,
    ):
        answer = await us.post("/reports", undelivered(), {"Authorization": value})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"
    assert us.store.writes == []


@pytest.mark.parametrize("role", Role)
async def test_a_key_of_any_role_may_bring_reports(role: Role) -> None:
    us = Post(role=role)
    assert (await us.report(undelivered())).status_code == 200


async def test_what_can_not_be_saved_is_asked_for_again() -> None:
    us = Post()
    us.store.down.add("returned")
    assert (await us.report(undelivered())).status_code == 503
    assert (await us.events(EVENT)).status_code == 503
    us.store.down.clear()
    assert (await us.events(EVENT)).status_code == 204
    assert ADA in us.store.suppressions


async def test_the_log_tells_which_mail_and_nobodys_address() -> None:
    us = Post()
    with capture_logs() as told:
        await us.report(undelivered(name="f" * 32))
    assert [(one["event"], one["message"], one["status"]) for one in told] == [
        ("message_came_back_unknown", "f" * 32, "5.1.1"),
    ]
    assert ADA not in str(told)


# SendGrid's events


async def test_a_bounce_that_sendgrid_signed_suppresses_the_mailbox() -> None:
    us = Post()
    assert (await us.events(EVENT)).status_code == 204
    assert us.store.suppressions[ADA].reason == EVENT["reason"]


async def test_a_batch_is_taken_in_and_twice_has_the_effect_of_once() -> None:
    other = "f" * 32
    us = Post(store=mails(**{NAME: ADA, other: "ben@example.org"}))
    ben = EVENT | {"voxpop": other, "email": "Ben@Example.org", "event": "spamreport"}
    for _ in range(2):
        await us.events({"event": "delivered", "voxpop": NAME, "email": ADA}, EVENT, ben)
    assert {email: one.cause for email, one in us.store.suppressions.items()} == {
        ADA: Cause.BOUNCED,
        "ben@example.org": Cause.COMPLAINED,
    }


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"event": "dropped", "reason": "Bounced Address"}, Cause.BOUNCED),
        ({"event": "dropped", "reason": "Invalid"}, Cause.BOUNCED),
        ({"event": "dropped", "reason": "Spam Reporting Address"}, Cause.COMPLAINED),
        ({"event": "spamreport", "reason": None}, Cause.COMPLAINED),
        ({"voxpop": None, "smtp-id": f"<{NAME}@acme.example>"}, Cause.BOUNCED),
        ({"status": None}, Cause.BOUNCED),
    ],
)
async def test_what_sendgrid_calls_gone_is_gone(change: dict[str, Any], cause: Cause) -> None:
    us = Post()
    await us.events(EVENT | change)
    assert us.store.suppressions[ADA].cause is cause


@pytest.mark.parametrize(
    "change",
    [
        {"type": "blocked"},
        {"status": "5.2.2"},
        {"status": "5.7.1"},
        {"event": "dropped", "reason": "Unsubscribed Address"},
        {"event": "deferred"},
        {"event": "open"},
        {"event": "unsubscribe"},
        {"voxpop": None},
        {"voxpop": 17},
        {"email": None},
        {"email": "somebody@else.example"},
    ],
)
async def test_other_events_suppress_nothing(change: dict[str, Any]) -> None:
    us = Post()
    assert (await us.events(EVENT | change)).status_code == 204
    assert us.store.suppressions == {}


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {SIGNATURE: ""},
        {SIGNATURE: "!!!"},
        {SIGNATURE: "é"},
        {SIGNATURE: base64.b64encode(b"x" * 70).decode()},
        Post().signed(BODY),
        {STAMP: ""},
        {STAMP: "-1"},
        {STAMP: "1e9"},
        {STAMP: "9" * 40},
        {STAMP: "٣"},
    ],
)
async def test_events_that_sendgrid_did_not_sign_are_refused_unread(forged: dict[str, str]) -> None:
    us = Post()
    given = us.signed(BODY) | forged if forged else {}
    assert (await us.post("/events", BODY, given)).status_code == 401
    assert us.store.writes == []


async def test_a_signature_counts_for_as_long_as_sendgrid_repeats_itself_and_no_longer() -> None:
    us, day = Post(), 24 * 3_600
    taken = [(await us.raw_events(BODY, ago=ago)).status_code for ago in (day, 0, -200)]
    late = [(await us.raw_events(BODY, ago=ago)).status_code for ago in (day + 7_200, -400)]
    assert (taken, late) == ([204, 204, 204], [401, 401])


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff"])
async def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    assert (await Post().raw_events(body)).status_code == 400


@pytest.mark.parametrize("body", [b"{}", b"null", b"[1, null, [], {}]", b'"text"'])
async def test_json_of_another_shape_changes_nothing(body: bytes) -> None:
    us = Post()
    assert (await us.raw_events(body)).status_code == 204
    assert us.store.writes == []


def test_the_signature_of_sendgrids_own_example_fits() -> None:
    clock = SetClock(MONDAY.fromtimestamp(1588788367, MONDAY.tzinfo))
    key = (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7"
        "yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA=="
    )
    signature = (
        "MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDW"
        "YNH2j/0="
    )
    body = b'{"category":"example_payload","event":"test_event","message_id":"message_id"}'
    signatures = EventSignatures(key, clock=clock)
    assert signatures.fits(body, moment="1588788367", signature=signature)
    assert not signatures.fits(body + b" ", moment="1588788367", signature=signature)
    assert not signatures.fits(body, moment="1588788368", signature=signature)


@pytest.mark.parametrize(
    "key",
    ["", "SG.a-key-of-the-api", "é", "QUJD", public(rsa.generate_private_key(65537, 2048))],
)
def test_a_verification_key_that_is_none_is_told_with_its_setting(key: str) -> None:
    with pytest.raises(InvalidValue, match="VOXPOP_EMAIL__SENDGRID_WEBHOOK_KEY"):
        EventSignatures(key, clock=SetClock())
