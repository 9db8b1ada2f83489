"""What is typed after `/nps`: whole dialogues in `tests/goldens/dialogues`."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from survey.campaign import Period
from survey.card import Card, Reply
from survey.contact import Ledger
from survey.eligibility import Candidate
from survey.invitation import Invitation, Response
from survey.person import Person
from survey.scale import CSAT
from survey.states import CampaignState, InvitationState
from survey.survey import Mode
from tests.chat import ADA, BEN, Chat, a_chat
from tests.examples import MONDAY, NPS_SURVEY, address, campaign, invitation, person
from tests.goldens import compare
from tests.happened import TICKETS, brought, rolling

NAMED = replace(NPS_SURVEY, mode=Mode.IDENTIFIED)
TICKET = replace(NPS_SURVEY, name="ticket", subject="our help", scale=CSAT)
ONLY_ADA = "survey administrators: ada@example.org."
OF_ADMINISTRATORS = ["report", "status", "preview", "start", "close"]
ZONES = ["Europe/Berlin", "Europe/Lisbon", "Asia/Tokyo"]


def answers(*scores: int, **changes: Any) -> list[Invitation]:
    """As many people, and what they answered."""
    return [
        invitation(
            number,
            person=person(number=number + 10, name=f"P{number}", attributes={"team": "Sales"}),
            state=InvitationState.ANSWERED,
            response=Response(score=score),
            campaign=campaign(**({"invited": 12, "reached": 11} | changes)),
        )
        for number, score in enumerate(scores, 1)
    ]


async def a_round(*scores: int, **changes: Any) -> Chat:
    """Ada's conversation, while others answer."""
    chat = await a_chat(*answers(*scores, **changes))
    chat.me = ADA
    return chat


async def before_a_round(*zones: str, out: int = 0) -> Chat:
    chat = await a_chat()
    everyone = [person(number=n, name=f"P{n}", timezone=place) for n, place in enumerate(zones, 10)]
    chat.store.candidates = [
        Candidate(
            person=one,
            address=address(one),
            ledger=Ledger(last_asked_by_any=MONDAY - timedelta(days=400)),
        )
        for one in everyone
    ]
    chat.store.meets(*everyone)
    chat.store.stops = {(10 + n, "") for n in range(out)}
    return chat


def private(reply: Reply) -> Card:
    assert reply.private is not None
    return reply.private


# Who may


@pytest.mark.parametrize("command", OF_ADMINISTRATORS)
async def test_somebody_elses_command_is_refused_and_names_who_may(command: str) -> None:
    chat = await a_round(9, 9, 9, 3, 7, 8)
    reply = await chat.types(f"/nps {command}", by=BEN)
    assert private(reply).headline.endswith(ONLY_ADA)
    assert private(reply).headline.startswith("Reports are" if command == "report" else "That is")
    assert (reply.update, reply.share, private(reply).lines) == (None, None, ())
    assert chat.store.writes == []
    assert chat.knocks == []


async def test_a_button_of_an_administrator_works_for_nobody_else() -> None:
    chat = await before_a_round(*ZONES)
    await chat.types("/nps start")
    start = await chat.press("Start", by=BEN)
    assert private(start).headline.endswith(ONLY_ADA)
    reporting = await a_round(9, 9, 9, 3, 7, 8)
    await reporting.types("/nps report")
    share = await reporting.press("Share here", by=BEN)
    assert private(share).headline.endswith(ONLY_ADA)
    assert share.share is None
    assert chat.store.campaigns == []


@pytest.mark.parametrize("command", ["report", "help", "optout", "nonsense"])
async def test_somebody_unknown_learns_nothing_but_whom_to_ask(command: str) -> None:
    chat = await a_round(9)
    reply = await chat.types(f"/nps {command}", by=person(number=99, name="Zoe"))
    assert private(reply) == Card(
        headline="I don't know you yet: ask your survey administrators to add you. If they have, "
        "try again in a minute."
    )
    assert chat.knocks == ["tie"]


@pytest.mark.parametrize(("by", "sees"), [(ADA, True), (BEN, False)])
async def test_help_shows_what_this_person_may_do(by: Person, *, sees: bool) -> None:
    chat = await a_round(9)
    told = private(await chat.types("/nps", by=by)).text
    assert "/nps optout" in told
    assert all((f"/nps {word}" in told) is sees for word in OF_ADMINISTRATORS)


# Reports


async def test_reports_from_nobody_to_enough() -> None:
    chat = await a_round(invited=12, reached=11)
    chat.store.campaigns.append(campaign(invited=12, reached=11))
    await chat.types("/nps report")
    for one in answers(9, 9, 3, 7):
        chat.store.asks(replace(one, campaign=chat.store.campaigns[0]))
    await chat.types("/nps report")
    for one in answers(9, 9, 3, 7, 10):
        chat.store.asks(replace(one, campaign=chat.store.campaigns[0]))
    await chat.types("/nps reprot")
    await chat.types("/nps report")
    await chat.press("Share here")
    await chat.types("/nps report by team")
    await chat.types("/nps report 2025Q1")
    await chat.types("/nps report 2025")
    compare("dialogues", "reports", chat.transcript)


async def test_a_report_comes_with_its_chart_and_stays_private() -> None:
    chat = await a_round(9, 9, 3, 7, 10)
    reply = await chat.types("/nps report")
    picture = private(reply).picture
    assert picture is not None
    assert picture.png == b"chart of nps/2026Q4 in en_GB"
    assert picture.text.startswith("NPS +40")
    assert reply.share is None


