import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from starlette.applications import Starlette
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from structlog.testing import capture_logs

from survey import errors, messenger, ports
from survey.errors import (
    AlreadyAnswered,
    CommentTooLong,
    InvalidScore,
    InvalidValue,
    InvitationClosed,
    NotFound,
    NotYours,
    OutOfDate,
    StorageUnavailable,
    VoxpopError,
)
from survey.messenger import PlatformBusy
from webapp.problem_document import DETAIL_LIMIT
from webapp.problem_kinds import PROBLEMS
from webapp.problems import AnswerBrokenOff, Unforeseen, install_problems, problem_for


def document(error: Exception) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bytes(problem_for(error).body))
    return found


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidValue("k is at least 3."), 422, "invalid_value"),
        (InvalidScore("A score is a whole number."), 422, "invalid_score"),
        (CommentTooLong(length=2_001, limit=2_000), 422, "comment_too_long"),
        (NotFound("There is no survey nps."), 404, "not_found"),
        (NotYours("Sent to somebody else."), 403, "not_yours"),
        (InvitationClosed("nps/2026Q4 is closed."), 410, "closed"),
        (AlreadyAnswered("Answered already."), 409, "already_submitted"),
        (OutOfDate("Out of date."), 409, "out_of_date"),
        (VoxpopError("No."), 400, "refused"),
    ],
)
def test_every_refusal_has_its_status_its_code_and_its_sentence(
    error: VoxpopError, status: int, code: str
) -> None:
    answer = problem_for(error)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    found = document(error)
    assert found["status"] == status
    assert found["code"] == code
    assert found["detail"] == str(error)
    assert found["type"] == f"/docs#{code}"
    assert found["title"]


def test_no_error_of_the_rules_is_without_its_own_line() -> None:
    known = {
        thing
        for module in (errors, messenger, ports)
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, VoxpopError)
    }
    # A kind of one of these is told like it; everything else has its own line.
    told_like = {errors.NotFound, errors.InvalidValue, errors.CampaignExists, errors.NotAllowed}
    kinds = {thing for thing in known if thing.__base__ in told_like}
    assert known - kinds == set(PROBLEMS) - kinds


def test_an_error_of_another_room_is_treated_as_its_ancestor_and_keeps_its_code() -> None:
    class TokenExpired(InvitationClosed):
        code = "token_expired"

    answer = problem_for(TokenExpired("The link has expired."))
    assert answer.status_code == 410
    assert document(TokenExpired("The link has expired."))["code"] == "token_expired"
    assert document(TokenExpired("The link has expired."))["type"] == "/docs#closed"


def test_a_database_that_is_away_is_503_with_a_time_to_try_again_and_no_internals() -> None:
    error = StorageUnavailable("postgres://voxpop:secret@db refused")
    answer = problem_for(error)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "secret" not in document(error)["detail"]
    assert "nothing was saved" in document(error)["detail"]


def test_a_busy_platform_passes_on_how_long_it_asked_for() -> None:
    busy = PlatformBusy("429", retry_after=timedelta(seconds=29.2))
    assert problem_for(busy).headers["retry-after"] == "30"
    assert problem_for(PlatformBusy("429")).headers["retry-after"] == "5"


def test_a_long_value_in_a_message_is_cut() -> None:
    assert len(document(NotFound("x" * 60_000))["detail"]) == DETAIL_LIMIT


def test_a_lone_surrogate_in_a_message_does_not_break_the_answer() -> None:
    assert document(NotFound("There is no \ud800."))["detail"] == "There is no \ud800."


class Visit(BaseModel):
    model_config = ConfigDict(extra="forbid")

    score: Annotated[int, Field(ge=0, le=10)]
    secret: Annotated[UUID | None, Field()] = None


class Walk(BaseModel):
    kind: Literal["walk"]


class Ride(BaseModel):
    kind: Literal["ride"]


def _app() -> FastAPI:
    app = FastAPI()

    @app.post("/visits")
    async def visit(visit: Visit) -> None: ...

    @app.post("/ways")
    async def way(way: Annotated[Walk | Ride, Field(discriminator="kind")]) -> None: ...

    @app.get("/ratings/{number}")
    async def rating(number: int) -> None: ...

    @app.get("/refused")
    async def refused() -> None:
        raise NotFound("There is no survey nps.")

    @app.get("/broken")
    async def broken() -> None:
        try:
            int("ada@example.org gave 3")
        except ValueError as error:
            raise ZeroDivisionError("secret") from error

    _unusual(app)
    install_problems(app)
    return app


def _unusual(app: FastAPI) -> None:
    @app.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418, detail={"secret": 1}, headers={"X-Tea": "green"})

    @app.get("/unchanged")
    async def unchanged() -> None:
        raise HTTPException(304)

    @app.get("/left")
    async def left() -> None:
        raise ClientDisconnect

    @app.get("/half")
    async def half() -> StreamingResponse:
        async def words() -> AsyncIterator[str]:
            yield "half of"
            raise ZeroDivisionError("secret")

        return StreamingResponse(words())


def client(app: Starlette | Unforeseen) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://voxpop.test")


async def test_a_value_that_does_not_fit_is_named_with_the_reason() -> None:
    async with client(_app()) as web:
        answer = await web.post("/visits", json={"score": 11})
    assert answer.status_code == 422
    found = answer.json()
    assert found["code"] == "invalid_value"
    assert found["errors"] == [
        {"in": "body", "field": "score", "why": "Input should be less than or equal to 10"}
    ]
    assert found["detail"] == "score: Input should be less than or equal to 10."


