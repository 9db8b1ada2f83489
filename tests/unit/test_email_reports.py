"""What servers report of mails of ours: who is gone for good, and what says nothing of that."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.email.reports import LONGEST, Returned, read_report
from survey.ports import Cause
from tests.mail.returned import (
    ADA,
    NAME,
    POSTFIX_SAYS,
    complaint,
    fields,
    ours,
    out_of_office,
    parted,
    undelivered,
)


def found(raw: bytes) -> Returned:
    returned = read_report(raw)
    assert returned is not None
    return returned


def test_a_mailbox_that_is_not_there_is_gone_for_good() -> None:
    assert found(undelivered()) == Returned(
        name=NAME,
        email=ADA,
        cause=Cause.BOUNCED,
        status="5.1.1",
        reason=POSTFIX_SAYS.removeprefix("smtp; "),
        soft=False,
    )


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("5.1.10", "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found"),
        ("5.1.0", "smtp; 550 sorry, no mailbox here by that name"),
        ("5.2.1", "smtp; 550 5.2.1 The email account that you tried to reach is disabled."),
        ("5.4.1", "smtp; 550 5.4.1 Recipient address rejected: Access denied"),
        ("5.4.4", "X-Postfix; Host or domain name not found"),
        ("5.4.310", "smtp; 550 5.4.310 DNS domain gone.example does not exist"),
        ("5.5.0", "smtp; 550 5.5.0 Requested action not taken: mailbox unavailable"),
        ("5.0.0", "smtp; 550 5.1.1 no such user here"),
        ("5.0.0", "smtp; 550 unknown user"),
        ("", "smtp; 550 No such user"),
        ("", "smtp; 553 mailbox name not allowed"),
    ],
)
def test_what_speaks_of_the_mailbox_counts_for_good(status: str, said: str) -> None:
    assert not found(undelivered(status, said)).soft


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("4.4.7", "smtp; 421 4.4.7 Delivery time expired"),
        ("5.4.7", "smtp; 554 5.4.7 [internal] message timeout (exceeded max time)"),
        ("5.2.2", "smtp; 552 5.2.2 The email account that you tried to reach is over quota"),
        ("4.2.2", "smtp; 452 4.2.2 mailbox full"),
        ("5.1.8", "smtp; 550 5.1.8 Sender domain does not exist"),
        ("5.3.4", "smtp; 552 5.3.4 Message too big for system"),
        ("5.6.0", "smtp; 554 5.6.0 Corrupt message content"),
        ("5.7.1", "smtp; 550 5.7.1 Message rejected due to content restrictions"),
        ("5.0.0", "smtp; 550 5.7.26 This mail is unauthenticated"),
        ("", "smtp; 554 Transaction failed"),
        ("", "X-Unix; 69"),
    ],
)
def test_what_passes_or_speaks_of_the_mail_says_nothing_of_the_mailbox(
    status: str, said: str
) -> None:
    assert found(undelivered(status, said)).soft


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", ""])
def test_only_what_failed_came_back(action: str) -> None:
    assert read_report(undelivered("5.1.1", action=action)) is None


def test_a_mailbox_behind_a_forwarding_is_not_taken_for_ours() -> None:
    returned = found(undelivered(final="ada.okafor@elsewhere.example"))
    assert (returned.email, returned.soft) == (ADA, True)


def test_letters_in_capitals_and_domains_of_other_scripts_are_the_same_mailbox() -> None:
    returned = found(undelivered(final="ADA@xn--bcher-kva.example", to="Ada@bücher.example"))
    assert (returned.email, returned.soft) == ("ada@bücher.example", False)


@pytest.mark.parametrize("sign", ["\0", "\x7f"])
def test_no_mailbox_holds_what_a_database_refuses(sign: str) -> None:
    """Or one such report, which anybody can send, would hold up all behind it."""
    bent = undelivered().replace(ADA.encode(), f"a{sign}{ADA}".encode())
    assert found(bent).email == ADA


def test_our_headers_alone_are_enough() -> None:
    raw = parted(
        "delivery-status",
        ("text/plain", "Sorry.\r\n"),
        ("message/delivery-status", fields()),
        ("text/rfc822-headers", ours().partition("\r\n\r\n")[0] + "\r\n"),
    )
    assert found(raw).name == NAME


def test_where_our_mail_is_not_returned_the_reports_own_headers_tell_which_it_was() -> None:
    for header in (f"In-Reply-To: <{NAME}@acme.example>\r\n", f"References: <{NAME}@a.b>\r\n"):
        raw = parted(
            "delivery-status",
            ("text/plain", "Address not found\r\n"),
            ("message/delivery-status", fields()),
            headers=header,
        )
        assert (found(raw).name, found(raw).email) == (NAME, ADA)


def test_what_stood_on_the_envelope_tells_which_mail_it_was() -> None:
    told = f"Original-Envelope-Id: {NAME}\r\n{fields()}"
    raw = parted("delivery-status", ("text/plain", "Sorry.\r\n"), ("message/delivery-status", told))
    assert (found(raw).name, found(raw).email) == (NAME, ADA)
    assert read_report(raw.replace(NAME.encode(), b"another-envelope")) is None


def test_international_reports_are_read() -> None:
    raw = parted(
        "delivery-status",
        ("text/plain; charset=utf-8", "Désolé.\r\n"),
        ("message/global-delivery-status", fields(final="jürgen@example.org")),
        ("message/global-headers", ours(to="Jürgen@example.org").partition("\r\n\r\n")[0]),
    )
    returned = found(raw)
    assert (returned.name, returned.email, returned.soft) == (NAME, "jürgen@example.org", False)


def test_a_long_mail_of_ours_behind_the_report_does_not_matter() -> None:
    raw = undelivered()
    assert found(raw[:-20] + b"x" * 5 * LONGEST + raw[-20:]) == found(raw)


@pytest.mark.parametrize("kind", ["abuse", "fraud", "opt-out"])
def test_a_complaint_is_told_as_one(kind: str) -> None:
    returned = found(complaint(kind))
    assert (returned.name, returned.email) == (NAME, ADA)
    assert (returned.cause, returned.soft) == (Cause.COMPLAINED, False)


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "dmarc", ""])
def test_other_feedback_is_no_complaint(kind: str) -> None:
    assert read_report(complaint(kind)) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff" * 100,
        out_of_office(),
        undelivered(name="not-one-of-our-names"),
        undelivered(name=NAME[:-1]),
        parted("delivery-status"),
        parted("delivery-status", ("text/plain", "Sorry.")),
        parted("delivery-status", ("message/delivery-status", ""), ("message/rfc822", ours())),
        undelivered().replace(b"multipart/report", b"multipart/mixed"),
        undelivered().replace(b"boundary", b"border"),
    ],
)
def test_whatever_is_no_report_about_a_mail_of_ours_is_passed_over(raw: bytes) -> None:
    assert read_report(raw) is None


def test_what_a_server_says_ends_on_one_short_line() -> None:
    said = "smtp; 550 5.1.1 gone\r\n\tfor\x1b[31m good \u202e" + "x" * 5_000
    reason = found(undelivered(said=said)).reason
    assert reason.startswith("550 5.1.1 gone for [31m good")
    assert reason.isprintable()
    assert len(reason) <= 200


@given(st.binary(max_size=400), st.integers(0, 2_000), st.integers(0, 2_000))
def test_no_report_is_so_bent_that_it_raises(junk: bytes, start: int, end: int) -> None:
    for raw in (undelivered(), complaint()):
        bent = raw[: start % len(raw)] + junk + raw[end % len(raw) :]
        returned = read_report(bent)
        if returned is not None:
            assert returned.reason.isprintable()


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/report; boundary=a\n\n--a\n" * 5_000,
        b"".join(
            b"Content-Type: multipart/report; boundary=a%d\n\n--a%d\n" % (n, n)
            for n in range(2_000)
        )
        + b"\n" * LONGEST,
        b"Content-Type: multipart/report; " + b';="' * LONGEST,
        b"Content-Type: multipart/report; boundary=a\n\n--a\n"
        b"Content-Type: message/delivery-status\n\n" + b"Action: failed\n\n" * LONGEST,
        undelivered(said="smtp; " + "5.1." * LONGEST),
        undelivered(to="a" * LONGEST + "@example.org"),
    ],
)
def test_a_report_that_is_meant_to_take_long_does_not(raw: bytes) -> None:
    before = time.process_time()
    read_report(raw)
    assert time.process_time() - before < 2.0
