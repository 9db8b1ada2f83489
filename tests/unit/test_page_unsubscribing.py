import re
from datetime import timedelta

import httpx
import pytest

from survey.consent import How
from survey.ports import Purpose
from tests.examples import MONDAY
from tests.pages import Pages

ADA = "ada@example.org"
MULTIPART = (
    b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
)


@pytest.fixture
def pages() -> Pages:
    return Pages()


def where(pages: Pages) -> str:
    return pages.path(Purpose.UNSUBSCRIBE)


async def post(pages: Pages, **form: str) -> httpx.Response:
    async with pages.web() as web:
        return await web.post(where(pages), data=form)


async def test_whoever_only_opens_the_link_stops_nothing(pages: Pages) -> None:
    async with pages.web() as web:
        await web.head(where(pages))
        answer = await web.get(where(pages))
    assert answer.status_code == 200
    assert "What should I stop?" in answer.text
    assert re.findall(r'name="stop" value="(\w+)"', answer.text) == ["all", "this"]
    assert pages.said == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (b"list-unsubscribe=one-click\r\n", "application/x-www-form-urlencoded"),
        (MULTIPART, "multipart/form-data; boundary=x"),
    ],
)
async def test_one_click_of_a_mail_program_stops_everything(
    pages: Pages, body: bytes, kind: str
) -> None:
    async with pages.web() as web:
        answer = await web.post(where(pages), content=body, headers={"Content-Type": kind})
    assert answer.status_code == 200
    assert pages.said == [("", False, How.ONE_CLICK, "")]


async def test_the_page_stops_all_or_this_one_and_keeps_the_reason(pages: Pages) -> None:
    this = await post(pages, stop="this", words=" Too many \r\n")
    assert "Done: I won&#39;t ask you about Acme any more." in this.text
    everything = await post(pages, stop="all")
    assert "Done: no more surveys from me." in everything.text
    assert pages.said == [
        ("nps", False, How.PAGE, "Too many"),
        ("", False, How.PAGE, ""),
    ]


async def test_a_reason_that_is_too_long_is_cut_and_keeps_nobody(pages: Pages) -> None:
    assert (await post(pages, stop="all", words="ä" * 501)).status_code == 200
    assert pages.said[0][3] == "ä" * 500


async def test_a_stop_within_ten_seconds_of_the_mail_is_to_be_pressed_once_more(
    pages: Pages,
) -> None:
    now = pages.clock()
    path = pages.path(Purpose.UNSUBSCRIBE, issued_at=now, expires_at=now + timedelta(days=1))
    pages.clock.forward(seconds=9)
    async with pages.web() as web:
        early = await web.post(path, data={"stop": "all", "words": "Too many"})
        assert early.status_code == 202
        assert "Too many</textarea>" in early.text
        assert pages.said == []
        pages.clock.forward(seconds=1)
        assert (await web.post(path, data={"stop": "all"})).status_code == 200
    assert pages.said == [("", False, How.PAGE, "")]


async def test_whoever_stopped_by_mistake_comes_back_with_one_press(pages: Pages) -> None:
    stopped = await post(pages, stop="all")
    assert 'name="again" value="all"' in stopped.text
    back = await post(pages, again="all")
    assert "Welcome back: I may ask you again." in back.text
    assert pages.said[-1] == ("", True, How.PAGE, "")
    assert pages.store.stops == set()


async def test_coming_back_to_one_survey_tells_that_all_are_stopped(pages: Pages) -> None:
    await post(pages, stop="this")
    await post(pages, stop="all")
    back = await post(pages, again="this")
    assert "All surveys are still stopped." in back.text
    assert 'name="again" value="all"' in back.text


async def test_a_link_works_after_its_time_and_after_the_close(pages: Pages) -> None:
    path = pages.path(Purpose.UNSUBSCRIBE, expires_at=MONDAY + timedelta(hours=1))
    pages.clock.forward(days=3_000)
    async with pages.web() as web:
        answer = await web.post(path, data={"stop": "all"})
    assert answer.status_code == 200
    assert len(pages.said) == 1


async def test_a_program_that_fills_in_everything_stops_nothing(pages: Pages) -> None:
    answer = await post(pages, stop="all", homepage="x")
    assert answer.status_code == 202
    assert "Nothing is stopped yet." in answer.text
    assert pages.said == []


@pytest.mark.parametrize("form", [{}, {"stop": "everything"}, {"again": "x"}, {"score": "6"}])
async def test_what_the_form_does_not_say_does_nothing(pages: Pages, form: dict[str, str]) -> None:
    answer = await post(pages, **form)
    assert answer.status_code == 200
    assert "What should I stop?" in answer.text
    assert pages.store.writes == []


async def test_a_stop_while_the_database_is_away_is_to_be_sent_again(pages: Pages) -> None:
    async with pages.web() as web:
        assert (await web.get(where(pages))).status_code == 200
        pages.store.down.add("*")
        pressed = await web.post(where(pages), data={"stop": "all"})
        clicked = await web.post(where(pages), data={"List-Unsubscribe": "One-Click"})
    for answer in (pressed, clicked):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert "please press again in a minute" in answer.text


async def test_a_link_that_answers_does_not_stop(pages: Pages) -> None:
    async with pages.web() as web:
        answer = await web.post(pages.path().replace("/s/", "/u/"), data={"stop": "all"})
    assert answer.status_code == 404
    assert pages.said == []


async def test_somebody_who_was_forgotten_has_nothing_to_stop(pages: Pages) -> None:
    pages.store.invitations.clear()
    assert (await post(pages, stop="all")).status_code == 404
