"""Fault 53: who unsubscribes twice has done it once; each change of consent is noted."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text

from storage.engine import open_database
from storage.migrating import migrate
from storage.reminders import SqlReminders
from storage.schema import upgrade
from storage.tables import consents, opt_outs
from survey.campaign import Campaign
from survey.consent import Consent, How
from survey.errors import NoReminder
from survey.person import EMAIL, Person
from survey.reminders import Reminder
from tests.posting import CHAT, Post
from tests.world import MONDAY, World, email


async def somebody(world: World) -> Person:
    found = await world.product.people.by_email(email(1))
    assert found is not None
    return found


async def test_fault_53_unsubscribing_twice_is_unsubscribing_once(world: World) -> None:
    post = Post(world, EMAIL)
    running = await post.start(1)
    await post.arrives(*await post.due())
    person, people = await somebody(world), world.product.people

    await asyncio.gather(
        *(
            people.opt_out(person, survey=None, at=world.clock.at, how=How.ONE_CLICK)
            for _ in range(3)
        )
    )

    assert await people.opted_out(person) == [""]
    assert await people.consents(person) == (
        Consent(at=world.clock.at, survey="", may_ask=False, how=How.ONE_CLICK),
    )
    assert await post.states(1) == ["opted_out"]
    world.clock.forward(days=8)
    reminders = SqlReminders(world.product.database, timezone="Europe/Berlin")
    with pytest.raises(NoReminder):
        await reminders.unanswered_by(running, person)
    async for found in reminders.unanswered([running], at=world.clock.at, most=3):
        assert list(found) == []


async def test_a_reminder_that_was_planned_is_not_sent_to_who_has_unsubscribed(
    world: World,
) -> None:
    post = Post(world, CHAT)
    running = await post.start(1)
    await post.arrives(*await post.due())
    reminders = SqlReminders(world.product.database, timezone="Europe/Berlin")
    found = await reminders.unanswered_by(running, await somebody(world))
    reminder = Reminder(
        invitation_id=found.invitation_id,
        ordinal=1,
        address=found.address,
        due_at=world.clock.at + timedelta(days=1),
    )
    assert await reminders.plan([reminder]) == 1
    await world.product.people.opt_out(
        await somebody(world), survey="nps", at=world.clock.at, how=How.PAGE
    )
    world.clock.forward(days=2)

    await world.product.worker()

    assert ("reminder", 1, CHAT, "skipped") in await post.messages(1)


async def test_a_reason_is_noted_though_it_comes_after_the_press(world: World) -> None:
    person, people = await somebody(world), world.product.people
    at = world.clock.at
    await people.opt_out(person, survey="nps", at=at, how=How.ONE_CLICK)
    later = at + timedelta(minutes=1)
    await people.opt_out(person, survey="nps", at=later, how=How.PAGE, reason="Too many.")

    assert await people.opted_out(person) == ["nps"]
    assert await people.consents(person) == (
        Consent(at=at, survey="nps", may_ask=False, how=How.ONE_CLICK),
        Consent(at=later, survey="nps", may_ask=False, how=How.PAGE, reason="Too many."),
    )


async def test_what_is_lifted_is_noted_and_nothing_else(world: World) -> None:
    person, people = await somebody(world), world.product.people
    at = world.clock.at
    for survey in ("nps", None):
        await people.opt_out(person, survey=survey, at=at)
    await people.opt_in(person, survey="ticket", at=at, how=How.PAGE)
    assert len(await people.consents(person)) == 2

    await people.opt_in(person, at=at, how=How.PAGE)
    await people.opt_in(person, at=at, how=How.PAGE)

    assert list(await people.consents(person))[2:] == [
        Consent(at=at, survey="", may_ask=True, how=How.PAGE),
        Consent(at=at, survey="nps", may_ask=True, how=How.PAGE),
    ]
    held = await world.product.rights.held(person)
    assert held.consents == await people.consents(person)


async def test_others_have_said_nothing(world: World, running: Campaign) -> None:
    del running
    people = world.product.people
    await people.opt_out(await somebody(world), survey=None, at=world.clock.at)
    other = await people.by_email(email(2))
    assert other is not None

    assert await people.consents(other) == ()


async def test_stops_from_before_stand_as_consent_withdrawn_in_chat(
    request: pytest.FixtureRequest, tmp_path: Path, database_url: str
) -> None:
    url = f"sqlite:///{tmp_path}/before.db"
    if database_url.startswith("postgresql"):
        url = request.getfixturevalue("postgres").fresh(empty=True)
    database = open_database(url)

    def before(connection: Connection) -> None:
        migrate(connection, "0006_serves_0003")

    at = MONDAY
    async with database.write() as connection:
        await connection.run_sync(before)
        await connection.execute(
            text("INSERT INTO people (email, name) VALUES ('a@example.org', 'A')")
        )
        await connection.execute(
            opt_outs.insert(),
            [
                {"person_id": 1, "survey": "nps", "at": at},
                {"person_id": 1, "survey": "", "at": at - timedelta(days=1)},
            ],
        )
    await upgrade(database)
    async with database.read() as connection:
        rows = (await connection.execute(select(consents).order_by(consents.c.id))).all()
    await database.close()

    assert [(row.survey, row.may_ask, row.how, row.reason, row.at) for row in rows] == [
        ("", False, How.CHAT.value, "", at - timedelta(days=1)),
        ("nps", False, How.CHAT.value, "", at),
    ]
