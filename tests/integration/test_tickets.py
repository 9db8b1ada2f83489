"""Tickets on real databases: from what a helpdesk tells to what is planned, and back."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from runtime.serving import create_server_app
from runtime.tickets import KEPT, sweeps, taking
from storage.tables import deliveries, invitations, people
from storage.tables_moments import ticket_events, tickets
from storage.tickets import SqlTickets
from survey.eligibility import LeftOut
from survey.tickets import NOTHING, Requester, Step, TicketEvent, TicketState, WhyNot
from survey.usecases.take_ticket_events import TakeTicketEvents
from tests.helpdesks import ENVIRON, Call, standard, ticket, zammad, zammad_ticket
from tests.world import MONDAY, World

TOML = """
timezone = "Europe/London"
[surveys.nps]
subject = "Acme"
[surveys.ticket]
subject = "our help"
after = "tickets"
{more}
"""
_names = itertools.count(1)


@asynccontextmanager
async def service(
    database_url: str, folder: Path, *, more: str = "", people: int = 3
) -> AsyncIterator["Service"]:
    world = World(database_url, folder=folder, toml=TOML.format(more=more), environ=ENVIRON)
    await world.populate(people)
    transport = httpx.ASGITransport(create_server_app(world.product), client=("192.0.2.7", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        yield Service(world=world, http=http)
    await world.close()


@dataclass
class Service:
    """The product with a survey that waits for tickets, and helpdesks that call it."""

    world: World
    http: httpx.AsyncClient

    @property
    def take(self) -> TakeTicketEvents:
        return taking(self.world.product)

    @property
    def store(self) -> SqlTickets:
        return SqlTickets(self.world.product.database)

    async def hears(self, call: Call) -> httpx.Response:
        return await self.http.post(call.path, content=call.body, headers=dict(call.headers))

    async def told(self, kind: str = "resolved", **more: Any) -> None:
        at = self.world.clock.at
        event = f"m{next(_names)}"
        answer = await self.hears(standard(ticket(kind, at=at, **more), at=at, event=event))
        assert answer.status_code == 202, answer.text

    async def due(self) -> dict[str, datetime]:
        """Occasion → when the first message about it is due."""
        rows = await self.world.rows(
            select(invitations.c.occasion, deliveries.c.due_at)
            .join(deliveries, deliveries.c.invitation_id == invitations.c.id)
            .where(deliveries.c.kind == "initial", invitations.c.occasion != "")
        )
        return {occasion: at for occasion, at in rows}  # noqa: C416 - rows are no pairs to mypy

    async def ticket(self, number: str = "4711") -> Any:
        rows = await self.world.rows(select(tickets).where(tickets.c.number == number))
        return rows[0]


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with service(database_url, tmp_path) as found:
        yield found


def event(number: int = 1, *, name: str | None = None, **changes: Any) -> TicketEvent:
    return TicketEvent(
        **{
            "source": "zammad",
            "event": name or f"e{next(_names)}",
            "number": str(number),
            "state": TicketState.RESOLVED,
            "happened_at": MONDAY,
            "requester": Requester(email=f"customer{number}@example.com", name="Anna"),
            **changes,
        }
    )


async def test_a_resolved_ticket_is_asked_about_two_hours_later(desk: Service) -> None:
    await desk.told(category="Repairs", resolved_by="Sophie", email="person1@example.org")
    taken = await desk.take()
    assert (taken.handled, taken.asked) == (1, 1)
    assert await desk.due() == {"standard:4711": MONDAY + timedelta(hours=2)}
    (listed,) = await desk.store.listed(limit=10)
    assert (listed.asked, listed.asks_at) == (True, MONDAY + timedelta(hours=2))
    desk.world.clock.forward(hours=2)
    await desk.world.product.worker()
    (listed,) = await desk.store.listed(limit=10)
    assert (listed.asked, listed.asks_at) == (True, None)
    found = await desk.world.invitation(1)
    assert found.about is not None
    assert found.about.details["resolved_by"] == "Sophie"
    kept = await desk.ticket()
    assert (kept.invitation_id, kept.outcome) == (found.id, NOTHING)


async def test_what_was_handled_is_forgotten_but_for_its_name(desk: Service) -> None:
    await desk.told()
    waiting = await desk.world.rows(select(ticket_events.c.payload))
    assert '"grace@example.com"' in waiting[0].payload
    await desk.take()
    rows = await desk.world.rows(select(ticket_events))
    assert [(row.payload, row.handled_at) for row in rows] == [(None, desk.world.clock.at)]


async def test_whoever_is_on_no_roster_is_asked_and_stays_out_of_rounds(desk: Service) -> None:
    await desk.told()
    await desk.take()
    known = await desk.world.rows(
        select(people.c.source, people.c.name).where(people.c.email == "grace@example.com")
    )
    assert [tuple(row) for row in known] == [("tickets", "Grace Hopper")]
    plan = await desk.world.product.start.plan("nps")
    assert "grace@example.com" not in {known.email for known in plan.people}


async def test_a_replayed_webhook_counts_once(desk: Service) -> None:
    """Fault 54."""
    call = standard(ticket(at=MONDAY), at=MONDAY, event="m-once")
    answers = [(await desk.hears(call)).json()["status"] for _ in range(3)]
    assert answers == ["accepted", "repeated", "repeated"]
    assert (await desk.take()).asked == 1
    assert (await desk.hears(call)).json()["status"] == "repeated"
    assert (await desk.take()).handled == 0
    assert len(await desk.due()) == 1


async def test_many_replays_at_once_count_once(desk: Service) -> None:
    call = zammad(zammad_ticket(at=MONDAY))
    answers = await asyncio.gather(*(desk.hears(call) for _ in range(8)))
    assert sorted(one.json()["status"] for one in answers) == ["accepted", *["repeated"] * 7]


async def test_resolved_reopened_and_resolved_again_is_one_question_after_the_quiet_time(
    desk: Service,
) -> None:
    """Fault 55."""
    await desk.told()
    await desk.take()
    desk.world.clock.forward(minutes=30)
    await desk.told("reopened")
    assert (await desk.take()).withdrawn == 1
    assert await desk.due() == {}
    assert (await desk.ticket()).invitation_id is None
    desk.world.clock.forward(minutes=30)
    await desk.told()
    assert (await desk.take()).asked == 1
    assert await desk.due() == {"standard:4711": MONDAY + timedelta(hours=3)}


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_whatever_order_they_come_in_one_question_goes_out_after_the_last_resolution(
    desk: Service, order: tuple[int, ...], together: bool
) -> None:
    """Fault 55, out of order."""
    happened = [("resolved", 0), ("reopened", 30), ("resolved", 60)]
    desk.world.clock.forward(hours=1)
    at = desk.world.clock.at
    for place in order:
        kind, minute = happened[place]
        told = ticket(kind, at=MONDAY + timedelta(minutes=minute))
        assert (await desk.hears(standard(told, at=at, event=f"m{place}"))).status_code == 202
        if not together:
            await desk.take()
    await desk.take()
    assert await desk.due() == {"standard:4711": MONDAY + timedelta(hours=3)}
    rows = await desk.world.rows(select(func.count()).select_from(invitations))
    assert rows[0][0] == 1


async def test_what_went_out_stays_and_nobody_is_asked_again(desk: Service) -> None:
    await desk.told(email="person1@example.org")
    await desk.take()
    desk.world.clock.forward(hours=2)
    await desk.world.product.worker()
    for kind in ("reopened", "resolved"):
        desk.world.clock.forward(minutes=1)
        await desk.told(kind, email="person1@example.org")
        taken = await desk.take()
        assert (taken.asked, taken.withdrawn) == (0, 0)
    kept = await desk.ticket()
    assert (kept.invitation_id is not None, kept.outcome) == (True, NOTHING)
    assert len(await desk.due()) == 1


async def test_hundreds_of_tickets_are_handled_by_several_at_once(desk: Service) -> None:
    for number in range(200):
        await desk.store.accept(event(number), at=MONDAY)
    takers = [desk.take for _ in range(3)]
    await asyncio.gather(*(taker() for taker in takers))
    assert len(await desk.due()) == 200
    rows = await desk.world.rows(
        select(tickets.c.outcome, func.count())
        .where(tickets.c.invitation_id.is_not(None))
        .group_by(tickets.c.outcome)
    )
    assert [tuple(row) for row in rows] == [(NOTHING, 200)]
    assert await desk.store.waiting(limit=10) == []


async def test_many_tickets_of_one_person_are_one_question_where_they_rest(
    database_url: str, tmp_path: Path
) -> None:
    """Fault 56: a cooldown per person."""
    async with service(database_url, tmp_path, more="rest_days = 30") as desk:
        who = Requester(email="customer@example.com", name="Anna")
        for number in range(50):
            await desk.store.accept(event(number, requester=who), at=MONDAY)
        taken = await desk.take()
        assert (taken.handled, taken.asked) == (50, 1)
        rows = await desk.world.rows(
            select(tickets.c.outcome, func.count()).group_by(tickets.c.outcome)
        )
        assert dict(tuple(row) for row in rows) == {NOTHING: 1, LeftOut.ASKED_RECENTLY: 49}


async def test_cut_off_after_asking_it_is_noted_by_whoever_comes_next(desk: Service) -> None:
    await desk.told()
    events = await desk.store.waiting(limit=10)
    due = await desk.store.apply(events)
    assert [one.outcome for one in due] == [Step.ASK]
    occasion, survey = due[0].occasion(), desk.take.survey
    assert occasion is not None
    assert survey is not None
    await desk.world.product.ask_about(survey, [occasion])
    await desk.take()
    kept = await desk.ticket()
    assert (kept.invitation_id is not None, kept.outcome) == (True, NOTHING)
    assert len(await desk.due()) == 1
    assert await desk.store.waiting(limit=10) == []


async def test_reopened_while_it_is_asked_about_it_is_withdrawn_at_the_next_look(
    desk: Service,
) -> None:
    await desk.told()
    events = await desk.store.waiting(limit=10)
    due = await desk.store.apply(events)
    survey, occasion = desk.take.survey, due[0].occasion()
    assert survey is not None
    assert occasion is not None
    await desk.world.product.ask_about(survey, [occasion])
    campaign = await desk.world.product.occasions.campaign(survey, at=MONDAY)
    reopened = event(
        4711,
        source="standard",
        state=TicketState.OPEN,
        happened_at=MONDAY + timedelta(minutes=1),
    )
    await desk.store.apply([reopened])
    await desk.store.settle(
        events, due, campaign=campaign, outcomes={"standard:4711": NOTHING}, at=MONDAY
    )
    assert (await desk.ticket()).outcome == Step.WITHDRAW
    assert (await desk.take()).withdrawn == 1
    assert await desk.due() == {}


async def test_somebody_who_was_forgotten_is_not_asked_and_nothing_is_kept_of_them(
    desk: Service,
) -> None:
    person = await desk.world.product.people.by_email("person2@example.org")
    assert person is not None
    await desk.world.product.rights.forget(person, at=MONDAY)
    await desk.told(email="person2@example.org", resolved_by="Sophie")
    assert (await desk.take()).asked == 0
    kept = await desk.ticket()
    assert (kept.outcome, kept.subject, kept.resolved_by) == (LeftOut.FORGOTTEN, "", "")


async def test_nothing_is_said_of_tickets_of_which_nobody_could_be_forgotten(desk: Service) -> None:
    await desk.told("reopened", email="ada@example.com", subject="My divorce", resolved_by="Sophie")
    await desk.told("reopened", number="2", email="person1@example.org", subject="My door")
    await desk.take()
    assert ((await desk.ticket()).subject, (await desk.ticket()).resolved_by) == ("", "")
    assert (await desk.ticket("2")).subject == "My door"
    person = await desk.world.product.people.by_email("person1@example.org")
    assert person is not None
    await desk.world.product.rights.forget(person, at=MONDAY)
    assert await desk.world.rows(select(tickets).where(tickets.c.number == "2")) == []


async def test_without_an_e_mail_whoever_opened_it_before_is_remembered(desk: Service) -> None:
    await desk.told()
    await desk.take()
    desk.world.clock.forward(minutes=1)
    await desk.told("reopened", email=None)
    await desk.take()
    desk.world.clock.forward(minutes=1)
    await desk.told(email=None)
    assert (await desk.take()).asked == 1
    await desk.told(number="5", email=None)
    await desk.take()
    assert (await desk.ticket("5")).outcome == WhyNot.NO_EMAIL


async def test_a_broken_event_is_set_aside(desk: Service) -> None:
    broken = event(1)
    await desk.store.accept(broken, at=MONDAY)
    await desk.store.apply([broken])
    await desk.store.set_aside(broken, why=WhyNot.BROKE, at=MONDAY)
    assert (await desk.ticket("1")).outcome == WhyNot.BROKE
    assert await desk.store.waiting(limit=10) == []


async def test_names_of_events_are_forgotten_when_nobody_tells_them_again(desk: Service) -> None:
    await desk.told()
    await desk.take()
    await desk.store.accept(event(2), at=MONDAY)
    desk.world.clock.forward(days=KEPT.days, seconds=1)
    prune = next(one for one in sweeps(desk.world.product) if one.name == "tickets_pruned")
    await prune.run()
    rows = await desk.world.rows(select(ticket_events.c.source))
    assert [row.source for row in rows] == ["zammad"]  # it waits still


async def test_tickets_are_listed_the_latest_first(desk: Service) -> None:
    later = MONDAY + timedelta(minutes=1)
    await desk.store.apply([event(1), event(2, happened_at=later, state=TicketState.OPEN)])
    assert [one.number for one in await desk.store.listed(limit=10)] == ["2", "1"]
    assert [one.number for one in await desk.store.listed(state="resolved", limit=10)] == ["1"]
    assert len(await desk.store.listed(limit=1)) == 1


async def test_the_sweep_handles_what_was_told(desk: Service) -> None:
    await desk.told()
    look = next(one for one in sweeps(desk.world.product) if one.name == "tickets")
    await look.run()
    assert len(await desk.due()) == 1


async def test_instants_come_back_as_they_were_told(desk: Service) -> None:
    told = event(
        1,
        happened_at=datetime(2026, 11, 16, 9, 0, 0, 123456, tzinfo=UTC),
        resolved_at=MONDAY - timedelta(days=1),
        requester=Requester(
            email="jörg@example.com", name="Jörg 🙂", locale="de", timezone="Europe/Berlin"
        ),
        subject='A "quoted" door \\ ',
    )
    await desk.store.accept(told, at=MONDAY)
    assert await desk.store.waiting(limit=1) == [told]
