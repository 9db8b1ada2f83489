"""What people read of questions that something brought, on real databases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from runtime.features import define
from runtime.serving import create_server_app
from survey.card import Subject
from survey.invitation import Invitation
from survey.occasion import Occasion
from survey.person import Enrolment
from survey.ports import Link, Press, Purpose
from survey.states import InvitationState
from tests.command_line import in_this_process
from tests.world import SETTINGS, Sandbox, World, email

TOML = (
    SETTINGS.format(mode="confidential", answers="changeable")
    + """
[surveys.support]
subject = "our support"
after = "tickets"
wait_minutes = 0
[surveys.features]
subject = "Planner"
after = "features"
[products.planner]
name = "Planner"
[products.planner.features.rates]
name = "Rate calendar"
[surveys.visits]
subject = "Acme"
after = "visits"
"""
)
DETAILS = {
    "support": {"ticket": "Parcel <never> came", "resolved_by": "Sophie"},
    "features": {"subject": "Rate calendar"},
    "visits": {"branch": "Harbour"},
}
ADA = 1


@pytest.fixture
async def moments(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A company that asks about everything that happens."""
    found = World(database_url, folder=tmp_path, toml=TOML)
    await found.populate()
    yield found
    await found.close()


async def happens(world: World, survey: str, key: str = "1", **details: str) -> None:
    """Something happens to Ada, and the question goes out."""
    told = Occasion(
        key=key,
        who=Enrolment(email=email(ADA), name="Ada"),
        happened_at=world.clock.at,
        details=DETAILS[survey] | details,
    )
    await world.product.ask_about(world.settings.surveys[survey], [told], at_once=True)
    await world.product.worker()


async def open_ones(world: World) -> list[Invitation]:
    person = (await world.product.people.by_names([email(ADA)]))[email(ADA)]
    return list(await world.product.answers.open_for(person, at=world.clock.at))


async def last(chat: Sandbox) -> dict[str, Any]:
    return (await chat.inbox(ADA))[-1]


async def typed(chat: Sandbox, text: str) -> str:
    return str((await chat.say(0, text))["private_text"])


async def link(world: World, **lasts: float) -> str:
    """Where the link in Ada's mail leads."""
    (one,) = await open_ones(world)
    made = world.clock.at.replace(microsecond=0) - timedelta(hours=1)
    token = world.product.links.token(
        Link(
            subject=Subject(campaign_id=one.campaign.id, invitation_id=one.id),
            locale="en",
            issued_at=made,
            expires_at=made + timedelta(**(lasts or {"days": 14})),
        ),
        Purpose.ANSWER,
    )
    return f"/{Purpose.ANSWER.value}/{token}"


def browser(world: World) -> httpx.AsyncClient:
    app = create_server_app(world.product)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=world.settings.base_url)


async def test_each_question_tells_what_it_is_about(moments: World) -> None:
    chat = moments.sandbox()
    said = []
    for survey in DETAILS:
        await happens(moments, survey)
        said.append((await last(chat))["text"])
    assert "How satisfied are you with our support?\nYour request: Parcel <never> came" in said[0]
    assert "How do you rate Rate calendar?" in said[1]
    assert "How many stars do you give Acme?\nYour visit: Harbour, " in said[2]


async def test_an_undo_brings_back_the_question_about_the_same(moments: World) -> None:
    chat = moments.sandbox()
    await happens(moments, "features")
    await chat.press(ADA, "s7")
    assert "You said 7." in (await last(chat))["text"]
    moments.clock.forward(seconds=5)
    await chat.press(ADA, "undo")
    assert "How do you rate Rate calendar?" in (await last(chat))["text"]


async def test_two_requests_are_two_questions_and_two_answers(moments: World) -> None:
    chat = moments.sandbox()
    await happens(moments, "support", "1", ticket="First")
    await happens(moments, "support", "2", ticket="Second")
    first, second = (await chat.inbox(ADA))[-2:]
    await chat.press(ADA, "s2", message=first["id"])
    await chat.press(ADA, "s5", message=second["id"])
    given = {
        one.about.details["ticket"]: one.response.score
        for one in await open_ones(moments)
        if one.about
    }
    assert given == {"First": 2, "Second": 5}


async def test_when_its_time_is_over_the_message_says_so_and_no_figures(moments: World) -> None:
    chat = moments.sandbox()
    await happens(moments, "visits")
    moments.clock.forward(days=2, seconds=1)
    assert await moments.product.occasions.expire(at=moments.clock.at) == 1
    await moments.product.worker()
    closed = await last(chat)
    assert closed["text"] == "This question is closed now; thank you."
    assert closed["buttons"] == []


