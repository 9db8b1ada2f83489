"""What an answer says at a glance, and what its file in the archive holds."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from survey.insights import (
    SUMMARY_LIMIT,
    Sentiment,
    Source,
    VisitAnswer,
    at_a_glance,
    shortened,
)
from survey.scale import NPS, STARS, Scale
from survey.usecases.look_into_answers import document, pause_after

ANSWER = VisitAnswer(
    invitation_id=UUID(int=7),
    pressed_at=datetime(2026, 11, 21, 9, 30, 5, 123, tzinfo=UTC),
    customer_id=12,
    score=4,
    scale=STARS,
    comment="Quick, and kind 🙂",
    email_consent=True,
    purpose="Repair",
    branch_id="soho",
    branch="Soho",
    staff="Sam Reed",
    visited_at=datetime(2026, 11, 20, 15, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("score", "scale", "sentiment"),
    [
        (1, STARS, Sentiment.NEGATIVE),
        (2, STARS, Sentiment.NEGATIVE),
        (3, STARS, Sentiment.NEUTRAL),
        (4, STARS, Sentiment.POSITIVE),
        (6, NPS, Sentiment.NEGATIVE),
        (8, NPS, Sentiment.NEUTRAL),
        (9, NPS, Sentiment.POSITIVE),
    ],
)
def test_the_mark_tells_the_sentiment(score: int, scale: Scale, sentiment: Sentiment) -> None:
    found = at_a_glance(score, scale, None)
    assert (found.sentiment, found.sentiment_source) == (sentiment, Source.SCORE)
    assert (found.summary, found.summary_source) == ("", Source.NOTHING)


def test_a_summary_is_their_own_words_on_one_line() -> None:
    found = at_a_glance(5, STARS, "Quick.\n\nAnd   kind.")
    assert (found.summary, found.summary_source) == ("Quick. And kind.", Source.WORDS)


def test_what_is_too_long_is_cut_behind_a_word() -> None:
    cut = shortened("word " * 100)
    assert len(cut) <= SUMMARY_LIMIT
    assert cut.endswith("word…")
    assert len(shortened("x" * 500)) == SUMMARY_LIMIT


def test_a_file_is_named_after_the_visit_and_the_press() -> None:
    assert ANSWER.name == "feedback_12_20261121T093005000123Z.json"


def test_a_file_holds_what_was_said_and_nobody_s_name_or_address() -> None:
    told = json.loads(document(ANSWER, at_a_glance(4, STARS, ANSWER.comment)))
    assert told == {
        "customer_id": 12,
        "survey_link_id": "00000000000000000000000000000007",
        "star_rating": 4,
        "highest_rating": 5,
        "textual_feedback": "Quick, and kind 🙂",
        "sentiment": "positive",
        "sentiment_source": "score",
        "summary": "Quick, and kind 🙂",
        "summary_source": "their own words",
        "email_consent": True,
        "purpose_of_visit": "Repair",
        "branch_id": "soho",
        "branch_name": "Soho",
        "staff_name": "Sam Reed",
        "visited_at": "2026-11-20T15:00:00Z",
        "created_at": "2026-11-21T09:30:05.000123Z",
    }


def test_what_can_t_be_written_is_tried_ever_more_seldom() -> None:
    pauses = [pause_after(tries) for tries in range(1, 13)]
    assert pauses[0] == timedelta(seconds=10)
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(hours=1)
