"""Whatever the description of the HTTP interface allows or forbids is sent, on both databases."""

import asyncio
import hmac
import os
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
)
from sqlalchemy import select

from runtime.serving import create_server_app
from storage.tables import invitations
from storage.tables_moments import customers, follow_ups
from survey.card import Subject
from survey.comment import clean
from survey.ports import Link, Purpose, Role
from survey.usecases.find_low_marks import LATELY
from tests.api import bearer, client
from tests.world import MONDAY, World, email
from webapp.api.once import HEADER
from webapp.api.pages import LONGEST_CURSOR

Case = schemathesis.Case[Any]
OURS = ("/api/", "/webhooks/")
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "12"))
"""Of each route and kind; a night's worth is 1,000."""
SETTINGS = """
timezone = "Europe/Berlin"
admins = ["ada@example.org"]

[surveys.nps]
subject = "Acme"
owner = "the People team"
[surveys.support]
subject = "your request"
after = "tickets"
[surveys.feature]
subject = "Acme"
after = "features"
[surveys.visit]
subject = "your visit"
after = "visits"
[products.shop]
name = "Shop"
[products.shop.features.search]
name = "Search"
[branches.main]
name = "Main Street"
staff = ["Sam Smith"]
"""
SECRET = b"a secret of a helpdesk, for tests"
ENVIRON = {
    "VOXPOP_EMAIL__SMTP_URL": "smtp://127.0.0.1:9",
    "VOXPOP_EMAIL__FROM": "surveys@example.org",
    "VOXPOP_API__LIMIT": "1000000/minute",
    "VOXPOP_TICKETS__SECRETS": f"whsec_{b64encode(SECRET).decode()}",
    "VOXPOP_TICKETS__ZAMMAD_TOKEN": "a-token-for-tests",
    "VOXPOP_TICKETS__ZENDESK_SECRET": "a-secret-for-tests",
    "VOXPOP_TICKETS__JIRA_SECRET": "a-secret-for-tests",
}
SIGNED_OTHERWISE = ("/zammad", "/zendesk", "/jira")
"""What these send is signed with what no description tells; they have their own tests."""
NEW = "feature_key"
"""In a body it is the name of something that is to be made."""
MORE_THAN_A_SCHEMA = ("/follow-ups/{id}", "/analytics", "/low-ratings", "/webhooks/tickets")
"""What these take can't be said by a schema alone: fields that go together, times gone by."""
A_VISIT: dict[str, Any] = {
    "name": "Cleo Costa",
    "email": "cleo@example.org",
    "email_consent": True,
    "purpose_of_visit": "Advice",
    "branch_id": "main",
    "branch_name": "Main Street",
    "staff_name": "Sam Smith",
}


class Server:
    """The whole HTTP side, in a loop of its own, and what there is that can be named.

    Attributes:
        known: Where → parameters and fields → what there is of their kind.
    """

    def __init__(self, runner: asyncio.Runner, app: FastAPI, key: str) -> None:
        self._runner = runner
        self.app = app
        self.key = key
        self.known: dict[str, dict[str, Any]] = {
            "/": {
                "email": email(2),
                "user_email": email(3),
                "survey": "nps",
                "product_key": "shop",
                "feature_key": "search",
                "wait": 0,
            },
            "/api/v1/surveys/": {"survey": "support"},
            "/webhooks/": {"timestamp": MONDAY.isoformat()},
        }
        self._client = client(app)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return self._runner.run(self._client.send(request))

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """What a genuine call is answered."""
        asked = self._client.post(path, json=body, headers=bearer(self.key))
        answer = self._runner.run(asked)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def asked(self, world: World, visit: int) -> str:
        """The token of the link by which a customer is asked about a visit."""
        self.post(f"/api/survey/trigger/{visit}?wait=0")
        of_visit = select(invitations.c.id, invitations.c.campaign_id).join(
            customers, customers.c.invitation_id == invitations.c.id
        )
        [row] = self._runner.run(world.rows(of_visit.where(customers.c.id == visit)))
        link = Link(
            subject=Subject(campaign_id=row.campaign_id, invitation_id=row.id),
            locale="en",
            issued_at=world.clock(),
            expires_at=world.clock() + timedelta(hours=24),
            json=True,
        )
        return world.product.links.token(link, Purpose.ANSWER)


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    world = World(database_url, folder=tmp_path, environ=ENVIRON, toml=SETTINGS)

    async def begin() -> str:
        await world.populate()
        await world.start()
        return await world.product.keys.make("fuzz", Role.OWNER, at=world.clock())

    with asyncio.Runner() as runner:
        found = Server(runner, create_server_app(world.product), runner.run(begin()))
        visits = [found.post("/api/customers", **A_VISIT | {"email": email(n)}) for n in (4, 5, 6)]
        planned, asked, answered = (visit["id"] for visit in visits)
        tokens = [found.asked(world, visit) for visit in (asked, answered)]
        found.post(f"/api/feedback/{tokens[1]}", star_rating=1)
        runner.run(world.product.looking_after.find(back=LATELY))
        made = found.post("/api/v1/survey/generate", email=email(1))
        [low] = runner.run(world.rows(select(follow_ups.c.invitation_id)))
        found.known["/"] |= {"customer_id": planned, "token": made["token"]}
        found.known["/api/customers/"] = {"customer_id": answered}
        found.known["/api/feedback/"] = {"token": tokens[0]}
        found.known["/api/v1/follow-ups/"] = {"id": str(low[0])}
        yield found
        runner.run(world.close())


