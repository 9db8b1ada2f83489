"""Letters: whole ones in `tests/goldens/email`, and what holds for all of them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.email.letters import FIVE_MARKS, INK, LONGEST_TITLE, TONES, seen
from bot.email.providers import Parcel, Sender
from runtime.languages import language
from survey.brand import Brand, contrast
from survey.card import Card
from survey.person import Address
from survey.ports import Purpose
from survey.scale import CSAT, STARS, TEN, Scale
from survey.signs import unseen
from survey.survey import Mode
from tests.examples import MONDAY
from tests.goldens import compare, compare_names
from tests.happened import TICKETS
from tests.mail.letters import (
    BRANDS,
    DELIVERY,
    LETTERS,
    LINKS,
    SENDER,
    letter,
    letter_about,
    parcel,
)

INVITATION = f"{7:032x}"
WORDS = st.text(max_size=200)


def arrived(sent: Parcel) -> EmailMessage:
    """As a mail program reads it."""
    found = message_from_bytes(sent.message.as_bytes(), policy=default)
    assert isinstance(found, EmailMessage)
    assert [part.defects for part in found.walk()] == [[]] * 3
    assert not any(value.defects for value in found.values())
    return found


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


class Tags(HTMLParser):
    """Every tag with what it carries, those for Outlook among them, and every word."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        if data.startswith("[if mso]>"):
            self.tags += Tags(data.removeprefix("[if mso]>").removesuffix("<![endif]")).tags

    def each(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (carried for name, carried in self.tags if name == tag)


@pytest.mark.parametrize("name", LETTERS)
def test_people_get(name: str) -> None:
    message = arrived(parcel(LETTERS[name](), brand=BRANDS.get(name)))
    heads = "\n".join(f"{head}: {value}" for head, value in message.items())
    plain, html = (part(message, kind).rstrip("\n") for kind in ("plain", "html"))
    compare("email", name, f"{heads}\n\n{plain}", suffix="eml")
    compare("email", name, html, suffix="html")


def test_every_golden_is_still_sent() -> None:
    compare_names("email", LETTERS)


@pytest.mark.parametrize("name", LETTERS)
def test_all_that_it_needs_is_in_it_and_nothing_tells_that_it_was_read(name: str) -> None:
    sent = parcel(LETTERS[name](), brand=BRANDS.get(name))
    html = part(arrived(sent), "html")
    found = Tags(html)
    pictures = [one["src"] for one in found.each("img")]
    assert pictures == ([BRANDS[name].logo_url] if name in BRANDS else [])
    assert not re.search(r"url\(|@import|<script|<link|<form", html)
    assert not [one for _, one in found.tags if one.get("background")]
    assert all(
        str(one["href"]).startswith("https://survey.acme.example/") for one in found.each("a")
    )
    assert len(sent.message.as_bytes()) < 30_000, "Gmail cuts a mail off at 102 kB"


@pytest.mark.parametrize("name", LETTERS)
def test_programs_that_show_html_as_outlook_does_find_the_same_links(name: str) -> None:
    found = Tags(part(arrived(parcel(LETTERS[name]())), "html"))
    drawn = [one["href"] for one in found.each("v:roundrect")]
    pressed = [one["href"] for one in found.each("a") if one.get("class") == "press"]
    assert drawn == pressed
    assert drawn


@pytest.mark.parametrize("name", LETTERS)
def test_tables_are_for_the_eye_alone(name: str) -> None:
    found = Tags(part(arrived(parcel(LETTERS[name]())), "html"))
    assert {one.get("role") for one in found.each("table")} == {"presentation"}


@pytest.mark.parametrize("name", LETTERS)
def test_its_language_and_its_direction_are_told(name: str) -> None:
    card = LETTERS[name]()
    assert card.letter is not None
    message = arrived(parcel(card))
    found = Tags(part(message, "html"))
    [html] = found.each("html")
    assert html["lang"] == message["Content-Language"] == card.letter.locale.replace("_", "-")
    assert html["dir"] == ("rtl" if card.letter.right_to_left else "ltr")


def test_no_line_is_too_long_for_any_server() -> None:
    content = parcel(letter(question="x" * 5000)).message.as_bytes()
    assert max(len(line) for line in content.split(b"\r\n")) <= 998
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_the_first_mail_is_named_after_the_invitation_and_others_answer_to_it() -> None:
    first, again = arrived(parcel(letter())), arrived(parcel(letter(reminder=1)))
    assert first["Message-ID"] == f"<{INVITATION}@acme.example>"
    assert first["In-Reply-To"] is None
    assert again["Message-ID"] == f"<{DELIVERY.hex}@acme.example>"
    assert again["In-Reply-To"] == again["References"] == first["Message-ID"]
    assert again["Subject"] == first["Subject"]


def test_the_same_mail_twice_is_the_same_to_the_byte() -> None:
    assert parcel(letter()).message.as_bytes() == parcel(letter()).message.as_bytes()


def test_headers_that_programs_read_are_neither_broken_nor_encoded() -> None:
    long = Sender(name="A", address=f"surveys@{'long-' * 11}name.{'x' * 60}.example")
    raw = parcel(letter(reminder=1), sender=long).message.as_bytes()
    heads = dict(
        line.split(": ", 1)
        for line in raw.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")
        if ": " in line
    )
    for name in ("Message-ID", "In-Reply-To", "References", "List-Unsubscribe", "List-Id"):
        assert re.fullmatch(r"<[!-;=?-~]+>", heads[name])
    assert heads["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_one_click_leads_where_the_link_below_leads() -> None:
    message = arrived(parcel(letter()))
    stop = str(message["List-Unsubscribe"]).strip("<>")
    link = LINKS.read(stop.rpartition("/")[2], Purpose.UNSUBSCRIBE)
    assert link.subject.invitation_id.hex == INVITATION
    assert link.expires_at - link.issued_at == timedelta(days=5 * 365)
    assert stop in part(message, "plain")
    assert stop in part(message, "html")


def links(card: Card) -> list[str]:
    found = Tags(part(arrived(parcel(card)), "html"))
    return [str(one["href"]) for one in found.each("a") if one.get("class") == "press"]


@pytest.mark.parametrize(
    ("mode", "joint"), [(Mode.IDENTIFIED, "?score="), (Mode.CONFIDENTIAL, "#")]
)
@pytest.mark.parametrize("scale", [CSAT, STARS, TEN])
def test_a_score_is_told_to_gateways_only_where_names_stand_beside_answers(
    mode: Mode, joint: str, scale: Scale
) -> None:
    found = links(letter(scale=scale, mode=mode))
    assert [one.partition(joint)[2] for one in found] == [str(mark) for mark in scale.values]
    assert len({one.partition(joint)[0] for one in found}) == 1


def test_a_link_is_good_for_as_long_as_the_survey_says() -> None:
    page = links(letter(link_days=2))[0].partition("#")[0]
    link = LINKS.read(page.rpartition("/")[2], Purpose.ANSWER)
    assert link.issued_at == MONDAY + timedelta(hours=1)
    assert link.expires_at == link.issued_at + timedelta(days=2)
    assert link.locale == "en_GB"


def test_text_has_a_link_a_mark_where_they_are_few_and_else_one() -> None:
    few = part(arrived(parcel(LETTERS["five-marks"]())), "plain")
    many = part(arrived(parcel(LETTERS["question"]())), "plain")
    assert few.count("?score=") == 5
    assert many.count("/s/") == 1
    assert "#" not in many


@pytest.mark.parametrize("fill", [*FIVE_MARKS, *TONES.values()])
def test_what_a_button_says_can_be_read(fill: str) -> None:
    assert contrast(INK, fill) >= 4.5


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        (INK, "#ffffff"),
        ("#586768", "#ffffff"),
        ("#586768", "#f4f2ec"),
        ("#e5ebea", "#1a2425"),
        ("#a5b3b3", "#1a2425"),
        ("#a5b3b3", "#101718"),
    ],
)
def test_words_can_be_read_by_day_and_by_night(ink: str, paper: str) -> None:
    html = part(arrived(parcel(letter())), "html")
    assert ink in html
    assert paper in html
    assert contrast(ink, paper) >= 4.5


