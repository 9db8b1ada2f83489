"""The tables of `voxpop.toml`, as they are checked before anything starts."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    Field,
    model_validator,
)

from runtime.settings.calendars import Calendars
from runtime.settings.features import Products
from runtime.settings.insights import ModelTable
from runtime.settings.values import (
    CHANNELS,
    STRICT,
    Admins,
    Channel,
    Clock,
    CronLine,
    Line,
    Region,
    Values,
    Zone,
)
from runtime.settings.visits import Branches, VisitsTable
from survey.contact import ContactPolicy
from survey.localtime import OFFICE_HOURS, Window
from survey.occasion import Trigger
from survey.release import K_DEFAULT, K_FLOOR
from survey.scale import SCALES
from survey.survey import COMMENT_LIMIT, Answers, Mode, Survey

_DAYTIME = ["08:00", "20:00"]
_MOMENT: Mapping[str, Any] = {
    "mode": Mode.IDENTIFIED.value,
    "window": _DAYTIME,
    "rest_days": 0,
    "reminders": [],
}
USUAL: Mapping[str, Mapping[str, Any]] = {
    Trigger.TICKETS: {
        **_MOMENT,
        "scale": "csat",
        "answers": Answers.ONCE.value,
        "link_days": 14,
        "one_press": True,
        "wait_minutes": 120,
        "alert_at": 2,
    },
    Trigger.FEATURES: {**_MOMENT, "scale": "ten", "rest_days": 180},
    Trigger.VISITS: {
        **_MOMENT,
        "scale": "stars",
        "answers": Answers.ONCE.value,
        "open_days": 2,
        "link_days": 2,
        "comment_limit": 500,
        "alert_at": 2,
    },
}
"""What holds of a survey that waits for something, where nothing else is said."""


class Strict(BaseModel):
    """Nothing is guessed, and nothing unknown let through."""

    model_config = STRICT


class SurveyTable(Strict):
    """`[surveys.NAME]`."""

    subject: Annotated[Line, Field(min_length=1, max_length=200)]
    scale: Literal["nps", "csat", "stars", "ten"] = "nps"
    mode: Mode = Mode.CONFIDENTIAL
    k: Annotated[int, Field(strict=True, ge=K_FLOOR, le=10_000)] = K_DEFAULT
    answers: Answers = Answers.CHANGEABLE
    owner: Annotated[Line, Field(max_length=200)] = ""
    question: Annotated[Line, Field(max_length=COMMENT_LIMIT)] = ""
    window: Annotated[list[Clock], Field(min_length=2, max_length=2)] = [
        OFFICE_HOURS.opens,
        OFFICE_HOURS.closes,
    ]
    open_days: Annotated[int, Field(strict=True, ge=1, le=366)] = 14
    rest_days: Annotated[int, Field(strict=True, ge=0, le=3_660)] = 60
    audience: dict[str, Values] = {}
    schedule: CronLine = ""
    reminders: Annotated[list[Annotated[int, Field(strict=True, ge=1)]], Field(max_length=10)] = [7]
    show_budget: bool = False
    channels: Annotated[list[Channel], Field(max_length=len(CHANNELS))] = []
    link_days: Annotated[int, Field(strict=True, ge=1, le=366)] = 30
    one_press: bool = False
    after: Trigger | None = None
    wait_minutes: Annotated[int, Field(strict=True, ge=0, le=43_200)] = 0
    comment_limit: Annotated[int, Field(strict=True, ge=1, le=COMMENT_LIMIT)] = COMMENT_LIMIT
    alert_at: Annotated[int, Field(strict=True, ge=0, le=10)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _usual(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("after") not in USUAL:
            return given
        usual = dict(USUAL[given["after"]])
        if given.get("mode", usual["mode"]) != Mode.IDENTIFIED.value:
            usual = {name: usual[name] for name in usual if name not in {"one_press", "alert_at"}}
        elif "scale" in given and given["scale"] != usual["scale"]:
            usual.pop("alert_at", None)
        return {**usual, **given}

    def named(self, name: str, contact: ContactPolicy) -> Survey:
        """The survey of the domain.

        Raises:
            InvalidValue: If the domain refuses it.
        """
        return Survey(
            name=name,
            subject=self.subject,
            scale=SCALES[self.scale],
            mode=self.mode,
            k=self.k,
            answers=self.answers,
            owner=self.owner,
            question=self.question,
            window=Window(opens=self.window[0], closes=self.window[1]),
            open_days=self.open_days,
            rest_days=self.rest_days,
            audience={attribute: tuple(values) for attribute, values in self.audience.items()},
            schedule=self.schedule,
            reminders=tuple(self.reminders),
            asks_per_year=contact.asks_per_year if self.show_budget else None,
            channels=tuple(dict.fromkeys(self.channels)),
            link_days=self.link_days,
            one_press=self.one_press,
            after=self.after,
            waits=timedelta(minutes=self.wait_minutes),
            comment_limit=self.comment_limit,
            alert_at=self.alert_at,
        )


class ContactTable(Strict):
    """`[contact]`: limits over all surveys."""

    rest_days: Annotated[int, Field(strict=True, ge=0, le=3_660)] = 0
    asks_per_year: Annotated[int, Field(strict=True, ge=1, le=366)] | None = None
    budget: Literal["warns", "blocks"] = "warns"
    max_reminders: Annotated[int, Field(strict=True, ge=0, le=10)] = 3
    holidays: Region = ""
    weekends: Literal["open", "quiet"] = "open"

    @property
    def policy(self) -> ContactPolicy:
        """The policy of the domain."""
        return ContactPolicy(
            rest_days=self.rest_days,
            asks_per_year=self.asks_per_year,
            budget_blocks=self.budget == "blocks",
            max_reminders=self.max_reminders,
            quiet=Calendars(region=self.holidays, weekends=self.weekends == "quiet"),
        )


class SettingsFile(Strict):
    """`voxpop.toml`."""

    timezone: Zone = "UTC"
    admins: Admins = []
    contact: ContactTable = ContactTable()
    surveys: dict[str, SurveyTable] = {}
    products: Products = {}
    branches: Branches = {}
    visits: VisitsTable = VisitsTable()
    llm: ModelTable = ModelTable()
