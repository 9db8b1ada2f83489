"""REST on real databases, and the keys at the command line."""

import asyncio
import json
import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from fastapi import FastAPI
from sqlalchemy import func, select
from typer.testing import CliRunner

from runtime.cli.app import app as command_line
from storage.set_aside import SqlDoubtful
from storage.tables import api_keys, invitations
from survey.campaign import Campaign
from survey.person import Enrolment
from survey.ports import Role, Suspicion
from survey.wording.asked import subject_of
from tests.api import bearer, behind, client
from tests.world import World, email

GENERATE, METRICS = "/api/v1/survey/generate", "/api/v1/nps/metrics"


@pytest.fixture
def app(world: World, running: Campaign) -> FastAPI:  # noqa: ARG001 - it runs
    return behind(world, SqlDoubtful(world.product.database)).app()


async def key_of(world: World, role: Role, name: str = "crm") -> dict[str, str]:
    return bearer(await world.product.keys.make(name, role, at=world.clock()))


async def token_for(web: httpx.AsyncClient, key: dict[str, str], email: str) -> str:
    made = await web.post(GENERATE, headers=key, json={"email": email})
    assert made.status_code == 200, made.text
    token: str = made.json()["token"]
    return token


async def submit(web: httpx.AsyncClient, token: str, **body: object) -> httpx.Response:
    return await web.post(f"/api/v1/survey/{token}/submit", json=body)


async def test_answers_by_a_link_and_in_chat_are_answers_to_one_invitation(
    world: World, running: Campaign, app: FastAPI
) -> None:
    key = await key_of(world, Role.INGEST)
    await world.press(1, 3)
    world.clock.forward(seconds=5)
    async with client(app) as web:
        token = await token_for(web, key, email(1))
        answer = await submit(web, token, score=9, comment="Better now.")
    assert answer.json()["id"] == str((await world.invitation(1)).id)
    assert answer.json()["comment"] == "Better now."
    assert await world.scores(running) == {9: 1}


async def test_what_the_page_kept_aside_is_dropped_when_they_answer(
    world: World, app: FastAPI, running: Campaign
) -> None:
    doubtful = SqlDoubtful(world.product.database)
    asked = await world.invitation(1)
    await doubtful.keep(subject_of(asked), 2, why=Suspicion.TOO_SOON, at=world.clock())
    async with client(app) as web:
        token = await token_for(web, await key_of(world, Role.INGEST), email(1))
        assert (await submit(web, token, score=9)).status_code == 200
    assert await doubtful.waiting(running) == []
    assert (await doubtful.told([running])).get(running.id, {}) == {}


async def test_links_for_a_newcomer_that_are_made_at_once_are_for_one_invitation(
    world: World, running: Campaign, app: FastAPI
) -> None:
    await world.product.people.enrol([Enrolment(email="new@example.org", name="Nia New")])
    key = await key_of(world, Role.INGEST)
    async with client(app) as web:
        tokens = await asyncio.gather(*(token_for(web, key, "new@example.org") for _ in range(8)))
        answers = [await submit(web, token, score=8) for token in tokens]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await world.scores(running) == {8: 1}
    [count] = await world.rows(select(func.count()).where(invitations.c.campaign_id == running.id))
    assert count[0] == 13


async def test_the_same_sent_many_times_at_once_is_one_answer(
    world: World, running: Campaign, app: FastAPI
) -> None:
    async with client(app) as web:
        token = await token_for(web, await key_of(world, Role.INGEST), email(1))
        answers = await asyncio.gather(
            *(submit(web, token, score=6, comment="Fine.") for _ in range(8))
        )
    assert {answer.status_code for answer in answers} == {200}
    assert await world.scores(running) == {6: 1}


async def test_figures_come_when_enough_people_have_answered_and_not_before(
    world: World, app: FastAPI
) -> None:
    key = await key_of(world, Role.ADMIN)
    async with client(app) as web:
        for place in range(4):
            await world.press(place, 10)
        before = (await web.get(METRICS, headers=key)).json()
        await world.press(4, 0)
        after = (await web.get(METRICS, headers=key)).json()
    assert (before["nps_score"], before["reason"]) == (None, "too_few_answers")
    assert before["total_responses"] is None
    assert (after["nps_score"], after["total_responses"]) == (60.0, 5)
    assert (after["promoters"], after["passives"], after["detractors"]) == (4, 0, 1)
    assert (after["reached"], after["response_rate"]) == (12, 41.67)


