import base64
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from structlog.testing import capture_logs

from runtime.links import SignedLinks
from survey.brand import Brand, contrast
from survey.card import Subject
from survey.ports import Purpose, Suspicion
from survey.scale import CSAT, STARS
from survey.states import CampaignState
from survey.survey import Answers, Mode, Survey
from tests.examples import MONDAY, NPS_SURVEY, invitation, person
from tests.pages import KEYS, Pages

ONCE = replace(NPS_SURVEY, answers=Answers.ONCE)
TICKETS = Survey(
    name="tickets", subject="our support", scale=CSAT, mode=Mode.IDENTIFIED, one_press=True
)
ASKED = "How likely are you to recommend Acme to a colleague?"
NOT_VALID = "This feedback link doesn&#39;t appear to be valid."


async def get(pages: Pages, path: str, **headers: str) -> httpx.Response:
    async with pages.web() as web:
        return await web.get(path, headers=headers)


async def post(pages: Pages, path: str, **form: object) -> httpx.Response:
    async with pages.web() as web:
        return await web.post(path, data={name: str(value) for name, value in form.items()})


def headline(answer: httpx.Response) -> str:
    found = re.search(r"<h1><bdi>(.*?)</bdi></h1>", answer.text)
    assert found is not None
    return found[1]


async def test_a_link_shows_the_question_with_a_button_for_each_mark() -> None:
    pages = Pages()
    answer = await get(pages, pages.path())
    assert answer.status_code == 200
    assert headline(answer) == ASKED
    assert re.findall(r'class="mark \w+" name="score" value="(\d+)"', answer.text) == [
        str(mark) for mark in range(11)
    ]
    for said in ("0 = not at all · 10 = extremely", "Only groups of 5 or more are ever shown."):
        assert said in answer.text
    assert "Open until Friday 27 November, 17:00" in answer.text


async def test_whoever_only_opens_links_records_nothing() -> None:
    pages = Pages()
    async with pages.web() as scanner:
        for mark in range(11):
            for method in ("HEAD", "GET"):
                path = f"{pages.path()}?score={mark}"
                assert (await scanner.request(method, path)).status_code == 200
    assert pages.store.writes == []
    assert pages.doubtful.kept == {}


async def test_head_answers_as_get_does_without_the_page() -> None:
    pages = Pages()
    async with pages.web() as web:
        whole, bare = await web.get(pages.path()), await web.head(pages.path())
    assert bare.content == b""
    assert bare.headers == whole.headers


async def test_a_page_is_the_same_for_everybody_and_holds_no_token() -> None:
    pages = Pages()
    other = pages.store.asks(
        invitation(2, campaign=pages.invitation.campaign, person=person(2, "Bruno Marti"))
    )
    theirs = pages.path(subject=Subject(campaign_id=1, invitation_id=other.id))
    mine = await get(pages, pages.path())
    assert (await get(pages, theirs)).content == mine.content
    assert pages.path().rpartition("/")[2] not in mine.text
    assert "Ada" not in mine.text


