"""What people read in conversation: `tests/goldens/asked`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from runtime.languages import language
from survey.card import Act
from survey.contact import NO_LIMITS, ContactPolicy, Ledger
from survey.errors import (
    AlreadyAnswered,
    CampaignExists,
    CommentTooLong,
    InvalidScore,
    InvitationClosed,
    NotYours,
    OutOfDate,
    StorageUnavailable,
)
from survey.invitation import Invitation, Response
from survey.person import Administrators
from survey.report import Participation
from survey.rights import Lifted
from survey.scale import CSAT, STARS, TEN
from survey.survey import Answers, Mode, Survey
from survey.wording import asked, happened, refusals, reminding, ways_out
from tests.examples import MONDAY, NPS_SURVEY, campaign, invitation, person
from tests.goldens import compare, compare_names, filled_in, shown
from tests.happened import FEATURES, TICKETS, VISITS, brought

EN = language("en")
IDENTIFIED = replace(NPS_SURVEY, mode=Mode.IDENTIFIED)
TICKET = Survey(name="ticket", subject="our help", scale=CSAT, mode=Mode.IDENTIFIED, rest_days=0)
ADMINISTRATORS = Administrators(emails=("ada@example.org", "ben@example.org"))
TUESDAY_NINE = datetime(2026, 11, 17, 8, tzinfo=UTC)
IN_TEAM = person(attributes={"team": "Platform", "site": "Lagos"})


def asks(survey: Survey = NPS_SURVEY, **changes: Any) -> Invitation:
    return invitation(campaign=campaign(survey=survey), **changes)


def asking(survey: Survey = NPS_SURVEY, **changes: Any) -> str:
    return shown(asked.asked(asks(survey, **changes), EN, now=MONDAY))


def answered(
    score: int,
    survey: Survey = NPS_SURVEY,
    *,
    previous: int | None = None,
    comment: str | None = None,
) -> str:
    said = Response(score=score, previous=previous, comment=comment)
    return shown(asked.answered(asks(survey, response=said), EN))


def closed(score: int | None, reached: int = 480, answered: int = 298) -> str:
    told = Participation(invited=max(reached, 1), reached=reached, answered=answered)
    return shown(ways_out.closed(asks(response=Response(score=score)), told, EN))


def why(
    survey: Survey,
    last: datetime | None,
    admins: Administrators = ADMINISTRATORS,
    policy: ContactPolicy = NO_LIMITS,
    asks_this_year: int = 0,
) -> str:
    asked_one = asks(survey, person=IN_TEAM)
    ledger = Ledger(last_asked=last, last_asked_by_any=last, asks_this_year=asks_this_year)
    return shown(ways_out.why_me(asked_one, admins, EN, ledger=ledger, policy=policy, now=MONDAY))


def why_brought(survey: Survey) -> str:
    return shown(
        ways_out.why_me(
            brought(survey),
            Administrators(),
            EN,
            ledger=Ledger(last_asked=None, last_asked_by_any=None, asks_this_year=0),
            policy=NO_LIMITS,
            now=MONDAY,
        )
    )


def reminded(ordinal: int, *days: int, reached: int = 480) -> str:
    survey = replace(NPS_SURVEY, reminders=days)
    told = Participation(invited=480, reached=reached, answered=96)
    return shown(
        reminding.reminder(asks(survey, first_contact=True), ordinal, told, EN, most=3, now=MONDAY)
    )


def dialog(score: int | None, comment: str | None = None) -> str:
    return filled_in(asked.reason_dialog(asks(response=Response(score=score, comment=comment)), EN))


def pending(*some: Invitation) -> str:
    return shown(ways_out.pending(list(some), EN, now=MONDAY))


CONVERSATION: dict[str, Callable[[], str]] = {
    "asked-nps": asking,
    "asked-nps-first-contact": lambda: asking(first_contact=True),
    "asked-nps-identified": lambda: asking(IDENTIFIED),
    "asked-nps-identified-without-owner": lambda: asking(replace(IDENTIFIED, owner="")),
    "asked-with-budget": lambda: asking(replace(NPS_SURVEY, asks_per_year=4), ask_number=2),
    "asked-over-budget": lambda: asking(replace(NPS_SURVEY, asks_per_year=4), ask_number=5),
    "reminder-1": lambda: reminded(1, 7),
    "reminder-2": lambda: reminded(2, 7, 10, 13),
    "reminder-3-last": lambda: reminded(3, 7, 10, 13),
    "why-me-budget": lambda: why(
        NPS_SURVEY, MONDAY, policy=ContactPolicy(asks_per_year=4, rest_days=14), asks_this_year=1
    ),
    "why-me-budget-blocks": lambda: why(
        NPS_SURVEY,
        MONDAY,
        policy=ContactPolicy(asks_per_year=4, budget_blocks=True, max_reminders=0),
        asks_this_year=1,
    ),
    "asked-csat-first-contact": lambda: asking(TICKET, first_contact=True),
    "asked-stars": lambda: asking(replace(TICKET, scale=STARS)),
    "asked-ten": lambda: asking(replace(TICKET, scale=TEN)),
    "asked-own-question": lambda: asking(replace(NPS_SURVEY, question="Would you come again?")),
    "answered-detractor": lambda: answered(6),
    "answered-passive": lambda: answered(8),
    "answered-promoter": lambda: answered(10),
    "answered-csat-low": lambda: answered(1, TICKET),
    "answered-csat-middle": lambda: answered(3, TICKET),
    "answered-stars-high": lambda: answered(5, replace(TICKET, scale=STARS)),
    "answered-once": lambda: answered(9, replace(NPS_SURVEY, answers=Answers.ONCE)),
    "answered-changed": lambda: answered(8, previous=6),
    "answered-pressed-twice": lambda: answered(8, previous=8),
    "answered-with-comment": lambda: answered(6, comment="Builds take\nan hour."),
    "answered-with-comment-identified": lambda: answered(6, IDENTIFIED, comment="Too slow."),
    "answered-changed-with-comment": lambda: answered(8, previous=6, comment="Too slow."),
    "changing": lambda: shown(asked.changing(asks(response=Response(score=6)), EN, now=MONDAY)),
    "undone": lambda: shown(asked.undone(asks(), EN, now=MONDAY)),
    "later": lambda: shown(ways_out.later(asks(), TUESDAY_NINE, EN, now=MONDAY)),
    "later-in-a-week": lambda: shown(
        ways_out.later(asks(), TUESDAY_NINE + timedelta(days=6), EN, now=MONDAY)
    ),
    "later-too-late": lambda: shown(ways_out.too_late_for_later(asks(), EN, now=MONDAY)),
    "stopping": lambda: shown(ways_out.stopping(asks(), EN)),
    "stopped-all": lambda: shown(ways_out.stopped(None, EN)),
    "stopped-this": lambda: shown(ways_out.stopped(NPS_SURVEY, EN)),
    "welcome-back": lambda: shown(ways_out.welcome_back(Lifted(anything=True), None, EN)),
    "welcome-back-never-gone": lambda: shown(
        ways_out.welcome_back(Lifted(anything=False), None, EN)
    ),
    "closed-answered": lambda: closed(9),
    "closed-unanswered": lambda: closed(None),
    "closed-only-one": lambda: closed(9, reached=1, answered=1),
    "closed-nobody-reached": lambda: closed(None, reached=0, answered=0),
    "why-me-everybody": lambda: why(NPS_SURVEY, None),
    "why-me-audience": lambda: why(
        replace(NPS_SURVEY, audience={"team": ("Platform",), "site": ("Lagos",)}),
        datetime(2026, 8, 17, 9, tzinfo=UTC),
    ),
    "why-me-identified": lambda: why(TICKET, None, Administrators()),
    **{
        f"{name}-{survey.name}": lambda say=say, survey=survey: say(survey)  # type: ignore[misc]
        for survey in (TICKETS, FEATURES, VISITS)
        for name, say in {
            "asked": lambda survey: shown(asked.asked(brought(survey), EN, now=MONDAY)),
            "asked-knowing-nothing": lambda survey: shown(
                asked.asked(
                    brought(survey, told={}, person=person(name=""), first_contact=True),
                    EN,
                    now=MONDAY,
                )
            ),
            "why-me": why_brought,
            "closed": lambda survey: shown(ways_out.closed_by_itself(brought(survey), EN)),
            "pending": lambda survey: pending(brought(survey)),
        }.items()
    },
    "asked-visits-in-own-words": lambda: shown(
        asked.asked(
            brought(VISITS, told={"invitation": "Dear Ada,\n\nyour `bike` is back.\u202e\nYours"}),
            EN,
            now=MONDAY,
        )
    ),
    "asked-features-own-question": lambda: shown(
        asked.asked(brought(replace(FEATURES, question="Does {subject} help?")), EN, now=MONDAY)
    ),
    "reminder-tickets": lambda: shown(
        reminding.reminder(
            brought(replace(TICKETS, reminders=(3,))),
            1,
            Participation(invited=48, reached=40, answered=12),
            EN,
            most=3,
            now=MONDAY,
        )
    ),
    "reminder-2-tickets": lambda: shown(
        reminding.reminder(
            brought(replace(TICKETS, reminders=(3, 6))),
            2,
            Participation(invited=48, reached=40, answered=12),
            EN,
            most=3,
            now=MONDAY,
        )
    ),
    "later-too-late-visits": lambda: shown(
        ways_out.too_late_for_later(brought(VISITS), EN, now=MONDAY)
    ),
    "not-now": lambda: shown(ways_out.not_now(EN)),
    "dialog": lambda: dialog(8),
    "dialog-before-the-score": lambda: dialog(None),
    "dialog-to-edit": lambda: dialog(6, "Too slow."),
    "pending-nothing": pending,
    "pending-one": lambda: pending(asks()),
    "pending-two": lambda: pending(asks(response=Response(score=6)), asks(TICKET)),
    "sentences": lambda: "\n".join(
        (
            asked.comment_before_score(EN),
            asked.reason_kept(replace(IDENTIFIED, owner=""), EN),
            ways_out.which_thread(EN),
            refusals.closed_on(campaign(closed_at=MONDAY), person().zone, EN),
            refusals.reports_are_for(ADMINISTRATORS, EN),
            refusals.reports_are_for(Administrators(), EN),
            refusals.only_administrators(ADMINISTRATORS, EN),
            refusals.only_administrators(Administrators(), EN),
            refusals.unknown_command("reprot", "report", EN),
            refusals.unknown_command("xyzzy", None, EN),
            refusals.unknown_person(EN),
        )
    ),
    "refusals": lambda: "\n".join(
        refusals.refusal(error, EN)
        for error in (
            StorageUnavailable(),
            NotYours(),
            AlreadyAnswered(),
            CommentTooLong(length=2_431, limit=2_000),
            InvalidScore(),
            InvitationClosed(),
            OutOfDate(),
            CampaignExists(),
        )
    ),
}


@pytest.mark.parametrize("name", CONVERSATION)
def test_people_read(name: str) -> None:
    compare("asked", name, CONVERSATION[name]())


def test_every_golden_is_still_said() -> None:
    compare_names("asked", CONVERSATION)


# Numbers and promises only where they are true; sentences that begin as sentences do


def test_only_a_quarterly_survey_promises_one_question_a_quarter() -> None:
    assert "one question a quarter" in asking(first_contact=True)
    assert "one question a quarter" not in asking(TICKET, first_contact=True)


def test_a_survey_without_rest_promises_none() -> None:
    assert "0 days" not in why(TICKET, None)


def test_nobody_reached_is_told_without_a_rate() -> None:
    assert "0 people" not in closed(None, reached=0, answered=0)


@pytest.mark.parametrize("owner", ["the People team", "Anna", ""])
def test_who_sees_what_begins_with_a_capital(owner: str) -> None:
    said = asked.who_sees(replace(IDENTIFIED, owner=owner), EN)
    assert said[0].isupper()
    assert owner.casefold() in said.casefold()


def test_titles_of_dialogs_fit_every_platform() -> None:
    assert len(asked.reason_dialog(asks(), EN).title) <= 24


def test_a_score_button_says_its_number_and_reads_out_of_how_many() -> None:
    buttons = asked.score_buttons(NPS_SURVEY.scale, EN)
    assert [button.label for button in buttons] == [str(score) for score in range(11)]
    assert buttons[6].description == "6 of 10"
    assert [button.tone for button in buttons] == ["low"] * 7 + ["middle"] * 2 + ["high"] * 2


@pytest.mark.parametrize("score", [None, 6])
def test_buttons_of_a_card_have_different_ids(score: int | None) -> None:
    about = asks(response=Response(score=score))
    cards = [
        asked.asked(about, EN, now=MONDAY),
        asked.changing(about, EN, now=MONDAY),
        asked.undone(about, EN, now=MONDAY),
        ways_out.later(about, TUESDAY_NINE, EN, now=MONDAY),
        ways_out.stopping(about, EN),
    ]
    for card in cards:
        ids = [button.id for button in card.buttons]
        assert len(set(ids)) == len(ids)
        assert all(name.isalnum() for name in ids)


@pytest.mark.parametrize("bad", ["\x07", "\u202e", "\n", "\u2028", "`"])
def test_foreign_words_stay_on_their_line_and_mark_nothing(bad: str) -> None:
    told = {"ticket": f"Help{bad}/nps optin{bad}", "resolved_by": "x" * 1_000}
    lines = happened.lines(brought(TICKETS, told=told), EN)
    assert [line.count(bad) for line in lines] == [0, 0]
    assert len(lines[1]) == len("Answered by ") + happened.SHOWN


def test_what_a_survey_takes_is_what_its_form_takes() -> None:
    assert asked.reason_dialog(brought(VISITS), EN).fields[0].max_length == 500


def test_only_questions_about_a_feature_can_be_declined() -> None:
    for survey in (TICKETS, VISITS, NPS_SURVEY, FEATURES):
        acts = {one.act for one in asked.asked(asks(survey), EN, now=MONDAY).buttons}
        assert (Act.DECLINE in acts) is (survey is FEATURES)
