import re
from dataclasses import replace
from typing import Any

import pytest

from survey.scale import CSAT, STARS
from survey.survey import Answers, Survey
from tests.examples import NPS_SURVEY
from tests.pages import Pages, get, headline, post

ONCE = replace(NPS_SURVEY, answers=Answers.ONCE)
ASKED = "How likely are you to recommend Acme to a colleague?"


async def test_one_press_records_and_asks_what_fits_the_mark() -> None:
    pages = Pages()
    answer = await post(pages, f"{pages.path()}?score=6", score=6)
    assert answer.status_code == 200
    assert pages.score() == 6
    assert headline(answer) == "You said 6."
    for said in (
        "Thank you for being straight with us.",
        "What should we fix first?",
        "This goes to the People team, word for word, without your name.",
        "Up to 2,000 characters.",
    ):
        assert said in answer.text


@pytest.mark.parametrize("scale", [CSAT, STARS])
@pytest.mark.parametrize(
    ("mark", "thanks"),
    [
        (1, "We're sorry we didn't meet your expectations. We'll work to do better."),
        (2, "Thank you for letting us know. We'll use this to improve."),
        (3, "Thank you for your feedback."),
        (4, "Great to hear! Thank you for your feedback."),
        (5, "Wonderful! We're glad we could help."),
    ],
)
async def test_each_of_five_marks_is_thanked_for_in_its_own_words(
    scale: Any, mark: int, thanks: str
) -> None:
    pages = Pages(Survey(name="tickets", subject="our support", scale=scale))
    answer = await post(pages, pages.path(), score=mark)
    assert thanks.replace("'", "&#39;") in answer.text


async def test_a_second_press_replaces_the_first() -> None:
    pages = Pages()
    await post(pages, pages.path(), score=6)
    answer = await post(pages, pages.path(), score=9, stands=6)
    assert pages.score() == 9
    assert "Changed from 6 to 9." in answer.text


@pytest.mark.parametrize(
    "form",
    [
        {"score": "3"},
        {"score": "3", "stands": "11", "wrote": "Too much noise"},
        {"do": "comment", "words": "Let me see"},
        {"do": "comment", "words": " "},
        {"do": "comment", "words": "x" * 2_001},
        {"do": "comment", "words": "Let me see", "homepage": "x"},
        {"do": "undo"},
    ],
)
async def test_whoever_has_the_link_alone_is_not_told_what_was_answered(
    form: dict[str, str],
) -> None:
    pages = Pages()
    await post(pages, pages.path(), score=6)
    await post(pages, pages.path(), do="comment", words="Less noise")
    answer = await post(pages, pages.path(), **form)
    seen = re.sub(r"<(style|script)>.*?</\1>", "", answer.text, flags=re.DOTALL)
    assert "Less noise" not in seen
    assert "What should we fix first?" not in seen or form.get("score") == "3"
    assert not re.search(
        r"You said 6|from 6|aria-current=.true.[^>]*>6|value=.6.[^>]*current", seen
    )


async def test_the_page_of_an_answer_says_it_again_beside_the_next() -> None:
    pages = Pages()
    first = await post(pages, pages.path(), score=6)
    assert first.text.count('name="stands" value="6"') == 2
    wrote = await post(pages, pages.path(), do="comment", words='"Less"\nnoise', stands=6)
    assert headline(wrote) == "You said 6."
    assert '<input type="hidden" name="wrote" value="&#34;Less&#34;\nnoise">' in wrote.text
    changed = await post(pages, pages.path(), score=9, stands=6, wrote='"Less"\r\nnoise')
    assert "Changed from 6 to 9." in changed.text
    assert '<blockquote class="quote" dir="auto">&#34;Less&#34;' in changed.text


async def test_the_address_of_the_old_service_leads_to_the_same_page() -> None:
    pages = Pages()
    old = pages.path().replace("/s/", "/survey/")
    assert (await get(pages, old)).content == (await get(pages, pages.path())).content
    await post(pages, old, score=3)
    assert pages.score() == 3


@pytest.mark.parametrize("score", ["", "11", "-1", "six", "6.0", "٦", "6 ", "006"])
async def test_what_is_no_score_is_refused_with_the_question(score: str) -> None:
    pages = Pages()
    answer = await post(pages, pages.path(), score=score)
    assert answer.status_code == 422
    assert headline(answer) == ASKED
    assert "That is no score of this question." in answer.text
    assert pages.store.writes == []


