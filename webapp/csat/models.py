"""What `/api/csat/v1` takes and tells; names and shapes are those of the CSAT service before us."""

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from fastapi import Path, Query
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from survey.comment import clean
from survey.features import FEATURE_KEY, Source, Suppressed
from webapp.api.models import Body, Email, Words, cleaned, whole

MOST = 100
"""How many things a page may have."""
LONGEST_AGENT = 1_000
LONGEST_THRESHOLD = 1_000_000
_EARLIER, _LATER = "2026-01-10T08:00:00.000Z", "2026-03-05T14:32:00.000Z"


def _told(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{instant.microsecond // 1_000:03}Z"
    )


def _line(value: Any) -> Any:
    return " ".join(clean(value).split()) if isinstance(value, str) else value


Moment = Annotated[
    datetime,
    PlainSerializer(_told, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An instant in UTC, with milliseconds and `Z`."""
Key = Annotated[str, Path(pattern=rf"^{FEATURE_KEY.pattern}$", examples=["dashboard"])]
Keys = Annotated[
    list[Annotated[str, Field(pattern=rf"^{FEATURE_KEY.pattern}$")]],
    Query(max_length=100, description="Only those of these products; may be given several times."),
]
Rating = Annotated[int, Field(ge=1, le=10, examples=[8]), BeforeValidator(whole)]
Threshold = Annotated[int, Field(ge=1, le=LONGEST_THRESHOLD), BeforeValidator(whole)]
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many there are on a page.")]


class Whose(Body):
    """Whose interaction it was."""

    user_email: Email


class FeedbackIn(Body):
    """What somebody says of a feature."""

    user_email: Email
    rating: Rating
    source: Annotated[Source, Field(strict=False)] = Field(
        description="Whether they were asked for it.", examples=["prompted"]
    )
    comment: Words | None = Field(
        default=None,
        description="Free text, as long as the survey takes it.",
        examples=["Works great, but could be faster."],
    )
    user_agent: (
        Annotated[
            str,
            Field(json_schema_extra={"maxLength": LONGEST_AGENT}),
            BeforeValidator(cleaned),
            Field(max_length=LONGEST_AGENT),
        ]
        | None
    ) = Field(default=None, description="Of their browser.", examples=["Mozilla/5.0"])


class FeedbackOut(BaseModel):
    """What was kept of it."""

    user_email: str = Field(examples=["ada@example.org"])
    rating: int = Field(examples=[8])
    comment: str | None = Field(examples=["Works great, but could be faster."])
    source: Source = Field(examples=["prompted"])
    user_agent: str | None = Field(examples=[None])
    created_at: Moment = Field(examples=[_LATER])


_COUNT = "Interactions since the last rejection or feedback; those of a rest don't count."
_SHOULD = "Whether the prompt is to be shown now."
_WHY = (
    "Why the prompt is not to be shown now, what lasts longest first; null if it is. `rest`: they "
    "gave feedback on it not long ago. `asked_in_chat`: a question waits for them there. "
    "`contact_policy`: they are asked often enough, or want silence. `confidential`: the survey "
    "shows no names, so no program asks."
)


class Interaction(BaseModel):
    """How somebody has used a feature, and whether they are to be asked."""

    user_email: str = Field(examples=["user@example.com"])
    interaction_count: int = Field(description=_COUNT, examples=[5])
    total_interaction_count: int = Field(description="All of them.", examples=[5])
    interaction_threshold: int = Field(
        description="After how many interactions they are asked.", examples=[5]
    )
    rejection_count: int = Field(
        description="How often they dismissed the prompt since their last feedback.", examples=[0]
    )
    rejection_threshold: int = Field(
        description="After how many rejections they are asked no more.", examples=[3]
    )
    should_request_feedback: bool = Field(description=_SHOULD, examples=[True])
    show_survey: bool = Field(description="The same as `should_request_feedback`.", examples=[True])
    suppressed_by: Suppressed | None = Field(description=_WHY, examples=[None])
    created_at: Moment = Field(examples=[_EARLIER])
    updated_at: Moment = Field(examples=[_LATER])


class FeatureInteraction(BaseModel):
    """How somebody has used one feature of a product."""

    product_feature_key: str = Field(examples=["dashboard"])
    product_feature_description: str | None = Field(examples=["The first page"])
    interaction_count: int = Field(description=_COUNT, examples=[3])
    total_interaction_count: int = Field(examples=[11])
    interaction_threshold: int = Field(examples=[5])
    rejection_count: int = Field(examples=[1])
    rejection_threshold: int = Field(examples=[3])
    should_request_feedback: bool = Field(description=_SHOULD, examples=[False])
    show_survey: bool = Field(
        description="The same as `should_request_feedback`.", examples=[False]
    )
    suppressed_by: Suppressed | None = Field(description=_WHY, examples=["threshold"])


class FeatureInteractions(BaseModel):
    """Every feature of a product."""

    data: list[FeatureInteraction]


class ProductOut(BaseModel):
    """What has features."""

    key: str = Field(examples=["suite"])
    name: str = Field(examples=["The suite"])


class Products(BaseModel):
    """All of them."""

    data: list[ProductOut]


class FeatureOut(BaseModel):
    """A feature."""

    product_key: str = Field(examples=["suite"])
    feature_key: str = Field(examples=["export-csv"])
    name: str | None = Field(examples=["export csv"])
    description: str | None = Field(examples=[None])
    interaction_threshold: int = Field(examples=[5])
    rejection_threshold: int = Field(examples=[3])


class FeatureList(BaseModel):
    """Features, by product and key."""

    data: list[FeatureOut]


Title = Annotated[
    str,
    Field(json_schema_extra={"maxLength": 200}),
    BeforeValidator(_line),
    Field(max_length=200),
]
Text = Annotated[
    str,
    Field(json_schema_extra={"maxLength": 2_000}),
    BeforeValidator(cleaned),
    Field(max_length=2_000),
]


class FeatureIn(Body):
    """A new feature; its name is its key in words."""

    feature_key: Annotated[str, Field(pattern=rf"^{FEATURE_KEY.pattern}$", examples=["export-csv"])]
    description: Text | None = Field(default=None, examples=["Tables as files"])
    interaction_threshold: Threshold = Field(examples=[5])
    rejection_threshold: Threshold = Field(examples=[3])
    ask_in_chat: bool = Field(
        default=False, description="Whether the bot asks by itself when the threshold is reached."
    )


class FeatureChange(Body):
    """What is to be called otherwise; null takes it away."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    name: Title | None = Field(default=None, examples=["Export as CSV"])
    description: Text | None = Field(default=None, examples=["Tables as files"])

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give a name, a description, or both")
        return self


class UsageSummary(BaseModel):
    """How a feature is used."""

    users_with_interactions: int = Field(examples=[12])
    avg_total_interactions: int = Field(description="Rounded.", examples=[7])
    max_total_interactions: int = Field(examples=[31])
    users_rejection_exhausted: int = Field(
        description="Who dismissed the prompt so often that they are asked no more.", examples=[1]
    )


class UsageOut(BaseModel):
    """How a feature is used."""

    summary: UsageSummary


class UserInteraction(BaseModel):
    """How one person uses a feature."""

    id: str = Field(examples=["0c0b5f0e-8a39-5d5c-9d2b-0a7c8f6f2f11"])
    user_email: str = Field(examples=["user@example.com"])
    interaction_count: int = Field(description=_COUNT, examples=[5])
    total_interaction_count: int = Field(examples=[11])
    rejection_count: int = Field(examples=[0])
    should_request_feedback: bool = Field(
        description="What the feature's own rules say; the contact policy is looked at when "
        "somebody uses it.",
        examples=[True],
    )
    created_at: Moment = Field(examples=[_EARLIER])
    updated_at: Moment = Field(examples=[_LATER])


class UserInteractions(BaseModel):
    """A page of them, the latest change first."""

    data: list[UserInteraction]
    next_cursor: str | None = Field(description="For the next page; null on the last one.")
    has_more: bool


class RatingFigures(BaseModel):
    """Ratings in figures; 0 where there are none."""

    average_rating: float = Field(description="Two decimals.", examples=[7.25])
    median_rating: float = Field(examples=[7.5])
    pm_rating: float = Field(
        description="Share of ratings above 5, from 0 to 1, two decimals.", examples=[0.75]
    )


class FeedbackFigures(RatingFigures):
    """All that was said of a feature."""

    total_feedbacks: int = Field(examples=[4])
    prompted_count: int = Field(examples=[3])
    voluntary_count: int = Field(examples=[1])


class FeedbackSummary(BaseModel):
    """All that was said of a feature."""

    summary: FeedbackFigures


class Monthly(RatingFigures):
    """One month, in UTC."""

    year: int = Field(examples=[2026])
    month: int = Field(examples=[11])
    feedback_count: int = Field(examples=[4])


class Quarterly(RatingFigures):
    """One quarter, in UTC."""

    year: int = Field(examples=[2026])
    quarter: int = Field(examples=[4])
    feedback_count: int = Field(examples=[4])


class TimeSeries(BaseModel):
    """What was said over time, the latest first; months and quarters without any are left out."""

    monthly: list[Monthly]
    quarterly: list[Quarterly]


class UserFeedback(BaseModel):
    """What one person said."""

    id: str = Field(examples=["8f1c2f5e-0f6b-4b0e-9d55-6e1f0c9d2a7b"])
    user_email: str = Field(examples=["ada@example.org"])
    rating: int = Field(examples=[8])
    comment: str | None = Field(examples=["Works great, but could be faster."])
    comment_en: str | None = Field(description="Always null: nothing is translated.")
    source: Source = Field(examples=["prompted"])
    user_agent: str | None = Field(examples=[None])
    created_at: Moment = Field(examples=[_LATER])


class UserFeedbacks(BaseModel):
    """A page of them, the latest first."""

    data: list[UserFeedback]
    next_cursor: str | None = Field(description="For the next page; null on the last one.")
    has_more: bool