async def test_a_page_comes_in_one_request_and_brings_all_it_needs_by_itself() -> None:
    pages = Pages()
    answer = await get(pages, pages.path())
    assert len(answer.content) < 30_000
    assert re.findall(r'(?:src|href|action)="(?!data:,)[^"]*"', answer.text) == []
    assert "//" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    for kind in ("style", "script"):
        inside = re.search(rf"<{kind}>(.*?)</{kind}>", answer.text, re.DOTALL)
        assert inside is not None
        digest = base64.b64encode(hashlib.sha256(inside[1].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy


async def test_the_mark_that_was_pressed_in_the_mail_is_chosen_and_one_press_more_sends_it() -> (
    None
):
    pages = Pages()
    answer = await get(pages, f"{pages.path()}?score=6")
    assert re.findall(r'value="(\d+)"[^>]*aria-current="true"', answer.text) == ["6"]
    assert re.findall(r">Send (\d+)<", answer.text) == ["6"]
    assert 'id="6"' not in answer.text


async def test_a_mark_behind_the_hash_is_for_the_browser_to_see() -> None:
    pages = Pages()
    answer = await get(pages, pages.path())
    assert re.findall(r'id="(\d+)"', answer.text) == [str(mark) for mark in range(11)]
    assert len(re.findall(r">Send \d+<", answer.text)) == 11
    assert "aria-current=" not in answer.text


@pytest.mark.parametrize("query", ["score=11", "score=-1", "score=", "score=six", "q=%00%ff"])
async def test_a_mark_that_is_not_on_the_scale_is_chosen_by_nobody(query: str) -> None:
    pages = Pages()
    answer = await get(pages, f"{pages.path()}?{query}")
    assert answer.status_code == 200
    assert "aria-current=" not in answer.text


async def test_the_database_is_asked_for_a_round_once_in_five_seconds() -> None:
    pages = Pages()
    await get(pages, pages.path())
    pages.store.move(replace(pages.invitation.campaign, state=CampaignState.CLOSED))
    pages.clock.forward(seconds=4.9)
    assert (await get(pages, pages.path())).status_code == 200
    pages.clock.forward(seconds=0.1)
    assert (await get(pages, pages.path())).status_code == 410


async def test_a_page_is_shown_while_the_database_is_away_if_its_round_was_known() -> None:
    pages = Pages()
    assert (await get(pages, pages.path())).status_code == 200
    pages.store.down.add("*")
    pages.clock.forward(minutes=3)
    assert (await get(pages, pages.path())).status_code == 200


async def test_a_round_that_nobody_knows_yet_waits_for_the_database() -> None:
    pages = Pages()
    pages.store.down.add("*")
    answer = await get(pages, pages.path())
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert headline(answer) == "This page can&#39;t be shown just now."


async def test_a_page_says_tomorrow_only_until_midnight() -> None:
    pages = Pages(closes_at=MONDAY + timedelta(days=1))
    assert "Open until tomorrow at 10:00" in (await get(pages, pages.path())).text
    pages.clock.forward(hours=15)
    assert "Open until today at 10:00" in (await get(pages, pages.path())).text


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
    answer = await post(pages, pages.path(), score=9)
    assert pages.score() == 9
    assert "Changed from 6 to 9." in answer.text


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


async def test_a_link_whose_time_is_over_says_so() -> None:
    pages = Pages()
    path = pages.path(expires_at=MONDAY + timedelta(hours=1))
    assert (await get(pages, path)).status_code == 200
    pages.clock.forward(hours=1)
    for answer in (await get(pages, path), await post(pages, path, score=6)):
        assert answer.status_code == 410
        assert headline(answer) == "This feedback link has expired."
    assert pages.store.writes == []


async def test_a_round_that_was_closed_a_moment_ago_counts_nothing_and_gives_the_words_back() -> (
    None
):
    pages = Pages()
    await get(pages, pages.path())
    pages.store.move(replace(pages.invitation.campaign, state=CampaignState.CLOSING))
    pressed = await post(pages, pages.path(), score=6)
    assert pressed.status_code == 410
    assert headline(pressed) == "This round is closed; thank you."
    assert "so I couldn&#39;t count that." in pressed.text


async def test_words_that_come_too_late_are_given_back() -> None:
    pages = Pages()
    await post(pages, pages.path(), score=6)
    pages.store.move(replace(pages.invitation.campaign, state=CampaignState.CLOSING))
    answer = await post(pages, pages.path(), do="comment", words="Less noise")
    assert answer.status_code == 410
    assert "Less noise" in answer.text


def bent(token: str) -> str:
    return token[:-1] + ("A" if token[-1] != "A" else "B")


async def test_links_that_are_bent_forged_foreign_or_unknown_all_look_the_same() -> None:
    pages = Pages()
    good = pages.path()
    stranger = SignedLinks(("a key of somebody else entirely!",), "http://voxpop.test")
    pages_of_stranger = Pages()
    pages_of_stranger.links = stranger
    unknown = pages.path(subject=Subject(campaign_id=1, invitation_id=UUID(int=99)))
    no_round = pages.path(subject=Subject(campaign_id=7, invitation_id=UUID(int=1)))
    answers = [
        await get(pages, path)
        for path in (
            bent(good),
            pages_of_stranger.path(),
            good.replace("/s/", "/u/"),
            pages.path(Purpose.UNSUBSCRIBE).replace("/u/", "/s/"),
            "/s/" + "x" * 2_000,
            "/s/%00",
            "/s/ü",
            no_round,
        )
    ]
    answers.append(await post(pages, unknown, score=6))
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert headline(answers[0]) == NOT_VALID


async def test_a_link_that_an_older_key_has_signed_is_good() -> None:
    pages = Pages()
    pages.links = SignedLinks(KEYS[1:], "http://voxpop.test")
    assert (await get(pages, pages.path())).status_code == 200


async def test_whoever_guesses_waits_and_a_genuine_link_never_does() -> None:
    pages = Pages(failures="3/minute")
    answers = [await get(pages, "/s/guess") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 429, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].content == answers[0].content
    assert (await get(pages, pages.path())).status_code == 200
    assert (await post(pages, pages.path(), score=6)).status_code == 200


async def test_the_log_counts_refused_links_and_never_holds_one() -> None:
    pages = Pages()
    with capture_logs() as logs:
        for _ in range(3):
            await get(pages, "/s/guessed-token")
        pages.clock.forward(minutes=1)
        await get(pages, "/s/guessed-token")
    refused = [line for line in logs if line["event"] == "link_refused"]
    assert [line["count"] for line in refused] == [1, 3]
    assert "guessed-token" not in repr(logs)


async def test_whoever_has_no_good_link_is_answered_in_the_language_of_their_browser() -> None:
    pages = Pages()
    answer = await get(pages, "/s/guess", **{"Accept-Language": "en-US,de;q=0.5"})
    assert 'lang="en-US"' in answer.text
    odd = await get(pages, "/s/guess", **{"Accept-Language": '*, "><script>'})
    assert odd.status_code == 404
    assert 'lang="en-GB"' in odd.text


async def test_a_field_that_people_do_not_see_keeps_a_press_aside_until_the_next() -> None:
    pages = Pages()
    answer = await post(pages, pages.path(), score=6, homepage="http://spam.example")
    assert answer.status_code == 202
    assert "Programs that check mails press buttons too" in answer.text
    assert pages.score() is None
    assert pages.doubtful.why == {6: Suspicion.TRAP}
    assert (await post(pages, pages.path(), score=6)).status_code == 200
    assert pages.score() == 6
    assert pages.doubtful.kept == {}


async def test_a_press_within_ten_seconds_of_the_mail_is_kept_aside() -> None:
    pages = Pages()
    path = pages.path(issued_at=MONDAY, expires_at=MONDAY + timedelta(days=1))
    pages.clock.forward(seconds=9.9)
    assert (await post(pages, path, score=6)).status_code == 202
    assert pages.doubtful.why == {6: Suspicion.TOO_SOON}
    pages.clock.forward(seconds=0.1)
    assert (await post(pages, path, score=6)).status_code == 200
    assert pages.score() == 6


async def test_a_scanner_that_presses_uses_up_no_link_that_takes_one_answer() -> None:
    pages = Pages(ONCE)
    await post(pages, pages.path(), score=0, homepage="x")
    assert (await get(pages, pages.path())).status_code == 200
    assert (await post(pages, pages.path(), score=9)).status_code == 200
    assert pages.score() == 9


async def test_words_of_a_program_are_not_kept_and_stay_in_their_field() -> None:
    pages = Pages()
    await post(pages, pages.path(), score=6)
    answer = await post(pages, pages.path(), do="comment", words="Buy!", homepage="x")
    assert answer.status_code == 202
    assert "That is not kept yet." in answer.text
    assert "Buy!</textarea>" in answer.text
    assert pages.now.response.comment is None


async def test_only_the_page_of_a_one_press_survey_may_send_by_itself() -> None:
    tickets, nps = Pages(TICKETS), Pages()
    assert "data-itself" in (await get(tickets, f"{tickets.path()}?score=4")).text
    assert "data-itself" not in (await get(tickets, tickets.path())).text
    assert "data-itself" not in (await get(nps, f"{nps.path()}?score=4")).text
    answer = await post(nps, nps.path(), score=4, auto=1)
    assert answer.status_code == 202
    assert "Not sent by itself this time" in answer.text
    assert nps.score() is None
    assert nps.doubtful.kept == {}


async def test_what_the_page_sent_by_itself_counts_after_a_quarter_of_an_hour() -> None:
    pages = Pages(TICKETS)
    came = pages.clock()
    answer = await post(pages, pages.path(), score=4, auto=1)
    assert answer.status_code == 202
    assert headline(answer) == "You said 4."
    assert "by itself in a quarter of an hour" in answer.text
    pages.clock.forward(minutes=14, seconds=59)
    assert await pages.count() == 0
    assert pages.score() is None
    pages.clock.forward(seconds=1)
    assert await pages.count() == 1
    assert pages.score() == 4
    assert pages.now.pressed_at == came
    assert await pages.count() == 0


async def test_a_touch_of_the_page_makes_it_count_at_once() -> None:
    pages = Pages(TICKETS)
    await post(pages, pages.path(), score=4, auto=1)
    answer = await post(pages, pages.path(), do="confirm", score=4)
    assert answer.status_code == 204
    assert answer.content == b""
    assert pages.score() == 4
    assert pages.doubtful.kept == {}


async def test_words_below_what_the_page_sent_count_as_a_touch() -> None:
    pages = Pages(TICKETS)
    await post(pages, pages.path(), score=4, auto=1)
    answer = await post(pages, pages.path(), do="comment", words="Quick!", score=4)
    assert answer.status_code == 200
    assert (pages.score(), pages.now.response.comment) == (4, "Quick!")


async def test_undo_of_what_the_page_sent_leaves_an_earlier_answer_alone() -> None:
    pages = Pages(TICKETS)
    await post(pages, pages.path(), score=4, auto=1)
    pages.store.invitations[pages.invitation.id] = replace(
        pages.invitation, response=replace(pages.invitation.response, score=5)
    )
    answer = await post(pages, pages.path(), do="undo", provisional=1)
    assert answer.status_code == 200
    assert pages.doubtful.kept == {}
    assert pages.score() == 5


async def test_whoever_follows_every_link_is_counted_with_none() -> None:
    pages = Pages(TICKETS)
    answers = [await post(pages, pages.path(), score=mark, auto=1) for mark in (1, 2, 3)]
    assert "please press once more" in answers[-1].text
    pages.clock.forward(minutes=20)
    assert await pages.count() == 0
    assert set(pages.doubtful.why.values()) == {Suspicion.SEVERAL}
    await post(pages, pages.path(), score=5)
    assert pages.score() == 5
    assert pages.doubtful.kept == {}


async def test_a_page_sends_nothing_over_an_answer_that_is_there() -> None:
    pages = Pages(TICKETS)
    await post(pages, pages.path(), score=5)
    answer = await post(pages, pages.path(), score=1, auto=1)
    assert answer.status_code == 202
    assert pages.score() == 5
    assert pages.doubtful.kept == {}


async def test_what_a_person_answered_meanwhile_wins_over_what_waited() -> None:
    pages = Pages(TICKETS)
    await post(pages, pages.path(), score=1, auto=1)
    kept = dict(pages.doubtful.kept)
    await post(pages, pages.path(), score=5)
    pages.doubtful.kept.update(kept)  # as if it could not be forgotten then
    pages.clock.forward(minutes=20)
    assert await pages.count() == 0
    assert pages.score() == 5
    assert pages.doubtful.kept == {}


async def test_shortly_before_the_close_nothing_is_sent_by_itself() -> None:
    pages = Pages(TICKETS, closes_at=MONDAY + timedelta(minutes=15))
    assert "data-itself" not in (await get(pages, f"{pages.path()}?score=4")).text
    answer = await post(pages, pages.path(), score=4, auto=1)
    assert "please press once more" in answer.text
    assert pages.doubtful.kept == {}


async def test_an_operator_may_count_all_that_was_kept_aside() -> None:
    pages = Pages()
    await post(pages, pages.path(), score=6, homepage="x")
    assert await pages.count.all_of(pages.invitation.campaign) == 1
    assert pages.score() == 6


async def test_a_mistake_of_ours_is_a_page_too_and_describes_nothing() -> None:
    pages = Pages()

    said = "what somebody wrote"

    async def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError(said)

    object.__setattr__(pages.parts.answer, "answers", type("Broken", (), {"record": broken})())
    with capture_logs() as logs:
        answer = await post(pages, pages.path(), score=6)
    assert answer.status_code == 500
    assert headline(answer) == "Something went wrong here."
    assert said not in answer.text + repr(logs)
    assert [line["event"] for line in logs] == ["request_failed"]


async def test_other_methods_are_told_what_the_address_takes() -> None:
    pages = Pages()
    async with pages.web() as web:
        answer = await web.put(pages.path())
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"


async def test_what_comes_with_a_body_goes_the_whole_way_past_its_limits() -> None:
    pages = Pages()
    async with pages.web() as web:
        answer = await web.post(pages.path(), content=b"x" * 300_000)
    assert answer.status_code == 413
    assert pages.store.writes == []


@pytest.mark.parametrize("path", ["/s", "/s/", "/s/a/b", "/sx/a", "//s/a"])
async def test_no_other_address_is_taken_for_a_link(path: str) -> None:
    pages = Pages()
    answer = await get(pages, path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


async def test_a_link_works_below_a_path_of_its_own_server() -> None:
    pages = Pages()
    transport = httpx.ASGITransport(pages.app, root_path="/voxpop")
    async with httpx.AsyncClient(transport=transport, base_url="http://voxpop.test") as web:
        answer = await web.get(f"/voxpop{pages.path()}")
    assert answer.status_code == 200
    assert headline(answer) == ASKED


async def test_pages_are_measured_under_their_templates() -> None:
    pages = Pages()
    await get(pages, pages.path())
    await post(pages, pages.path(), score=6)
    await get(pages, pages.path(Purpose.UNSUBSCRIBE))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(pages.app, client=("127.0.0.1", 1)),
        base_url="http://voxpop.test",
    ) as web:
        figures = (await web.get("/metrics")).text
    counted = re.findall(r'duration_seconds_count\{endpoint="(/[su]/\{token\})"\} (\S+)', figures)
    assert counted == [("/s/{token}", "2.0"), ("/u/{token}", "1.0")]


@pytest.mark.parametrize(
    "color", ["#000000", "#ffffff", "#ffe600", "#0b6670", "#ff0000", "#777777", "#00ff88"]
)
async def test_any_brand_color_can_be_read_on_a_light_and_a_dark_page(color: str) -> None:
    pages = Pages(brand=Brand(name="Acme <People>", color=color))
    answer = await get(pages, pages.path())
    assert "Acme &lt;People&gt;" in answer.text
    accents = re.findall(
        r"--accent:(#\w{6});--on-accent:(#\w{6});--accent-hover:(#\w{6})", answer.text
    )
    assert len(accents) == 2
    for (accent, ink, hover), ground in zip(accents, ("#ffffff", "#182224"), strict=True):
        assert contrast(accent, ground) >= 4.5
        assert contrast(ink, accent) >= 4.5
        assert contrast(ink, hover) >= 4.5


async def test_a_page_with_a_real_clock_closes_when_its_round_does() -> None:
    pages = Pages(clock=lambda: datetime.now(UTC), closes_at=datetime.now(UTC))
    answer = await get(pages, pages.path())
    assert answer.status_code == 410
