"""Letters: a card as a mail, without anything that tells whether it was read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.header import Header
from email.headerregistry import Address as Written
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from typing import Any
from uuid import UUID

import jinja2

from bot.email.providers import MailRefused, Parcel, Sender, as_dns_knows_it
from survey.brand import Brand
from survey.card import Act, Button, Card, Letter, Subject
from survey.person import Address
from survey.ports import Link, Links, Purpose
from survey.signs import unseen

INK = "#172627"
FIVE_MARKS = ("#dc6b6b", "#e8a86b", "#e8d86b", "#a8c686", "#6baf6b")
"""Red, orange, yellow, light green and green, the lowest mark first."""
TONES: Mapping[str | None, str] = {
    "low": "#f3c9c0",
    "middle": "#f1dfa3",
    "high": "#c3e0bd",
    None: "#dfe9e7",
}
"""Of longer scales: pale, since eleven loud colours would say what to press."""
STOPS_FOR = timedelta(days=5 * 365)
"""How long the link that ends these mails is good."""
LONGEST_TITLE = 150
"""Characters of a subject line; the question stands below in full."""


class _Policy(EmailPolicy):
    """How headers are written: what programs read is never broken or encoded."""

    _as_they_are = frozenset(
        {
            *("message-id", "in-reply-to", "references", "feedback-id"),
            *("list-id", "list-unsubscribe", "list-unsubscribe-post"),
        }
    )

    def fold(self, name: str, value: Any) -> str:
        """See the standard library's."""
        if name.lower() in self._as_they_are:
            return f"{name}: {value}{self.linesep}"
        if name.lower() == "subject":
            return f"{name}: {_encoded(str(value), linesep=self.linesep)}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        """See the standard library's."""
        if name.lower() in {*self._as_they_are, "subject"}:
            return self.fold(name, value).encode()
        return super().fold_binary(name, value)


def _encoded(title: str, *, linesep: str) -> str:
    """A title in ASCII (RFC 2047), all of it or nothing.

    The new policies of the standard library encode single words, and put two spaces before some.
    """
    charset = "us-ascii" if title.isascii() else "utf-8"
    header = Header(title, charset, header_name="Subject")
    return header.encode(linesep=linesep)


