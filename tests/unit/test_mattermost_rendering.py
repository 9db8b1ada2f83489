"""What people see in Mattermost: `tests/goldens/mattermost`."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.mattermost import rendering
from bot.mattermost.markdown import BREAK, escaped, unlinked
from bot.sealing import Place, Seal
from runtime.languages import language
from survey.card import Act, Button, Card, Style, Subject
from survey.invitation import Response
from survey.person import Address
from survey.wording import asked, ways_out
from tests import cards
from tests.examples import MONDAY
from tests.goldens import compare, compare_names

EN = language("en")
SEAL = Seal(("a-key-for-tests-that-is-long-enough",))
ADA = Address(platform="mattermost", workspace="", user_id="fyui5c9i6fnb8m98xhc6ii631a")
CHANNEL = "7wj5maheq7ykfnrijwc8yyswwy"
POST = "qnuafmw6dtgjteo94ph8oqnyxc"
HERE = Place(channel=CHANNEL, delivery=UUID(int=7))
THERE = Place(channel=CHANNEL, message=POST)
OURS = "https://voxpop.example.org"


def post_of(card: Card, *, place: Place = HERE, url: str = OURS) -> Mapping[str, Any]:
    return rendering.post_of(card, to=ADA, place=place, seal=SEAL, callback_url=url)


def button(action: Mapping[str, Any]) -> str:
    sealed = SEAL.open(action["integration"]["context"]["seal"])
    does = f"{action['id']} → {sealed.act}:{sealed.value}"
    if action["type"] == "select":
        options = " ".join(f"{one['text']}={one['value']}" for one in action["options"])
        return f"[{action['name']} ▾] {does}\n    {options}"
    return f"[{action['name']}] {action['style']} {does}"


def seen(message: str, attachments: list[Mapping[str, Any]]) -> str:
    """A message as text: as it is written, then a rule of its colour for each attachment."""
    rows = [message.replace(BREAK, "‸")]
    for one in attachments:
        rows.append(f"── {one['color']} {one['fallback']}")
        rows += [f"{part}: {one[part]}" for part in ("text", "footer") if part in one]
        rows += [f"  {button(action)}" for action in one["actions"]]
    return "\n".join(rows)


def post(card: Card) -> str:
    made = post_of(card)
    return seen(made["message"], made["props"]["attachments"])


def answer(card: Card) -> str:
    made = rendering.answer_of(
        card, to=ADA, place=Place(channel=CHANNEL), seal=SEAL, callback_url=OURS
    )
    assert (made["response_type"], made["skip_slack_parsing"]) == ("ephemeral", True)
    return seen(made["text"], made["attachments"])


def form(score: int | None, comment: str | None = None) -> Mapping[str, Any]:
    about = cards.asks(response=Response(score=score, comment=comment))
    return rendering.dialog_of(
        asked.reason_dialog(about, EN),
        trigger_id="trigger",
        to=ADA,
        place=THERE,
        seal=SEAL,
        callback_url=OURS,
    )


def dialog(score: int | None, comment: str | None = None) -> str:
    made = dict(form(score, comment))
    shown = dict(made["dialog"])
    shown["state"] = str(SEAL.open(shown["state"]).place)
    return json.dumps(made | {"dialog": shown}, indent=1, ensure_ascii=False)


SEEN: dict[str, str] = {
    **{name: post(made()) for name, made in cards.POSTED.items()},
    **{name: answer(made()) for name, made in cards.ANSWERED.items()},
    "dialog": dialog(8),
    "dialog-before-the-score": dialog(None),
    "dialog-to-edit": dialog(6, "Too slow, `really`."),
}


@pytest.mark.parametrize("name", SEEN)
def test_people_see(name: str) -> None:
    compare("mattermost", name, SEEN[name])


def test_every_golden_is_still_shown() -> None:
    compare_names("mattermost", SEEN)


# What the server takes


CARDS = [
    asked.asked(cards.asks(first_contact=True), EN, now=MONDAY),
    asked.answered(cards.asks(response=cards.DEAR), EN),
    asked.changing(cards.asks(response=Response(score=6)), EN, now=MONDAY),
    asked.undone(cards.asks(), EN, now=MONDAY),
    ways_out.stopping(cards.asks(), EN),
    cards.report(),
    cards.preview(),
]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.headline)
@pytest.mark.parametrize("compact", [False, True], ids=["buttons", "menu"])
def test_ids_of_actions_are_letters_and_digits_and_each_is_there_once(
    card: Card, compact: bool
) -> None:
    attachments = post_of(replace(card, compact=compact))["props"]["attachments"]
    ids = [action["id"] for one in attachments for action in one["actions"]]
    assert ids
    assert all(re.fullmatch("[A-Za-z0-9]+", name) for name in ids)
    assert len(set(ids)) == len(ids)


def test_buttons_that_would_have_the_same_id_get_their_own() -> None:
    twice = tuple(Button(act=Act.SHARE, value=f"nps {n}", label="Share") for n in range(3))
    attachments = post_of(Card(headline="Which?", buttons=twice))["props"]["attachments"]
    assert len({action["id"] for action in attachments[0]["actions"]}) == 3


PLAUSIBLE = "https://voxpop.internal.some-company.example.com/surveys"
LONG = "https://voxpop.survey-tools.internal.some-rather-large-company.example.com/people/surveys"


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.headline)
@pytest.mark.parametrize("url", [OURS, LONG, f"{LONG}/{'x' * 200}"])
@pytest.mark.parametrize("place", [HERE, THERE, replace(THERE, delivery=UUID(int=7))])
def test_props_stay_below_what_older_servers_take(card: Card, url: str, place: Place) -> None:
    subject = card.subject and Subject(campaign_id=9_999_999, invitation_id=uuid4())
    made = post_of(replace(card, subject=subject), place=place, url=url)
    assert len(json.dumps(made["props"])) < rendering.PROPS_LIMIT


@pytest.mark.parametrize("place", [HERE, THERE, replace(THERE, delivery=UUID(int=7))])
def test_eleven_buttons_fit_as_long_as_an_address_is_not_absurd(place: Place) -> None:
    card = CARDS[3]
    assert (
        len(post_of(card, place=place, url=PLAUSIBLE)["props"]["attachments"][0]["actions"]) == 11
    )
    menu = post_of(card, place=place, url=f"{LONG}/{'x' * 200}")["props"]["attachments"][0]
    assert [action["type"] for action in menu["actions"]] == ["select"]


def test_a_message_that_is_too_long_keeps_its_beginning_and_its_small_print() -> None:
    card = Card(
        headline="20 comments",
        lines=tuple(f"{n}: {'*' * 2_000}" for n in range(20)),
        note="The latest first.",
    )
    message = rendering.text_of(card)
    assert len(message) <= 16_383
    assert message.startswith("**20 comments**\n0: \\*")
    assert message.endswith("\n…\n*The latest first.*")


def test_one_line_that_is_too_long_for_a_message_is_left_out() -> None:
    assert rendering.text_of(Card(headline="Look", lines=("x" * 20_000,))) == "**Look**\n…"


def test_a_form_fits_what_the_server_allows() -> None:
    for score in (None, 3, 8, 10):
        shown = form(score)["dialog"]
        assert len(shown["title"]) <= 24
        for element in shown["elements"]:
            assert len(element["display_name"]) <= 24
            assert len(element["help_text"]) <= 150
            assert element["max_length"] <= 3_000


def test_each_button_carries_what_it_does_for_whom_and_where() -> None:
    for one in post_of(CARDS[0])["props"]["attachments"]:
        for action in one["actions"]:
            sealed = SEAL.open(action["integration"]["context"]["seal"])
            assert (sealed.to, sealed.place) == (ADA, HERE)
            assert sealed.subject == CARDS[0].subject
            assert action["integration"]["url"] == f"{OURS}/mattermost/actions"


def test_a_message_carries_what_it_was_sent_as_as_long_as_that_is_known() -> None:
    card = CARDS[1]
    assert post_of(card)["props"]["delivery_id"] == str(UUID(int=7))
    assert "delivery_id" not in post_of(card, place=THERE)["props"]
    kept = rendering.post_of(
        card, to=ADA, place=THERE, seal=SEAL, callback_url=OURS, delivery=UUID(int=8)
    )
    assert kept["props"]["delivery_id"] == str(UUID(int=8))


def test_a_message_without_buttons_takes_those_away_that_were_there() -> None:
    made = post_of(Card(headline="Closed.", note="Thank you."))
    assert made == {
        "message": "**Closed.**\n*Thank you.*",
        "props": {"attachments": [], "delivery_id": str(UUID(int=7))},
    }


def test_small_print_that_names_a_command_or_is_long_is_text() -> None:
    stop = Button(act=Act.STOP, label="Stop", style=Style.DANGER)
    for note in ("Type `/nps stop`.", "x" * 301):
        (shown,) = post_of(Card(note=note, buttons=(stop,)))["props"]["attachments"]
        assert shown["text"] == note
        assert "footer" not in shown
        assert shown["actions"][0]["style"] == "danger"


# Words that stay words


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("plain words, 95 %: +22 to +42 (38) · great!", None),
        ("snake_case_name and 2026-11-27", None),
        ("Write to ada.o@example.org.", None),
        ("`/nps start nps --now` begins it", None),
        ("*bold* _slanted_ ~~gone~~", r"\*bold\* \_slanted\_ ~‸~‸gone~‸~"),
        ("[a](b) ![c](d) \\", r"\[a](b) !\[c](d) \\"),
        ("@channel @all @here @ada (@ada) x.@ada", "@‸channel @‸all @‸here @‸ada (@‸ada) x.@‸ada"),
        ("https://x.y www.x.y FTP://x", "https:‸//x.y www‸.x.y FTP:‸//x"),
        ("#tag (#tag) # no C#", "#‸tag (#‸tag) # no C#"),
        ("~town-square ~5 %", "~‸town-square ~‸5 %"),
        (":smile: :+1: 10:30:45", ":‸smile: :‸+1: 10:‸30:45"),
        ("<!here> <b> <http://x|y> 1 < 2", "<‸!here> <‸b> <‸http:‸//x|y> 1 < 2"),
        ("&lt; & &#64;all", "&‸lt; & &‸#64;all"),
        (
            "# a\n> b\n- c\n1. d\n---\n===\n| - | - |",
            "‸# a\n‸> b\n‸- c\n‸1. d\n‸---\n‸===\n‸| - | - |",
        ),
        ("    code\n\tcode", "\u00a0\u00a0\u00a0\u00a0code\n\u00a0code"),
        ("```\ncode\n```", "\\`\\`\\`\ncode\n\\`\\`\\`"),
        ("`/nps remind [@USER]`", "`/nps remind [@‸USER]`"),
        ("`@all` `x", "`@‸all` \\`x"),
        ("a\x00b\ud800c\u2028d\r\ne", "abc\nd\ne"),
        ("\u202eturned", "\u202eturned\u202c"),
        ("\u2067\u202eturned", "\u2067\u202eturned\u202c\u2069"),
        ("\u2067\u202eturned\u2069 back", "\u2067\u202eturned\u2069 back"),
    ],
)
def test_fault_43_words_are_shown_as_they_were_written(written: str, sent: str | None) -> None:
    assert escaped(written).replace(BREAK, "‸") == (written if sent is None else sent)


def notifies(text: str) -> list[str]:
    """The mentions that a server finds: words of letters, digits, `@`, `.`, `-`, `_` and `:`."""
    words = re.findall(r"[\w@.\-:]+", text)
    parts = [part for word in words for part in re.split(r"[.\-:]", word)]
    return [
        word
        for word in (*(word.strip(".-_:") for word in words), *parts)
        if word[:1] == "@" and word[1:]
    ]


def links(text: str) -> list[str]:
    return re.findall(r"\w://|(?<![A-Za-z0-9])www\.|(?<!\\)\[|(?<!\w)#[^\W\d_]|:[\w+-]+:", text)


CODE = r"(?<!\\)`[^`]+`"
SIGNS = [
    "@",
    "channel",
    "a",
    "1",
    ".",
    "-",
    "_",
    "*",
    "`",
    "``",
    "[x](",
    ")",
    "<",
    "!",
    ">",
    "&lt;",
    "http",
    "www.",
    ":",
    "//",
    "#",
    "~",
    "\\",
    "|",
    "ä",
    "\u202e",
    "x@y.z",
]
WORDS = st.lists(
    st.sampled_from([*SIGNS, " ", "\n", "\t"]),
    max_size=12,
).map("".join)


@given(WORDS)
@example("`@channel`")
@example("``@channel``")
@example("\\@channel")
@example("x@channel")
@example("ä@channel")
def test_fault_43_no_word_reaches_beyond_the_message(text: str) -> None:
    sent = escaped(text).replace("\\\\", " ")
    code = "".join(re.findall(CODE, sent))
    outside = re.sub(CODE, " ", sent)
    assert not notifies(code)
    assert not notifies(outside)
    assert not links(outside)
    assert not notifies(unlinked(text))


@given(WORDS)
def test_nothing_but_signs_of_markdown_is_added_and_nothing_lost(text: str) -> None:
    assume("`" not in text or "\\" not in text)  # what stands in code is not escaped
    sent = re.sub(r"\\([\\*`\[_])", r"\1", escaped(text).replace(BREAK, ""))
    as_shown = sent.replace("\u00a0", "").replace("\u202c", "")
    assert re.sub(r"\s", "", as_shown) == re.sub(r"\s", "", text)


@pytest.mark.parametrize("sign", ["-", "=", "|", ": ", "#", "`", "@", "a@", "_", "\u202b"])
def test_a_wall_of_signs_takes_no_longer_than_other_words(sign: str) -> None:
    began = time.perf_counter()
    escaped(sign * 20_000 + "x")
    assert time.perf_counter() - began < 0.5