async def test_figures_that_are_read_again_do_not_tell_who_changed_their_mind(
    world: World, app: FastAPI
) -> None:
    key = await key_of(world, Role.ADMIN)
    async with client(app) as web:
        for place in range(5):
            await world.press(place, 10)
        first = (await web.get(METRICS, headers=key)).json()
        world.clock.forward(minutes=5)
        await world.press(0, 0)
        again = (await web.get(METRICS, headers=key)).json()
    told = ("nps_score", "promoters", "passives", "detractors", "total_responses", "answered")
    assert [first[name] for name in told] == [again[name] for name in told]


async def test_a_key_opens_nothing_any_more_once_it_is_revoked(world: World, app: FastAPI) -> None:
    key = await key_of(world, Role.ADMIN)
    async with client(app) as web:
        assert (await web.get(METRICS, headers=key)).status_code == 200
        await world.product.keys.revoke("crm", at=world.clock())
        refused = await web.get(METRICS, headers=key)
    assert refused.status_code == 401
    lines = await world.product.audit.latest(10)
    said = [(line.entry.actor, line.entry.action) for line in lines]
    assert said[0] == ("an unknown key", "key.refused")
    assert ("key crm", "report.read") in said
    assert (await world.product.audit.verify()).whole


async def test_of_a_key_nothing_is_stored_by_which_it_could_be_used(world: World) -> None:
    key = await world.product.keys.make("crm", Role.ADMIN, at=world.clock())
    rows = await world.rows(select(api_keys))
    assert key not in repr(rows)
    assert key.removeprefix("voxpop_")[4:] not in repr(rows)


async def test_who_stopped_all_surveys_gets_no_link(world: World, app: FastAPI) -> None:
    person = await world.product.people.by_email(email(1))
    assert person is not None
    await world.product.people.opt_out(person, survey=None, at=world.clock())
    async with client(app) as web:
        key = await key_of(world, Role.INGEST)
        refused = await web.post(GENERATE, headers=key, json={"email": email(1)})
    assert (refused.status_code, refused.json()["code"]) == (409, "opted_out")


async def test_a_round_that_closes_takes_no_answer_by_a_link(
    world: World, running: Campaign, app: FastAPI
) -> None:
    async with client(app) as web:
        token = await token_for(web, await key_of(world, Role.INGEST), email(1))
        await world.product.close(running)
        refused = await submit(web, token, score=9, comment="Late.")
    assert (refused.status_code, refused.json()["code"]) == (410, "closed")
    assert await world.scores(running) == {}


Voxpop = Callable[..., tuple[int, str, str]]


@pytest.fixture
def voxpop(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Voxpop]:
    """Commands in this process, which leave no trace in its log."""
    shutil.copy(sqlite_template, tmp_path / "voxpop.db")
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level

    def run(*command: str) -> tuple[int, str, str]:
        ended = CliRunner().invoke(command_line, command)
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            return 1, ended.stdout, str(ended.exception)
        return ended.exit_code, ended.stdout, ended.stderr

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_key_is_made_shown_once_listed_and_revoked(voxpop: Voxpop) -> None:
    code, key, said = voxpop("key", "create", "crm", "--role", "ingest")
    assert code == 0
    assert key.startswith("voxpop_")
    assert len(key.split()) == 1
    assert "not shown again" in said

    _, listed, _ = voxpop("key", "list", "--json")
    [told] = json.loads(listed)
    assert (told["name"], told["role"], told["revoked"]) == ("crm", "ingest", None)
    assert key.startswith(told["begins"].rstrip("…"))
    assert key.strip() not in listed

    assert voxpop("key", "revoke", "crm")[0] == 0
    assert json.loads(voxpop("key", "list", "--json")[1])[0]["revoked"] is not None
    code, _, said = voxpop("key", "revoke", "crm")
    assert code == 1
    assert "No key crm opens anything" in said

    _, audited, _ = voxpop("audit", "--json")
    actions = [(line["action"], line["about"]) for line in json.loads(audited)][::-1]
    assert actions[:2] == [("key.made", "crm (ingest)"), ("key.revoked", "crm")]


def test_a_name_is_used_once_even_after_its_key_was_revoked(voxpop: Voxpop) -> None:
    voxpop("key", "create", "crm", "--role", "admin")
    voxpop("key", "revoke", "crm")
    code, _, said = voxpop("key", "create", "crm", "--role", "admin")
    assert code == 1
    assert "names are not used twice" in said


@pytest.mark.parametrize("name", ["", "Crm", "a b", "-x", "x" * 65, "ä"])
def test_a_name_that_does_not_fit_is_told_so(voxpop: Voxpop, name: str) -> None:
    code, _, said = voxpop("key", "create", "--role", "admin", "--", name)
    assert code == 2
    assert "is no name of a key" in said


def test_a_role_that_there_is_not_is_told_so(voxpop: Voxpop) -> None:
    assert voxpop("key", "create", "crm", "--role", "king")[0] == 2
