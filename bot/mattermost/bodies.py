"""What a Mattermost server sends us. Newer servers may say more; nothing less is taken."""

from http import HTTPStatus
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

NOT_THEIRS = "That is nothing that a Mattermost server sends."
_FIELDS_OF_A_COMMAND = 40


def _nothing_is_empty(value: object) -> object:
    return {} if value is None else value


Id = Annotated[str, Field(pattern="^[a-z0-9]{26}$")]
Opaque = Annotated[str, Field(max_length=2_000)]
Values = Annotated[dict[str, Any], BeforeValidator(_nothing_is_empty)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Click(_Body):
    """A button, or a choice in a menu.

    Attributes:
        context: What we put into the button; and of a menu the choice, as the client tells it.
    """

    user_id: Id
    channel_id: Id
    post_id: Id
    trigger_id: Opaque = ""
    context: Values = Field(default_factory=dict)


class Submission(_Body):
    """A form. All but `user_id` come from the client."""

    user_id: Id
    state: Opaque = ""
    submission: Values = Field(default_factory=dict)
    cancelled: bool = False


class Typed(_Body):
    """A slash command.

    Attributes:
        response_url: Where later answers go.
    """

    user_id: Id
    channel_id: Id
    token: Opaque = ""
    text: str = ""
    trigger_id: Opaque = ""
    response_url: Opaque = ""


AnyBody = TypeVar("AnyBody", bound=_Body)


async def from_json(request: Request, shape: type[AnyBody]) -> AnyBody:
    """A body of JSON.

    Raises:
        HTTPException: With 400, if no Mattermost server would send it.
    """
    try:
        return shape.model_validate(await request.json())
    except (ValidationError, ValueError, RecursionError) as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, NOT_THEIRS) from error


async def from_form(request: Request, shape: type[AnyBody]) -> AnyBody:
    """A body like that of a web form; the same errors."""
    try:
        text = (await request.body()).decode()
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS_OF_A_COMMAND)
        return shape.model_validate(dict(pairs))
    except (ValidationError, ValueError) as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, NOT_THEIRS) from error
