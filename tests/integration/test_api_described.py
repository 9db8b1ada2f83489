"""What the description of the HTTP interface says of every call, and that it leaves nothing out."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from runtime.serving import create_server_app
from runtime.settings import load_settings
from runtime.tickets import helpdesks
from survey.tickets import TicketEvent, TicketState
from tests.api import client
from tests.integration.test_api_fuzzed import ENVIRON, OURS, SETTINGS
from tests.world import World
from webapp.webhooks.examples import EXAMPLES
from webapp.webhooks.zendesk import MOMENT as ZENDESK_MOMENT

DOCS = Path(__file__).parents[2] / "docs"
CREATES = "post"


@pytest.fixture
async def description(database_url: str, tmp_path: Path) -> Mapping[str, Any]:
    world = World(database_url, folder=tmp_path, environ=ENVIRON, toml=SETTINGS)
    async with client(create_server_app(world.product)) as web:
        found: Mapping[str, Any] = (await web.get("/openapi.json")).json()
    await world.close()
    return found


def calls(description: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            if path.startswith(OURS):
                yield method, path, operation


def bodies(operation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What goes in and what comes out when all is well."""
    if "requestBody" in operation:
        yield from operation["requestBody"]["content"].values()
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            yield from answer.get("content", {}).values()


def shows(schema: Mapping[str, Any], description: Mapping[str, Any]) -> bool:
    """Whether somebody who reads it sees a value of each kind."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return shows(description["components"]["schemas"][name], description)
    if schema.keys() & {"example", "examples", "enum", "const", "default", "format"}:
        return True
    if choices := schema.get("anyOf"):
        return any(shows(one, description) for one in choices)
    match schema.get("type"):
        case "array":
            return shows(schema["items"], description)
        case "object" if "properties" in schema:
            return all(shows(one, description) for one in schema["properties"].values())
        case "boolean" | "null" | "object":
            return True
    return False


async def test_every_call_shows_what_goes_in_and_what_comes_out(
    description: Mapping[str, Any],
) -> None:
    unseen = [
        f"{method} {path}"
        for method, path, operation in calls(description)
        for body in bodies(operation)
        if not (body.keys() & {"example", "examples"} or shows(body["schema"], description))
    ]
    assert not unseen


async def test_every_call_says_what_it_does_and_what_it_needs(
    description: Mapping[str, Any],
) -> None:
    for method, path, operation in calls(description):
        said = operation["description"]
        assert said, f"{method} {path}"
        if operation.get("security"):
            assert re.search(r"[Nn]eeds\s+a\s+key\s+of\s+the\s+role", said), f"{method} {path}"


async def test_every_call_behind_a_key_says_who_is_refused_and_how_often_it_may_come(
    description: Mapping[str, Any],
) -> None:
    found = [call for call in calls(description) if call[2].get("security")]
    for method, path, operation in found:
        answers = operation["responses"]
        assert {"401", "403", "429", "503"} <= answers.keys(), f"{method} {path}"
        good = next(answer for status, answer in answers.items() if status.startswith("2"))
        assert {"RateLimit", "RateLimit-Policy"} <= good["headers"].keys(), f"{method} {path}"
    assert found


async def test_every_post_behind_a_key_can_be_sent_again(description: Mapping[str, Any]) -> None:
    found = [
        (path, {one["name"] for one in operation.get("parameters", ())}, operation["responses"])
        for method, path, operation in calls(description)
        if method == CREATES and operation.get("security")
    ]
    for path, parameters, answers in found:
        assert "Idempotency-Key" in parameters, path
        assert "idempotency_in_progress" in answers["409"]["description"], path
        assert "idempotency_key_reused" in answers["422"]["description"], path
    assert found


async def test_every_list_comes_a_page_at_a_time(description: Mapping[str, Any]) -> None:
    lists = {
        path: {one["name"] for one in operation.get("parameters", ())}
        for _, path, operation in calls(description)
        for body in bodies(operation)
        if re.search(r"/Page_\w+_$", body.get("schema", {}).get("$ref", ""))
    }
    assert {"/api/v1/surveys", "/api/v1/campaigns", "/api/v1/follow-ups"} <= lists.keys()
    for path, parameters in lists.items():
        assert {"limit", "cursor"} <= parameters, path


async def test_every_call_stands_on_a_page(description: Mapping[str, Any]) -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
    told = {
        f"{method.upper()} {path}"
        for method, path, _ in calls(description)
        if not path.startswith("/api/csat/v1/")  # their page has a short form of its own
    }
    assert told
    missing = {call for call in told if not re.search(rf"{re.escape(call)}[`? ]", pages)}
    assert not missing


@pytest.mark.parametrize("source", sorted(EXAMPLES))
async def test_what_is_shown_of_a_helpdesk_is_a_ticket_that_was_resolved(
    world: World, source: str
) -> None:
    settings = load_settings(world.environ | ENVIRON, folder=world.folder)
    helpdesk = next(one for one in helpdesks(settings.tickets) if one.source == source)
    found = helpdesk.read(EXAMPLES[source], {ZENDESK_MOMENT: "2026-11-16T14:00:00Z"}, event="1")
    assert isinstance(found, TicketEvent)
    assert found.state is TicketState.RESOLVED
    assert found.requester is not None
    assert found.requester.email == "ada@example.org"
    assert (found.subject, found.category) == ("The door does not close", "Repairs")
    assert found.resolved_by.startswith("Sophie")
