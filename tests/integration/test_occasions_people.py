"""People of whom what happened to them tells: known, taken over by rosters, forgotten."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from storage.tables import (
    branches,
    customers,
    feature_feedbacks,
    features,
    follow_ups,
    insights,
    interactions,
    invitations,
    metadata,
    occasions,
    people,
    products,
    ticket_events,
    tickets,
    totals,
)
from storage.tables import staff as staff_table
from survey.eligibility import LeftOut
from survey.errors import (
    InvitationClosed,
)
from survey.occasion import Trigger
from survey.person import Enrolment
from survey.ports import Given
from survey.roster import Entry, Meaning, Prune
from tests.happenings import TOML, ask, campaign_of, deliver, press, ticket
from tests.world import World, email


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A company that asks about its tickets."""
    found = World(database_url, folder=tmp_path, toml=TOML)
    await found.populate()
    yield found
    await found.close()


async def test_whom_only_a_ticket_tells_of_is_in_no_round_until_a_roster_names_them(
    desk: World,
) -> None:
    await ask(desk, ticket(desk, 1, who="Carla@Customers.example", name="Carla"))
    carla = await desk.product.people.by_email("carla@customers.example")
    assert carla is not None
    assert carla.name == "Carla"
    rows = await desk.rows(select(people.c.source).where(people.c.id == carla.id))
    assert [row.source for row in rows] == [Trigger.TICKETS.value]
    campaign = await desk.start("nps")
    assert campaign.invited == 12
    await ask(desk, ticket(desk, 2, who="carla@customers.example", name="Carla Diaz"))
    renamed = await desk.product.people.by_email("carla@customers.example")
    assert renamed is not None
    assert renamed.name == "Carla Diaz"


async def test_what_a_roster_says_of_somebody_stays(desk: World) -> None:
    await ask(desk, ticket(desk, 1, name="P. One"))
    found = await desk.product.people.by_email(email(1))
    assert found is not None
    assert found.name == "Person 1"


async def test_who_was_forgotten_does_not_come_back_by_a_ticket(desk: World) -> None:
    person = await desk.product.people.by_email(email(1))
    assert person is not None
    await desk.product.rights.forget(person, at=desk.clock.at)
    assert await ask(desk, ticket(desk, 1)) == {"desk:1": LeftOut.FORGOTTEN}
    assert await desk.product.people.by_email(email(1)) is None
    given = Given(occasion=ticket(desk, 1), score=4, comment="", at=desk.clock.at)
    with pytest.raises(InvitationClosed):
        await desk.product.occasions.answer(await campaign_of(desk), given)
    assert await desk.product.people.by_email(email(1)) is None


async def test_who_stops_while_it_is_planned_is_not_asked(desk: World) -> None:
    campaign = await campaign_of(desk)
    person = await desk.product.people.by_email(email(1))
    assert person is not None
    known = await desk.product.occasions.candidates(
        campaign.survey,
        [ticket(desk, 1)],
        platforms=["sandbox"],
        year_from=desk.clock.at,
        at=desk.clock.at,
    )
    assert not known[email(1)].opted_out
    await desk.product.people.opt_out(person, survey=None, at=desk.clock.at)
    outcome = await ask(desk, ticket(desk, 1))
    assert outcome == {"desk:1": LeftOut.OPTED_OUT}


async def test_forgetting_somebody_leaves_nothing_of_what_happened_to_them(desk: World) -> None:
    await ask(desk, ticket(desk, 1))
    await deliver(desk)
    await press(desk, 1, 1)
    person = await desk.product.people.by_email(email(1))
    assert person is not None
    await desk.product.rights.forget(person, at=desk.clock.at)
    assert await desk.rows(select(occasions.c.details).where(occasions.c.details != "{}")) == []
    assert await desk.rows(select(totals.c.n).where(totals.c.n != 0)) == []


async def test_a_roster_takes_over_whom_only_a_ticket_told_of(desk: World) -> None:
    carla = "carla@customers.example"
    await ask(desk, ticket(desk, 1, who=carla, name="Carla"))
    bring = desk.product.roster.bring_in
    columns = frozenset({Meaning.EMAIL, Meaning.NAME})
    staff = [listed(email(place), f"P{place}") for place in range(12)]
    options: dict[str, Any] = {"columns": columns, "source": "csv", "at": desk.clock.at}
    first = await bring(staff, prune=Prune.MISSING, **options)
    assert first.deactivated == 0
    assert await sources(desk, carla) == [("Carla", "tickets", True)]
    taken = await bring([*staff, listed(carla, "Carla Diaz")], **options)
    assert taken.changed == 1
    assert await sources(desk, carla) == [("Carla Diaz", "csv", True)]
    pruned = await bring(staff, prune=Prune.MISSING, **options)
    assert pruned.deactivated == 1
    assert await ask(desk, ticket(desk, 2, who=carla)) == {"desk:2": LeftOut.FORGOTTEN}


def listed(whose: str, name: str) -> Entry:
    return Entry(
        place=name,
        email=whose,
        name=name,
        timezone=None,
        locale=None,
        attributes={},
        addresses=(),
        away_from=None,
        away_until=None,
    )


