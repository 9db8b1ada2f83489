"""What people see in Slack: `tests/goldens/slack`."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.sealing import Place, Seal
from bot.slack import rendering
from bot.slack.text import escaped, plain, shows_code
from runtime.languages import language
from survey.card import Act, Button, Card, Dialog, Field, Subject
from survey.errors import OutOfDate
from survey.invitation import Response
from survey.person import Address
from survey.survey import COMMENT_LIMIT
from survey.wording import asked
from tests import cards
from tests.goldens import compare, compare_names

EN = language("en")
SEAL = Seal(("a-key-for-tests-that-is-long-enough",))
ADA = Address(platform="slack", workspace="", user_id="U05ADA0K4F0")
DELIVERY = UUID(int=7)
AT_FIRST = Place(channel=ADA.user_id, delivery=DELIVERY)
THERE = Place(channel="D05ADA0VOX0", message="1763283600.000200")
LATER_ON = replace(THERE, delivery=DELIVERY)
ALONE = Place(channel=ADA.user_id)
PLACES = [AT_FIRST, THERE, LATER_ON, ALONE]

Json = Mapping[str, Any]


def message_of(card: Card, place: Place = AT_FIRST) -> Json:
    return rendering.message_of(card, to=ADA, place=place, seal=SEAL)


def answer_of(card: Card) -> Json:
    return rendering.answer_of(card, to=ADA, place=ALONE, seal=SEAL)


def modal_of(score: int | None, comment: str | None = None) -> Json:
    about = cards.asks(response=Response(score=score, comment=comment))
    return rendering.modal_of(
        asked.reason_dialog(about, EN), to=ADA, place=THERE, seal=SEAL, once="a-trigger"
    )


def opened(name: str, found: Any) -> Any:
    """The same with what stands in the seals in place of them."""
    if isinstance(found, Mapping):
        return {name: opened(name, part) for name, part in found.items()}
    if isinstance(found, Sequence) and not isinstance(found, str):
        return [opened(name, part) for part in found]
    if name in {"value", "action_id", "private_metadata"} and "." in str(found):
        sealed = SEAL.open(found)
        place = sealed.place or Place(channel="nowhere")
        where = " ".join(str(part) for part in (place.message, place.delivery) if part)
        return f"sealed: {sealed.act}:{sealed.value} to {sealed.to} at {place.channel} {where}"
    return found


def seen(made: Json) -> str:
    return json.dumps(opened("", made), indent=1, ensure_ascii=False)


SEEN: dict[str, Json] = {
    **{name: message_of(made()) for name, made in cards.POSTED.items()},
    **{name: answer_of(made()) for name, made in cards.ANSWERED.items()},
    "modal": modal_of(8),
    "modal-before-the-score": modal_of(None),
    "modal-to-edit": modal_of(6, "Too slow, `really`."),
}
CARDS: list[Card] = [made() for made in (*cards.POSTED.values(), *cards.ANSWERED.values())]


@pytest.mark.parametrize("name", SEEN)
def test_people_see(name: str) -> None:
    compare("slack", name, seen(SEEN[name]), suffix="json")


def test_every_golden_is_still_shown() -> None:
    compare_names("slack", SEEN)


# What Slack takes


def parts(found: Any) -> Iterator[Json]:
    """Everything in it that has a type."""
    if isinstance(found, Mapping):
        if "type" in found:
            yield found
        for part in found.values():
            yield from parts(part)
    elif isinstance(found, list | tuple):
        for part in found:
            yield from parts(part)


LIMITS: dict[str, dict[str, int]] = {
    "modal": {"title": 24, "submit": 24, "private_metadata": 3_000, "blocks": 100},
    "rich_text_section": {"text": 3_000},
    "context": {"elements": 10},
    "actions": {"elements": 25},
    "button": {"text": 75, "value": 2_000, "accessibility_label": 75, "action_id": 255},
    "static_select": {"placeholder": 150, "options": 100, "action_id": 255},
    "input": {"label": 2_000, "hint": 2_000, "block_id": 255},
    "plain_text_input": {"initial_value": 3_000, "action_id": 255},
    "plain_text": {"text": 3_000},
}
"""Characters of what is text, and how many of what is a list."""


def length(found: Any) -> int:
    return len(found["text"] if isinstance(found, Mapping) else found)


def broken(made: Json) -> list[str]:
    """What Slack would refuse."""
    found = [
        f"{part['type']}: {name} of {length(part[name])}"
        for part in parts(made)
        for name, most in LIMITS.get(part["type"], {}).items()
        if name in part and not 0 < length(part[name]) <= most
    ]
    found += [
        f"rich text of {total}"
        for part in parts(made)
        if part["type"] == "rich_text"
        and not 0 < (total := sum(length(one) for one in parts(part) if "text" in one)) <= 3_000
    ]
    for option in (one for part in parts(made) for one in part.get("options", ())):
        if length(option["text"]) > 75 or not 0 < len(option["value"]) <= 150:
            found.append(f"option: {option}")
    for name in ("action_id", "block_id"):
        each = Counter(part[name] for part in parts(made) if name in part)
        found += [f"{one} is there {count} times" for one, count in each.items() if count > 1]
    if not 0 < len(made.get("text", "-")) <= 4_000:
        found.append("text")
    said = [block for block in made["blocks"] if block["type"] != "actions"]
    if len(made["blocks"]) > 50 or len(json.dumps(said, ensure_ascii=False)) > 13_000:
        found.append("blocks")
    return found


def accepted(made: Json) -> None:
    """Fail if Slack, or its own models, would refuse it."""
    assert broken(made) == []
    if made.get("type") == "modal":
        View(**made).to_dict()
    for block, parsed in zip(made["blocks"], Block.parse_all(made["blocks"]), strict=True):
        assert parsed.to_dict() == block


@pytest.mark.parametrize("name", SEEN)
def test_slack_takes(name: str) -> None:
    accepted(SEEN[name])


LONGEST = Address(platform="slack", workspace="T0123456789", user_id="W0123456789")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("compact", [False, True], ids=["buttons", "menu"])
def test_seals_of_the_longest_ids_fit(place: Place, compact: bool) -> None:
    longest = replace(place, channel="D0123456789")
    subject = Subject(campaign_id=9_999_999, invitation_id=uuid4())
    for card in CARDS:
        about = replace(card, subject=subject, compact=compact)
        accepted(rendering.message_of(about, to=LONGEST, place=longest, seal=SEAL))


def test_buttons_that_would_have_the_same_id_get_their_own() -> None:
    twice = tuple(Button(act=Act.SHARE, value=f"nps {n}", label="Share") for n in range(3))
    assert broken(message_of(Card(headline="Which?", buttons=twice))) == []


def test_more_buttons_than_a_row_holds_go_on_in_the_next() -> None:
    many = tuple(Button(act=Act.SHARE, value=str(n), label=f"Round {n}") for n in range(60))
    made = message_of(Card(headline="Which?", buttons=many))
    assert broken(made) == []
    assert [len(row["elements"]) for row in made["blocks"][1:]] == [25, 25, 10]


def test_a_message_that_is_too_long_keeps_its_beginning_and_its_small_print() -> None:
    lines = tuple(f"{n}: {'very ' * 300}" for n in range(20))
    made = message_of(Card(headline="20 comments", lines=lines, note="The latest first."))
    accepted(made)
    shown = [one["text"] for one in parts(made["blocks"]) if one["type"] == "text"]
    assert shown[0] == "20 comments"
    assert shown[-1].endswith("\n…")
    assert made["blocks"][-1]["elements"][0]["text"] == "The latest first."


@pytest.mark.parametrize("sign", ["x", "x ", "&", "`", "`a` ", "\u202e", "😀", "\n"])
def test_words_of_whatever_length_fit(sign: str) -> None:
    text = (sign * COMMENT_LIMIT)[:COMMENT_LIMIT]
    longest = Button(act=Act.KEEP, label=text, description=text)
    made = message_of(
        Card(headline=text[:500], lines=(f"You wrote: {text}",), note=text, buttons=(longest,))
    )
    assert broken(made) == []


def test_a_form_fits_whatever_it_asks() -> None:
    long = "What & why? " * 300
    field = Field(name="comment", label=long, value=long * 2, hint=long, max_length=9_000)
    subject = Subject(campaign_id=1, invitation_id=UUID(int=1))
    dialog = Dialog(
        act=Act.REASON, title=long, fields=(field,), submit=long, subject=subject, intro=long
    )
    accepted(rendering.modal_of(dialog, to=ADA, place=LATER_ON, seal=SEAL, once="x" * 200))


@pytest.mark.parametrize("card", [Card(), Card(headline="Closed."), Card(note="Thank you.")])
def test_there_is_always_something_for_notifications(card: Card) -> None:
    assert broken(message_of(card)) == []


# What comes back


@pytest.mark.parametrize("place", PLACES)
def test_each_button_carries_what_it_does_for_whom_and_where(place: Place) -> None:
    card = cards.POSTED["question"]()
    pressed = [one for one in parts(message_of(card, place)) if one["type"] == "button"]
    assert len(pressed) == len(card.buttons)
    for button, element in zip(card.buttons, pressed, strict=True):
        sealed = SEAL.open(element["value"])
        assert (sealed.act, sealed.value) == (button.act, button.value)
        assert (sealed.to, sealed.place, sealed.subject) == (ADA, place, card.subject)


@pytest.mark.parametrize("place", PLACES)
def test_a_menu_carries_for_whom_and_where_and_its_options_the_score(place: Place) -> None:
    card = cards.POSTED["compact"]()
    (menu,) = [one for one in parts(message_of(card, place)) if one["type"] == "static_select"]
    sealed = SEAL.open(menu["action_id"])
    assert (sealed.act, sealed.value, sealed.subject) == (Act.SCORE, "", card.subject)
    assert sealed.place == replace(place, delivery=None)
    assert [option["value"] for option in menu["options"]] == [str(n) for n in range(11)]


def test_a_form_brings_back_what_it_was_opened_for() -> None:
    made = modal_of(3)
    sealed = SEAL.open(made["private_metadata"])
    assert (sealed.act, sealed.value, sealed.place) == (Act.REASON, "a-trigger", THERE)
    assert made["callback_id"] == "reason"
    (field,) = [block for block in made["blocks"] if block["type"] == "input"]
    assert (field["block_id"], field["element"]["action_id"]) == ("comment", "comment")


def test_a_message_carries_what_it_was_sent_as_as_long_as_that_is_known() -> None:
    card = cards.POSTED["thanks"]()
    sent = {"event_type": "voxpop_delivery", "event_payload": {"delivery_id": str(DELIVERY)}}
    assert message_of(card)["metadata"] == sent
    assert "metadata" not in message_of(card, THERE)
    kept = rendering.message_of(card, to=ADA, place=THERE, seal=SEAL, delivery=DELIVERY)
    assert kept["metadata"] == sent
    with pytest.raises(OutOfDate):
        SEAL.open(str(DELIVERY))


# Words that stay words


HOSTILE = [
    "<!channel> <!here|now> <@U1> <#C1|general> <https://evil.example|Acme>",
    "&amp; &lt;!channel&gt; & < >",
    "*bold* _slanted_ ~gone~ > quote :smile: @channel #general",
    "https://evil.example www.evil.example mailto:ada@example.org",
    "``` and no code",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_fault_43_words_are_shown_as_they_were_written(words: str) -> None:
    made = message_of(Card(headline="Said", lines=(words,), note=words))
    rich, small = made["blocks"]
    assert {one["type"] for one in parts(rich)} == {"rich_text", "rich_text_section", "text"}
    assert "".join(one["text"] for one in parts(rich) if "text" in one) == f"Said\n{words}"
    entities = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert small["elements"] == [{"type": "plain_text", "text": entities, "emoji": False}]
    assert made["text"] == f"Said\n{entities}\n{entities}"


def test_a_command_is_code_and_the_headline_is_bold() -> None:
    made = message_of(Card(headline="No `round` is running.", lines=("`/nps start` begins one.",)))
    (section,) = made["blocks"][0]["elements"]
    assert section["elements"] == [
        {"type": "text", "text": "No ", "style": {"bold": True}},
        {"type": "text", "text": "round", "style": {"bold": True, "code": True}},
        {"type": "text", "text": " is running.", "style": {"bold": True}},
        {"type": "text", "text": "\n"},
        {"type": "text", "text": "/nps start", "style": {"code": True}},
        {"type": "text", "text": " begins one."},
    ]
    assert made["text"] == "No round is running.\n/nps start begins one."


def test_a_sentence_that_stands_alone_is_no_heading() -> None:
    (block,) = message_of(Card(headline="Done."))["blocks"]
    assert block["elements"][0]["elements"] == [{"type": "text", "text": "Done."}]


def test_small_print_that_names_a_command_is_text() -> None:
    (block,) = message_of(Card(note="Type `/nps stop`."))["blocks"]
    assert block["type"] == "rich_text"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a\x00b\ud800c", "abc"),
        ("a\u2028d\r\ne\x0bf", "a\nd\ne\nf"),
        ("\u202eturned", "\u202eturned\u202c"),
        ("\u2067\u202eturned", "\u2067\u202eturned\u202c\u2069"),
        ("\u2067\u202eturned\u2069 back", "\u2067\u202eturned\u2069 back"),
        ("no\u200bwidth 👩\u200d💻", "no\u200bwidth 👩\u200d💻"),
    ],
)
def test_signs_that_turn_or_hide_words_stay_in_their_line(written: str, shown: str) -> None:
    made = message_of(Card(headline="Said", lines=(written,)))
    assert made["text"] == f"Said\n{shown}"
    (section,) = made["blocks"][0]["elements"]
    assert "".join(one["text"] for one in section["elements"]) == f"Said\n{shown}"


def test_labels_are_one_line_without_emoji_and_cut_to_what_fits() -> None:
    assert plain("Keep\n6 & :smile:", 75) == {
        "type": "plain_text",
        "text": "Keep 6 &amp; :smile:",
        "emoji": False,
    }
    assert escaped("&&&&", 11) == "&amp;&amp;…"
    assert escaped("Very long", 9) == "Very long"
    assert escaped("Very long!", 9) == "Very lon…"


SIGNS = ["<", "!", "channel", ">", "@", "U1", "&", "amp;", "`", "*", "_", "~", ":", "x", "\u202b"]
WORDS = st.lists(st.sampled_from([*SIGNS, " ", "\n", "\t"]), max_size=14).map("".join)


@given(WORDS)
@example("`<!channel>`")
@example("&lt;!channel&gt;")
def test_fault_43_no_word_reaches_beyond_the_message(text: str) -> None:
    share = Button(act=Act.SHARE, label=text or "Share", description=text)
    made = message_of(
        Card(greeting=text, headline=text, lines=(text,), note=text, buttons=(share,))
    )
    assert all(one["type"] != "mrkdwn" for one in parts(made))
    for shown in (
        made["text"],
        *(one["text"] for one in parts(made) if one["type"] == "plain_text"),
    ):
        assert not re.search(r"[<>]|&(?!(?:amp|lt|gt);)", shown)


@given(WORDS)
def test_nothing_is_lost(text: str) -> None:
    block = message_of(Card(headline="-", lines=(f".{text}",)))["blocks"][0]
    shown = "".join(one["text"] for one in parts(block) if one["type"] == "text")
    assert re.sub("[\\s\u202c]", "", shown.removeprefix("-\n.")) == re.sub(
        "[\\s\u202c]", "", re.sub("`([^`\n]+)`", r"\1", text)
    )


@pytest.mark.parametrize("sign", ["`", "&", "<", "\u202b", "` ", "\n"])
def test_a_wall_of_signs_takes_no_longer_than_other_words(sign: str) -> None:
    began = time.perf_counter()
    message_of(Card(headline="Look", lines=(sign * 7_000,), note=sign * 20_000))
    shows_code(sign * 20_000)
    assert time.perf_counter() - began < 0.5