async def test_a_report_is_shared_on_request() -> None:
    chat = await a_round(9, 9, 3, 7, 10)
    reply = await chat.types("/nps report share")
    assert reply.share is not None
    assert reply.share.headline == "NPS +40"
    assert reply.share.buttons == ()
    assert private(reply).headline == "Posted here for everyone to see."


async def test_sharing_keeps_the_round_and_the_groups_that_were_asked_for() -> None:
    closed = {"state": CampaignState.CLOSED, "closed_at": MONDAY}
    chat = await a_round(9, 9, 3, 7, 10, **closed)
    asked_for = private(await chat.types("/nps report nps/2026Q4 by team"))
    reply = await chat.press("Share here")
    assert reply.share is not None
    assert reply.share.text == asked_for.text
    assert "By team: Sales +40 (5)" in reply.share.text


async def test_an_attribute_that_nobody_has_is_refused_with_those_there_are() -> None:
    chat = await a_round(9, 9, 3, 7, 10, survey=NAMED)
    reply = await chat.types("/nps report by shoe")
    assert private(reply).headline == (
        "People have no such attribute in this round; there is: team."
    )


# Starting and closing


async def test_start_looks_first_and_asks_then() -> None:
    chat = await before_a_round("Europe/Berlin", "Europe/Berlin", "Asia/Tokyo", "Asia/Tokyo", out=1)
    await chat.types("/nps preview")
    await chat.types("/nps start")
    await chat.press("Cancel")
    assert chat.store.campaigns == []
    assert chat.knocks == []
    await chat.types("/nps start")
    await chat.press("Start")
    await chat.types("/nps start")
    compare("dialogues", "start", chat.transcript)
    assert [known.name for known in chat.store.campaigns] == ["nps/2026Q4"]
    assert chat.knocks == ["send"]


async def test_a_preview_counts_time_zones_and_not_moments() -> None:
    chat = await before_a_round(*ZONES)
    told = private(await chat.types("/nps preview"))
    assert told.headline == "This goes to 3 people."
    assert told.lines[0].startswith("In 3 time zones")


async def test_start_to_some_starts_with_these_alone() -> None:
    chat = await before_a_round(*ZONES)
    await chat.types("/nps start to @p10@example.org, p12@example.org")
    reply = await chat.press("Start")
    assert reply.update is not None
    assert reply.update.headline == "nps/2026Q4 has started: 2 people are asked."


async def test_close_closes_and_wakes_who_settles_it() -> None:
    chat = await a_round(9, 9, 3, 7, 10)
    await chat.types("/nps status")
    await chat.types("/nps close")
    await chat.types("/nps close")
    await chat.types("/nps status")
    compare("dialogues", "close", chat.transcript)
    assert chat.store.campaigns[0].state is CampaignState.CLOSING
    assert chat.knocks == ["close"]


async def test_of_two_open_rounds_the_one_that_is_meant_must_be_named() -> None:
    chat = await a_round(9)
    chat.store.campaigns.append(campaign(id=2, survey=TICKET))
    unsure = private(await chat.types("/nps close")).headline
    assert unsure == (
        "Several rounds are open: nps/2026Q4 and ticket/2026Q4. "
        "Name the one you mean, as in `/nps status nps/2026Q4`."
    )
    assert chat.knocks == []


async def test_a_round_is_named_by_its_period() -> None:
    chat = await a_round(9)
    chat.store.campaigns.append(
        campaign(id=2, period=Period(2026, 3), started_at=MONDAY - timedelta(days=90))
    )
    told = private(await chat.types("/nps status nps/2026Q3"))
    assert told.note.startswith("nps/2026Q3")


# Everybody's


async def test_pending_optout_and_optin() -> None:
    chat = await a_chat(invitation())
    await chat.types("/nps pending")
    await chat.types("/nps optout")
    await chat.types("/nps optin")
    await chat.types("/nps optout nps")
    await chat.types("/nps hlep")
    await chat.types("/nps xyzzy")
    compare("dialogues", "everybodys-commands", chat.transcript)
    assert chat.store.stops == {(ADA.id, "nps")}


# Surveys without rounds


async def test_a_survey_without_rounds_is_paused_resumed_and_closed() -> None:
    chat = await a_chat(rolling(brought(TICKETS)), surveys=(TICKETS,))
    for typed in ("status", "pause", "status", "resume", "close", "status"):
        await chat.types(f"/nps {typed} support")
    compare("dialogues", "without-rounds", chat.transcript)


async def test_a_round_is_meant_before_what_asks_all_the_time() -> None:
    chat = await a_chat(
        rolling(brought(TICKETS, round={"id": 7})), invitation(2), surveys=(TICKETS, NPS_SURVEY)
    )
    told = private(await chat.types("/nps status"))
    assert told.note.startswith("nps/2026Q4, open until")
    told = private(await chat.types("/nps status support"))
    assert told.note == "support/2026Q4, asking since Saturday 17 October"


async def test_a_survey_that_has_asked_nobody_says_when_it_asks() -> None:
    chat = await a_chat(surveys=(TICKETS,))
    told = private(await chat.types("/nps status")).text
    assert told == ("support has nothing open. It asks by itself when a request has been resolved.")
    told = private(await chat.types("/nps report support")).text
    assert "it asks when there is something to ask about" in told
