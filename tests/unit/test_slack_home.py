"""The Home tab in Slack's blocks: `tests/goldens/slack-home`."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

import pytest
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.home import UNPRESSED, Homes, Look
from bot.sandbox.slack_examples import examples
from bot.sealing import Place, Seal
from bot.slack.home import BLOCK_LIMIT, home_of
from bot.slack.homes import HomeTabs
from bot.slack.says import SlackSays
from bot.slack.workspaces import Workspaces
from runtime.languages import language
from survey.card import Act, Button, Card, Subject
from survey.errors import StorageUnavailable
from survey.home import Home, Part
from survey.person import Address
from survey.wording import asked
from tests import cards
from tests.examples import MONDAY
from tests.goldens import compare, compare_names

EN = language("en")
SEAL = Seal(("a-key-for-tests-that-is-long-enough",))
ADA = Address(platform="slack", workspace="", user_id="U05ADA0K4F0")
BEN = Address(platform="slack", workspace="", user_id="U05BEN0K4F0")
(EXAMPLE,) = (one.shown for one in examples(EN, now=MONDAY) if isinstance(one.shown, Home))

Json = Mapping[str, Any]


def parts(found: Any) -> Iterator[Json]:
    """Everything in it that has a type."""
    if isinstance(found, Mapping):
        if "type" in found:
            yield found
        found = list(found.values())
    for part in found if isinstance(found, list | tuple) else ():
        yield from parts(part)


def accepted(view: Json) -> None:
    """Fail if Slack, or its own models, would refuse it."""
    View(**view).to_dict()
    for block, parsed in zip(view["blocks"], Block.parse_all(view["blocks"]), strict=True):
        assert parsed.to_dict() == block
    assert 0 < len(view["blocks"]) <= BLOCK_LIMIT
    names = Counter(one["action_id"] for one in parts(view) if "action_id" in one)
    assert set(names.values()) <= {1}
    assert all(len(name) <= 255 for name in names)
    for one in parts(view):
        if one["type"] == "button":
            assert len(one["value"]) <= 2_000
            assert len(one["text"]["text"]) <= 75
        if one["type"] == "header":
            assert len(one["text"]["text"]) <= 150
        if one["type"] == "actions":
            assert 0 < len(one["elements"]) <= 25


def seen(view: Json) -> str:
    """With what stands in the seals in place of them."""
    text = json.dumps(view, indent=1, ensure_ascii=False)
    for one in parts(view):
        if one["type"] == "button":
            sealed = SEAL.open(one["value"])
            assert sealed.place == Place(channel=sealed.to.user_id)
            text = text.replace(one["value"], f"{sealed.act}:{sealed.value} to {sealed.to.user_id}")
    return text


def a_question(number: int) -> Card:
    card = asked.asked(cards.asks(), EN, now=MONDAY)
    return replace(card, subject=Subject(campaign_id=number, invitation_id=UUID(int=number)))


def test_people_see() -> None:
    compare("slack-home", "administrator", seen(home_of(EXAMPLE, to=ADA, seal=SEAL)), suffix="json")


def test_every_golden_is_still_shown() -> None:
    compare_names("slack-home", ["administrator"])


def test_slack_takes_it() -> None:
    accepted(home_of(EXAMPLE, to=ADA, seal=SEAL))


def test_each_question_has_buttons_of_its_own() -> None:
    three = Part(heading="Your questions", cards=tuple(a_question(n) for n in range(1, 4)))
    view = home_of(Home(parts=(three,)), to=ADA, seal=SEAL)
    accepted(view)
    scores = [one for one in parts(view) if one["type"] == "button" and one["text"]["text"] == "6"]
    abouts = [SEAL.open(one["value"]).subject for one in scores]
    assert [about and about.campaign_id for about in abouts] == [1, 2, 3]


def test_menus_of_several_questions_keep_their_seals() -> None:
    menus = tuple(replace(a_question(n), compact=True) for n in range(1, 4))
    view = home_of(Home(parts=(Part(cards=menus),)), to=ADA, seal=SEAL)
    accepted(view)
    found = [one for one in parts(view) if one["type"] == "static_select"]
    abouts = [SEAL.open(one["action_id"]).subject for one in found]
    assert [about and about.campaign_id for about in abouts] == [1, 2, 3]


def test_what_does_not_fit_is_left_out_a_whole_card_at_a_time() -> None:
    many = Part(heading="Your questions", cards=tuple(a_question(n) for n in range(1, 60)))
    view = home_of(Home(parts=(many,)), to=ADA, seal=SEAL)
    accepted(view)
    assert view["blocks"][-1]["type"] == "context"  # the small print of the last


def test_the_chart_stands_between_the_words_and_the_buttons() -> None:
    card = Card(
        headline="NPS +32",
        note="`/nps report` tells more.",
        buttons=(Button(act=Act.REPORT, value="nps 2026Q4", label="Report"),),
    )
    view = home_of(Home(parts=(Part(cards=(card,), chart=("10  █", " 9")),)), to=ADA, seal=SEAL)
    accepted(view)
    kinds = [block["elements"][0]["type"] for block in view["blocks"]]
    assert kinds == ["rich_text_section", "rich_text_preformatted", "button", "rich_text_section"]
    assert view["blocks"][1]["elements"][0]["elements"][0]["text"] == "10  █\n 9"


# Publishing


class Composing:
    """Homes whose composition can be held up."""

    def __init__(self) -> None:
        self.looks: list[Look] = []
        self.gates: dict[int, asyncio.Event] = {}
        self.down = False

    async def __call__(self, address: Address, look: Look) -> Home:
        del address
        if self.down:
            raise StorageUnavailable("The database does not answer.")
        self.looks.append(look)
        number = len(self.looks)
        if number in self.gates:
            await self.gates[number].wait()
        return Home(parts=(Part(cards=(Card(headline=f"As of {number}."),)),))


class Publishing:
    """Workspaces that keep what was published."""

    def __init__(self) -> None:
        self.published: list[tuple[str, str, str]] = []
        self.refusals: list[SlackSays] = []

    async def call(self, workspace: str, method: str, *, user_id: str, view: Json) -> Json:
        assert method == "views.publish"
        if self.refusals:
            raise self.refusals.pop()
        text = view["blocks"][0]["elements"][0]["elements"][0]["text"]
        self.published.append((workspace, user_id, text))
        return {}


def tabs() -> tuple[HomeTabs, Composing, Publishing]:
    composing, publishing = Composing(), Publishing()
    made = HomeTabs(
        homes=cast("Homes", composing), workspaces=cast("Workspaces", publishing), seal=SEAL
    )
    return made, composing, publishing


async def test_a_page_is_published_to_whom_it_is_of() -> None:
    publish, composing, publishing = tabs()
    await publish(ADA, UNPRESSED)
    assert composing.looks == [UNPRESSED]
    assert publishing.published == [("", ADA.user_id, "As of 1.")]


async def test_an_older_page_never_goes_over_a_newer_one() -> None:
    publish, composing, publishing = tabs()
    composing.gates[1] = asyncio.Event()
    first = asyncio.create_task(publish(ADA, UNPRESSED))
    await asyncio.sleep(0)
    second = asyncio.create_task(publish(ADA, UNPRESSED))
    other = asyncio.create_task(publish(BEN, UNPRESSED))
    await other
    assert [user for _, user, _ in publishing.published] == [BEN.user_id]
    composing.gates[1].set()
    await asyncio.gather(first, second)
    assert [text for _, user, text in publishing.published if user == ADA.user_id] == [
        "As of 1.",
        "As of 3.",
    ]


async def test_what_slack_wants_later_is_published_later() -> None:
    publish, _, publishing = tabs()
    publishing.refusals = [SlackSays(429, "ratelimited")]
    await publish(ADA, UNPRESSED)
    assert len(publishing.published) == 1


async def test_a_refusal_is_told() -> None:
    publish, composing, publishing = tabs()
    publishing.refusals = [SlackSays(200, "not_enabled")]
    with pytest.raises(SlackSays):
        await publish(ADA, UNPRESSED)
    composing.down = True
    with pytest.raises(StorageUnavailable):
        await publish(ADA, UNPRESSED)
    assert publishing.published == []
