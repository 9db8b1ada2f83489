"""Words by a language model: helpful when it can be, and never in the way."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from runtime.language_model import LanguageModel
from runtime.settings.insights import INVITATION, SUMMARY, ModelSettings, ModelTable
from survey.insights import Sentiment, Source
from tests.model_stub import ModelStub, model_stub

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
def stub() -> Iterator[ModelStub]:
    with model_stub() as found:
        yield found


class Day:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def day() -> Day:
    return Day()


def settings(stub: ModelStub, **changes: Any) -> ModelSettings:
    return replace(
        ModelSettings(
            base_url=stub.address,
            api_key="its-key",
            model="small",
            seconds=1,
            calls_a_day=100,
            invitation=INVITATION,
            summary=SUMMARY,
        ),
        **changes,
    )


@pytest.fixture
async def model(stub: ModelStub, day: Day) -> AsyncIterator[LanguageModel]:
    found = LanguageModel(settings(stub), brand="Acme", clock=day)
    yield found
    await found.close()


async def invited(model: LanguageModel) -> str:
    return await model.invitation(first_name="Maya", purpose="Repair", branch="Soho", locale="de")


async def test_it_is_sent_what_its_template_names_and_nothing_else(
    stub: ModelStub, model: LanguageModel
) -> None:
    stub.says = "Hi [name], thank you for coming in with your repair. How was it?"
    assert await invited(model) == (
        "Hi Maya, thank you for coming in with your repair. How was it?"
    )
    (asked,) = stub.asked
    assert asked["model"] == "small"
    assert stub.keys == ["Bearer its-key"]
    (heard,) = stub.heard
    assert "Repair" in heard
    assert "Soho" in heard
    assert "German" in heard
    assert "Maya" not in str(asked)


async def test_a_template_of_one_s_own_may_name_them(stub: ModelStub, day: Day) -> None:
    own = settings(stub, invitation="Greet {first_name} of {brand}.")
    model = LanguageModel(own, brand="Acme", clock=day)
    stub.says = "Hello!"
    assert await invited(model) == "Hello!"
    assert stub.heard == ["Greet Maya of Acme."]
    await model.close()


@pytest.mark.parametrize(
    "says",
    [
        "",
        "x" * 601,
        "Vote at https://example.com/s/1",
        "See [our page](evil.example)",
        "Dear {customer}, hello.",
        "<b>Hello</b>",
    ],
)
async def test_what_is_no_good_is_left_to_the_built_in_words(
    stub: ModelStub, model: LanguageModel, says: str
) -> None:
    stub.says = says
    assert await invited(model) == ""


async def test_it_says_what_a_comment_says(stub: ModelStub, model: LanguageModel) -> None:
    stub.says = '```json\n{"summary": "Liked the speed.", "sentiment": "positive"}\n```'
    found = await model.insight(3, 5, "It went fast, {really}!")
    assert found is not None
    assert (found.summary, found.summary_source) == ("Liked the speed.", Source.MODEL)
    assert (found.sentiment, found.sentiment_source) == (Sentiment.POSITIVE, Source.MODEL)
    assert "It went fast, {really}!" in stub.heard[0]
    assert "3 of 5" in stub.heard[0]


@pytest.mark.parametrize(
    "says",
    [
        "no JSON",
        "[]",
        '"positive"',
        '{"summary": "x"}',
        '{"summary": 7, "sentiment": "positive"}',
        '{"summary": "x", "sentiment": "furious"}',
        '{"summary": "", "sentiment": "positive"}',
    ],
)
async def test_what_can_t_be_understood_is_no_insight(
    stub: ModelStub, model: LanguageModel, says: str
) -> None:
    stub.says = says
    assert await model.insight(3, 5, "Fine.") is None


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
async def test_a_model_that_refuses_is_in_nobody_s_way(
    stub: ModelStub, model: LanguageModel, status: int
) -> None:
    stub.says, stub.status = "Hello", status
    assert await invited(model) == ""
    assert await model.insight(3, 5, "Fine.") is None


async def test_a_model_that_takes_too_long_is_not_waited_for(stub: ModelStub, day: Day) -> None:
    model = LanguageModel(settings(stub, seconds=0.3), brand="Acme", clock=day)
    stub.says, stub.seconds = "Hello", 2
    assert await invited(model) == ""
    await model.close()


async def test_what_is_there_no_more_fails_quietly(stub: ModelStub, day: Day) -> None:
    gone = settings(stub, base_url="http://127.0.0.1:9/v1", seconds=3)
    model = LanguageModel(gone, brand="Acme", clock=day)
    assert await invited(model) == ""
    await model.close()


async def test_a_budget_holds_for_a_day(stub: ModelStub, day: Day) -> None:
    model = LanguageModel(settings(stub, calls_a_day=2), brand="Acme", clock=day)
    stub.says = "Hello"
    assert [await invited(model) for _ in range(4)] == ["Hello", "Hello", "", ""]
    day.now = day.now.replace(day=22)
    assert await invited(model) == "Hello"
    assert len(stub.asked) == 3
    await model.close()


@pytest.mark.parametrize("template", ["Hi {email}", "Hi {0}", "Hi {", "{first_name.__class__}"])
def test_a_template_names_nothing_else(template: str) -> None:
    with pytest.raises(ValueError, match=r"names|braces"):
        ModelTable(invitation=template)
