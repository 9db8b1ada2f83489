"""Mail that came back, and complaints: what servers report of a mail of ours.

Delivery reports are RFC 3464 (RFC 6533 where addresses are international), complaints are
RFC 5965. Anybody can send anything to the address they go to, so whatever is no such report about
a mail with an id of ours is passed over, however it is bent.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser, Parser

from survey.audit import plain
from survey.ports import Cause

LONGEST = 128 * 1024
"""Bytes of a report that are read: what it says stands in front, our own mail behind."""
_MOST_PARTS = 40
"""Parts, at whatever depth; a report has some eight. Nesting is what parsers are slow at."""
_MOST_BLOCKS = 20
_LONGEST_FIELD = 2_000

_NAME = re.compile(r"<([0-9a-f]{32})@[^<>@\s]{1,255}>")
_ENVELOPE = re.compile("[0-9a-f]{32}")
_IN_MAILBOX = r"[^\s\x00-\x1f\x7f\ud800-\udfff<>@,;:\"()]"
_MAILBOX = re.compile(rf"{_IN_MAILBOX}{{1,64}}@{_IN_MAILBOX}{{1,255}}")
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_APART = re.compile(r"\n\s*\n")
_REPLY = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")
_GONE = re.compile(r"5\.(?:0\.\d+|1\.(?![78]$)\d+|2\.(?![23]$)\d+|4\.(?:1|4|310)|5\.0)")
"""Statuses that speak of the mailbox (RFC 3463, and what large providers make of it), not of our
sender (5.1.7, 5.1.8), a full mailbox (5.2.2), the size, the way, the content, or a policy."""
_REPLIES_GONE = {"550", "551", "553"}
_COMPLAINTS = {"abuse", "fraud", "opt-out", "opt-out-list"}
_DELIVERY = {"message/delivery-status", "message/global-delivery-status"}
_ORIGINALS = {"message/rfc822", "message/global", "message/global-headers"}


@dataclass(frozen=True, kw_only=True)
class Returned:
    """One mail of ours that came back, or that its reader complained about.

    Attributes:
        name: What its Message-ID has before the @: 32 hexadecimal digits.
        email: Whose mailbox, in lower case; empty if the report does not say.
        cause: What happened.
        status: The enhanced status, such as `5.1.1`; empty for complaints and where there is none.
        reason: What the server said, on one line.
        soft: Whether that says nothing about the mailbox for good: it was full, away for days, or
            did not like this one mail.
    """

    name: str
    email: str
    cause: Cause
    status: str
    reason: str
    soft: bool


def read_report(raw: bytes) -> Returned | None:
    """What a message says of a mail of ours; None for everything else. It never raises.

    Args:
        raw: The message as it came, headers first; of a long one the front is enough.
    """
    front = raw[:LONGEST]
    if front.lower().count(b"content-type") > _MOST_PARTS:
        return None
    try:
        return _read(Parser().parsestr(front.decode("utf-8", "replace")))
    except Exception:  # noqa: BLE001 - what came may be anything, and the parser is old
        return None


def _read(message: Message) -> Returned | None:
    parts = _below(message)
    if message.get_content_type() != "multipart/report":
        return None
    original = next(filter(None, map(_original, parts)), None)
    name = _name(original, message)
    to = "" if original is None else _mailbox(_field(original, "To"))
    for part in parts:
        kind = part.get_content_type()
        if kind in _DELIVERY:
            blocks = _blocks(part)
            name = name or _envelope(blocks)
            return None if name is None else _undelivered(blocks, name, to)
        if kind == "message/feedback-report":
            return None if name is None else _complaint(_blocks(part), name, to)
    return None


def _undelivered(blocks: Sequence[Message], name: str, to: str) -> Returned | None:
    """The first recipient for whom it failed; a mail of ours has one."""
    for block in blocks:
        if _field(block, "Action").lower() != "failed":
            continue
        final = _mailbox(_field(block, "Final-Recipient"))
        said = _field(block, "Diagnostic-Code")
        status = _status(_field(block, "Status"), said)
        email = to or _mailbox(_field(block, "Original-Recipient")) or final
        # Somebody else's mailbox is where it was passed on to: ours may have taken it.
        elsewhere = final not in ("", email)
        reason = said.partition(";")[2].strip() or said or f"status {status}"
        return Returned(
            name=name,
            email=email,
            cause=Cause.BOUNCED,
            status=status,
            reason=plain(reason),
            soft=elsewhere or not _is_gone(status, said),
        )
    return None


def _complaint(blocks: Sequence[Message], name: str, to: str) -> Returned | None:
    for block in blocks:
        kind = _field(block, "Feedback-Type").lower()
        if kind in _COMPLAINTS:
            return Returned(
                name=name,
                email=to or _mailbox(_field(block, "Original-Rcpt-To")),
                cause=Cause.COMPLAINED,
                status="",
                reason=f"a complaint: {kind}",
                soft=False,
            )
    return None


def is_gone(status: str) -> bool:
    """Whether an enhanced status says that there is no such mailbox, and never will be."""
    return _GONE.fullmatch(status) is not None


def _is_gone(status: str, said: str) -> bool:
    if status:
        return is_gone(status)
    reply = _REPLY.search(said)
    return reply is not None and reply[1] in _REPLIES_GONE


def status_in(text: str) -> str:
    """The first enhanced status in a text, such as `5.1.1`; empty if there is none."""
    found = _STATUS.search(text)
    return "" if found is None else found[0]


def _status(field: str, said: str) -> str:
    """What it is in detail: many write 5.0.0 as the status, and the true one behind it."""
    status, told = status_in(field), status_in(said)
    vague = status.endswith(".0.0") or not status
    return told if told and vague else status


def _blocks(part: Message) -> list[Message]:
    """The groups of fields of a report, which stand apart by empty lines."""
    groups = _below(part)[:_MOST_BLOCKS]
    # Of kinds that it does not know the parser takes the first group alone for fields.
    rest = groups[0].get_payload() if len(groups) == 1 else ""
    texts = _APART.split(rest, maxsplit=_MOST_BLOCKS) if isinstance(rest, str) else []
    return [*groups, *map(HeaderParser().parsestr, texts)]


def _below(message: Message) -> list[Message]:
    """The parts of a message; none if it is one text."""
    payload = message.get_payload()
    if not isinstance(payload, list):
        return []
    return [part for part in payload if isinstance(part, Message)]


def _original(part: Message) -> Message | None:
    """Our mail, as far as the report has it: the headers are enough."""
    kind, payload = part.get_content_type(), part.get_payload()
    if kind in _ORIGINALS:
        return next(iter(_below(part)), None)
    if kind == "text/rfc822-headers" and isinstance(payload, str):
        return HeaderParser().parsestr(payload.lstrip())
    return None


def _name(original: Message | None, report: Message) -> str | None:
    """Which mail of ours it is about; some servers tell it in the report's own headers alone."""
    told = [] if original is None else [_field(original, "Message-ID")]
    told += [_field(report, "In-Reply-To"), _field(report, "References")]
    for text in told:
        if found := _NAME.findall(text):
            return str(found[-1])
    return None


def _envelope(blocks: Sequence[Message]) -> str | None:
    """Which mail it is about, by what we said on its envelope (`ENVID` of RFC 3461)."""
    told = next(iter(blocks), None)
    found = None if told is None else _ENVELOPE.fullmatch(_field(told, "Original-Envelope-Id"))
    return None if found is None else found[0]


def _field(block: Message, name: str) -> str:
    """One field on one line, or an empty text."""
    return " ".join(str(block.get(name, ""))[:_LONGEST_FIELD].split())


def _mailbox(text: str) -> str:
    """The first address in a text as the roster writes it; empty if there is none."""
    found = _MAILBOX.search(text)
    return "" if found is None else as_known(found[0])


def as_known(email: str) -> str:
    """An address in lower case, its domain in the letters that people write it in."""
    local, _, domain = email.lower().rpartition("@")
    if "xn--" in domain:
        with suppress(UnicodeError):
            domain = domain.encode("ascii").decode("idna")
    return f"{local}@{domain}"