def raw_subject(sent: Parcel) -> str:
    """As it stands in the mail, unfolded."""
    return str(message_from_bytes(sent.message.as_bytes())["Subject"]).replace("\r\n", "")


@given(question=WORDS.filter(str.strip), name=WORDS)
@example(question="Good?\r\nBcc: everybody@example.org\r\n\r\nHello", name="x")
@example(question="Good?\nSubject: other", name="Ada\r\nTo: x@example.org")
@example(question="\u202edoog siht si\u2029 \ud800 \x00", name="\ud800")
@example(question="=?utf-8?q?Bcc=3A_x?=", name="=?utf-8?q?=0ABcc=3A_x?=")
@example(question="ä" * 150 + " " + "ß" * 70, name="Z")
def test_whatever_is_asked_headers_stay_ours(question: str, name: str) -> None:
    card = letter(question=question)
    sent = parcel(replace(card, greeting=name))
    message = arrived(sent)
    assert list(message.keys()) == list(arrived(parcel(letter())).keys())
    assert str(message["To"]) == "ada@example.org"
    title = str(make_header(decode_header(str(raw_subject(sent)))))
    assert len(title) <= LONGEST_TITLE
    assert not unseen(title)
    words = " ".join(seen(question).replace("=?", "= ?").split())
    assert title == words or words.startswith(title.removesuffix("…"))


