"""One of each thing that Voxpop says in Slack, for looking at: real words, invented people."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from bot.charts import report_png
from bot.sandbox.slack_home import home_example
from survey.campaign import Campaign, Period
from survey.card import Card, Dialog
from survey.contact import NO_LIMITS, Ledger
from survey.home import Home
from survey.invitation import Invitation, Response
from survey.language import Language
from survey.person import Administrators, Person
from survey.report import (
    Distribution,
    GroupFigures,
    Participation,
    Report,
    RoundPoint,
    change,
    figures,
)
from survey.scale import NPS
from survey.states import CampaignState, InvitationState
from survey.survey import Survey
from survey.wording import asked, beside, reminding, reporting, ways_out

_SURVEY = Survey(name="nps", subject="Acme", owner="the People team")
_ADA = Person(id=1, email="ada@example.org", name="Ada Okafor", timezone="UTC")
_REASON = "The build takes an hour, and *nobody* owns it. See <https://ci.example.org> & sigh."
_ROUNDS = (
    ("2026Q1", (9, 3, 5, 6, 7, 14, 20, 30, 36, 34, 29)),
    ("2026Q2", (7, 2, 4, 6, 6, 12, 19, 32, 41, 40, 36)),
    ("2026Q3", (6, 2, 4, 5, 6, 11, 17, 31, 43, 42, 40)),
    ("2026Q4", (4, 1, 3, 4, 5, 8, 9, 33, 44, 54, 49)),
)
"""How often each mark was given; in the end 214 answers."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """Something to look at.

    Attributes:
        title: What it is.
        shown: The card, form or page.
        private: Whether only the person who asked for it sees it.
    """

    title: str
    shown: Card | Dialog | Home
    private: bool = False


def examples(language: Language, *, now: datetime) -> Iterator[Example]:
    """All of them, as of now, in the order in which they come in a person's life."""
    question = _invitation(now)
    good, poor = Response(score=9), Response(score=6, comment=_REASON)
    told = Participation(invited=480, reached=476, answered=298)
    ask = asked.asked(question, language, now=now)
    yield Example(
        title="First question",
        shown=asked.asked(replace(question, first_contact=True), language, now=now),
    )
    yield Example(title="Question", shown=ask)
    yield Example(title="Question with a menu", shown=replace(ask, compact=True))
    yield Example(title="Thanks", shown=asked.answered(replace(question, response=good), language))
    yield Example(
        title="Reason",
        shown=asked.reason_dialog(replace(question, response=Response(score=6)), language),
    )
    yield Example(
        title="Thanks for a reason",
        shown=asked.answered(replace(question, response=poor), language),
    )
    yield Example(
        title="Changing the answer",
        shown=asked.changing(replace(question, response=good), language, now=now),
    )
    yield Example(
        title="Later",
        shown=ways_out.later(question, now + timedelta(days=1), language, now=now),
    )
    yield Example(title="Why me?", shown=_why_me(question, language, now=now), private=True)
    yield Example(title="Stop asking", shown=ways_out.stopping(question, language))
    yield Example(title="Stopped", shown=ways_out.stopped(None, language))
    yield Example(
        title="Reminder",
        shown=reminding.reminder(question, 1, told, language, most=1, now=now),
    )
    yield Example(
        title="Closed",
        shown=ways_out.closed(replace(question, response=good), told, language),
    )
    report = _report()
    card = reporting.report_card(report, report_png(report, language), language, shareable=True)
    elsewhere = (*card.lines, beside.chart_in_direct_messages(language))
    bare = replace(card, lines=elsewhere, picture=None)
    yield Example(title="Report", shown=card)
    yield Example(title="Report in a channel", shown=bare, private=True)
    yield Example(title="Home tab", shown=home_example(question, report, language, now=now))


def _invitation(now: datetime) -> Invitation:
    campaign = Campaign(
        id=1,
        survey=_SURVEY,
        period=Period(2026, 4),
        state=CampaignState.RUNNING,
        started_at=now - timedelta(days=3),
        closes_at=now + timedelta(days=11),
        invited=480,
        reached=476,
    )
    return Invitation(id=UUID(int=1), campaign=campaign, person=_ADA, state=InvitationState.SENT)


def _why_me(invitation: Invitation, language: Language, *, now: datetime) -> Card:
    last = now - timedelta(days=92)
    return ways_out.why_me(
        invitation,
        Administrators(emails=("grace@example.org", "mei@example.org")),
        language,
        ledger=Ledger(last_asked=last, last_asked_by_any=last, asks_this_year=3),
        policy=NO_LIMITS,
        now=now,
    )


def _report() -> Report:
    rounds = {period: _distribution(counts) for period, counts in _ROUNDS}
    *_, before, now = rounds.values()
    answered = Participation(invited=480, reached=476, answered=now.n)
    groups = {"Platform": (1, 1, 1, 2, 7, 12, 14), "Sales": (3, 3, 4, 7, 16, 10, 9)}
    return Report(
        survey="nps",
        subject="Acme",
        campaign="nps/2026Q4",
        period="2026Q4",
        scale=NPS,
        mode="confidential",
        k=5,
        state=CampaignState.CLOSED.value,
        participation=answered,
        distribution=now,
        figures=figures(now),
        change=change(now, before, since="2026Q3"),
        groups=tuple(
            GroupFigures(
                attribute="team",
                value=name,
                figures=figures(_distribution((0, 0, 0, 0, *counts))),
            )
            for name, counts in groups.items()
        ),
        groups_withheld=False,
        history=tuple(
            RoundPoint(
                campaign=f"nps/{period}",
                period=period,
                figures=figures(distribution),
                participation=replace(answered, answered=distribution.n),
                change=None,
            )
            for period, distribution in rounds.items()
        ),
        pending=0,
    )


def _distribution(counts: tuple[int, ...]) -> Distribution:
    return Distribution(scale=NPS, counts=dict(zip(NPS.values, counts, strict=True)))
