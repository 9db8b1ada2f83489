"""The Home tab for looking at: real words, invented people."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from survey.accounts import Accounts
from survey.card import Card
from survey.home import Home, Part
from survey.invitation import Invitation
from survey.language import Language
from survey.report import Report
from survey.rights import Asked, Standing
from survey.states import CampaignState
from survey.wording import asked, home, rounds

_SPOKEN: Mapping[str, str] = {"de": "Deutsch", "en": "English", "fr": "Français"}


def home_example(
    question: Invitation, report: Report, language: Language, *, now: datetime
) -> Home:
    """What an administrator sees of a running round, with a question of their own.

    Args:
        question: Theirs.
        report: Of the round.
        language: Theirs.
        now: Now.
    """
    running = replace(report, state=CampaignState.RUNNING.value, groups=())
    accounts = Accounts(sent=476, failed={"not in the chat": 4}, reminders=112)
    answered = running.participation.answered
    zone = question.person.zone
    status = rounds.status(question.campaign, accounts, answered, language, zone=zone)
    about_round = home.round_card(running, status, None, language)
    chart = () if running.distribution is None else home.bars(running.distribution, language)
    return Home(
        parts=(
            Part(
                heading=home.your_questions(language),
                cards=(asked.asked(question, language, now=now),),
            ),
            Part(
                heading=home.for_administrators(language),
                cards=(about_round,),
                chart=chart,
            ),
            Part(
                heading=home.your_settings(language),
                cards=(home.settings_card(_standing(now), question.person, _SPOKEN, language),),
            ),
            Part(heading=home.your_answers(language), cards=(_answers(question, language, now),)),
        )
    )


def _standing(now: datetime) -> Standing:
    return Standing(snoozed_until=date(now.year, now.month, now.day) + timedelta(days=14))


def _answers(question: Invitation, language: Language, now: datetime) -> Card:
    given = (("nps/2026Q3", 90, 9, None), ("nps/2026Q2", 181, 6, "The build takes an hour."))
    return home.answers_card(
        [
            Asked(
                campaign=name,
                mode="confidential",
                state="answered",
                asked_at=now - timedelta(days=days),
                score=score,
                comment=reason,
            )
            for name, days, score, reason in given
        ],
        question.person,
        language,
    )
