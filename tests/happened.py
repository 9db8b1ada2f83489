"""Questions that something brought: a request, a feature that was used, a visit."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from survey.campaign import NO_END
from survey.invitation import Invitation
from survey.occasion import Told, Trigger
from survey.scale import CSAT, STARS, TEN
from survey.survey import Answers, Mode, Survey
from tests.examples import MONDAY, campaign, invitation

TICKETS = Survey(
    name="support",
    subject="our support",
    owner="the support team",
    scale=CSAT,
    mode=Mode.IDENTIFIED,
    answers=Answers.ONCE,
    rest_days=0,
    reminders=(),
    link_days=14,
    one_press=True,
    after=Trigger.TICKETS,
    waits=timedelta(hours=2),
    alert_at=2,
)
FEATURES = Survey(
    name="features",
    subject="Planner",
    scale=TEN,
    mode=Mode.IDENTIFIED,
    rest_days=180,
    reminders=(),
    after=Trigger.FEATURES,
)
VISITS = Survey(
    name="visits",
    subject="Acme",
    scale=STARS,
    mode=Mode.IDENTIFIED,
    answers=Answers.ONCE,
    rest_days=0,
    reminders=(),
    open_days=2,
    link_days=2,
    comment_limit=500,
    after=Trigger.VISITS,
    alert_at=2,
)
TOLD = {
    TICKETS.name: {"ticket": "Parcel never came (#4711)", "resolved_by": "Sophie"},
    FEATURES.name: {"subject": "Rate calendar"},
    VISITS.name: {"branch": "Harbour", "purpose": "Repair"},
}


def brought(survey: Survey, *, told: dict[str, str] | None = None, **changes: Any) -> Invitation:
    """An invitation that something brought three hours ago; it closes when its own time is over."""
    details = TOLD[survey.name] if told is None else told
    rolling = campaign(
        survey=survey,
        started_at=MONDAY - timedelta(days=30),
        closes_at=MONDAY + timedelta(days=survey.open_days),
        invited=48,
        reached=40,
        **changes.pop("round", {}),
    )
    about = Told(key="desk:4711", happened_at=MONDAY - timedelta(hours=3), details=details)
    return invitation(campaign=rolling, about=about, **changes)


def rolling(one: Invitation) -> Invitation:
    """The same with its campaign as it stands for itself, without an end."""
    return replace(one, campaign=replace(one.campaign, closes_at=NO_END))
