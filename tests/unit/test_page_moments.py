"""The page behind the link of a question that something brought, which is of one person alone."""

from dataclasses import replace
from datetime import timedelta
from html import unescape
from uuid import UUID

import httpx
import pytest

from survey.card import Subject
from survey.occasion import Told
from tests.examples import MONDAY
from tests.happened import FEATURES, TICKETS, VISITS, brought
from tests.pages import Pages, get, headline, pages_about, post

QUESTION = "How satisfied are you with our support?"


def words(answer: httpx.Response) -> str:
    return unescape(answer.text)


async def test_the_page_tells_which_request_it_is_about() -> None:
    pages = pages_about(brought(TICKETS))
    answer = await get(pages, pages.path())
    assert answer.status_code == 200
    assert headline(answer) == QUESTION
    assert "<p>Your request: Parcel never came (#4711)</p>" in answer.text
    assert "Open until Monday 30 November, 10:00" in answer.text


async def test_what_others_wrote_is_text_and_nothing_else() -> None:
    told = {"ticket": "<script>alert(1)</script>\u202e", "resolved_by": "<b>Tom</b>"}
    pages = pages_about(brought(TICKETS, told=told))
    answer = await get(pages, pages.path())
    assert "<script>alert" not in answer.text
    assert "\u202e" not in answer.text
    assert "Answered by <b>Tom</b>" in words(answer)


async def test_it_says_when_the_link_ends_where_that_is_first() -> None:
    pages = pages_about(brought(TICKETS))
    answer = await get(pages, pages.path(expires_at=MONDAY + timedelta(days=2)))
    assert "Open until Wednesday 18 November, 10:00" in answer.text


async def test_two_people_of_one_campaign_have_each_their_own_page() -> None:
    first = brought(FEATURES)
    about = Told(key="other", happened_at=MONDAY, details={"subject": "Guest messages"})
    other = replace(first, id=UUID(int=2), about=about)
    pages = pages_about(first, other)
    subject = Subject(campaign_id=other.campaign.id, invitation_id=other.id)
    for _ in range(2):
        assert headline(await get(pages, pages.path())) == "How do you rate Rate calendar?"
        second = await get(pages, pages.path(subject=subject))
        assert headline(second) == "How do you rate Guest messages?"


async def test_opening_the_link_counts_nothing_whatever_it_says() -> None:
    pages = pages_about(brought(TICKETS))
    answer = await get(pages, f"{pages.path()}?score=5")
    assert answer.status_code == 200
    assert pages.score() is None
    assert not pages.store.writes


async def test_one_press_in_the_mail_is_enough() -> None:
    pages = pages_about(brought(TICKETS))
    opened = await get(pages, f"{pages.path()}?score=5")
    assert 'data-itself="1"' in opened.text
    sent = await post(pages, pages.path(), score=5, auto=1)
    assert sent.status_code == 202
    assert "Wonderful! We're glad we could help." in words(sent)
    await post(pages, pages.path(), do="confirm", score=5)
    assert pages.score() == 5


async def test_shortly_before_it_closes_the_page_sends_nothing_by_itself() -> None:
    pages = pages_about(brought(TICKETS))
    pages.clock.at = brought(TICKETS).campaign.closes_at - timedelta(minutes=15)
    answer = await get(pages, f"{pages.path()}?score=5")
    assert 'data-itself="1"' not in answer.text


async def errors(code: str) -> tuple[int, str]:
    """What somebody is told whose link leads nowhere."""
    pages = pages_about(brought(TICKETS))
    path = pages.path()
    match code:
        case "invalid_token_format":
            path = "/s/nonsense"
        case "invalid_signature":
            path = f"{path[:-4]}AAAA"
        case "token_expired":
            path = pages.path(expires_at=MONDAY - timedelta(minutes=1))
        case "ticket_not_found":
            pages.store.invitations.clear()
        case _:
            await post(pages, path, score=4)
    answers = [await get(pages, path), await post(pages, path, score=4)]
    assert answers[0].status_code == answers[1].status_code
    assert headline(answers[0]) == headline(answers[1])
    return answers[0].status_code, unescape(headline(answers[0]))


@pytest.mark.parametrize(
    ("code", "status", "says"),
    [
        ("invalid_token_format", 404, "This feedback link doesn't appear to be valid."),
        ("token_expired", 410, "This feedback link has expired."),
        ("invalid_signature", 404, "This feedback link doesn't appear to be valid."),
        (
            "ticket_not_found",
            404,
            "We couldn't find the support request this feedback relates to.",
        ),
        ("already_submitted", 409, "We've already received your feedback for this request."),
    ],
)
async def test_each_error_has_its_words(code: str, status: int, says: str) -> None:
    assert await errors(code) == (status, says)


async def test_a_good_link_to_what_was_erased_is_no_guess() -> None:
    pages = pages_about(brought(TICKETS))
    pages.store.invitations.clear()
    found = {(await get(pages, pages.path())).status_code for _ in range(25)}
    assert found == {404}


async def test_when_its_own_time_is_over_it_is_closed() -> None:
    one = brought(VISITS)
    pages = pages_about(one)
    path = pages.path()
    pages.clock.at = one.campaign.closes_at
    for answer in (await get(pages, path), await post(pages, path, score=4)):
        assert answer.status_code == 410
        assert headline(answer) == "This question is closed now; thank you."
        assert "It closed on Wednesday 18 November." in answer.text
    assert pages.score() is None


async def test_while_the_database_is_away_the_question_can_be_read() -> None:
    pages = pages_about(brought(TICKETS))
    await get(pages, pages.path())
    pages.store.down = {"*"}
    answer = await get(pages, pages.path())
    assert answer.status_code == 200
    assert headline(answer) == QUESTION
    assert "Parcel" not in answer.text
    sent = await post(pages, pages.path(), score=4)
    assert sent.status_code == 503
    assert "press again in a minute" in sent.text


async def fills_in(pages: Pages, said: str) -> httpx.Response:
    return await post(pages, pages.path(), do="comment", words=said, stands=4)


async def test_a_comment_has_as_many_characters_as_the_survey_takes() -> None:
    pages = pages_about(brought(VISITS))
    shown = await post(pages, pages.path(), score=4)
    assert "Up to 500 characters." in shown.text
    assert 'data-limit="500"' in shown.text
    for said in ("x" * 501, "x" * 2_001):
        refused = await fills_in(pages, said)
        assert refused.status_code == 422
        assert f"That is {len(said):,} characters, and I can keep 500." in refused.text
    assert (await fills_in(pages, "x" * 500)).status_code == 200
    again = await get(pages, pages.path())
    assert words(again).count("We've already received your feedback for this visit.") >= 1
