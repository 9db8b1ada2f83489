from dataclasses import replace
from datetime import timedelta

from survey.ports import Suspicion
from survey.scale import CSAT
from survey.survey import Answers, Mode, Survey
from tests.examples import MONDAY, NPS_SURVEY
from tests.pages import Pages, get, headline, post

ONCE = replace(NPS_SURVEY, answers=Answers.ONCE)
TICKETS = Survey(
    name="tickets", subject="our support", scale=CSAT, mode=Mode.IDENTIFIED, one_press=True
)


async def test_a_field_that_people_do_not_see_keeps_a_press_aside_until_the_next() -> None:
    pages = Pages()
    answer = await post(pages, pages.path(), score=6, homepage="http://spam.example")
    assert answer.status_code == 202
    assert "Programs that check mails press buttons too" in answer.text
    assert pages.score() is None
    assert pages.aside == {6: Suspicion.TRAP}
    assert (await post(pages, pages.path(), score=6)).status_code == 200
    assert pages.score() == 6
    assert pages.aside == {}


async def test_a_press_within_ten_seconds_of_the_mail_is_kept_aside() -> None:
    pages = Pages()
    path = pages.path(issued_at=MONDAY, expires_at=MONDAY + timedelta(days=1))
    pages.clock.forward(seconds=9.9)
    assert (await post(pages, path, score=6)).status_code == 202
    assert pages.aside == {6: Suspicion.TOO_SOON}
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
    assert nps.aside == {}


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
    assert pages.aside == {}


async def test_a_touch_of_a_page_that_was_left_open_changes_no_later_answer() -> None:
    pages = Pages(TICKETS)
    await post(pages, pages.path(), score=4, auto=1)
    await post(pages, pages.path(), score=2)
    pages.clock.forward(seconds=1)
    answer = await post(pages, pages.path(), do="confirm", score=4)
    assert answer.status_code == 204
    assert pages.score() == 2


async def test_what_was_touched_and_counts_is_taken_back_by_the_same_undo() -> None:
    pages = Pages(TICKETS)
    await post(pages, pages.path(), score=4, auto=1)
    await post(pages, pages.path(), do="confirm", score=4)
    pages.clock.forward(seconds=1)
    assert (await post(pages, pages.path(), do="undo", provisional=1)).status_code == 200
    assert pages.score() is None


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
    assert pages.aside == {}
    assert pages.score() == 5


async def test_whoever_follows_every_link_is_counted_with_none() -> None:
    pages = Pages(TICKETS)
    answers = [await post(pages, pages.path(), score=mark, auto=1) for mark in (1, 2, 3)]
    assert "please press once more" in answers[-1].text
    pages.clock.forward(minutes=20)
    assert await pages.count() == 0
    assert set(pages.aside.values()) == {Suspicion.SEVERAL}
    await post(pages, pages.path(), score=5)
    assert pages.score() == 5
    assert pages.aside == {}


async def test_a_page_sends_nothing_over_an_answer_that_is_there() -> None:
    pages = Pages(TICKETS)
    await post(pages, pages.path(), score=5)
    answer = await post(pages, pages.path(), score=1, auto=1)
    assert answer.status_code == 202
    assert pages.score() == 5
    assert pages.aside == {}


async def test_what_a_person_answered_meanwhile_wins_over_what_waited() -> None:
    pages = Pages(TICKETS)
    await post(pages, pages.path(), score=1, auto=1)
    pages.clock.forward(seconds=1)
    await post(pages, pages.path(), score=5)
    pages.clock.forward(minutes=20)
    assert await pages.count() == 0
    assert pages.score() == 5
    assert pages.aside == {}


async def test_shortly_before_the_close_nothing_is_sent_by_itself() -> None:
    pages = Pages(TICKETS, closes_at=MONDAY + timedelta(minutes=15))
    assert "data-itself" not in (await get(pages, f"{pages.path()}?score=4")).text
    answer = await post(pages, pages.path(), score=4, auto=1)
    assert "please press once more" in answer.text
    assert pages.aside == {}


async def test_an_operator_may_count_all_that_was_kept_aside() -> None:
    pages = Pages()
    await post(pages, pages.path(), score=6, homepage="x")
    assert await pages.count.all_of(pages.invitation.campaign) == 1
    assert pages.score() == 6