async def sources(world: World, email: str) -> list[tuple[str, str | None, bool]]:
    rows = await world.rows(
        select(people.c.name, people.c.source, people.c.active).where(people.c.email == email)
    )
    return [(row.name, row.source, row.active) for row in rows]


async def test_who_is_enrolled_is_one_of_the_roster_from_then_on(desk: World) -> None:
    carla = "carla@customers.example"
    await ask(desk, ticket(desk, 1, who=carla))
    await desk.product.people.enrol([Enrolment(email=carla, name="Carla")])
    assert await sources(desk, carla) == [("Carla", None, True)]


async def everything_about(world: World, whose: str, number: int) -> None:
    """A row about somebody in every table that tells what happened."""
    at = world.clock.at
    found = (await world.rows(select(invitations).where(invitations.c.occasion != "")))[0]
    about: dict[str, Any] = {"invitation_id": found.id}
    for statement in (
        tickets.insert().values(
            source="desk",
            number="1",
            state="resolved",
            state_at=at,
            person_id=number,
            subject="My printer",
            category="printing",
            resolved_by="Bo",
        ),
        ticket_events.insert().values(
            source="desk", event="9", received_at=at, payload=json.dumps({"email": whose})
        ),
        ticket_events.insert().values(
            source="desk", event="10", received_at=at, payload='{"email": "other@example.org"}'
        ),
        branches.insert().values(id="hbf", name="Central", created_at=at),
        staff_table.insert().values(id=1, name="Bo", branch_id="hbf", created_at=at),
        customers.insert().values(
            person_id=number,
            name="P. One",
            email=whose.upper(),
            mobile="+49 170",
            email_consent=True,
            purpose_of_visit="A loan",
            branch_id="hbf",
            staff_id=1,
            created_at=at,
        ),
        products.insert().values(key="app", name="App", created_at=at, updated_at=at),
        features.insert().values(
            id=1,
            product_key="app",
            key="export",
            name="Export",
            interaction_threshold=5,
            rejection_threshold=3,
            created_at=at,
            updated_at=at,
        ),
        interactions.insert().values(
            feature_id=1,
            email=whose,
            interaction_count=3,
            total_interaction_count=4,
            rejection_count=0,
            created_at=at,
            updated_at=at,
        ),
        feature_feedbacks.insert().values(
            **about, feature_id=1, source="program", user_agent="Browser", created_at=at
        ),
        follow_ups.insert().values(
            **about,
            campaign_id=found.campaign_id,
            state="done",
            mark=1,
            opened_at=at,
            note="Called P. One",
        ),
        insights.insert().values(
            **about,
            sentiment="negative",
            sentiment_source="score",
            summary="P. One is angry",
            summary_source="language model",
            of_press=at,
        ),
    ):
        await world.rows(statement)


async def test_whoever_asks_reads_all_that_happened_to_them(desk: World) -> None:
    await ask(desk, ticket(desk, 1))
    person = await desk.product.people.by_email(email(1))
    assert person is not None
    await everything_about(desk, email(1), person.id)
    held = await desk.product.rights.held(person)
    told = {one.kind: one.details for one in held.happened}
    assert told["asked about"] == {"key": "desk:1", "subject": "Ticket 1"}
    assert told["ticket"]["subject"] == "My printer"
    assert told["visit"]["purpose_of_visit"] == "A loan"
    assert told["visit"]["branch"] == "Central"
    assert told["feature"]["total_interaction_count"] == "4"
    assert told["feature feedback"]["user_agent"] == "Browser"
    assert told["follow-up"]["note"] == "Called P. One"
    assert told["insight"]["summary"] == "P. One is angry"


async def test_forgetting_reaches_every_table_that_tells_what_happened(desk: World) -> None:
    await ask(desk, ticket(desk, 1))
    person = await desk.product.people.by_email(email(1))
    assert person is not None
    await everything_about(desk, email(1), person.id)
    await desk.product.rights.forget(person, at=desk.clock.at)
    kept = ""
    for table in metadata.sorted_tables:
        kept += "".join(str(row) for row in await desk.rows(select(table)))
    for word in (email(1), "P. One", "My printer", "A loan", "+49 170", "Browser", "desk:1"):
        assert word.lower() not in kept.lower(), word
    # What is about others, and what counts, stays.
    assert "other@example.org" in kept
    assert len(await desk.rows(select(customers.c.id))) == 1


async def test_whom_nobody_but_a_program_knows_can_be_forgotten_too(desk: World) -> None:
    await ask(desk, ticket(desk, 1))
    person = await desk.product.people.by_email(email(1))
    assert person is not None
    await everything_about(desk, "carla+x@customers.example", person.id)
    assert (
        await desk.product.rights.forget_email("carla+x@customers.example", at=desk.clock.at)
        is None
    )
    assert await desk.rows(select(interactions.c.email)) == []
    waiting = await desk.rows(
        select(ticket_events.c.event).where(ticket_events.c.payload.is_not(None))
    )
    assert [row.event for row in waiting] == ["10"]
