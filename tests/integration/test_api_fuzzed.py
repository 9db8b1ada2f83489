"""Whatever the description of the HTTP interface allows or forbids is sent, on both databases."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import ignored_auth

from storage.set_aside import SqlDoubtful
from survey.ports import Role
from tests.api import bearer, behind, client
from tests.world import World, email
from webapp.throttle import Throttle

Case = schemathesis.Case[Any]
OURS = "/api/"
EXAMPLES = 40
"""Of each route and kind."""


class Server:
    """The whole HTTP side, in a loop of its own."""

    def __init__(self, runner: asyncio.Runner, app: FastAPI, token: str, key: str) -> None:
        self._runner = runner
        self.app = app
        self.token = token
        self.key = key
        self._client = client(app)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return self._runner.run(self._client.send(request))


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    world = World(database_url, folder=tmp_path)

    async def begin() -> tuple[str, str]:
        await world.populate()
        await world.start()
        key = await world.product.keys.make("fuzz", Role.OWNER, at=world.clock())
        async with client(app) as web:
            asked = {"email": email(1)}
            made = await web.post("/api/v1/survey/generate", json=asked, headers=bearer(key))
        return made.json()["token"], key

    patient = Throttle("1000000/hour")
    app = behind(world, SqlDoubtful(world.product.database), throttle=patient).app()
    with asyncio.Runner() as runner:
        token, key = runner.run(begin())
        yield Server(runner, app, token, key)
        runner.run(world.close())


def request_of(case: Case) -> httpx.Request:
    kwargs = case.as_transport_kwargs(base_url="http://voxpop.test")
    known = {"method", "url", "headers", "params", "json", "data", "cookies", "files"}
    prepared = requests.Request(**{k: v for k, v in kwargs.items() if k in known}).prepare()
    body: Any = prepared.body or b""
    headers: Any = dict(prepared.headers)
    return httpx.Request(prepared.method or "", prepared.url or "", headers=headers, content=body)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_whatever_is_sent_is_answered_as_the_description_says_and_never_with_an_error_of_ours(
    server: Server, mode: GenerationMode
) -> None:
    schema = schemathesis.openapi.from_dict(server.app.openapi())
    statuses: dict[str, set[int]] = {}

    def send(case: Case, *, genuine: bool) -> None:
        if genuine and "token" in (case.path_parameters or {}):
            case.path_parameters["token"] = server.token
        if genuine and isinstance(case.body, dict) and "email" in case.body:
            case.body["email"] = email(2)
        case.headers["Authorization"] = f"Bearer {server.key}"
        answer = server(request_of(case))
        # That one would send requests of its own; what a key opens has its own tests.
        case.validate_response(answer, excluded_checks=[ignored_auth])
        statuses.setdefault(case.path, set()).add(answer.status_code)
        if case.path.startswith(OURS):
            assert str(answer.status_code) in case.operation.definition.raw["responses"]

    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        takes = operation.body or [*operation.iter_parameters()]
        if mode is GenerationMode.NEGATIVE and not takes:
            continue  # there is nothing that could be wrong
        fuzzed = settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )(given(case=operation.as_strategy(generation_mode=mode), genuine=st.booleans())(send))
        fuzzed()
    for path in filter(lambda path: path.startswith(OURS), statuses):
        wanted = {200} if mode is GenerationMode.POSITIVE else {400, 422}
        assert statuses[path] & wanted
