"""Features that the bot asks about by itself, when their threshold is reached."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from runtime.features import use_features
from storage.tables import invitations, people
from survey.occasion import Trigger
from tests.feature_calls import Program, company
from tests.world import Sandbox, World, email

ANN = email(1)
EXPORT, IMPORT = "export-csv", "import-csv"


@pytest.fixture
async def suite(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    found = company(database_url, tmp_path)
    await found.populate(3)
    yield found
    await found.close()


@pytest.fixture
async def program(suite: World) -> Program:
    return await Program.of(suite)


@pytest.fixture
def chat(suite: World) -> Sandbox:
    return suite.sandbox()


async def settled(suite: World) -> int:
    """What came of questions is counted, as the sweep does."""
    survey = suite.settings.waiting_for(Trigger.FEATURES)
    assert survey is not None
    return await use_features(suite.product, survey).settle()


async def asked(suite: World, chat: Sandbox) -> dict[str, Any]:
    """The message that waits for Ann, once the worker has been there."""
    await suite.product.worker()
    return (await chat.inbox(1))[-1]


def button(message: dict[str, Any], label: str) -> str:
    return str(next(one["id"] for one in message["buttons"] if one["label"] == label))


async def states(suite: World) -> dict[str, int]:
    rows = await suite.rows(select(invitations.c.state, func.count()).group_by(invitations.c.state))
    return {state: n for state, n in rows}  # noqa: C416 - rows are no pairs to mypy


async def test_the_bot_asks_where_the_threshold_is_reached_and_the_program_does_not(
    suite: World, program: Program, chat: Sandbox
) -> None:
    told = await program.used(EXPORT, ANN, times=2)
    assert (told["show_survey"], told["suppressed_by"]) == (False, "asked_in_chat")
    message = await asked(suite, chat)
    assert "Export as CSV" in message["text"]
    assert {"1", "10", "Not now"} <= {one["label"] for one in message["buttons"]}
    # Whatever else they use, this question comes first.
    assert (await program.used(IMPORT, ANN, times=2))["suppressed_by"] == "asked_in_chat"
    assert (await program.used("dashboard", ANN, times=3))["suppressed_by"] == "asked_in_chat"
    assert await states(suite) == {"sent": 1}


async def test_outside_of_the_hours_the_question_waits_for_the_morning(
    suite: World, program: Program, chat: Sandbox
) -> None:
    suite.clock.forward(hours=12)
    assert (await program.used(EXPORT, ANN, times=2))["suppressed_by"] == "asked_in_chat"
    await suite.product.worker()
    assert await chat.inbox(1) == []
    suite.clock.forward(hours=10)
    assert "Export as CSV" in (await asked(suite, chat))["text"]


async def test_increments_at_once_ask_one_question(suite: World, program: Program) -> None:
    await program.used(EXPORT, ANN)
    await program.used(IMPORT, ANN)
    told = await asyncio.gather(
        *(program.used(feature, ANN) for feature in (EXPORT, IMPORT) for _ in range(6))
    )
    assert {one["suppressed_by"] for one in told} == {"asked_in_chat"}
    assert await states(suite) == {"pending": 1}


async def test_not_now_is_the_rejection(suite: World, program: Program, chat: Sandbox) -> None:
    await program.used(EXPORT, ANN, times=2)
    message = await asked(suite, chat)
    not_now = button(message, "Not now")
    await chat.press(1, not_now)
    await chat.press(1, not_now, message=message["id"])  # pressed twice, counted once
    left = await asked(suite, chat)  # and what the worker makes of it says the same
    assert "not now" in left["text"].lower()
    assert "Not now" not in {one["label"] for one in left["buttons"]}
    state = await program.state(EXPORT, ANN)
    assert (state["interaction_count"], state["rejection_count"]) == (0, 1)
    assert await states(suite) == {"declined": 1}
    # The next time comes after as many interactions again, and enough of them end it.
    for _ in range(2):
        suite.clock.forward(hours=1)
        assert (await program.used(EXPORT, ANN, times=2))["suppressed_by"] == "asked_in_chat"
        message = await asked(suite, chat)
        await chat.press(1, button(message, "Not now"), message=message["id"])
    assert (await program.used(EXPORT, ANN, times=2))["suppressed_by"] == "rejections"


async def test_an_answer_in_chat_is_feedback(suite: World, program: Program, chat: Sandbox) -> None:
    await program.used(EXPORT, ANN, times=2)
    message = await asked(suite, chat)
    await chat.press(1, button(message, "9"))
    assert await settled(suite) == 1
    assert await settled(suite) == 0
    assert (await program.used(EXPORT, ANN, times=2))["suppressed_by"] == "rest"
    # A change of mind is the same feedback.
    await chat.press(1, button(await asked(suite, chat), "Change"))
    message = (await chat.inbox(1))[-1]
    await chat.press(1, button(message, "7"))
    told = await program.figures(EXPORT, "feedbacks/users")
    assert [(one["rating"], one["source"]) for one in told["data"]] == [(7, "prompted")]
    # And another feature may be asked about now.
    assert (await program.used(IMPORT, ANN, times=2))["suppressed_by"] == "asked_in_chat"


async def test_feedback_by_the_program_answers_the_question_that_waits(
    suite: World, program: Program, chat: Sandbox
) -> None:
    await program.used(EXPORT, ANN, times=2)
    await asked(suite, chat)
    await program.rated(EXPORT, ANN, 4, comment="Slow")
    assert "4" in (await asked(suite, chat))["text"]
    assert await states(suite) == {"completed": 1}
    assert (await program.figures(EXPORT, "feedbacks"))["summary"]["total_feedbacks"] == 1


async def test_a_rejection_by_the_program_ends_the_question_that_waits(
    suite: World, program: Program
) -> None:
    await program.used(EXPORT, ANN, times=2)
    await program.rejected(EXPORT, ANN)
    assert await states(suite) == {"declined": 1}
    assert (await suite.product.worker()) == 0
    assert (await program.state(EXPORT, ANN))["rejection_count"] == 1


async def test_a_question_that_closed_without_a_word_is_no_rejection(
    suite: World, program: Program, chat: Sandbox
) -> None:
    await program.used(EXPORT, ANN, times=2)
    await asked(suite, chat)
    suite.clock.forward(days=15)
    assert await suite.product.occasions.expire(at=suite.clock()) == 1
    assert await settled(suite) == 1
    state = await program.state(EXPORT, ANN)
    assert (state["interaction_count"], state["rejection_count"]) == (0, 0)
    assert (await program.used(EXPORT, ANN, times=2))["suppressed_by"] == "asked_in_chat"


async def test_whoever_is_in_no_chat_is_asked_by_the_program(
    database_url: str, tmp_path: Path
) -> None:
    suite = company(database_url, tmp_path, more='channels = ["slack"]')
    program = await Program.of(suite)
    for _ in range(2):
        told = await program.used(EXPORT, ANN, times=2)
        assert (told["show_survey"], told["suppressed_by"]) == (True, None)
        suite.clock.forward(seconds=10)
    assert await states(suite) == {}
    await suite.close()


async def test_a_question_that_did_not_come_about_is_tried_again_the_next_day(
    suite: World, program: Program
) -> None:
    away = people.update().where(people.c.email == ANN)
    await suite.rows(away.values(away_until=suite.clock().date() + timedelta(days=60)))
    assert (await program.used(EXPORT, ANN, times=2))["show_survey"]
    await suite.rows(away.values(away_until=None))
    suite.clock.forward(hours=23)
    assert (await program.used(EXPORT, ANN))["show_survey"]
    suite.clock.forward(hours=1)
    assert (await program.used(EXPORT, ANN))["suppressed_by"] == "asked_in_chat"