async def test_a_number_in_the_path_that_is_none_is_named_too() -> None:
    async with client(_app()) as web:
        found = (await web.get("/ratings/many")).json()
    assert found["errors"][0]["in"] == "path"
    assert found["errors"][0]["field"] == "number"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/visits", {"score": "hunter22hunter22"}),
        ("/visits", {"score": 1, "secret": "hunter22hunter22"}),
        ("/visits", {"score": 1, "other": "hunter22hunter22"}),
        ("/ways", {"kind": "hunter22hunter22"}),
        ("/visits", "hunter22hunter22"),
    ],
)
async def test_what_does_not_fit_is_not_repeated(path: str, body: object) -> None:
    async with client(_app()) as web:
        answer = await web.post(path, json=body)
    assert answer.status_code == 422
    assert "hunter22" not in answer.text


async def test_a_thousand_unknown_fields_make_a_short_answer() -> None:
    unknown = {f"{number:0200}": "x" for number in range(1_000)}
    async with client(_app()) as web:
        answer = await web.post("/visits", json={"score": 1, **unknown})
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 20
    assert "and 997 more" in answer.json()["detail"]
    assert len(answer.content) < 5_000


@pytest.mark.parametrize(
    "body", [b'{"score": ', b"\xff\xfe", b"[" * 50_000, b'{"score": ' + b"9" * 5_000 + b"}"]
)
async def test_a_body_that_is_no_json_is_400(body: bytes) -> None:
    async with client(_app()) as web:
        answer = await web.post(
            "/visits", content=body, headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == 400
    assert answer.json()["code"] == "malformed"


async def test_an_unknown_address_is_404_and_does_not_repeat_it() -> None:
    async with client(_app()) as web:
        answer = await web.get("/s/a-token-that-nobody-made")
    assert answer.status_code == 404
    assert answer.json() == {
        "type": "/docs#not_found",
        "title": "Not Found",
        "status": 404,
        "detail": "There is nothing at this address.",
        "code": "not_found",
    }


async def test_a_wrong_method_is_405_and_says_which_is_right() -> None:
    async with client(_app()) as web:
        answer = await web.delete("/visits")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert answer.json()["detail"] == "This address takes POST."


async def test_other_statuses_keep_their_headers_and_give_only_sentences() -> None:
    async with client(_app()) as web:
        teapot, unchanged = await web.get("/teapot"), await web.get("/unchanged")
    assert teapot.status_code == 418
    assert teapot.headers["x-tea"] == "green"
    assert teapot.json()["code"] == "i_m_a_teapot"
    assert "secret" not in teapot.text
    assert unchanged.status_code == 304
    assert unchanged.content == b""


async def test_what_nobody_foresaw_is_500_without_internals_and_logged_without_messages() -> None:
    with capture_logs() as events:
        async with client(_app()) as web:
            answer = await web.get("/broken")
    assert answer.status_code == 500
    found = answer.json()
    assert found["code"] == "internal"
    assert "ZeroDivisionError" not in answer.text
    assert [event["event"] for event in events] == ["request_failed"]
    assert events[0]["instance"] == found["instance"]
    assert events[0]["error"] == "builtins.ZeroDivisionError from builtins.ValueError"
    assert "in broken" in events[0]["frames"]
    assert "ada@example.org" not in repr(events)


async def test_an_answer_that_breaks_off_is_logged_once_and_not_finished() -> None:
    with capture_logs() as events, pytest.raises(AnswerBrokenOff) as broken:
        async with client(Unforeseen(_app())) as web:
            await web.get("/half")
    assert [event["event"] for event in events] == ["request_failed"]
    assert "secret" not in str(broken.value)
    assert broken.value.__cause__ is None
    assert broken.value.__suppress_context__


async def test_somebody_who_left_is_no_error() -> None:
    sent = []

    async def left(*_: object) -> None:
        raise ClientDisconnect

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    with capture_logs() as events:
        await Unforeseen(left)({"type": "http"}, lambda: None, send)  # type: ignore[arg-type,return-value]
    assert sent == []
    assert [event["log_level"] for event in events] == ["info"]


async def test_it_works_for_a_plain_starlette_app_as_well() -> None:
    async def refuses(_request: Request) -> Response:
        raise InvitationClosed("nps/2026Q4 is closed.")

    async def breaks(_request: Request) -> Response:
        raise ZeroDivisionError

    app = Starlette(routes=[Route("/refuses", refuses), Route("/breaks", breaks)])
    install_problems(app)
    async with client(app) as web:
        assert (await web.get("/refuses")).json()["code"] == "closed"
        assert (await web.get("/nothing")).json()["code"] == "not_found"
        with capture_logs():
            assert (await web.get("/breaks")).json()["code"] == "internal"


async def test_handlers_that_an_app_brought_itself_stay() -> None:
    async def own(_request: Request, _error: Exception) -> Response:
        return PlainTextResponse("own page", 404)

    async def refuses() -> None:
        raise NotFound("There is no survey nps.")

    for mine in (404, StarletteHTTPException):
        app = FastAPI(exception_handlers={mine: own})
        app.add_api_route("/refuses", refuses)
        install_problems(app)
        async with client(app) as web:
            assert (await web.get("/nothing")).text == "own page"
            assert (await web.get("/refuses")).json()["code"] == "not_found"


async def test_installing_twice_changes_nothing() -> None:
    app = _app()
    before = list(app.user_middleware)
    install_problems(app)
    assert app.user_middleware == before


async def test_an_app_that_serves_already_is_refused() -> None:
    app = Starlette()
    async with client(app) as web:
        await web.get("/")
    with pytest.raises(RuntimeError):
        install_problems(app)
