"""`voxpop doctor` on e-mail: who carries it, whether what comes back is read; nothing is sent."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.email.providers import Security, Sender
from runtime.doctor.email import examine_email
from runtime.doctor.findings import Finding
from runtime.settings.email import EmailSettings, Inbox
from tests.installation import free_port
from tests.mail.certificates import certificate
from tests.mail.imap import ImapServer
from tests.mail.returned import undelivered
from tests.mail.server import DROP, SmtpServer

SENDER = Sender(name="Acme surveys", address="surveys@acme.example")
SENDGRID_KEY = "SG.a-key-of-sendgrid"
WEBHOOK_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7"
    "yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA=="
)


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpServer]:
    async with SmtpServer(asks=True) as server:
        yield server


def settings(server: SmtpServer | None = None, **changes: Any) -> EmailSettings:
    given = EmailSettings(
        smtp=None if server is None else server.address(),
        fallback=None,
        sendgrid_key=None,
        sendgrid_url="https://api.sendgrid.com",
        sender=SENDER,
        inbox=None,
        sendgrid_webhook_key=None,
        base_url="https://survey.example.org",
    )
    return replace(given, **changes)


async def examined(of: EmailSettings) -> Mapping[str, Finding]:
    return {one.name: one for one in await examine_email(of)}


def lacking(found: Mapping[str, Finding]) -> list[str]:
    return [name for name, one in found.items() if not one.fine]


async def test_where_all_is_well_every_line_says_so_and_nothing_is_sent(
    smtp: SmtpServer, tmp_path: Path
) -> None:
    with ImapServer(tmp_path) as imap:
        imap.arrive(undelivered())
        inbox = Inbox(server=imap.server(), folder="INBOX")
        found = await examined(settings(smtp, inbox=inbox))
        assert imap.flags() == [set()]
    assert lacking(found) == []
    assert list(found) == [
        *("email server", "email sender", "email links", "email returned", "email bounces"),
    ]
    assert found["email returned"].says == "1 messages are new in INBOX"
    assert "SPF and DKIM of acme.example" in found["email sender"].mend
    assert smtp.arrived == []
    assert "MAIL" not in smtp.steps


async def test_starttls_and_what_we_are_known_by_are_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = certificate(tmp_path)
    async with SmtpServer(security=Security.STARTTLS, certificate=issued, asks=True) as server:
        found = await examined(settings(server))
        assert lacking(found) == ["email server"]
        assert "certificate" in found["email server"].says
        monkeypatch.setenv("SSL_CERT_FILE", str(issued[0]))
        found = await examined(settings(server))
    assert lacking(found) == []
    assert found["email server"].says.endswith("by STARTTLS, and knows us")


async def test_a_password_that_is_not_taken_is_told_and_not_shown(smtp: SmtpServer) -> None:
    wrong = replace(smtp.address(), password="quite-wrong")
    found = await examined(settings(smtp=wrong))
    assert lacking(found) == ["email server"]
    assert "check user and password" in found["email server"].mend
    assert "quite-wrong" not in str(found)


async def test_a_server_that_is_not_there_is_told_and_the_second_one_looked_at_all_the_same(
    smtp: SmtpServer,
) -> None:
    gone = replace(smtp.address(), port=free_port())
    lost = replace(smtp.address(), host="mail.invalid")
    found = await examined(settings(smtp=gone, fallback=lost))
    assert lacking(found) == ["email server", "email second server"]
    assert found["email second server"].says.startswith("mail.invalid is not found")
    smtp.answer("CONNECT", DROP)
    found = await examined(settings(smtp, fallback=smtp.address()))
    assert lacking(found) == ["email server"]


async def test_a_return_path_of_another_domain_is_pointed_out(smtp: SmtpServer) -> None:
    for back, aligned in (
        ("bounces@acme.example", True),
        ("bounces@mail.acme.example", True),
        ("bounces@elsewhere.example", False),
        ("bounces@notacme.example", False),
    ):
        sender = replace(SENDER, return_path=back)
        found = await examined(settings(smtp, sender=sender))
        assert lacking(found) == []
        assert ("VOXPOP_EMAIL__RETURN_PATH" not in found["email sender"].mend) is aligned


async def test_links_that_lead_to_this_machine_are_pointed_out(smtp: SmtpServer) -> None:
    found = await examined(settings(smtp, base_url="http://localhost:8000"))
    assert "VOXPOP_BASE_URL" in found["email links"].mend


async def test_a_mailbox_that_can_not_be_read_is_told(smtp: SmtpServer, tmp_path: Path) -> None:
    with ImapServer(tmp_path) as imap:
        wrong = Inbox(server=imap.server(password="quite-wrong"), folder="INBOX")
        found = await examined(settings(smtp, inbox=wrong))
        assert lacking(found) == ["email returned"]
        assert "quite-wrong" not in str(found)
        lost = Inbox(server=imap.server(), folder="Returned")
        found = await examined(settings(smtp, inbox=lost))
        assert found["email returned"].says == "there is no folder Returned"


async def test_that_nobody_hears_of_what_comes_back_is_pointed_out(smtp: SmtpServer) -> None:
    found = await examined(settings(smtp))
    assert lacking(found) == []
    assert "VOXPOP_EMAIL__BOUNCES_IMAP_URL" in found["email bounces"].mend


@asynccontextmanager
async def sendgrid(*scopes: str) -> AsyncIterator[str]:
    """What its API says of a key."""

    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {SENDGRID_KEY}":
            return web.json_response({"errors": [{"message": "denied"}]}, status=401)
        return web.json_response({"scopes": list(scopes)})

    app = web.Application()
    app.router.add_get("/v3/scopes", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


async def test_sendgrid_is_asked_what_the_key_may() -> None:
    async with sendgrid("mail.send", "mail.batch.create") as url:
        known = settings(sendgrid_key=SENDGRID_KEY, sendgrid_url=url)
        found = await examined(replace(known, sendgrid_webhook_key=WEBHOOK_KEY))
        assert lacking(found) == []
        assert "email SendGrid events" in found
        found = await examined(replace(known, sendgrid_key="SG.another-key"))
        assert lacking(found) == ["email SendGrid"]
        assert found["email SendGrid"].says == "the key is not taken (401)"
        assert "another-key" not in str(found)
        assert "VOXPOP_EMAIL__SENDGRID_WEBHOOK_KEY" in found["email bounces"].mend
    async with sendgrid("stats.read") as url:
        found = await examined(settings(sendgrid_key=SENDGRID_KEY, sendgrid_url=url))
        assert found["email SendGrid"].says == "the key may not send"
    found = await examined(settings(sendgrid_key=SENDGRID_KEY, sendgrid_url=url))
    assert "can't be reached" in found["email SendGrid"].says


async def test_a_verification_key_that_is_none_is_told(smtp: SmtpServer) -> None:
    found = await examined(settings(smtp, sendgrid_webhook_key="SG.not-a-public-key"))
    assert lacking(found) == ["email SendGrid events"]
