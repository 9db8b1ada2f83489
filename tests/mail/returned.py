"""Reports as mail servers write them about a mail of ours."""

from email.message import EmailMessage

NAME = "0123456789abcdef0123456789abcdef"
ADA = "ada@example.org"
POSTFIX_SAYS = (
    "smtp; 550 5.1.1 <ada@example.org>: Recipient address rejected: User unknown in virtual "
    "mailbox table"
)


def ours(*, name: str = NAME, to: str = ADA) -> str:
    """What a report has of our mail."""
    return (
        "From: Acme surveys <surveys@acme.example>\r\n"
        f"To: {to}\r\n"
        "Subject: How likely are you to recommend Acme to a colleague?\r\n"
        f"Message-ID: <{name}@acme.example>\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "\r\n"
        "How likely are you to recommend Acme to a colleague?\r\n"
    )


def parted(kind: str, *parts: tuple[str, str], headers: str = "") -> bytes:
    """A `multipart/report` of these parts, each a content type and what stands below it."""
    told = "".join(f"--=_part\r\nContent-Type: {of}\r\n\r\n{text}\r\n" for of, text in parts)
    return (
        "Return-Path: <>\r\n"
        "From: Mail Delivery System <MAILER-DAEMON@mx.example.org>\r\n"
        "To: surveys@acme.example\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\n"
        "Auto-Submitted: auto-replied\r\n"
        f"{headers}"
        "MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="=_part"\r\n'
        "\r\n"
        "This is a MIME-encapsulated message.\r\n"
        "\r\n"
        f"{told}--=_part--\r\n"
    ).encode()


def undelivered(
    status: str = "5.1.1",
    said: str = POSTFIX_SAYS,
    *,
    action: str = "failed",
    final: str = ADA,
    name: str = NAME,
    to: str = ADA,
) -> bytes:
    """As Postfix reports that a mail did not arrive."""
    return parted(
        "delivery-status",
        ("text/plain; charset=us-ascii", "I'm sorry to have to inform you …\r\n"),
        ("message/delivery-status", fields(status, said, action=action, final=final)),
        ("message/rfc822", ours(name=name, to=to)),
    )


def fields(
    status: str = "5.1.1", said: str = POSTFIX_SAYS, *, action: str = "failed", final: str = ADA
) -> str:
    """The groups of fields of a delivery report."""
    return (
        "Reporting-MTA: dns; mx.example.org\r\n"
        "X-Postfix-Queue-ID: 4F2B01A0\r\n"
        "Arrival-Date: Mon, 5 Oct 2026 09:00:00 +0000 (UTC)\r\n"
        "\r\n"
        f"Final-Recipient: rfc822; {final}\r\n"
        f"Original-Recipient: rfc822;{final}\r\n"
        f"Action: {action}\r\n"
        f"Status: {status}\r\n"
        "Remote-MTA: dns; mx1.example.org\r\n"
        f"Diagnostic-Code: {said}\r\n"
    )


def complaint(kind: str = "abuse", *, to: str = ADA, name: str = NAME) -> bytes:
    """As a provider reports that its customer called a mail spam."""
    return parted(
        "feedback-report",
        ("text/plain", "This is an email abuse report.\r\n"),
        (
            "message/feedback-report",
            (
                f"Feedback-Type: {kind}\r\n"
                "User-Agent: SomeGenerator/1.0\r\n"
                "Version: 1\r\n"
                "Original-Rcpt-To: <ada@example.org>\r\n"
                "Reported-Domain: acme.example\r\n"
            ),
        ),
        ("message/rfc822", ours(name=name, to=to)),
    )


def out_of_office() -> bytes:
    """What a mail program answers by itself."""
    message = EmailMessage()
    message["From"], message["To"] = ADA, "surveys@acme.example"
    message["Subject"] = "I am away"
    message["In-Reply-To"] = f"<{NAME}@acme.example>"
    message["Auto-Submitted"] = "auto-replied"
    message.set_content("Back on Monday.")
    return message.as_bytes()
