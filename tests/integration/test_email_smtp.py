"""Mail by SMTP against a real server: what its answers mean, and that nothing is sent twice."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.email.providers import (
    MailboxBusy,
    MailboxRefused,
    MailRefused,
    MailServer,
    ProviderBusy,
    ProviderRefuses,
    Security,
)
from bot.email.smtp import SmtpProvider
from survey.errors import VoxpopError
from survey.messenger import OutcomeUnknown
from survey.person import Address
from tests.installation import until
from tests.mail.certificates import certificate
from tests.mail.letters import letter, parcel
from tests.mail.server import DROP, HANG, PASSWORD, USER, SmtpServer

MAIL = parcel(letter())


@pytest.fixture
async def server() -> AsyncIterator[SmtpServer]:
    async with SmtpServer() as made:
        yield made


@pytest.fixture
async def provider(server: SmtpServer) -> AsyncIterator[SmtpProvider]:
    made = SmtpProvider(server.address(), timeout=5, last_answer=5)
    yield made
    await made.close()


async def told(provider: SmtpProvider, *, error: type[VoxpopError]) -> str:
    with pytest.raises(VoxpopError) as caught:
        await provider.send(MAIL)
    assert type(caught.value) is error
    return str(caught.value)


async def test_a_mail_arrives_as_it_was_sent(server: SmtpServer, provider: SmtpProvider) -> None:
    await provider.send(MAIL)
    [arrived] = server.arrived
    assert (arrived.sender, arrived.to) == ("surveys@acme.example", "ada@example.org")
    assert arrived.content == MAIL.message.as_bytes()


async def test_lines_that_begin_with_a_dot_stay_as_they_are(
    server: SmtpServer, provider: SmtpProvider
) -> None:
    await provider.send(parcel(letter(question="…\n.\n..\n. Well?")))
    body = server.arrived[0].message.get_body(("plain",))
    assert body is not None
    assert "\n.\n..\n. Well?" in body.get_content().replace("\r\n", "\n")


async def test_a_connection_is_kept_for_the_next_mail(
    server: SmtpServer, provider: SmtpProvider
) -> None:
    for _ in range(3):
        await provider.send(MAIL)
    assert server.steps["CONNECT"] == 1
    assert len(server.arrived) == 3


async def test_many_mails_at_once_need_ten_connections_at_most(
    server: SmtpServer, provider: SmtpProvider
) -> None:
    await asyncio.gather(*(provider.send(MAIL) for _ in range(30)))
    assert len(server.arrived) == 30
    assert server.steps["CONNECT"] <= 10


async def test_a_connection_that_died_meanwhile_is_replaced(
    server: SmtpServer, provider: SmtpProvider
) -> None:
    await provider.send(MAIL)
    server.hang_up()
    await provider.send(MAIL)
    server.answer("RSET", "421 4.4.2 idle too long")
    await provider.send(MAIL)
    assert len(server.arrived) == 3
    assert server.steps["CONNECT"] == 3


async def test_a_connection_is_given_up_after_some_time_without_mail(server: SmtpServer) -> None:
    provider = SmtpProvider(server.address(), idle=0.05)
    await provider.send(MAIL)
    await until(lambda: not server.connections)
    await provider.send(MAIL)
    assert server.steps["CONNECT"] == 2
    await provider.close()


async def test_a_refusal_costs_no_connection(server: SmtpServer, provider: SmtpProvider) -> None:
    server.answer("RCPT", "550 5.1.1 no such user")
    await told(provider, error=MailboxRefused)
    await provider.send(MAIL)
    assert server.steps["CONNECT"] == 1


@pytest.mark.parametrize(
    "answer",
    [
        "550 5.1.1 <ada@example.org>: Recipient address rejected: User unknown",
        "550 No such user here",
        "551 User not local",
        "553 mailbox name not allowed",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound",
        "554 5.1.2 no such domain",
        "550 5.2.1 The account that you tried to reach is disabled",
        "550 5.4.1 Recipient address rejected: Access denied",
    ],
)
async def test_fault_51_no_such_mailbox(
    server: SmtpServer, provider: SmtpProvider, answer: str
) -> None:
    server.answer("RCPT", answer)
    reason = await told(provider, error=MailboxRefused)
    assert answer[:3] in reason
    assert "ada@example.org" not in reason


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ("RCPT", "550 5.7.1 rejected by policy"),
        ("RCPT", "554 5.7.1 blocked by a list"),
        ("RCPT", "552 5.2.2 mailbox full"),
        ("RCPT", "550 5.2.3 message too long for it"),
        ("RCPT", "554 no thanks"),
        ("RCPT", "550 5.6.7 no internationalized addresses"),
        ("DATA", "554 5.5.1 no valid recipients"),
        ("END", "550 5.7.1 looks like spam"),
        ("END", "550 5.1.1 an afterthought"),
        ("END", "552 5.3.4 message too big"),
    ],
)
async def test_a_word_on_the_mail_says_nothing_of_the_mailbox(
    server: SmtpServer, provider: SmtpProvider, step: str, answer: str
) -> None:
    server.answer(step, answer)
    assert answer[:3] in await told(provider, error=MailRefused)


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ("RCPT", "450 4.2.0 greylisted, come back"),
        ("RCPT", "452 4.2.2 mailbox full"),
        ("RCPT", "451 local error"),
        ("DATA", "451 4.3.0 not just now"),
        ("END", "452 4.3.1 no room"),
    ],
)
async def test_a_mailbox_that_does_not_take_it_just_now(
    server: SmtpServer, provider: SmtpProvider, step: str, answer: str
) -> None:
    server.answer(step, answer)
    assert answer[:3] in await told(provider, error=MailboxBusy)


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ("CONNECT", "421 4.3.2 too busy"),
        ("CONNECT", "450 later"),
        ("CONNECT", DROP),
        ("MAIL", "421 4.7.0 too many mails"),
        ("MAIL", "451 4.7.1 slow down"),
        ("MAIL", "garbage"),
        ("MAIL", DROP),
        ("RCPT", "421 closing"),
        ("RCPT", DROP),
        ("DATA", "421 closing"),
        ("DATA", DROP),
        ("END", "421 4.3.2 shutting down, did not take it"),
    ],
)
async def test_a_server_that_has_trouble_has_taken_nothing(
    server: SmtpServer, provider: SmtpProvider, step: str, answer: str
) -> None:
    server.answer(step, answer)
    await told(provider, error=ProviderBusy)
    assert server.arrived == []


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ("CONNECT", "554 no service for you"),
        ("MAIL", "550 5.7.1 sender not allowed"),
        ("MAIL", "530 5.7.0 authentication required"),
        ("RCPT", "530 5.7.0 authentication required"),
        ("RCPT", "550 5.1.8 sender's domain does not exist"),
        ("RCPT", "554 5.7.1 <ada@example.org>: Relay access denied"),
        ("RCPT", "550 relaying denied"),
    ],
)
async def test_a_server_that_does_not_let_us_send(
    server: SmtpServer, provider: SmtpProvider, step: str, answer: str
) -> None:
    server.answer(step, answer)
    await told(provider, error=ProviderRefuses)


async def test_nobody_listens(server: SmtpServer, provider: SmtpProvider) -> None:
    await server.stop()
    await told(provider, error=ProviderBusy)


@pytest.mark.parametrize("step", ["CONNECT", "MAIL", "RCPT", "DATA"])
async def test_a_server_that_does_not_answer_is_left(server: SmtpServer, step: str) -> None:
    server.answer(step, HANG)
    provider = SmtpProvider(server.address(), timeout=0.1)
    await told(provider, error=ProviderBusy)
    await provider.close()


async def test_fault_52_lost_after_the_mail_was_on_its_way(
    server: SmtpServer, provider: SmtpProvider
) -> None:
    server.answer("LOST", "now")
    await told(provider, error=OutcomeUnknown)
    assert len(server.arrived) == 1


async def test_fault_52_no_answer_to_the_whole_mail(server: SmtpServer) -> None:
    server.answer("END", HANG)
    provider = SmtpProvider(server.address(), last_answer=0.1)
    await told(provider, error=OutcomeUnknown)
    await provider.close()


async def test_whoever_is_stopped_meanwhile_leaves_no_half_mail_to_the_next(
    server: SmtpServer, provider: SmtpProvider
) -> None:
    server.answer("RCPT", HANG)
    sending = asyncio.create_task(provider.send(MAIL))
    await until(lambda: server.steps["RCPT"] > 0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await provider.send(MAIL)
    assert server.steps["CONNECT"] == 2
    assert len(server.arrived) == 1


def trusts(file: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(file))


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
async def test_a_server_that_is_trusted_is_signed_in_to(tmp_path: Path, security: Security) -> None:
    files = certificate(tmp_path)
    async with SmtpServer(security=security, certificate=files, asks=True) as server:
        provider = SmtpProvider(server.address(host="localhost"), tls=trusts(files[0]))
        await provider.send(MAIL)
        await provider.close()
    assert (server.arrived[0].tls, server.arrived[0].user) == (True, USER)


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
async def test_ssl_cert_file_says_who_is_trusted(
    tmp_path: Path, security: Security, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = certificate(tmp_path)
    async with SmtpServer(security=security, certificate=files) as server:
        untrusting = SmtpProvider(server.address(host="localhost"))
        assert "certificate" in await told(untrusting, error=ProviderRefuses)
        monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
        trusting = SmtpProvider(server.address(host="localhost"))
        await trusting.send(MAIL)
        await trusting.close()
    assert len(server.arrived) == 1


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
async def test_a_certificate_for_another_name_is_none(tmp_path: Path, security: Security) -> None:
    files = certificate(tmp_path, "mail.example.org")
    async with SmtpServer(security=security, certificate=files, asks=True) as server:
        provider = SmtpProvider(server.address(host="localhost"), tls=trusts(files[0]))
        await told(provider, error=ProviderRefuses)
    assert server.arrived == []


async def test_without_starttls_neither_a_password_nor_a_mail_is_sent(server: SmtpServer) -> None:
    known = MailServer(
        host="localhost", port=server.port, security=Security.STARTTLS, user="a", password="b"
    )
    assert "STARTTLS" in await told(SmtpProvider(known), error=ProviderRefuses)
    assert server.steps["MAIL"] == 0


async def test_a_wrong_password_is_for_somebody_to_mend() -> None:
    async with SmtpServer(asks=True) as server:
        known = MailServer(
            host="127.0.0.1",
            port=server.port,
            security=Security.OPEN,
            user=USER,
            password="sesame",
        )
        provider = SmtpProvider(known)
        reason = await told(provider, error=ProviderRefuses)
        with pytest.raises(ProviderRefuses):
            await provider.check()
    assert "535" in reason
    assert "sesame" not in reason


async def test_a_check_signs_in_and_sends_nothing() -> None:
    async with SmtpServer(asks=True) as server:
        assert server.address().password == PASSWORD
        provider = SmtpProvider(server.address())
        await provider.check()
        await provider.close()
    assert server.steps["CONNECT"] == 1
    assert server.steps["MAIL"] == 0


async def test_reports_of_a_mail_that_comes_back_are_small_and_name_it() -> None:
    async with SmtpServer(extensions=("DSN",)) as server:
        provider = SmtpProvider(server.address())
        await provider.send(MAIL)
        await provider.close()
    assert server.arrived[0].options == ("RET=HDRS", f"ENVID={MAIL.name}", "NOTIFY=FAILURE")


async def test_a_domain_with_letters_of_its_own_needs_no_extension(
    server: SmtpServer, provider: SmtpProvider
) -> None:
    await provider.send(parcel(letter(), to=Address.mailbox("ada@straße.example")))
    assert server.arrived[0].to == "ada@xn--strae-oqa.example"


async def test_a_mailbox_with_letters_of_its_own_does() -> None:
    jorg = parcel(letter(), to=Address.mailbox("jörg@bücher.example"))
    async with SmtpServer(utf8=True) as able, SmtpServer() as unable:
        provider = SmtpProvider(able.address())
        await provider.send(jorg)
        await provider.send(MAIL)
        await provider.close()
        provider = SmtpProvider(unable.address())
        with pytest.raises(MailRefused):
            await provider.send(jorg)
        await provider.close()
    assert [one.to for one in able.arrived] == ["jörg@xn--bcher-kva.example", "ada@example.org"]
    assert "jörg@xn--bcher-kva.example".encode() in able.arrived[0].content