@given(words=WORDS)
@example(words="<script>alert(1)</script><img src=x>{{ 7 * 7 }}")
@example(words='"><a href="https://evil.example/">x</a>')
@example(words="--> <![endif]--><b>x</b>")
def test_fault_42_words_of_others_are_words(words: str) -> None:
    card = letter(question=f"Q{words}")
    assert card.letter is not None
    bent = replace(card, greeting=words, lines=(words,), note=words)
    html = part(arrived(parcel(replace(bent, letter=replace(card.letter, why=words)))), "html")
    plain = part(arrived(parcel(card)), "html")
    assert {name for name, _ in Tags(html).tags} <= {*(n for n, _ in Tags(plain).tags), "br"}
    assert len(list(Tags(html).each("a"))) == len(list(Tags(plain).each("a")))


@pytest.mark.parametrize(
    "name", ["", "Acme", "Bücher, Söhne & Co.", "Acme, Inc.", "客户体验团队", "A" * 60, "é" * 60]
)
def test_the_sender_is_shown_as_it_was_set(name: str) -> None:
    sent = parcel(letter(), sender=replace(SENDER, name=name))
    raw = message_from_bytes(sent.message.as_bytes())  # as it stands there, not yet decoded
    shown, address = parseaddr(str(raw["From"]).replace("\r\n", ""))
    assert address == "surveys@acme.example"
    assert str(make_header(decode_header(shown))) == name
    assert raw["Reply-To"] == "hr@acme.example"


def test_domains_are_written_as_dns_knows_them() -> None:
    sender = Sender(name="", address="surveys@bücher.example", reply_to="hr@straße.example")
    sent = parcel(letter(), sender=sender, to=Address.mailbox("ada@faß.example"))
    message = arrived(sent)
    assert sent.to == str(message["To"]) == "ada@xn--fa-hia.example"
    assert sent.sender == str(message["From"]) == "surveys@xn--bcher-kva.example"
    assert str(message["Reply-To"]) == "hr@xn--strae-oqa.example"
    assert str(message["Message-ID"]).endswith("@xn--bcher-kva.example>")
    assert not sent.beyond_ascii


def test_a_survey_with_letters_of_its_own_has_a_list_of_ascii() -> None:
    named = {
        str(arrived(parcel(letter(name=name)))["List-Id"])
        for name in ("nps", "umfrage-ü", "опрос", "NPS_2")
    }
    assert len(named) == 4
    assert all(one.isascii() and one.endswith(".voxpop.acme.example>") for one in named)


def test_nobody_is_answered_by_a_holiday_notice() -> None:
    message = arrived(parcel(letter()))
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "OOF"
    assert message["Precedence"] is None


@pytest.mark.parametrize("locale", ["de", "fr", "ar", "pt_BR"])
def test_the_day_of_the_mail_is_in_no_language(locale: str) -> None:
    message = arrived(parcel(letter(language(locale))))
    assert message["Date"].datetime == datetime(2026, 11, 16, 10, 0, tzinfo=UTC)
    assert "Mon, 16 Nov 2026 10:00:00 +0000" in str(message["Date"])


def test_a_long_title_is_cut_where_a_word_ends_and_stands_below_in_full() -> None:
    card = LETTERS["long-question"]()
    message = arrived(parcel(card))
    title = str(message["Subject"])
    assert title.endswith("…")
    assert card.headline.replace("\n", " ").startswith(title.removesuffix("…") + " ")
    assert card.headline in part(message, "plain")


def test_each_reminder_has_a_tone_of_its_own_and_never_that_somebody_has_not() -> None:
    previews = []
    for number in (None, 1, 2, 3):
        card = letter(reminder=number)
        assert card.letter is not None
        previews.append(card.letter.preview)
        assert not re.search(r"haven't|have not (?!answered so far)|you forgot", card.text)
    assert len(set(previews)) == 4


def test_a_brand_shows_its_name_and_its_colour() -> None:
    brand = Brand(name="Acme & Söhne", color="#ffcc00")
    html = part(arrived(parcel(LETTERS["no-scores"](), brand=brand)), "html")
    assert "Acme &amp; Söhne" in html
    assert "background-color:#ffcc00;color:#000000" in html


@pytest.mark.parametrize("card", [Card(headline="x"), replace(letter(), subject=None)])
def test_a_card_for_a_chat_is_no_letter(card: Card) -> None:
    with pytest.raises(ValueError, match="no letter"):
        parcel(card)


def test_a_letter_about_a_request_has_its_title_and_its_preview() -> None:
    message = arrived(parcel(LETTERS["tickets"]()))
    assert message["Subject"] == "How did we do?"
    hidden = part(message, "html").partition("aria-hidden")[2]
    assert hidden.startswith('="true">One click to let us know.')


def test_it_promises_one_click_only_where_one_is_enough() -> None:
    card = letter_about(replace(TICKETS, one_press=False))
    assert card.letter is not None
    assert card.letter.preview == "One question, ten seconds."
