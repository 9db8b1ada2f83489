"""What the routes about visits take and tell; their shapes are those of the system before."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel as Told
from pydantic import BeforeValidator, Field, StringConstraints

from survey.comment import clean
from survey.visits import LONGEST, LONGEST_BRANCH, Capture
from webapp.api.models import Body, Email, Words, whole

LONGEST_MOBILE = 40
LONGEST_FEEDBACK = 500
"""Characters of a feedback as these routes describe it; the survey's `comment_limit` counts."""
MOBILE = r"^\+?[ ()-]*[0-9][0-9 ()-]*$"
MOST = 2**31 - 1


def _line(value: object) -> object:
    """On one line, without what no database can carry and nobody can see."""
    return " ".join(clean(value).split()) if isinstance(value, str) else value


def _mobile(value: object) -> object:
    """An empty field says the same as none."""
    return (_line(value) or None) if isinstance(value, str) else value


# The bounds stand before what cleans: behind it they are kept as well, and not described.
_SEEN = {"pattern": r"[^\s\x00-\x1f\x7f-\xa0]"}
Line = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST, json_schema_extra=_SEEN),
    BeforeValidator(_line),
]
BranchId = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_BRANCH, json_schema_extra=_SEEN),
    BeforeValidator(_line),
]
Mobile = Annotated[str, StringConstraints(max_length=LONGEST_MOBILE, pattern=MOBILE)]
Stars = Annotated[int, Field(ge=1, le=5, examples=[5]), BeforeValidator(whole)]


class CustomerCreate(Body):
    """A visit, and what the customer said on being asked about it."""

    name: Line = Field(examples=["Maya Lind"])
    email: Email
    mobile: Annotated[Mobile | None, BeforeValidator(_mobile)] = Field(
        default=None,
        description="Digits, spaces, dashes and brackets, with a + before them or without.",
        examples=["+44 20 7946 0018"],
    )
    email_consent: bool = Field(
        description="Whether they said that they may be asked by e-mail; nobody is asked without."
    )
    purpose_of_visit: Line = Field(examples=["Advice"])
    branch_id: BranchId = Field(
        description="Of a branch; one that is not known yet is added.", examples=["soho"]
    )
    branch_name: Line = Field(examples=["Soho"])
    staff_name: Line = Field(
        description="Who looked after them; added to the branch if not known there yet.",
        examples=["Sam Reed"],
    )

    def capture(self) -> Capture:
        """What is written down."""
        return Capture(
            name=self.name,
            email=self.email,
            mobile=self.mobile,
            email_consent=self.email_consent,
            purpose=self.purpose_of_visit,
            branch_id=self.branch_id,
            branch_name=self.branch_name,
            staff_name=self.staff_name,
        )


class CustomerResponse(Told):
    """What was kept."""

    id: int = Field(description="Of the customer; each visit has its own.", examples=[1])
    message: str = Field(examples=["The visit is written down."])
    survey_triggered: bool = Field(
        description="Whether the customer is asked by this call already; else "
        "`POST /api/survey/trigger/{customer_id}` does."
    )


Stage = Literal["planned", "retrying", "sent", "answered", "failed", "closed"]


class TriggerStatus(Told):
    """How far the question about a visit has come."""

    customer_id: int = Field(examples=[1])
    status: Stage = Field(
        description="`planned`: it goes out at `due_at`. `retrying`: something is in the way, and "
        "it is tried again. `sent`, `answered`. `failed`: it can't be delivered. `closed`: the "
        "customer, or the time, has ended it."
    )
    message: str = Field(examples=["The question is on its way."])
    due_at: datetime = Field(description="When it may go out at the earliest (UTC).")
    sent_at: datetime | None = Field(description="When it went out (UTC); null if it did not.")


class FeedbackForm(Told):
    """What the form behind a link shows."""

    customer_name: str = Field(description="The first name.", examples=["Maya"])
    branch_name: str = Field(examples=["Soho"])
    purpose_of_visit: str = Field(examples=["Advice"])
    question: str = Field(examples=["How many stars do you give our service?"])
    lowest: int = Field(examples=[1])
    highest: int = Field(examples=[5])
    comment_limit: int = Field(description="Characters of a feedback at most.", examples=[500])
    expires_at: datetime = Field(description="From when on the link is good no more (UTC).")


class FeedbackSubmission(Body):
    """A customer's answer."""

    star_rating: Stars
    textual_feedback: Words = Field(
        default="",
        json_schema_extra={"maxLength": LONGEST_FEEDBACK},
        examples=["Sam found it at once."],
    )


class FeedbackTaken(Told):
    """An answer as it was kept."""

    message: str = Field(examples=["Thank you for your feedback!"])
    star_rating: int = Field(examples=[5])
    textual_feedback: str = Field(examples=["Sam found it at once."])
    created_at: datetime = Field(description="When it was given (UTC).")
