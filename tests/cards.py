"""Cards that every platform shows, as the product makes them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from runtime.languages import language
from survey.campaign import Period
from survey.card import Card
from survey.contact import NO_LIMITS, Ledger
from survey.eligibility import LeftOut
from survey.invitation import Invitation, Response
from survey.person import Administrators
from survey.planning import Ask, Plan
from survey.report import (
    Distribution,
    GroupFigures,
    Participation,
    Report,
    change,
    figures,
)
from survey.scale import NPS, STARS
from survey.states import CampaignState
from survey.wording import asked, previews, reminding, reporting, ways_out
from tests.examples import MONDAY, NPS_SURVEY, address, campaign, invitation, person
from tests.happened import FEATURES, TICKETS, VISITS, brought

EN = language("en")
DEAR = Response(score=6, comment="Builds take\nan *hour*, @channel! See https://evil.example/x.png")
TOLD = Participation(invited=480, reached=480, answered=298)


def asks(**changes: Any) -> Invitation:
    return invitation(campaign=campaign(survey=changes.pop("survey", NPS_SURVEY)), **changes)


def report() -> Card:
    now = Distribution(scale=NPS, counts={10: 103, 7: 77, 0: 34})
    before = Distribution(scale=NPS, counts={10: 60, 7: 77, 0: 77})
    some = Distribution(scale=NPS, counts={10: 22, 7: 10, 0: 6})
    made = Report(
        survey="nps",
        subject="Acme",
        campaign="nps/2026Q4",
        period="2026Q4",
        scale=NPS,
        mode="confidential",
        k=5,
        state=CampaignState.CLOSED.value,
        participation=Participation(invited=480, reached=476, answered=214),
        distribution=now,
        figures=figures(now),
        change=change(now, before, since="2026Q3"),
        groups=(
            GroupFigures(attribute="team", value="#Platform_Core_", figures=figures(some)),
            GroupFigures(attribute="team", value="@all", figures=figures(some)),
        ),
        groups_withheld=False,
        history=(),
        pending=0,
    )
    return reporting.report_card(made, b"png", EN, shareable=True)


def preview() -> Card:
    one = Ask(person_id=1, address=address(person()), due_at=MONDAY, cohort=0, first_contact=False)
    plan = Plan(
        survey=NPS_SURVEY,
        period=Period(2026, 4),
        starts_at=MONDAY,
        closes_at=MONDAY + timedelta(days=14),
        asks=(one,) * 480,
        cohorts=({},),
        zones=6,
        left_out={LeftOut.OPTED_OUT: (person(),) * 3, LeftOut.NOT_REACHABLE: (person(),)},
    )
    return previews.preview(plan, EN, value="nps", zone=ZoneInfo("Europe/Berlin"))


def why_me() -> Card:
    return ways_out.why_me(
        asks(),
        Administrators(emails=("ada@example.org", "ben_b@example.org")),
        EN,
        ledger=Ledger(last_asked=MONDAY, last_asked_by_any=MONDAY, asks_this_year=1),
        policy=NO_LIMITS,
        now=MONDAY,
    )


POSTED: Mapping[str, Callable[[], Card]] = {
    "question": lambda: asked.asked(asks(), EN, now=MONDAY),
    "question-first-contact": lambda: asked.asked(asks(first_contact=True), EN, now=MONDAY),
    "question-stars": lambda: asked.asked(
        asks(survey=replace(NPS_SURVEY, scale=STARS)), EN, now=MONDAY
    ),
    "question-own": lambda: asked.asked(
        asks(survey=replace(NPS_SURVEY, question="Is `voxpop` *really* [good](http://x.y)?")),
        EN,
        now=MONDAY,
    ),
    "question-about-a-request": lambda: asked.asked(brought(TICKETS), EN, now=MONDAY),
    "question-about-a-feature": lambda: asked.asked(brought(FEATURES), EN, now=MONDAY),
    "question-about-a-visit": lambda: asked.asked(
        brought(VISITS, told={"invitation": "Dear *Ada*, @channel\n\nhow [was](http://x.y) it?"}),
        EN,
        now=MONDAY,
    ),
    "compact": lambda: replace(asked.asked(asks(), EN, now=MONDAY), compact=True),
    "thanks": lambda: asked.answered(asks(response=Response(score=9)), EN),
    "thanks-with-reason": lambda: asked.answered(asks(response=DEAR), EN),
    "changing": lambda: asked.changing(asks(response=Response(score=6)), EN, now=MONDAY),
    "undone": lambda: asked.undone(asks(), EN, now=MONDAY),
    "reminder": lambda: reminding.reminder(asks(), 1, TOLD, EN, most=1, now=MONDAY),
    "closed": lambda: ways_out.closed(asks(response=Response(score=9)), TOLD, EN),
    "not-now": lambda: ways_out.not_now(EN),
    "stop": lambda: ways_out.stopping(asks(), EN),
    "stopped": lambda: ways_out.stopped(None, EN),
    "later": lambda: ways_out.later(asks(), MONDAY + timedelta(days=1), EN, now=MONDAY),
    "report-shared": lambda: replace(report(), buttons=()),
}
"""What stands in a direct conversation or a channel, by its name."""
ANSWERED: Mapping[str, Callable[[], Card]] = {
    "why-me": why_me,
    "report": report,
    "preview": preview,
}
"""What one person alone is answered, by its name."""