_POLICY = _Policy(linesep=SMTP.linesep)
_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("bot.email"),
    autoescape=True,
    finalize=lambda value: seen(value) if isinstance(value, str) else value,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A score button: a link.

    Attributes:
        href: Where it leads.
        label: Its number.
        says: What a screen reader says.
        fill: Its colour, on which ink can be read.
    """

    href: str
    label: str
    says: str
    fill: str


def name_of(card: Card, delivery_id: UUID) -> str:
    """What the Message-ID has before its @: known before it is sent, and the same each time."""
    if card.letter is not None and card.letter.first and card.subject is not None:
        return card.subject.invitation_id.hex
    return delivery_id.hex


def parcel_of(
    card: Card,
    *,
    to: Address,
    sender: Sender,
    links: Links,
    brand: Brand,
    name: str,
    now: datetime,
) -> Parcel:
    """The letter, and what its envelope says.

    Args:
        card: What to say; a letter goes with it, and it is about an invitation.
        to: Whose mailbox.
        sender: Whose mail it is.
        links: Makes the links that stand for buttons.
        brand: Whose surveys these are.
        name: What the Message-ID has before its @.
        now: Now; the links are good from then on.

    Raises:
        MailRefused: If the mailbox can't be named in a header.
        ValueError: If it is no letter, or about nothing.
    """
    if "=?" in to.user_id:  # would be read as what it says, line breaks among it
        raise MailRefused("An address with =? in it looks encoded, and is not written to.")
    return Parcel(
        name=name,
        beyond_ascii=_beyond_ascii(to, sender),
        to=as_dns_knows_it(to.user_id),
        sender=as_dns_knows_it(sender.envelope),
        message=letter_of(card, to=to, sender=sender, links=links, brand=brand, name=name, now=now),
    )


def letter_of(
    card: Card,
    *,
    to: Address,
    sender: Sender,
    links: Links,
    brand: Brand,
    name: str,
    now: datetime,
) -> EmailMessage:
    """The mail: plain text, and HTML for those who show it. See `parcel_of`."""
    letter, subject = card.letter, card.subject
    if letter is None or subject is None:
        raise ValueError("This card is no letter about an invitation.")
    issued_at = now.replace(microsecond=0)

    def link(purpose: Purpose, valid_for: timedelta) -> str:
        until = issued_at + valid_for
        made = Link(
            subject=subject,
            locale=letter.locale,
            issued_at=issued_at,
            expires_at=until,
            json=letter.json_links and purpose is Purpose.ANSWER,
        )
        return links.address(made, purpose)

    lang = letter.locale.replace("_", "-")
    page = link(Purpose.ANSWER, letter.valid_for)
    stop = link(Purpose.UNSUBSCRIBE, STOPS_FOR)
    marks = _marks(card, letter, page)
    message = _headed(letter, subject, to=to, sender=sender, name=name, now=now)
    message["List-Unsubscribe"] = f"<{stop}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    text = _text(card, letter, marks=marks, page=page, stop=stop)
    html = _TEMPLATES.get_template("letter.html.j2").render(
        card=card,
        letter=letter,
        lang=lang,
        start="right" if letter.right_to_left else "left",
        direction="rtl" if letter.right_to_left else "ltr",
        brand=brand,
        marks=marks,
        wide=len(marks) <= len(FIVE_MARKS),
        page=page,
        stop=stop,
        ink=INK,
    )
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_{name}")
    message["Content-Language"] = lang
    return message


def seen(text: str) -> str:
    """The text without control characters, lone surrogates and signs that turn it around."""
    if text.isprintable():
        return text
    return "".join(sign if sign == "\n" or not unseen(sign) else " " for sign in text)


def _headed(
    letter: Letter, subject: Subject, *, to: Address, sender: Sender, name: str, now: datetime
) -> EmailMessage:
    message = EmailMessage(policy=_POLICY.clone(utf8=_beyond_ascii(to, sender)))
    message["From"] = _written(sender.address, sender.name)
    message["To"] = _written(to.user_id)
    if sender.reply_to is not None:
        message["Reply-To"] = _written(sender.reply_to)
    message["Subject"] = _title(letter.title)
    message["Date"] = now
    message["Message-ID"] = f"<{name}@{sender.domain}>"
    if not letter.first:
        first = f"<{subject.invitation_id.hex}@{sender.domain}>"
        message["In-Reply-To"] = first
        message["References"] = first
    # Holiday notices and the like are not for us (RFC 3834, and Exchange's own way).
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "OOF"
    survey = _label(letter.survey)
    message["List-Id"] = f"<{survey}.voxpop.{sender.domain}>"
    message["Feedback-ID"] = (
        f"{subject.campaign_id}:{survey}:{'question' if letter.first else 'again'}:voxpop"
    )
    return message


def _beyond_ascii(to: Address, sender: Sender) -> bool:
    used = (to.user_id, sender.address, sender.reply_to or "", sender.envelope)
    return not all(as_dns_knows_it(address).isascii() for address in used)


def _written(address: str, name: str = "") -> Written:
    local, _, domain = as_dns_knows_it(address).rpartition("@")
    return Written(display_name=name, username=local, domain=domain)


def _title(text: str) -> str:
    """One line of a length that lists of mails show, cut where a word ends."""
    # What looks encoded would be read as what it says, line breaks among it.
    line = " ".join(seen(text).replace("=?", "= ?").split())
    if len(line) <= LONGEST_TITLE:
        return line
    cut = line[:LONGEST_TITLE].rpartition(" ")[0] or line[: LONGEST_TITLE - 1]
    return f"{cut}…"


def _label(survey: str) -> str:
    """A survey's name as a part of a domain."""
    return survey.lower().encode("punycode").decode("ascii").strip("-_") or "survey"


def _marks(card: Card, letter: Letter, page: str) -> Sequence[Mark]:
    buttons = [button for button in card.buttons if button.act is Act.SCORE]
    joint = "?score=" if letter.reveals_score else "#"
    return [
        Mark(
            href=f"{page}{joint}{button.value}",
            label=button.label,
            says=button.description or button.label,
            fill=fill,
        )
        for button, fill in zip(buttons, _fills(buttons), strict=True)
    ]


def _fills(buttons: Sequence[Button]) -> Sequence[str]:
    if len(buttons) == len(FIVE_MARKS):
        return FIVE_MARKS
    return [TONES[button.tone] for button in buttons]


def _text(card: Card, letter: Letter, *, marks: Sequence[Mark], page: str, stop: str) -> str:
    """The letter in plain words: a link a mark where they are few, else one."""
    said = "\n".join(_plain(line) for line in (card.headline, *card.lines) if line)
    if 0 < len(marks) <= len(FIVE_MARKS):
        answer = "\n\n".join([*(f"{mark.label}\n{mark.href}" for mark in marks), letter.how])
    else:
        answer = f"{letter.page}\n{page}"
    parts = [
        *(_plain(line) for line in card.greeting.splitlines()),
        said,
        answer,
        _plain(card.note),
        # What programs take for a signature: answers leave it out.
        f"-- \n{letter.why}\n\n{letter.stop}\n{stop}",
    ]
    return seen("\n\n".join(part for part in parts if part))


def _plain(text: str) -> str:
    return text.replace("`", "")
