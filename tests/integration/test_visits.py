"""Visits on a database: written down, asked about once, answered once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from runtime.serving import create_server_app
from runtime.visits import visits_of
from storage.tables import branches, consents, customers, deliveries, invitations, people, staff
from survey.card import Subject
from survey.consent import How
from survey.ports import Link, Purpose, Role
from tests.api import bearer
from tests.world import World
from webapp.visits.models import CustomerCreate

TOML = """
timezone = "Europe/London"
[surveys.visits]
after = "visits"
subject = "our service"
[branches.soho]
name = "Soho"
staff = ["Sam Reed", "Ines Roy"]
"""
MAYA = {
    "name": "Maya Lind",
    "email": "Maya@example.com",
    "mobile": "+44 (20) 7946-0018",
    "email_consent": True,
    "purpose_of_visit": "Advice",
    "branch_id": "soho",
    "branch_name": "SOHO 1",
    "staff_name": "Sam Reed",
}


@dataclass(frozen=True)
class Shop:
    """A product with a survey about visits, and a program that has a key."""

    world: World
    web: httpx.AsyncClient
    key: str

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self.web.post(path, json=body or None, headers=bearer(self.key))

    async def capture(self, **changes: Any) -> int:
        answer = await self.post("/api/customers", **{**MAYA, **changes})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    async def trigger(self, number: int, *, wait: int = 0) -> httpx.Response:
        return await self.post(f"/api/survey/trigger/{number}?wait={wait}")

    async def status(self, number: int) -> httpx.Response:
        return await self.web.get(f"/api/survey/trigger/{number}", headers=bearer(self.key))

    async def link(self, number: int) -> str:
        """What stands in the link of the question about a visit, as its mail has it."""
        (row,) = await self.world.rows(
            select(invitations.c.id, invitations.c.campaign_id)
            .join(customers, customers.c.invitation_id == invitations.c.id)
            .where(customers.c.id == number)
        )
        made = self.world.clock().replace(microsecond=0)
        link = Link(
            subject=Subject(campaign_id=row.campaign_id, invitation_id=row.id),
            locale="en",
            issued_at=made,
            expires_at=made + timedelta(days=2),
            json=True,
        )
        return self.world.product.links.token(link, Purpose.ANSWER)

    async def asked(self, **changes: Any) -> tuple[int, str]:
        """A visit whose question has gone out, and the link in it."""
        number = await self.capture(**changes)
        assert (await self.trigger(number)).status_code == 202
        await self.world.product.worker()
        return number, await self.link(number)


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    world = World(database_url, folder=tmp_path, toml=TOML)
    key = await world.product.keys.make("till", Role.INGEST, at=world.clock())
    transport = httpx.ASGITransport(create_server_app(world.product))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as web:
        yield Shop(world, web, key)
    await world.close()


async def test_a_visit_is_written_down_with_where_it_was(shop: Shop) -> None:
    answer = await shop.post("/api/customers", **MAYA)
    assert answer.status_code == 201
    assert answer.json() == {
        "id": 1,
        "message": "The visit is written down.",
        "survey_triggered": False,
    }
    await shop.capture(branch_id="leeds", branch_name="Leeds", staff_name="Jo Hart")
    await shop.capture(branch_id="leeds", branch_name="Leeds", staff_name="Jo Hart")
    (first, *_) = await shop.world.rows(select(customers).order_by(customers.c.id))
    assert (first.name, first.email, first.mobile) == (
        "Maya Lind",
        "maya@example.com",
        "+44 (20) 7946-0018",
    )
    found = await shop.world.rows(select(branches.c.id, branches.c.name).order_by(branches.c.id))
    # What the settings call a branch wins over what comes in.
    assert [tuple(row) for row in found] == [("leeds", "Leeds"), ("soho", "Soho")]
    names = await shop.world.rows(select(staff.c.name).order_by(staff.c.name))
    assert [row.name for row in names] == ["Jo Hart", "Sam Reed"]
    assert await shop.world.rows(select(invitations)) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 256),
        ("email", "maya"),
        ("email", 7),
        ("mobile", "call me"),
        ("mobile", "+"),
        ("email_consent", "yes"),
        ("email_consent", None),
        ("purpose_of_visit", ""),
        ("branch_id", "x" * 51),
        ("branch_name", ""),
        ("staff_name", ""),
        ("surprise", "!"),
    ],
)
async def test_what_does_not_fit_is_refused_by_its_name(
    shop: Shop, field: str, value: object
) -> None:
    answer = await shop.post("/api/customers", **{**MAYA, field: value})
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert await shop.world.rows(select(customers)) == []


@pytest.mark.parametrize("mobile", [None, "", "020 7946 0018", "(020)-7946", "+4420"])
async def test_a_mobile_number_may_be_left_out(shop: Shop, mobile: str | None) -> None:
    await shop.capture(mobile=mobile)
    (row,) = await shop.world.rows(select(customers.c.mobile))
    assert row.mobile == (mobile or None)


async def test_the_record_says_when_and_how_consent_was_given_and_who_wrote_it_down(
    shop: Shop,
) -> None:
    await shop.capture()
    (said,) = await shop.world.rows(select(consents))
    assert (said.survey, said.may_ask, said.how) == ("visits", True, "at the front desk")
    assert said.at == shop.world.clock()
    (visit,) = await shop.world.rows(select(customers))
    assert (visit.email_consent, visit.taken_by) == (True, "till")


async def test_nobody_without_consent_is_asked_nor_kept_as_a_person(shop: Shop) -> None:
    number = await shop.capture(email_consent=False)
    answer = await shop.trigger(number)
    assert (answer.status_code, answer.json()["code"]) == (403, "no_consent")
    assert await shop.world.rows(select(people)) == []
    assert await shop.world.rows(select(invitations)) == []


async def test_a_question_goes_out_once_however_often_it_is_wanted(shop: Shop) -> None:
    number = await shop.capture()
    answers = await asyncio.gather(*(shop.trigger(number) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409, 409]
    codes = {answer.json().get("code") for answer in answers}
    assert codes == {None, "already_asked"}
    await shop.world.product.worker()
    assert len(await shop.world.rows(select(deliveries))) == 1
    assert (await shop.trigger(number)).json()["code"] == "already_asked"


async def test_each_visit_is_asked_about_for_itself(shop: Shop) -> None:
    for _ in range(2):
        await shop.asked()
    rows = await shop.world.rows(select(invitations.c.occasion).order_by(invitations.c.occasion))
    assert [row.occasion for row in rows] == ["visit:1", "visit:2"]
    assert len(await shop.world.rows(select(people))) == 1


async def test_the_caller_learns_what_became_of_the_message(shop: Shop) -> None:
    number = await shop.capture()
    planned = await shop.trigger(number)
    assert planned.status_code == 202
    assert planned.headers["location"] == f"/api/survey/trigger/{number}"
    assert planned.json()["status"] == "planned"
    await shop.world.product.worker()
    sent = (await shop.status(number)).json()
    assert (sent["status"], sent["sent_at"]) == ("sent", "2026-11-16T10:00:00Z")
    link = await shop.link(number)
    await shop.web.post(f"/api/feedback/{link}", json={"star_rating": 5, "textual_feedback": ""})
    assert (await shop.status(number)).json()["status"] == "answered"
    assert (await shop.trigger(number)).json()["code"] == "already_submitted"


async def test_whoever_waits_is_told_that_it_was_sent(shop: Shop) -> None:
    number = await shop.capture()

    async def send() -> None:
        await asyncio.sleep(0.3)
        await shop.world.product.worker()

    answer, _ = await asyncio.gather(shop.trigger(number, wait=10), send())
    assert (answer.status_code, answer.json()["status"]) == (200, "sent")


async def test_outside_of_the_sending_hours_nobody_waits_for_the_morning(shop: Shop) -> None:
    shop.world.clock.forward(hours=12)  # ten at night
    answer = await shop.trigger(await shop.capture(), wait=10)
    assert answer.status_code == 202
    assert answer.json()["due_at"] == "2026-11-17T08:00:00Z"


@pytest.mark.parametrize("number", [0, 99, 2**31, "maya"])
async def test_a_visit_that_is_not_there_is_not_asked_about(shop: Shop, number: int | str) -> None:
    answer = await shop.post(f"/api/survey/trigger/{number}?wait=0")
    assert answer.status_code in {404, 422}


async def test_a_visit_of_long_ago_is_not_asked_about(shop: Shop) -> None:
    number = await shop.capture()
    shop.world.clock.forward(days=3)
    answer = await shop.trigger(number)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_asked")
    assert "too long ago" in answer.json()["detail"]


async def test_a_later_no_takes_back_what_is_planned(shop: Shop) -> None:
    number = await shop.capture()
    await shop.trigger(number)
    await shop.capture(email_consent=False)
    await shop.world.product.worker()
    assert await shop.world.rows(select(deliveries).where(deliveries.c.state == "sent")) == []
    answer = await shop.trigger(number)
    assert (answer.status_code, answer.json()["code"]) == (409, "opted_out")
    lines = await shop.world.rows(select(consents.c.may_ask).order_by(consents.c.id))
    assert [line.may_ask for line in lines] == [True, False]


async def test_a_no_is_looked_at_again_as_the_message_goes_out(shop: Shop) -> None:
    number = await shop.capture()
    await shop.trigger(number)
    # As if the process had ended before it took back what is planned.
    no = replace(CustomerCreate.model_validate(MAYA).capture(), email_consent=False)
    await visits_of(shop.world.product).capture(no, survey="visits", at=shop.world.clock())
    await shop.world.product.worker()
    (row,) = await shop.world.rows(select(deliveries.c.state))
    assert row.state == "skipped"
    assert (await shop.status(number)).json()["status"] == "closed"


async def test_a_new_yes_at_the_desk_lifts_a_no_at_the_desk(shop: Shop) -> None:
    await shop.capture(email_consent=False)
    await shop.capture()
    await shop.capture(email_consent=False)
    number = await shop.capture()
    assert (await shop.trigger(number)).status_code == 202


async def test_what_customers_stopped_by_themselves_no_desk_lifts(shop: Shop) -> None:
    await shop.capture()
    person = await shop.world.product.people.by_email("maya@example.com")
    assert person is not None
    await shop.world.product.people.opt_out(
        person, survey=None, at=shop.world.clock(), how=How.ONE_CLICK
    )
    number = await shop.capture()
    assert (await shop.trigger(number)).json()["code"] == "opted_out"


async def test_what_customers_stop_after_a_no_at_the_desk_no_desk_lifts(shop: Shop) -> None:
    await shop.capture()
    await shop.capture(email_consent=False)
    person = await shop.world.product.people.by_email("maya@example.com")
    assert person is not None
    await shop.world.product.people.opt_out(
        person, survey="visits", at=shop.world.clock(), how=How.ONE_CLICK
    )
    number = await shop.capture()
    assert (await shop.trigger(number)).json()["code"] == "opted_out"


@pytest.mark.parametrize("consent", [True, False])
async def test_whoever_was_forgotten_comes_back_with_no_visit(shop: Shop, consent: bool) -> None:
    await shop.capture()
    person = await shop.world.product.people.by_email("maya@example.com")
    assert person is not None
    await shop.world.product.rights.forget(person, at=shop.world.clock())
    number = await shop.capture(email_consent=consent)
    assert (await shop.trigger(number)).status_code == 404
    kept = await shop.world.rows(
        select(customers.c.name, customers.c.email, customers.c.mobile, customers.c.email_consent)
    )
    assert [tuple(row) for row in kept] == [("", "", None, False)] * 2
    assert await shop.world.product.people.by_email("maya@example.com") is None


async def test_a_form_is_shown_and_nothing_recorded(shop: Shop) -> None:
    _, link = await shop.asked()
    answers = [await shop.web.get(f"/api/feedback/{link}") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert answers[-1].json() == {
        "customer_name": "Maya",
        "branch_name": "Soho",
        "purpose_of_visit": "Advice",
        "question": "How many stars do you give our service?",
        "lowest": 1,
        "highest": 5,
        "comment_limit": 500,
        "expires_at": "2026-11-18T10:00:00Z",
    }


async def test_feedback_is_taken_once(shop: Shop) -> None:
    _, link = await shop.asked()
    body = {"star_rating": 2, "textual_feedback": "Nobody\ncame."}
    answer = await shop.web.post(f"/api/feedback/{link}", json=body)
    assert answer.status_code == 200
    assert answer.json() == {
        "message": "Thank you for your feedback!",
        "star_rating": 2,
        "textual_feedback": "Nobody\ncame.",
        "created_at": "2026-11-16T10:00:00Z",
    }
    for again in (
        await shop.web.post(f"/api/feedback/{link}", json={**body, "star_rating": 5}),
        await shop.web.post(f"/api/feedback/{link}", json=body),
        await shop.web.get(f"/api/feedback/{link}"),
    ):
        assert (again.status_code, again.json()["code"]) == (409, "already_submitted")


async def test_of_many_at_once_one_feedback_counts(shop: Shop) -> None:
    _, link = await shop.asked()
    answers = await asyncio.gather(
        *(
            shop.web.post(f"/api/feedback/{link}", json={"star_rating": stars})
            for stars in (1, 2, 3, 4, 5)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]


@pytest.mark.parametrize("stars", [0, 6, 4.5, "5", True, None])
async def test_stars_are_whole_and_one_to_five(shop: Shop, stars: object) -> None:
    _, link = await shop.asked()
    answer = await shop.web.post(f"/api/feedback/{link}", json={"star_rating": stars})
    assert answer.status_code == 422
    assert (await shop.web.get(f"/api/feedback/{link}")).status_code == 200


async def test_five_hundred_signs_fit_and_no_more(shop: Shop) -> None:
    _, link = await shop.asked()
    body = {"star_rating": 5, "textual_feedback": "é" * 501}
    answer = await shop.web.post(f"/api/feedback/{link}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "comment_too_long")
    body["textual_feedback"] = "é" * 500
    assert (await shop.web.post(f"/api/feedback/{link}", json=body)).status_code == 200


async def test_a_link_ends_after_two_days(shop: Shop) -> None:
    _, link = await shop.asked()
    shop.world.clock.forward(days=2)
    for answer in (
        await shop.web.get(f"/api/feedback/{link}"),
        await shop.web.post(f"/api/feedback/{link}", json={"star_rating": 5}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (410, "token_expired")
    page = await shop.web.get(f"/s/{link}")
    assert page.status_code == 410


async def test_links_that_are_none_are_told_alike_and_make_wait(shop: Shop) -> None:
    _, link = await shop.asked()
    head, said, signature = link.split(".")
    unsubscribe = f"{head}.{said}.{signature[::-1]}"
    for bent in (f"{head}.{said}.", unsubscribe, "x", f"{link}x", "a.b.c", "é"):
        answer = await shop.web.get(f"/api/feedback/{bent}")
        assert (answer.status_code, answer.json()["code"]) == (404, "invalid_token"), bent
    answers = [await shop.web.get("/api/feedback/no.such.link") for _ in range(20)]
    assert answers[-1].status_code == 429
    assert (await shop.web.get(f"/api/feedback/{link}")).status_code == 200


async def test_the_link_opens_the_page_as_well(shop: Shop) -> None:
    _, link = await shop.asked()
    page = await shop.web.get(f"/s/{link}")
    assert page.status_code == 200
    assert "How many stars do you give our service?" in page.text
    shop.world.clock.forward(minutes=5)
    sent = await shop.web.post(f"/s/{link}", data={"score": "4"})
    assert sent.status_code == 200
    answer = await shop.web.get(f"/api/feedback/{link}")
    assert answer.json()["code"] == "already_submitted"


async def test_a_key_that_may_only_tell_what_happens_is_enough_and_needed(shop: Shop) -> None:
    for path in ("/api/customers", "/api/survey/trigger/1"):
        answer = await shop.web.post(path, json=MAYA)
        assert answer.status_code == 401


async def test_a_visit_sent_twice_under_one_key_of_its_own_is_one_visit(shop: Shop) -> None:
    headers = {**bearer(shop.key), "Idempotency-Key": "till-4-0711"}
    for _ in range(2):
        answer = await shop.web.post("/api/customers", json=MAYA, headers=headers)
        assert answer.json()["id"] == 1
    assert len(await shop.world.rows(select(customers))) == 1


async def test_what_a_process_left_half_done_is_mended(shop: Shop) -> None:
    number, link = await shop.asked()
    untouched = await shop.capture()
    await shop.world.rows(update(customers).values(invitation_id=None))
    visits = visits_of(shop.world.product)
    assert await visits.mend(survey="visits") == 1
    assert (await shop.web.get(f"/api/feedback/{link}")).status_code == 200
    assert await visits.mend(survey="visits") == 0
    left = select(customers.c.id).where(customers.c.invitation_id.is_(None))
    assert [row.id for row in await shop.world.rows(left)] == [untouched]
    assert number != untouched


async def test_what_could_not_be_delivered_may_be_asked_about_again(shop: Shop) -> None:
    number, _ = await shop.asked()
    await shop.world.rows(update(invitations).values(state="undeliverable"))
    await shop.world.rows(update(deliveries).values(state="failed", reason="no such mailbox"))
    failed = (await shop.status(number)).json()
    assert failed["status"] == "failed"
    assert (await shop.trigger(number)).status_code == 202
    assert (await shop.status(number)).json()["status"] == "planned"
    assert (await shop.trigger(number)).json()["code"] == "already_asked"
    rows = await shop.world.rows(select(invitations.c.occasion).order_by(invitations.c.occasion))
    assert [row.occasion for row in rows] == ["visit:1", "visit:1:2"]
    await shop.world.product.worker()
    link = await shop.link(number)
    assert (await shop.web.get(f"/api/feedback/{link}")).status_code == 200


async def test_where_it_is_wished_whoever_is_written_down_is_asked(
    database_url: str, tmp_path: Path
) -> None:
    world = World(database_url, folder=tmp_path, toml=f"{TOML}[visits]\nask_at_capture = true\n")
    key = await world.product.keys.make("till", Role.INGEST, at=world.clock())
    transport = httpx.ASGITransport(create_server_app(world.product))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as web:
        shop = Shop(world, web, key)
        yes = await shop.post("/api/customers", **MAYA)
        no = await shop.post("/api/customers", **{**MAYA, "email_consent": False})
    assert (yes.json()["survey_triggered"], no.json()["survey_triggered"]) == (True, False)
    await world.close()
