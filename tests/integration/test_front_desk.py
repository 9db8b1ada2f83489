"""The form at the front desk, as a browser without any script meets it."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from runtime.serving import create_server_app
from storage.tables import customers, deliveries, invitations
from survey.ports import Role
from tests.api import bearer
from tests.world import World

TOML = """
timezone = "Europe/London"
[surveys.visits]
after = "visits"
subject = "our service"
[visits]
purposes = ["Advice", "Repair"]
[branches.soho]
name = "Soho <1>"
staff = ["Sam Reed"]
"""
ORIGIN = {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"}
SAM = '["soho", "Sam Reed"]'
MAYA = {
    "name": "Maya Lind",
    "email": "maya@example.com",
    "purpose": "Advice",
    "branch": "soho",
    "staff": SAM,
    "consent": "yes",
}


@dataclass(frozen=True)
class Desk:
    world: World
    web: httpx.AsyncClient
    key: str

    async def post(self, path: str = "", **form: str) -> httpx.Response:
        return await self.web.post(f"/front-desk{path}", data=form, headers=ORIGIN)

    async def sign_in(self, key: str | None = None) -> httpx.Response:
        return await self.post("/sign-in", key=self.key if key is None else key)

    async def page(self) -> str:
        answer = await self.web.get("/front-desk")
        assert answer.status_code == 200
        return answer.text

    async def send(self, **changes: str) -> httpx.Response:
        """The form as it stands there, filled in."""
        found = re.search(r'name="once" value="(\w+)"', await self.page())
        assert found is not None
        return await self.post(**{"once": found[1], **MAYA, **changes})


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    world = World(database_url, folder=tmp_path, toml=TOML)
    key = await world.product.keys.make("counter", Role.INGEST, at=world.clock())
    transport = httpx.ASGITransport(create_server_app(world.product))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as web:
        yield Desk(world, web, key)
    await world.close()


async def test_a_key_opens_it_for_twelve_hours(desk: Desk) -> None:
    assert "Please sign in." in await desk.page()
    answer = await desk.sign_in()
    assert (answer.status_code, answer.headers["location"]) == (303, "/front-desk")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Path=/front-desk", "SameSite=strict", "Max-Age=43200"} <= set(
        cookie.split("; ")
    )
    assert desk.key not in cookie
    assert "Customer&#39;s name" in await desk.page()
    desk.world.clock.forward(hours=12)
    assert "Please sign in." in await desk.page()


async def test_where_pages_come_through_https_the_cookie_does_too(
    database_url: str, tmp_path: Path
) -> None:
    environ = {"VOXPOP_BASE_URL": "https://visits.example.org", "VOXPOP_SANDBOX": "0"}
    world = World(database_url, folder=tmp_path, toml=TOML, environ=environ)
    key = await world.product.keys.make("counter", Role.INGEST, at=world.clock())
    transport = httpx.ASGITransport(create_server_app(world.product))
    async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.7") as web:
        answer = await web.post(
            "/front-desk/sign-in", data={"key": key}, headers={"Origin": world.settings.base_url}
        )
    assert "; Secure" in answer.headers["set-cookie"]
    await world.close()


async def test_a_wrong_key_opens_nothing_and_too_many_have_to_wait(desk: Desk) -> None:
    answer = await desk.sign_in("voxpop_nothing")
    assert answer.status_code == 403
    assert "That key opens nothing here." in answer.text
    assert "voxpop_nothing" not in answer.text
    for _ in range(25):
        answer = await desk.sign_in("voxpop_nothing")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "Too many wrong keys" in answer.text
    assert (await desk.sign_in()).status_code == 303  # genuine keys never wait


async def test_a_key_that_was_revoked_closes_it_at_once(desk: Desk) -> None:
    await desk.sign_in()
    await desk.world.product.keys.revoke("counter", at=desk.world.clock())
    assert "Please sign in." in await desk.page()
    assert (await desk.post(**MAYA)).status_code == 401


async def test_signing_out_ends_it(desk: Desk) -> None:
    await desk.sign_in()
    assert (await desk.post("/sign-out")).status_code == 303
    assert "Please sign in." in await desk.page()


@pytest.mark.parametrize("cookie", ["", "x", "a.b", "WyJjb3VudGVyIiw5OTk5OTk5OTk5XQ.AAAA"])
async def test_a_cookie_that_is_none_of_ours_opens_nothing(desk: Desk, cookie: str) -> None:
    answer = await desk.web.get("/front-desk", headers={"Cookie": f"voxpop_desk={cookie}"})
    assert "Please sign in." in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_form_of_another_page_does_nothing(desk: Desk, headers: dict[str, str]) -> None:
    await desk.sign_in()
    for path, form in (("", MAYA), ("/sign-in", {"key": desk.key}), ("/sign-out", {})):
        answer = await desk.web.post(f"/front-desk{path}", data=form, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
    assert await desk.world.rows(select(customers)) == []


async def test_a_visit_is_written_down_and_asked_about(desk: Desk) -> None:
    await desk.sign_in()
    answer = await desk.send(mobile="020 7946 0018")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/front-desk?saved=1&and=asked",
    )
    page = await desk.web.get(answer.headers["location"])
    assert "Visit 1 is written down, and the customer will be asked about it." in page.text
    await desk.world.product.worker()
    (sent,) = await desk.world.rows(select(deliveries.c.state))
    assert sent.state == "sent"


async def test_without_the_tick_nobody_is_asked(desk: Desk) -> None:
    await desk.sign_in()
    page = await desk.page()
    assert 'type="checkbox"' in page
    assert "checked" not in page
    answer = await desk.send(consent="")
    shown = await desk.web.get(answer.headers["location"])
    assert "Visit 1 is written down. The customer is not asked about it." in shown.text
    assert await desk.world.rows(select(invitations)) == []


async def test_a_form_that_is_sent_twice_is_one_visit(desk: Desk) -> None:
    await desk.sign_in()
    once = "0" * 32
    first, second = [await desk.post(once=once, **MAYA) for _ in range(2)]
    assert first.headers["location"] == second.headers["location"]
    assert len(await desk.world.rows(select(customers))) == 1


async def test_a_form_that_the_browser_brought_back_is_another_visit_with_other_words(
    desk: Desk,
) -> None:
    await desk.sign_in()
    once = "0" * 32
    await desk.post(once=once, **MAYA)
    await desk.post(once=once, **{**MAYA, "name": "Ben Adler", "email": "ben@example.com"})
    kept = await desk.world.rows(select(customers.c.name).order_by(customers.c.id))
    assert [row.name for row in kept] == ["Maya Lind", "Ben Adler"]


async def test_what_does_not_fit_is_told_beside_its_field_and_the_rest_stays(desk: Desk) -> None:
    await desk.sign_in()
    answer = await desk.send(email="maya", name='"><b>Maya')
    assert answer.status_code == 422
    assert "Nothing is written down yet" in answer.text
    assert 'aria-describedby="email-wrong" aria-invalid="true"' in answer.text
    assert "That is no e-mail address." in answer.text
    assert "<b>Maya" not in answer.text
    assert 'value="&#34;&gt;&lt;b&gt;Maya"' in answer.text
    assert "selected>Advice" in answer.text
    assert "checked" in answer.text
    assert await desk.world.rows(select(customers)) == []


async def test_names_from_outside_are_text(desk: Desk) -> None:
    await desk.sign_in()
    await desk.send(new_branch="<script>1</script>", new_staff="Jo & <i>Co</i>")
    page = await desk.page()
    assert "<script>" not in page
    assert "<i>" not in page
    assert "&lt;script&gt;1&lt;/script&gt;" in page
    assert "Soho &lt;1&gt;" in page


async def test_the_next_visit_starts_at_the_same_counter(desk: Desk) -> None:
    await desk.sign_in()
    await desk.send()
    page = await desk.page()
    assert '<option value="soho" selected>' in page
    assert "selected>Sam Reed</option>" in page
    assert "maya@example.com" not in page


@pytest.mark.parametrize("said", ["[" * 1999, "%FF%FE", '{"branch":{"a":1}}', "1"])
async def test_what_a_browser_makes_of_the_place_breaks_nothing(desk: Desk, said: str) -> None:
    await desk.sign_in()
    desk.web.cookies.set("voxpop_desk_place", said, path="/front-desk")
    assert 'name="purpose"' in await desk.page()


async def test_customers_who_stopped_are_written_down_and_left_alone(desk: Desk) -> None:
    await desk.sign_in()
    await desk.send()
    person = await desk.world.product.people.by_email("maya@example.com")
    assert person is not None
    await desk.world.product.people.opt_out(person, survey=None, at=desk.world.clock())
    answer = await desk.send()
    shown = await desk.web.get(answer.headers["location"])
    assert "The customer is not asked: they have stopped such questions" in shown.text


async def test_the_page_needs_nothing_from_elsewhere_and_no_script(desk: Desk) -> None:
    await desk.sign_in()
    answer = await desk.web.get("/front-desk")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script|https?://", answer.text)


@pytest.mark.parametrize("saved", ["x", "1e9", "9" * 50, "٣"])
async def test_whatever_the_address_says_nothing_breaks(desk: Desk, saved: str) -> None:
    await desk.sign_in()
    answer = await desk.web.get("/front-desk", params={"saved": saved, "and": "<b>"})
    assert answer.status_code == 200
    assert 'role="status"' not in answer.text


async def test_programs_are_told_nothing_of_it(desk: Desk) -> None:
    described = (await desk.web.get("/openapi.json")).json()["paths"]
    assert {"/api/customers", "/api/feedback/{token}"} <= set(described)
    assert not [path for path in described if "front-desk" in path]


async def test_without_a_survey_about_visits_there_is_no_desk(
    database_url: str, tmp_path: Path
) -> None:
    world = World(database_url, folder=tmp_path)
    key = await world.product.keys.make("counter", Role.INGEST, at=world.clock())
    transport = httpx.ASGITransport(create_server_app(world.product))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as web:
        assert (await web.get("/front-desk")).status_code == 404
        assert (await web.post("/api/customers", json={}, headers=bearer(key))).status_code == 404
    await world.close()
