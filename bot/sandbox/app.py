"""The sandbox's HTTP side: the page, and the same for programs. Loopback only."""

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from bot.hints import hints
from bot.sandbox.chat import PLATFORM, WORKSPACE, Chat
from bot.sandbox.guard import LoopbackOnly
from bot.sandbox.inbound import Inbound
from bot.sandbox.slack_preview import add_slack_preview
from survey.comment import clean
from survey.errors import InvalidValue, NotFound
from survey.language import Languages
from survey.person import Administrators
from survey.ports import Answers, Clock, People

STATIC = Path(__file__).parent / "static"
_DOWNLOAD = "attachment; filename*=UTF-8''"

Text = Annotated[
    str, BeforeValidator(lambda value: clean(value) if isinstance(value, str) else value)
]
Email = Annotated[Text, Field(max_length=320)]


def _no_number(value: object) -> object:
    """`true` and `1.0` are 1 to Python, and no ids to anybody."""
    if isinstance(value, bool | float):
        raise ValueError("an id is a whole number")  # noqa: TRY004 - pydantic wants this one
    return value


Number = Annotated[int, BeforeValidator(_no_number), Field(ge=1, le=2**63 - 1)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    person: Email = Field(alias="as")


class PressBody(_Body):
    """A button of a message."""

    message_id: Number
    button_id: Annotated[str, Field(max_length=64)]


class ActionBody(_Body):
    """A button's sealed context, as a chat server hands it back."""

    context: Annotated[str, Field(max_length=2_000)]


class DialogBody(_Body):
    """A form."""

    dialog_id: Annotated[str, Field(max_length=2_000)]
    values: dict[str, str]


class SayBody(_Body):
    """Words."""

    text: Text
    thread_id: Number | None = None


@dataclass(frozen=True, kw_only=True)
class SandboxParts:
    """What the sandbox is made of."""

    inbound: Inbound
    chat: Chat
    people: People
    answers: Answers
    administrators: Administrators
    languages: Languages
    clock: Clock


def create_sandbox(parts: SandboxParts) -> FastAPI:
    """The ASGI app, mounted at `/sandbox`."""
    app = FastAPI(title="Voxpop sandbox", openapi_url=None)

    app.add_middleware(LoopbackOnly)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    _page(app)
    add_slack_preview(app, languages=parts.languages, clock=parts.clock)
    _reading(app, parts)
    _acting(app, parts)
    return app


def _page(app: FastAPI) -> None:
    @app.get("/")
    @app.get("")
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})


def _reading(app: FastAPI, parts: SandboxParts) -> None:
    @app.get("/api/people")
    async def people() -> list[dict[str, Any]]:
        everybody = await parts.people.reachable(PLATFORM, WORKSPACE)
        waiting = await parts.answers.waiting(at=parts.clock())
        return [
            {
                "email": person.email,
                "name": person.name,
                "admin": person in parts.administrators,
                "attributes": dict(person.attributes),
                "waiting": waiting.get(person.id, 0),
            }
            for person in everybody
        ]

    @app.get("/api/commands")
    async def commands() -> list[dict[str, Any]]:
        return [
            {
                "command": hint.usage,
                "description": hint.says,
                "admin": hint.administrators,
            }
            for hint in hints(parts.languages("en"))
        ]

    @app.get("/api/inbox/{email}")
    async def inbox(email: str) -> dict[str, Any]:
        return {"messages": await parts.inbound.messages(await _known(parts, email))}

    @app.get("/api/images/{message_id}")
    async def image(message_id: Number) -> Response:
        png = await parts.chat.image(message_id)
        if png is None:
            raise NotFound(f"There is no picture {message_id}.")
        return Response(png, media_type="image/png")

    @app.get("/api/files/{message_id}")
    async def file(message_id: Number) -> Response:
        found = await parts.chat.attachment(message_id)
        if found is None:
            raise NotFound(f"There is no file {message_id}.")
        return Response(
            found.content,
            headers={
                # Nothing in it is ever run or shown in the sandbox's own name.
                "Content-Type": found.media_type,
                "Content-Disposition": _DOWNLOAD + quote(found.name, safe=""),
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-store",
            },
        )


def _acting(app: FastAPI, parts: SandboxParts) -> None:
    @app.post("/api/press")
    async def press(body: PressBody) -> dict[str, Any]:
        email = await _known(parts, body.person)
        return dict(await parts.inbound.press(email, body.message_id, body.button_id))

    @app.post("/api/dialog")
    async def dialog(body: DialogBody) -> dict[str, Any]:
        email = await _known(parts, body.person)
        return dict(await parts.inbound.submit(email, body.dialog_id, body.values))

    @app.post("/api/say")
    async def say(body: SayBody) -> dict[str, Any]:
        if not body.text:
            raise InvalidValue("There is nothing to say: `text` is empty.")
        email = await _known(parts, body.person)
        return dict(await parts.inbound.say(email, body.text, body.thread_id))


def create_actions(parts: SandboxParts) -> Starlette:
    """Where a button's sealed context comes back to; the ASGI app mounted at `/sandbox/actions`.

    Chat servers call this for every press, so nothing stands around it that it does not need.
    """

    async def action(request: Request) -> Response:
        try:
            body = ActionBody.model_validate(await request.json())
        except ValidationError as error:
            raise RequestValidationError(error.errors()) from error
        except ValueError as error:
            raise HTTPException(HTTPStatus.BAD_REQUEST, "The body is no valid JSON.") from error
        reply = await parts.inbound.act(body.person, body.context)
        return JSONResponse(
            {
                "update": None if reply.update is None else reply.update.text,
                "private_text": None if reply.private is None else reply.private.text,
            }
        )

    return Starlette(
        routes=[Route("/", action, methods=["POST"])], middleware=[Middleware(LoopbackOnly)]
    )


async def _known(parts: SandboxParts, email: str) -> str:
    """The e-mail of somebody in the sandbox.

    Raises:
        NotFound: If nobody there has it.
    """
    person = await parts.people.by_email(clean(email))
    if person is None:
        raise NotFound("Nobody in the sandbox has this e-mail; GET /sandbox/api/people lists them.")
    return person.email
