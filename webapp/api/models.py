"""What the HTTP interface takes and tells; names and shapes are those of the NPS service before us.

Types are strict: `true` is no score, and `"6"` is none either.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from survey.comment import clean
from survey.scale import SCALES, Category
from survey.survey import COMMENT_LIMIT

LOWEST = min(scale.low for scale in SCALES.values())
HIGHEST = max(scale.high for scale in SCALES.values())
LONGEST_EMAIL = 254
LONGEST_NAME = 64
LONGEST_ID = 255
_VISIBLE = r"[^\s@\x00-\x1f\x7f-\x9f]"


def cleaned(value: Any) -> Any:
    """What no database can carry is gone before anything looks at it; other types stay."""
    return clean(value) if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return clean(value).lower() if isinstance(value, str) else value


def whole(value: Any) -> Any:
    """`6.0` is the whole number 6 to JSON Schema, whatever it is to Python."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _instant(value: Any) -> Any:
    """A date or a date with a time, in UTC unless it says another zone."""
    if not isinstance(value, str):
        return value
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("Write it like 2026-10-01 or 2026-10-01T00:00:00Z") from None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:  # a year that is none in UTC
        return found.replace(tzinfo=UTC)


# Bounds stand before what cleans: behind it they are kept as well, and not described.
Mark = Annotated[int, Field(ge=LOWEST, le=HIGHEST), BeforeValidator(whole)]
Words = Annotated[
    str, Field(json_schema_extra={"maxLength": COMMENT_LIMIT}), BeforeValidator(cleaned)
]
Email = Annotated[
    str,
    Field(
        max_length=LONGEST_EMAIL,
        pattern=rf"^{_VISIBLE}+@{_VISIBLE}+$",
        examples=["ada@example.org"],
    ),
    BeforeValidator(_lower),
]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, examples=["nps"])]
TheirId = Annotated[str, Field(max_length=LONGEST_ID)]
Instant = Annotated[datetime, BeforeValidator(_instant)]


class Body(BaseModel):
    """What comes in."""

    model_config = ConfigDict(strict=True, extra="forbid")


class SurveyResponse(Body):
    """An answer."""

    score: Mark = Field(description="A mark on the survey's scale; 0 to 10 for NPS.", examples=[9])
    comment: Words | None = Field(
        default=None,
        examples=["Quick and kind."],
        description="In place of one that was given before; left out, null or empty leaves that.",
    )


class SurveyResponseOut(BaseModel):
    """An answer as it stands; whose it is is never told."""

    id: str = Field(
        description="Of the invitation that it answers.",
        examples=["8f1c2f5e-0f6b-4b0e-9d55-6e1f0c9d2a7b"],
    )
    score: int = Field(examples=[9])
    comment: str | None = Field(
        description="As this call gave it. One that was given before stays, and is not told.",
        examples=["Quick and kind."],
    )
    score_type: Category = Field(examples=["promoter"])
    created_at: datetime = Field(
        description="When it was given, or changed last (UTC).", examples=["2026-11-16T09:00:00Z"]
    )


class LinkWanted(Body):
    """Who is to get a link."""

    email: Email = Field(description="Of somebody on the roster.")
    survey: Name | None = Field(
        default=None, description="Left out: `nps`, or the only survey there is."
    )
    user_id: TheirId | None = Field(
        default=None, description="Taken and not used: the e-mail says who it is."
    )


class SurveyLink(BaseModel):
    """A link to the question. Whoever holds it answers as that person."""

    token: str = Field(examples=["AYw…"])
    survey_url: str = Field(description="Its path.", examples=["/survey/AYw…"])
    url: str = Field(
        description="The whole address, for a message.",
        examples=["https://survey.example.org/s/AYw…"],
    )
    expires_at: datetime = Field(
        description="From when on it is good no more (UTC).", examples=["2026-12-16T09:00:00Z"]
    )
    campaign: str = Field(description="The round that it belongs to.", examples=["nps/2026Q4"])
    closes_at: datetime = Field(
        description="From when on the round takes no answers (UTC).",
        examples=["2026-11-27T16:00:00Z"],
    )


WhyNot = Literal["no_round", "nobody_answered", "too_few_answers"]


class Withheld(BaseModel):
    """A round that these figures do not have."""

    campaign: str = Field(examples=["nps/2026Q3"])
    reason: WhyNot = Field(examples=["too_few_answers"])


class NPSMetrics(BaseModel):
    """Figures of whole rounds, as far as they may be shown; null is not 0."""

    survey: str = Field(examples=["nps"])
    nps_score: float | None = Field(description="-100 to 100, two decimals.", examples=[16.67])
    total_responses: int | None = Field(
        description="How many answers are in these figures.", examples=[6]
    )
    promoters: int | None = Field(examples=[3])
    passives: int | None = Field(examples=[1])
    detractors: int | None = Field(examples=[2])
    response_rate: float = Field(
        description="Answered of those reached, in percent, two decimals; told in every mode.",
        examples=[60.0],
    )
    invited: int = Field(examples=[20])
    reached: int = Field(examples=[10])
    answered: int = Field(examples=[6])
    period_start: datetime = Field(examples=["2026-10-01T00:00:00Z"])
    period_end: datetime = Field(examples=["2026-11-16T09:00:00Z"])
    campaigns: list[str] = Field(
        description="The rounds in these figures, newest first.", examples=[["nps/2026Q4"]]
    )
    withheld: list[Withheld] = Field(
        description="Rounds that were started then and are not in.", examples=[[]]
    )
    reason: WhyNot | None = Field(
        description="Why there are no figures; null if there are.", examples=[None]
    )