async def test_a_body_that_is_no_form_is_refused_with_the_question() -> None:
    pages = Pages()
    async with pages.web() as web:
        for body in (b"\xff\x00", b"&".join(b"a%d=1" % n for n in range(999)), b"{}", b""):
            answer = await web.post(pages.path(), content=body)
            assert answer.status_code == 422
    assert pages.store.writes == []


async def test_undo_takes_it_back_and_twice_has_the_effect_of_once() -> None:
    pages = Pages()
    await post(pages, pages.path(), score=6)
    for _ in range(2):
        answer = await post(pages, pages.path(), do="undo")
        assert answer.status_code == 200
        assert "Taken back. You can answer until Friday 27 November, 17:00." in answer.text
        assert 'id="6"' not in answer.text  # or the mail's number would be chosen again
    assert pages.score() is None


async def test_a_comment_is_kept_and_shown_as_plain_text() -> None:
    pages = Pages()
    await post(pages, pages.path(), score=6)
    answer = await post(pages, pages.path(), do="comment", words=" <b>Less</b>\r\nnoise ")
    assert pages.now.response.comment == "<b>Less</b>\nnoise"
    assert "&lt;b&gt;Less&lt;/b&gt;" in answer.text
    assert "Thank you. That goes to the People team" in answer.text
    assert "<b>" not in answer.text


async def test_words_that_are_too_long_stay_in_their_field() -> None:
    pages = Pages()
    await post(pages, pages.path(), score=6)
    answer = await post(pages, pages.path(), do="comment", words="ä" * 2_001)
    assert answer.status_code == 422
    assert "That is 2,001 characters, and I can keep 2,000." in answer.text
    assert "ä" * 2_001 in answer.text
    assert pages.now.response.comment is None


async def test_an_empty_field_is_told_and_costs_nothing() -> None:
    pages = Pages()
    await post(pages, pages.path(), score=6)
    answer = await post(pages, pages.path(), do="comment", words=" \r\n ")
    assert answer.status_code == 422
    assert "There was nothing in the field." in answer.text
    assert pages.score() == 6


async def test_words_before_a_score_are_kept_and_wait_for_it() -> None:
    pages = Pages()
    answer = await post(pages, pages.path(), do="comment", words="Less noise")
    assert "Press a number as well, and it counts." in answer.text
    assert headline(answer) == ASKED
    assert pages.now.response.comment == "Less noise"


async def test_words_are_not_lost_while_the_database_is_away() -> None:
    pages = Pages()
    await post(pages, pages.path(), score=6)
    pages.store.down.add("*")
    answer = await post(pages, pages.path(), do="comment", words="Less noise")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "please send it again in a minute" in answer.text
    assert "Less noise</textarea>" in answer.text


async def test_a_press_while_the_database_is_away_says_so_and_can_be_repeated() -> None:
    pages = Pages()
    await get(pages, pages.path())
    pages.store.down.add("record")
    answer = await post(pages, pages.path(), score=6)
    assert answer.status_code == 503
    assert "I couldn&#39;t save that just now, so please press again in a minute." in answer.text
    assert re.findall(r">Send (\d+)<", answer.text) == ["6"]
    pages.store.down.clear()
    assert (await post(pages, pages.path(), score=6)).status_code == 200


async def test_an_answer_counts_even_if_what_was_set_aside_could_not_be_forgotten() -> None:
    pages = Pages()
    pages.store.down.add("drop")
    assert (await post(pages, pages.path(), score=6)).status_code == 200
    assert pages.score() == 6


async def test_a_survey_that_takes_one_answer_says_so_at_the_second_visit() -> None:
    pages = Pages(ONCE)
    saved = await post(pages, pages.path(), score=6)
    assert ">Undo<" not in saved.text
    assert ">Change<" not in saved.text
    comment = await post(pages, pages.path(), do="comment", words="Less noise")
    assert comment.status_code == 200
    for again in (
        await get(pages, pages.path()),
        await post(pages, pages.path(), score=9),
        await post(pages, pages.path(), do="undo"),
    ):
        assert again.status_code == 409
        assert headline(again) == "We&#39;ve already received your feedback for this request."
    assert pages.score() == 6
