"""Whether and when somebody is asked about what has just happened."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from survey.eligibility import LeftOut
from survey.occasion import Occasion, Trigger
from survey.person import Enrolment
from survey.scale import CSAT, TEN
from survey.survey import Answers, Mode, Survey
from survey.usecases.ask_about import AskAbout, Asked
from tests.examples import SetClock
from tests.fakes import Store
from tests.fakes_moments import FakeOccasions

SUPPORT = Survey(
    name="support",
    subject="our support",
    scale=CSAT,
    mode=Mode.IDENTIFIED,
    after=Trigger.TICKETS,
    waits=timedelta(hours=2),
    rest_days=0,
    alert_at=2,
)


class Desk:
    """Asks about tickets, on a Monday at nine in London."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.occasions = FakeOccasions(Store())
        self.ask = AskAbout(
            occasions=self.occasions,
            clock=self.clock,
            platforms=["email"],
            zone=ZoneInfo("Europe/London"),
        )

    def ticket(self, number: int, *, who: str = "carla@example.org", **changes: Any) -> Occasion:
        told = Occasion(
            key=f"desk:{number}",
            who=Enrolment(email=who, name="Carla", timezone="Europe/London"),
            happened_at=self.clock.at,
        )
        return replace(told, **changes)


async def test_the_question_waits_and_is_due_in_the_window() -> None:
    desk = Desk()
    outcome = (await desk.ask(SUPPORT, [desk.ticket(1)]))["desk:1"]
    assert isinstance(outcome, Asked)
    assert outcome.due_at == desk.clock.at + timedelta(hours=2)
    assert not desk.occasions.planned["desk:1"].at_once


async def test_what_is_asked_at_once_says_so() -> None:
    desk = Desk()
    outcome = (await desk.ask(SUPPORT, [desk.ticket(1)], at_once=True))["desk:1"]
    assert isinstance(outcome, Asked)
    assert outcome.due_at == desk.clock.at
    assert desk.occasions.planned["desk:1"].at_once


async def test_an_e_mail_is_the_same_however_it_is_written() -> None:
    desk = Desk()
    outcome = await desk.ask(SUPPORT, [desk.ticket(1, who=" Carla@Example.ORG ")])
    assert isinstance(outcome["desk:1"], Asked)


async def test_of_two_things_at_once_a_rest_lets_one_be_asked_about() -> None:
    desk = Desk()
    rests = replace(SUPPORT, rest_days=180)
    outcome = await desk.ask(rests, [desk.ticket(1), desk.ticket(2)])
    assert isinstance(outcome["desk:1"], Asked)
    assert outcome["desk:2"] is LeftOut.ASKED_RECENTLY


async def test_what_happened_too_long_ago_is_not_asked_about() -> None:
    desk = Desk()
    old = desk.ticket(1, happened_at=desk.clock.at - timedelta(days=15))
    assert await desk.ask(SUPPORT, [old]) == {"desk:1": LeftOut.TOO_LATE}


def test_what_people_were_promised_stays_and_what_hangs_on_it() -> None:
    anew = replace(
        SUPPORT, subject="the desk", scale=TEN, alert_at=6, answers=Answers.ONCE, comment_limit=80
    )
    now = anew.in_keeping_with(SUPPORT)
    assert (now.subject, now.comment_limit) == ("the desk", 80)
    assert (now.scale, now.alert_at, now.answers) == (CSAT, 2, Answers.CHANGEABLE)
    gated = replace(SUPPORT, mode=Mode.CONFIDENTIAL, alert_at=None)
    assert gated.in_keeping_with(SUPPORT).mode is Mode.IDENTIFIED
    assert replace(SUPPORT, alert_at=3).in_keeping_with(SUPPORT).alert_at == 3