async def test_not_now_is_kept_and_the_message_says_so(moments: World) -> None:
    await define(moments.product)
    chat = moments.sandbox()
    await happens(moments, "features", "feature:planner/rates:1")
    (one,) = await open_ones(moments)
    await chat.press(ADA, "decline")
    assert (await last(chat))["text"] == "All right, not now."
    assert await open_ones(moments) == []
    subject = Subject(campaign_id=one.campaign.id, invitation_id=one.id)
    by_link = Press(subject=subject, by=None, at=moments.clock.at)
    kept = await moments.product.answers.show(by_link)
    assert kept.state is InvitationState.DECLINED


async def test_administrators_ask_about_it_and_hold_it(moments: World) -> None:
    chat = moments.sandbox()
    assert "It asks by itself when a request has been resolved." in await typed(
        chat, "/nps status support"
    )
    await happens(moments, "support")
    told = await typed(chat, "/nps status support")
    assert told.startswith("Sent 1 of 1 · 0 answered")
    assert "asking since" in told
    for word in ("start", "preview"):
        assert "asks by itself" in await typed(chat, f"/nps {word} support")
    assert "is paused" in await typed(chat, "/nps pause support")
    await happens(moments, "support", "2")
    assert len(await open_ones(moments)) == 2
    assert sum("Parcel" in one["text"] for one in await chat.inbox(ADA)) == 1
    assert "goes on" in await typed(chat, "/nps resume support")
    await moments.product.worker()
    assert sum("Parcel" in one["text"] for one in await chat.inbox(ADA)) == 2
    assert "a new one begins" in await typed(chat, "/nps close support")


async def test_a_page_of_ones_own(moments: World) -> None:
    await happens(moments, "support")
    path = await link(moments, days=3)
    (one,) = await open_ones(moments)
    async with browser(moments) as web:
        shown = await web.get(f"{path}?score=4")
        assert "<p>Your request: Parcel &lt;never&gt; came</p>" in shown.text
        assert "Open until" in shown.text
        assert (await open_ones(moments))[0].response.score is None
        sent = await web.post(path, data={"score": "4", "auto": "1"})
        assert sent.status_code == 202
        await web.post(path, data={"score": "4", "do": "confirm"})
        assert (await open_ones(moments))[0].response.score == 4
        again = await web.get(path)
        assert again.status_code == 409
        assert "We've already received your feedback for this request." in unescape(again.text)
        await moments.product.rights.forget(one.person, at=moments.clock.at)
        lost = await web.get(path)
        assert lost.status_code == 404
        assert "We couldn't find the support request" in unescape(lost.text)


async def test_a_visit_takes_500_characters(moments: World) -> None:
    await happens(moments, "visits")
    path = await link(moments, days=2)
    async with browser(moments) as web:
        await web.post(path, data={"score": "5"})
        refused = await web.post(path, data={"do": "comment", "words": "x" * 501})
        assert refused.status_code == 422
        assert "I can keep 500." in refused.text
        kept = await web.post(path, data={"do": "comment", "words": "x" * 500})
        assert kept.status_code == 200
    assert len((await open_ones(moments))[0].response.comment or "") == 500


async def test_why_me_tells_what_happened_and_when_they_were_asked_before(moments: World) -> None:
    chat = moments.sandbox()
    await happens(moments, "support", "1")
    first = (await chat.press(ADA, "why"))["private_text"]
    assert "because your request “Parcel <never> came” was resolved" in first
    assert "This is the first time that this survey asks you." in first
    moments.clock.forward(days=3)
    await happens(moments, "support", "2")
    second = (await chat.press(ADA, "why"))["private_text"]
    assert "It asked you last on Monday 16 November." in second
    assert "This is question 2 to you this year." in second


async def test_what_is_kept_of_it_is_told_to_them(moments: World) -> None:
    chat = moments.sandbox()
    await happens(moments, "support")
    told = (await chat.say(ADA, "/nps mydata"))["private_text"]
    assert "What you were asked about, Monday 16 November:" in told
    assert "ticket: Parcel <never> came" in told


async def test_the_lists_say_what_a_survey_asks_after(
    moments: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await happens(moments, "support")
    monkeypatch.setenv("VOXPOP_DATABASE_URL", moments.settings.database_url)
    monkeypatch.setenv("VOXPOP_SANDBOX", "1")
    monkeypatch.setenv("VOXPOP_SECRET_KEY", "a-secret-key-that-is-long-enough-for-anybody")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "voxpop.toml").write_text(TOML, encoding="utf-8")

    def listed() -> list[Any]:
        with in_this_process() as run:
            return [
                run("survey", "list", "--json").json,
                run("campaign", "list", "--json").json,
                run("survey", "check").out,
            ]

    surveys, campaigns, checked = await asyncio.to_thread(listed)
    assert {one["survey"]: one["asks_after"] for one in surveys} == {
        "nps": None,
        "ticket": None,
        "support": "tickets",
        "features": "features",
        "visits": "visits",
    }
    (support,) = [one for one in campaigns if one["campaign"].startswith("support/")]
    assert (support["asks_after"], support["closes"], support["reached"]) == ("tickets", None, 1)
    assert "support (asks after: tickets)" in checked
