import base64
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from survey.brand import Brand, contrast
from survey.card import Subject
from survey.ports import Purpose
from survey.states import CampaignState
from survey.survey import Answers
from tests.examples import MONDAY, NPS_SURVEY, invitation, person
from tests.pages import Pages, get, headline, post

ONCE = replace(NPS_SURVEY, answers=Answers.ONCE)
ASKED = "How likely are you to recommend Acme to a colleague?"


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
    assert pages.aside == {}


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


async def test_a_mistake_of_ours_is_a_page_too_and_describes_nothing() -> None:
    pages = Pages()

    said = "what somebody wrote"

    async def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError(said)

    object.__setattr__(pages.parts.answer, "answers", type("Broken", (), {"record": broken})())
    with capture_logs() as logs:
        answer = await post(pages, pages.path(), score=6)
    assert answer.status_code == 500
    assert headline(answer) == "This page can&#39;t be shown just now."
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