def request_of(case: Case) -> httpx.Request:
    kwargs = case.as_transport_kwargs(base_url="http://voxpop.test")
    known = {"method", "url", "headers", "params", "json", "data", "cookies", "files"}
    prepared = requests.Request(**{k: v for k, v in kwargs.items() if k in known}).prepare()
    body: Any = prepared.body or b""
    headers: Any = dict(prepared.headers)
    return httpx.Request(prepared.method or "", prepared.url or "", headers=headers, content=body)


def operations(server: Server) -> Iterator[Any]:
    for found in schemathesis.openapi.from_dict(server.app.openapi()).get_all_operations():
        assert isinstance(found, Ok)
        yield found.ok()


def can_be_wrong(operation: Any) -> bool:
    """Whether a schema forbids anything: not where any word in the path will do."""
    bounds = {"pattern", "format", "maximum", "minLength"}
    return bool(operation.body) or any(
        one.location is ParameterLocation.QUERY or one.definition["schema"].keys() & bounds
        for one in operation.iter_parameters()
        if one.name != "Authorization"
    )


def fuzz(server: Server, operation: Any, mode: GenerationMode) -> set[int]:
    """Which statuses there were."""
    statuses: set[int] = set()

    def send(case: Case, *, genuine: bool) -> None:
        if genuine:
            name_what_there_is(case, server.known)
        leave_out_what_only_we_can_make_up(case)
        case.headers["Authorization"] = f"Bearer {server.key}"
        request = request_of(case)
        unsigned = is_bent(case, ParameterLocation.HEADER)
        if genuine and case.path == "/webhooks/tickets" and not unsigned:
            sign(request)
        answer = server(request)
        # That one would send requests of its own; what a key opens has its own tests.
        excluded = [ignored_auth]
        if case.path.endswith(MORE_THAN_A_SCHEMA):
            excluded.append(positive_data_acceptance)
        if may_be_mended_on_the_way(case):
            excluded.append(negative_data_rejection)
        case.validate_response(answer, excluded_checks=excluded)
        statuses.add(answer.status_code)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        if case.path.startswith(OURS):
            assert answer.headers["Cache-Control"] == "no-store"
            assert str(answer.status_code) in case.operation.definition.raw["responses"]

    fuzzed = settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )(given(case=operation.as_strategy(generation_mode=mode), genuine=st.booleans())(send))
    fuzzed()
    return statuses


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_whatever_is_sent_is_answered_as_the_description_says_and_never_with_an_error_of_ours(
    server: Server, mode: GenerationMode
) -> None:
    statuses: dict[str, set[int]] = {}
    for operation in operations(server):
        if mode is GenerationMode.POSITIVE or can_be_wrong(operation):
            statuses[operation.label] = fuzz(server, operation, mode)
    for call, told in statuses.items():
        path = call.split()[1]
        if path.startswith(OURS) and not path.endswith(SIGNED_OTHERWISE):
            wanted = 2 if mode is GenerationMode.POSITIVE else 4
            assert wanted in {status // 100 for status in told}, (call, told)


def sign(request: httpx.Request) -> None:
    """As Standard Webhooks say."""
    name, moment = uuid4().hex, str(int(MONDAY.timestamp()))
    signed = hmac.digest(SECRET, f"{name}.{moment}.".encode() + request.read(), "sha256")
    request.headers["webhook-id"] = name
    request.headers["webhook-timestamp"] = moment
    request.headers["webhook-signature"] = f"v1,{b64encode(signed).decode()}"


def leave_out_what_only_we_can_make_up(case: Case) -> None:
    """No schema tells which cursors are ours, and a request's key is good for one request."""
    cursor = (case.query or {}).get("cursor")
    if isinstance(cursor, str) and len(cursor) <= LONGEST_CURSOR:
        case.query.pop("cursor")
    headers: Any = case.headers or {}
    if re.fullmatch("[!-~]{1,255}", str(headers.get(HEADER, ""))):
        headers[HEADER] = uuid4().hex


def may_be_mended_on_the_way(case: Case) -> bool:
    """Whether what is wrong may be right when it arrives.

    A key is put in where there was none; a list of one word is written like the word; what no
    database can carry is taken out of texts before they are measured.
    """
    lists = any(isinstance(value, list) for value in (case.query or {}).values())
    unclean = any(clean(word) != word for word in texts(case.body))
    return lists or unclean or is_bent(case, ParameterLocation.HEADER)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from texts(one)


def is_bent(case: Case, location: ParameterLocation) -> bool:
    """Whether something is wrong there on purpose."""
    found = None if case.meta is None else case.meta.components.get(location)
    return found is not None and found.mode is GenerationMode.NEGATIVE


def name_what_there_is(case: Case, known: Mapping[str, Mapping[str, Any]]) -> None:
    """In place of made up ones, and not where something is wrong on purpose."""
    here = {
        name: value
        for where, names in known.items()
        if case.path.startswith(where)
        for name, value in names.items()
    }
    parts: dict[ParameterLocation, Any] = {
        ParameterLocation.PATH: case.path_parameters,
        ParameterLocation.QUERY: case.query,
        ParameterLocation.BODY: case.body,
    }
    for location, part in parts.items():
        if isinstance(part, dict) and not is_bent(case, location):
            names = here.keys() & part.keys()
            names -= {NEW} if location is ParameterLocation.BODY else set()
            part.update({name: here[name] for name in names if isinstance(part[name], (str, int))})
