"""The mailbox to which undeliverable mail comes back, on a real IMAP server."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.email.mailbox import LOOKED_AT, Mailbox, MailboxSweep, MailboxUnavailable
from bot.email.providers import MailServer, Security
from bot.email.returns import Returns
from survey.errors import StorageUnavailable
from survey.ports import Cause
from tests.examples import SetClock
from tests.fakes import Store
from tests.fakes_mail import FakeSuppressions
from tests.installation import free_port
from tests.mail.certificates import certificate
from tests.mail.imap import ImapServer, Wrapped
from tests.mail.known import mails
from tests.mail.returned import ADA, NAME, complaint, out_of_office, undelivered

BEN, OTHER = "ben@example.org", "f" * 32


@pytest.fixture
def imap(tmp_path: Path) -> Iterator[ImapServer]:
    with ImapServer(tmp_path) as server:
        yield server


def known() -> Store:
    return mails(**{NAME: ADA, OTHER: BEN})


def sweep(server: MailServer, store: Store, *, folder: str = "INBOX") -> MailboxSweep:
    return MailboxSweep(
        mailbox=Mailbox(server=server, folder=folder, patience=5),
        returns=Returns(suppressions=FakeSuppressions(store), clock=SetClock()),
    )


async def test_reports_are_taken_in_and_marked_as_read(imap: ImapServer) -> None:
    store = known()
    imap.arrive(undelivered(), complaint(name=OTHER, to=BEN))
    assert await sweep(imap.server(), store)() == 2
    assert {email: one.cause for email, one in store.suppressions.items()} == {
        ADA: Cause.BOUNCED,
        BEN: Cause.COMPLAINED,
    }
    assert imap.flags() == [{r"\Seen"}, {r"\Seen"}]


async def test_a_second_look_finds_nothing_new(imap: ImapServer) -> None:
    store = known()
    imap.arrive(undelivered(), out_of_office())
    assert [await sweep(imap.server(), store)() for _ in range(3)] == [1, 0, 0]
    assert store.writes == [("returned", NAME)]


async def test_what_is_no_report_about_a_mail_of_ours_stays_unread_for_people(
    imap: ImapServer,
) -> None:
    store = known()
    imap.arrive(out_of_office(), undelivered(name="e" * 32), b"Subject: hello\r\n\r\nhello\r\n")
    assert await sweep(imap.server(), store)() == 0
    assert imap.flags() == [{LOOKED_AT}] * 3
    assert store.suppressions == {}


async def test_where_messages_can_have_no_keyword_they_are_marked_as_read(tmp_path: Path) -> None:
    with ImapServer(tmp_path, keywords=False) as imap:
        imap.arrive(out_of_office(), undelivered())
        assert await sweep(imap.server(), known())() == 1
        assert imap.flags() == [{r"\Seen"}, {r"\Seen"}]


async def test_one_look_takes_in_so_many_and_the_rest_waits(imap: ImapServer) -> None:
    store = known()
    imap.arrive(*[b"Subject: hello\r\n\r\nhello\r\n"] * 3, undelivered())
    look = replace(sweep(imap.server(), store), at_once=3)
    looks = [await look() for _ in range(2)]
    assert looks == [0, 1]


async def test_what_the_database_did_not_take_waits_for_the_next_look(imap: ImapServer) -> None:
    store = known()
    store.down.add("returned")
    imap.arrive(undelivered())
    with pytest.raises(StorageUnavailable):
        await sweep(imap.server(), store)()
    assert imap.flags() == [set()]
    store.down.clear()
    assert await sweep(imap.server(), store)() == 1


async def test_it_can_be_asked_how_much_is_unread_and_nothing_changes(imap: ImapServer) -> None:
    imap.arrive(undelivered(), out_of_office())
    mailbox = Mailbox(server=imap.server())
    assert [await mailbox.unread() for _ in range(2)] == [2, 2]
    assert imap.flags() == [set(), set()]


async def test_with_starttls_a_certificate_that_is_believed_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = certificate(tmp_path)
    with ImapServer(tmp_path, certificate=issued) as imap:
        imap.arrive(undelivered())
        mailbox = Mailbox(server=imap.server(Security.STARTTLS))
        with pytest.raises(MailboxUnavailable, match="a certificate that is not believed"):
            await mailbox.unread()
        monkeypatch.setenv("SSL_CERT_FILE", str(issued[0]))
        assert await mailbox.unread() == 1
        wrong = Mailbox(server=imap.server(Security.STARTTLS, host="127.0.0.2"))
        with pytest.raises(MailboxUnavailable, match=r"127\.0\.0\.2:\d+"):
            await wrong.unread()


async def test_with_tls_from_the_first_byte_too(
    imap: ImapServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = certificate(tmp_path)
    imap.arrive(undelivered())
    async with Wrapped(imap.port, issued) as wrapped:
        server = imap.server(Security.TLS)
        moved = replace(server, port=wrapped.port)
        with pytest.raises(MailboxUnavailable, match="certificate"):
            await Mailbox(server=moved).unread()
        monkeypatch.setenv("SSL_CERT_FILE", str(issued[0]))
        assert await sweep(moved, known())() == 1


async def test_a_server_without_starttls_learns_no_password(imap: ImapServer) -> None:
    with pytest.raises(MailboxUnavailable, match="offers no STARTTLS"):
        await Mailbox(server=imap.server(Security.STARTTLS)).unread()


async def test_a_wrong_password_is_told_and_not_shown(imap: ImapServer) -> None:
    with capture_logs() as told:
        assert await sweep(imap.server(password="wrong-word"), known())() == 0
    assert [one["event"] for one in told] == ["returned_messages_not_read"]
    assert "does not take the user and the password" in told[0]["reason"]
    assert "wrong-word" not in str(told)


async def test_a_folder_that_is_not_there_is_named(imap: ImapServer) -> None:
    for folder in ("Nowhere", 'a"b\\c', "Rückläufer & Co"):
        with pytest.raises(MailboxUnavailable, match="there is no folder"):
            await Mailbox(server=imap.server(), folder=folder).unread()


async def test_where_nobody_listens_the_next_look_tries_again() -> None:
    gone = MailServer(
        host="127.0.0.1", port=free_port(), security=Security.OPEN, user="u", password="p"
    )
    with capture_logs() as told:
        assert await sweep(gone, known())() == 0
    assert "ConnectionRefusedError" in told[0]["reason"]


@pytest.mark.parametrize(
    "says", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"* OK\r\n", b"* BYE busy\r\n", b"\xff" * 99]
)
async def test_a_server_that_is_none_holds_up_nothing_for_long(says: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(says)
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        there = MailServer(
            host="127.0.0.1", port=port, security=Security.OPEN, user="u", password="p"
        )
        with pytest.raises(MailboxUnavailable):
            await Mailbox(server=there, patience=0.3).unread()
