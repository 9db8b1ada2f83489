"""What administrators read: `tests/goldens/reporting`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from runtime.languages import language
from survey.accounts import Accounts
from survey.campaign import Period
from survey.eligibility import LeftOut
from survey.errors import NoReminder, WhyNoReminder
from survey.planning import Ask, Plan
from survey.report import Distribution, GroupFigures, Participation, Report, change, figures
from survey.scale import CSAT, NPS, Scale
from survey.states import CampaignState
from survey.wording import previews, reminding, reporting, rounds
from tests.examples import MONDAY, NPS_SURVEY, address, campaign, person
from tests.goldens import compare, compare_names, shown

EN = language("en")
Counts = tuple[int, int, int]


def spread(counts: Counts, scale: Scale) -> Distribution:
    marks = (scale.high, scale.passive_from, scale.low)
    return Distribution(scale=scale, counts=dict(zip(marks, counts, strict=True)))


def report(
    counts: Counts | None, *, before: Counts | None = None, answers: int = 0, **changes: Any
) -> Report:
    scale: Scale = changes.pop("scale", NPS)
    now = None if counts is None else spread(counts, scale)
    told = Participation(invited=480, reached=476, answered=answers or (now.n if now else 0))
    compared = now is not None and before is not None
    made = Report(
        survey="nps",
        subject="Acme",
        campaign="nps/2026Q4",
        period="2026Q4",
        scale=scale,
        mode="confidential",
        k=5,
        state=CampaignState.RUNNING.value,
        participation=told,
        distribution=now,
        figures=None if now is None else figures(now),
        change=change(now, spread(before, scale), since="2026Q3")
        if compared and now is not None and before is not None
        else None,
        groups=(),
        groups_withheld=False,
        history=(),
        pending=0,
    )
    return replace(made, **changes)


def group(value: str, counts: Counts | None) -> GroupFigures:
    known = None if counts is None else figures(spread(counts, NPS))
    return GroupFigures(attribute="team", value=value, figures=known)


def told(counts: Counts | None, **changes: Any) -> str:
    return shown(reporting.report_card(report(counts, **changes), None, EN, shareable=True))


def plan(people: int, *left: LeftOut, **changes: Any) -> str:
    one = Ask(person_id=1, address=address(person()), due_at=MONDAY, cohort=0, first_contact=False)
    made = Plan(
        survey=NPS_SURVEY,
        period=Period(2026, 4),
        starts_at=MONDAY,
        closes_at=MONDAY + timedelta(days=14),
        asks=(one,) * people,
        cohorts=({},),
        zones=6,
        left_out={why: (person(),) * n for n, why in enumerate(left, 1)},
    )
    return shown(previews.preview(replace(made, **changes), EN, value="nps", zone=BERLIN))


def who(*left: LeftOut) -> str:
    made = Plan(
        survey=NPS_SURVEY,
        period=Period(2026, 4),
        starts_at=MONDAY,
        closes_at=MONDAY + timedelta(days=14),
        asks=(),
        cohorts=(),
        people=(person(name="=cmd|' /C calc'!A1"),),
        left_out={why: (person(name=f"P{n}"),) * n for n, why in enumerate(left, 10)},
    )
    card = previews.who(made, EN)
    assert card.attachment is not None
    return f"{shown(card)}\n\n{card.attachment.content.decode('utf-8-sig').strip()}"


def status(accounts: Accounts, **changes: Any) -> str:
    return shown(rounds.status(campaign(**changes), accounts, 96, EN, zone=BERLIN))


BERLIN = ZoneInfo("Europe/Berlin")
CLOSED = CampaignState.CLOSED.value
GROUPS = (group("Platform", (22, 10, 6)), group("Sales", (20, 18, 14)))
ALL_SHOWN = {"state": CLOSED, "groups": GROUPS}
NAMED = {"mode": "identified", "state": CLOSED, "groups": (*GROUPS, group("Legal", None))}
GROWN, SHRUNK = (103, 77, 34), (60, 77, 77)

REPORTING: dict[str, Callable[[], str]] = {
    "nobody-yet": lambda: told(None),
    "nobody-and-closed": lambda: told(None, state=CLOSED),
    "too-few": lambda: told(None, answers=4),
    "one-answer": lambda: told(None, answers=1),
    "first-round": lambda: told(GROWN),
    "up-noise": lambda: told(GROWN, before=(98, 79, 37)),
    "up-real": lambda: told(GROWN, before=SHRUNK),
    "down-noise": lambda: told((98, 79, 37), before=GROWN),
    "down-real": lambda: told(SHRUNK, before=GROWN),
    "unchanged": lambda: told(GROWN, before=GROWN),
    "below-zero": lambda: told((2, 3, 4)),
    "excellent": lambda: told((18, 2, 0)),
    "csat": lambda: told(GROWN, scale=CSAT),
    "csat-up-real": lambda: told(GROWN, before=SHRUNK, scale=CSAT),
    "groups-withheld": lambda: told(GROWN, groups_withheld=True),
    "groups-shown": lambda: told(GROWN, **ALL_SHOWN),
    "groups-one-hidden": lambda: told(GROWN, state=CLOSED, groups=(*GROUPS, group("Legal", None))),
    "groups-two-hidden": lambda: told(
        GROWN, state=CLOSED, groups=(*GROUPS, group("Legal", None), group("IT", None))
    ),
    "groups-all-hidden": lambda: told(GROWN, state=CLOSED, groups=(group("Legal", None),)),
    "groups-identified-one-without-answers": lambda: told(GROWN, **NAMED),
    "pending-one": lambda: told(GROWN, pending=1),
    "pending-four": lambda: told(GROWN, pending=4),
    "closing": lambda: told(GROWN, state=CampaignState.CLOSING.value),
    "terminal": lambda: reporting.report_text(report(GROWN, before=SHRUNK), EN),
    "status": lambda: status(Accounts(sent=312, waiting=168)),
    "status-with-failures": lambda: status(
        Accounts(sent=312, failed={"not in the chat": 2, "blocked": 1}, skipped={"opted_out": 1})
    ),
    "status-with-reminders": lambda: status(Accounts(sent=480, reminders=211)),
    "status-in-trouble": lambda: status(
        Accounts(
            sent=400,
            waiting=80,
            put_off={"452 4.2.2 mailbox full": 2},
            held={"email": "mail.example.org does not answer", "slack": "token_revoked"},
            suspected=3,
        )
    ),
    "status-paused": lambda: status(Accounts(sent=480), state=CampaignState.PAUSED),
    "status-closing": lambda: status(Accounts(sent=480), state=CampaignState.CLOSING),
    "round-paused": lambda: shown(rounds.paused(campaign(), EN)),
    "round-resumed": lambda: shown(rounds.resumed(campaign(), EN)),
    "reminders-planned": lambda: shown(reminding.planned(41, EN)),
    "reminders-none": lambda: shown(reminding.planned(0, EN)),
    "reminder-refused": lambda: "\n".join(
        reminding.not_reminded(NoReminder(why), EN) for why in WhyNoReminder
    ),
    "round-closing": lambda: shown(rounds.closing(campaign(), EN)),
    "round-started": lambda: shown(rounds.started(campaign(), EN)),
    "round-started-for-one": lambda: shown(rounds.started(campaign(invited=1), EN)),
    "round-cancelled": lambda: shown(rounds.cancelled(EN)),
    "preview": lambda: plan(480),
    "preview-with-reasons": lambda: plan(480, *LeftOut),
    "preview-at-once": lambda: plan(1, LeftOut.OPTED_OUT, at_once=True),
    "preview-later": lambda: plan(480, later=3, over_budget=12),
    "preview-who": lambda: who(LeftOut.OPTED_OUT, LeftOut.NOT_REACHABLE, LeftOut.AWAY),
    "preview-nobody": lambda: plan(0, LeftOut.NOT_REACHABLE),
    "sentences": lambda: "\n".join(
        (
            rounds.nothing_running(EN),
            rounds.several_running(["nps/2026Q4", "ticket/2026Q4"], EN),
            rounds.which_survey(["nps", "ticket"], EN),
            rounds.which_survey([], EN),
            rounds.shared(EN),
        )
    ),
}


@pytest.mark.parametrize("name", REPORTING)
def test_administrators_read(name: str) -> None:
    compare("reporting", name, REPORTING[name]())


def test_every_golden_is_still_said() -> None:
    compare_names("reporting", REPORTING)


# Numbers and promises only where they are true


def test_a_closed_round_awaits_no_answers() -> None:
    assert "within the hour" not in told(None, state=CLOSED)
    assert "yet" not in told(None, state=CLOSED)


def test_a_round_that_is_closing_is_not_called_open() -> None:
    assert "still open" not in told(GROWN, state=CampaignState.CLOSING.value)


def test_a_group_without_answers_is_not_told_to_be_too_small_where_names_are_seen() -> None:
    assert "needs 5 people" not in told(GROWN, **NAMED)
    assert "needs 5 people" in told(GROWN, **(NAMED | {"mode": "confidential"}))


def test_a_share_that_is_not_nothing_is_not_called_nothing() -> None:
    assert "1 of 476 people answered (0\u00a0%)" not in told(None, answers=1)


def test_a_change_of_a_share_has_its_unit() -> None:
    assert "▲ 20 since" not in told(GROWN, before=SHRUNK, scale=CSAT)


def test_a_picture_is_told_in_words_to_those_who_do_not_see_it() -> None:
    card = reporting.report_card(report(GROWN, before=SHRUNK), b"png", EN, shareable=False)
    assert card.picture is not None
    assert card.picture.name == "nps-2026Q4.png"
    assert card.picture.text.startswith("NPS +32 ▲ 40 since 2026Q3: a real change")
    assert not card.buttons


def test_a_refusal_is_not_shared_and_shows_no_figure() -> None:
    card = reporting.report_card(report(None, answers=4), None, EN, shareable=True)
    assert not card.buttons
    assert "NPS" not in card.text
    assert "+" not in card.text
