"""Rosters brought in whole, on both databases."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from storage.roster import SqlRoster
from storage.tables import addresses, deliveries, invitations, people
from storage.tombstones import Tombstones
from survey.campaign import Campaign
from survey.contact import HOLIDAYS
from survey.errors import InvalidValue, TooManyWouldLeave
from survey.person import EMAIL, Address, Enrolment
from survey.roster import Prune, read_table
from survey.states import DeliveryState, InvitationState
from survey.usecases.import_people import Imported
from tests.world import World, address

NOBODY_NEW: Mapping[str, int] = {
    "new": 0,
    "changed": 0,
    "unchanged": 0,
    "reactivated": 0,
    "deactivated": 0,
}
HEADER = "email,name,timezone,team\n"
THREE = (
    HEADER
    + "ann@example.org,Ann,Europe/Berlin,Sales\n"
    + "ben@example.org,Ben,Europe/Lisbon,Sales\n"
    + "cat@example.org,Cat,,Platform\n"
)


async def bring_in(world: World, text: str | bytes, **options: Any) -> Imported:
    content = text.encode() if isinstance(text, str) else text
    table = read_table(content)
    return await world.product.import_people(table.columns, table, **{"source": "csv", **options})


def counts(done: Imported, **expected: int) -> bool:
    found = {name: getattr(done.changes, name) for name in NOBODY_NEW}
    assert found == {**NOBODY_NEW, **expected}
    return True


async def person(world: World, email: str) -> Any:
    (row,) = await world.rows(select(people).where(people.c.email == email))
    return row


async def everything(world: World) -> list[Any]:
    rows = await world.rows(select(people).order_by(people.c.id))
    return [*rows, *await world.rows(select(addresses).order_by(addresses.c.user_id))]


async def test_fault_60_fifty_thousand_rows_are_counted_with_a_reason_each(world: World) -> None:
    lines = [HEADER]
    for place in range(50_000):
        email = f"someone{place}@example.org"
        if place % 1_000 == 7:
            email = f"someone{place}@"
        elif place % 1_000 == 8:
            email = f"SOMEONE{place - 3}@example.org"
        lines.append(f"{email},Someone {place},Europe/Berlin,Team {place % 40}\n")
    before = await everything(world)

    done = await bring_in(world, "".join(lines), dry_run=True)

    assert counts(done, new=49_900)
    assert (done.rows, len(done.refused), done.written) == (50_000, 100, False)
    assert [(row.place, row.reason) for row in done.refused[:2]] == [
        (9, "'someone7@' is no e-mail address: There must be something after the @-sign"),
        (10, "'someone5@example.org' stands in line 7 already"),
    ]
    assert all(row.mend for row in done.refused)
    assert await everything(world) == before


@pytest.mark.parametrize(
    ("codec", "sign", "end"),
    [("utf-8-sig", ";", "\r\n"), ("latin-1", ",", "\r"), ("utf-16", "\t", "\n")],
)
async def test_fault_61_the_same_people_come_out_of_every_kind_of_file(
    world: World, codec: str, sign: str, end: str
) -> None:
    text = "email,name\nzoe@example.org,Zoë\njorg@example.org,Jörg\n"
    await bring_in(world, text.replace(",", sign).replace("\n", end).encode(codec))

    assert (await person(world, "zoe@example.org")).name == "Zoë"
    assert counts(await bring_in(world, text), unchanged=2)


async def test_a_dry_run_counts_what_the_import_then_does(world: World) -> None:
    await bring_in(world, THREE)
    changed = THREE.replace("Lisbon", "Paris").replace("ann@", "dan@")

    told = await bring_in(world, changed, prune=Prune.MISSING, dry_run=True)
    done = await bring_in(world, changed, prune=Prune.MISSING)

    assert counts(told, new=1, changed=1, unchanged=1, deactivated=1)
    assert told.changes == done.changes
    assert (told.written, done.written) == (False, True)


async def test_importing_again_touches_only_what_differs(world: World) -> None:
    await bring_in(world, THREE)
    before = await everything(world)

    assert counts(await bring_in(world, THREE), unchanged=3)
    assert await everything(world) == before

    assert counts(await bring_in(world, THREE.replace("Ben,", "Benno,")), changed=1, unchanged=2)
    after = await everything(world)
    assert [row for row in after if row not in before] == [await person(world, "ben@example.org")]


async def test_what_the_roster_has_no_column_for_stays(world: World) -> None:
    await bring_in(world, THREE)
    await world.product.roster.set_away(
        "ann@example.org", begins=datetime(2026, 12, 24, tzinfo=UTC).date(), ends=None
    )

    assert counts(await bring_in(world, "email\nann@example.org\n"), unchanged=1)
    ann = await person(world, "ann@example.org")
    assert (ann.name, ann.timezone, ann.attributes) == ("Ann", "Europe/Berlin", '{"team": "Sales"}')
    assert str(ann.away_from) == "2026-12-24"

    # A column that is there and empty says that there is nothing.
    done = await bring_in(world, "email,timezone,away_from\nann@example.org,,\n")
    assert counts(done, changed=1)
    ann = await person(world, "ann@example.org")
    assert (ann.timezone, ann.away_from) == (None, None)


async def test_a_refused_row_holds_all_of_them_back(world: World) -> None:
    bad = THREE + "eve@,Eve,,\n"

    held = await bring_in(world, bad)
    assert (held.written, held.changes.new, len(held.faulty)) == (False, 3, 1)
    assert await world.rows(select(people).where(people.c.email == "ann@example.org")) == []

    done = await bring_in(world, bad, skip_refused=True)
    assert (done.written, done.changes.new) == (True, 3)
    assert (await person(world, "ann@example.org")).active


async def test_the_missing_leave_only_when_pruned_and_only_those_of_the_source(
    world: World,
) -> None:
    await bring_in(world, THREE)
    await bring_in(world, HEADER + "dan@example.org,Dan,,\n", source="backstage")
    two = THREE.replace("cat@example.org,Cat,,Platform\n", "")

    told = await bring_in(world, two)
    assert counts(told, unchanged=2)
    assert told.changes.missing == 1
    assert counts(await bring_in(world, two, prune=Prune.MISSING), unchanged=2, deactivated=1)

    cat = await person(world, "cat@example.org")
    assert (cat.active, cat.left_at) == (False, world.clock.at)
    assert (await person(world, "dan@example.org")).active
    # Whoever was enrolled without a source is nobody's to prune.
    assert (await person(world, "person1@example.org")).active

    assert counts(await bring_in(world, THREE), unchanged=2, reactivated=1)
    cat = await person(world, "cat@example.org")
    assert (cat.active, cat.left_at) == (True, None)


async def test_whose_public_holidays_they_have_is_an_attribute_that_changes(world: World) -> None:
    await bring_in(world, "email,Holidays\nann@example.org,de-be\nben@example.org,\n")
    assert (await person(world, "ann@example.org")).attributes == f'{{"{HOLIDAYS}": "DE-BE"}}'

    refused = await bring_in(world, "email,holidays\nann@example.org,Berlin\n")
    assert [one.reason for one in refused.refused] == [
        "nobody knows the public holidays of 'Berlin'"
    ]
    assert not refused.written

    moved = await bring_in(world, "email,holidays\nann@example.org,US\nben@example.org,\n")
    assert counts(moved, changed=1, unchanged=1)
    assert (await person(world, "ann@example.org")).attributes == f'{{"{HOLIDAYS}": "US"}}'


async def test_an_export_that_lost_most_people_prunes_nobody(world: World) -> None:
    await bring_in(world, THREE)
    one = HEADER + "ann@example.org,Ann,Europe/Berlin,Sales\n"

    with pytest.raises(TooManyWouldLeave, match="2 of 3 people"):
        await bring_in(world, one, prune=Prune.MISSING)
    with pytest.raises(InvalidValue, match="nobody in this roster"):
        await bring_in(world, HEADER, prune=Prune.MISSING)
    assert (await person(world, "cat@example.org")).active

    done = await bring_in(world, one, prune=Prune.EVEN_MOST)
    assert counts(done, unchanged=1, deactivated=2)


async def test_who_stands_in_a_refused_row_is_not_missing(world: World) -> None:
    await bring_in(world, THREE)
    bad = THREE.replace("Europe/Lisbon", "Lissabon")

    done = await bring_in(world, bad, prune=Prune.MISSING, skip_refused=True)

    assert counts(done, unchanged=2)
    assert (await person(world, "ben@example.org")).active


async def test_nobody_is_pruned_while_an_e_mail_cant_be_read(world: World) -> None:
    await bring_in(world, THREE)

    with pytest.raises(InvalidValue, match="nobody is pruned"):
        await bring_in(
            world, THREE.replace("cat@example.org", "cat"), prune=Prune.MISSING, skip_refused=True
        )


async def test_fault_23_who_leaves_is_not_written_to_and_keeps_their_answer(
    world: World,
) -> None:
    emails = ["ada@example.org", *(f"person{place}@example.org" for place in range(1, 12))]
    roster = "email\n" + "\n".join(emails) + "\n"
    await bring_in(world, roster)
    campaign: Campaign = await world.start(deliver=False)
    await world.press(1, 9)
    stays = roster.replace("person1@example.org\n", "").replace("person2@example.org\n", "")

    done = await bring_in(world, stays, prune=Prune.MISSING)
    await world.product.worker()

    assert counts(done, unchanged=10, deactivated=2)
    rows = await world.rows(
        select(people.c.email, invitations.c.state, deliveries.c.state, deliveries.c.reason)
        .join_from(people, invitations)
        .join(deliveries, deliveries.c.invitation_id == invitations.c.id)
        .where(people.c.email.in_(["person1@example.org", "person2@example.org"]))
        .where(deliveries.c.kind == "initial")
        .order_by(people.c.email)
    )
    assert rows[0][1] == InvitationState.ANSWERED.value
    assert tuple(rows[1])[1:] == (
        InvitationState.WITHDRAWN.value,
        DeliveryState.SKIPPED.value,
        "left the roster",
    )
    told = await world.product.figures.participation(campaign)
    assert (told.reached, told.answered) == (10, 1)
    assert await world.scores(campaign) == {9: 1}


async def test_who_asked_to_be_forgotten_does_not_come_back(world: World) -> None:
    await bring_in(world, THREE)
    ann = await world.product.people.by_email("ann@example.org")
    assert ann is not None
    await world.product.rights.forget(ann, at=world.clock.at)

    done = await bring_in(world, THREE)

    assert counts(done, unchanged=2)
    assert done.written
    (refused,) = done.refused
    assert (refused.place, refused.reason, refused.faulty) == (2, "asked to be forgotten", False)
    assert await world.product.people.by_email("ann@example.org") is None


async def test_a_person_belongs_to_the_source_that_brought_them_first(world: World) -> None:
    await bring_in(world, THREE)

    assert counts(await bring_in(world, THREE, source="backstage"), unchanged=3)
    assert (await person(world, "ann@example.org")).source == "csv"
    # Who was enrolled without one is taken over.
    assert counts(await bring_in(world, "email\nperson1@example.org\n"), changed=1)
    assert (await person(world, "person1@example.org")).source == "csv"


async def test_accounts_of_chats_are_added_changed_and_taken_away(world: World) -> None:
    async def slack() -> dict[str, str]:
        rows = await world.rows(
            select(people.c.email, addresses.c.user_id)
            .join_from(people, addresses)
            .where(addresses.c.platform == "slack")
        )
        return {row.email: row.user_id for row in rows}

    header = "email,slack\n"
    await bring_in(world, header + "ann@example.org,U1\nben@example.org,U2\n")
    assert await slack() == {"ann@example.org": "U1", "ben@example.org": "U2"}
    swapped = header + "ann@example.org,U2\nben@example.org,U1\n"
    assert counts(await bring_in(world, swapped), changed=2)
    assert await slack() == {"ann@example.org": "U2", "ben@example.org": "U1"}
    assert counts(await bring_in(world, swapped), unchanged=2)
    gone = header + "ann@example.org,\nben@example.org,U1\n"
    assert counts(await bring_in(world, gone), changed=1, unchanged=1)
    assert await slack() == {"ben@example.org": "U1"}


async def test_in_the_sandbox_everybody_can_be_written_to(world: World) -> None:
    await bring_in(world, THREE)

    ann = await world.product.people.by_address(address("ann@example.org"))
    assert ann is not None
    assert ann.name == "Ann"
    assert counts(await bring_in(world, THREE), unchanged=3)


async def test_whatever_knows_everybody_by_e_mail_gives_them_an_address(world: World) -> None:
    known = [("sandbox", "sandbox"), (EMAIL, "")]
    roster = SqlRoster(world.product.database, Tombstones(["any"]), by_email=known)
    bring = replace(world.product.import_people, roster=roster)
    table = read_table(THREE.encode())
    ann = Address(platform=EMAIL, workspace="", user_id="ann@elsewhere.example")
    await world.product.people.enrol(
        [Enrolment(email="ann@example.org", name="Ann", addresses=(ann,))]
    )

    first = await bring(table.columns, table, source="csv")
    again = await bring(table.columns, table, source="csv")

    assert counts(first, new=2, changed=1)
    assert counts(again, unchanged=3)
    rows = await world.rows(select(addresses).where(~addresses.c.user_id.like("person%")))
    assert {(row.platform, row.workspace, row.user_id) for row in rows} == {
        *(("sandbox", "sandbox", f"{name}@example.org") for name in ("ann", "ben", "cat")),
        *((EMAIL, "", f"{name}@example.org") for name in ("ben", "cat")),
        (EMAIL, "", ann.user_id),
        ("sandbox", "sandbox", "ada@example.org"),
    }


async def test_a_press_goes_through_while_a_roster_is_compared(world: World) -> None:
    """An import holds no lock until it writes: every step of it lets a press through."""
    await world.start()
    press = await world.press_of(3)
    pressed = asyncio.Event()

    class Slow(SqlRoster):
        async def _judge(self, *told: Any) -> None:
            await world.product.answers.record(press, 8)
            pressed.set()
            await super()._judge(*told)

    slow = replace(
        world.product.import_people,
        roster=Slow(world.product.database, Tombstones(world.settings.secret_keys)),
    )
    table = read_table(THREE.encode())
    await slow(table.columns, table, source="csv", dry_run=True)

    assert pressed.is_set()
    assert (await world.invitation(3)).state is InvitationState.ANSWERED


async def test_the_list_knows_attributes_and_those_who_left(world: World) -> None:
    await bring_in(world, THREE)
    roster = world.product.roster

    sales = await roster.listing(attributes={"team": "Sales"})
    assert [one.email for one in sales if one.source == "csv"] == [
        "ann@example.org",
        "ben@example.org",
    ]
    assert await roster.listing(attributes={"team": "Sales", "site": "Rome"}) == []
    assert await roster.listing(attributes={}, inactive=True) == []
    await bring_in(world, THREE.replace("cat@example.org,Cat,,Platform\n", ""), prune=Prune.MISSING)
    (left,) = await roster.listing(attributes={}, inactive=True)
    assert (left.email, left.active) == ("cat@example.org", False)


async def test_an_absence_is_noted_and_taken_back(world: World) -> None:
    day = datetime(2026, 12, 24, tzinfo=UTC).date()
    roster = world.product.roster

    assert await roster.set_away(" ADA@example.org", begins=day, ends=day)
    ada = await person(world, "ada@example.org")
    assert (ada.away_from, ada.away_until) == (day, day)
    assert await roster.set_away("ada@example.org", begins=None, ends=None)
    assert (await person(world, "ada@example.org")).away_from is None
    assert not await roster.set_away("stranger@example.org", begins=day, ends=None)


async def test_a_roster_on_its_way_leaves_nothing_behind_when_it_fails(world: World) -> None:
    await bring_in(world, THREE)
    with pytest.raises(TooManyWouldLeave):
        await bring_in(world, HEADER + "new@example.org,New,,\n", prune=Prune.MISSING)

    assert await world.product.people.by_email("new@example.org") is None
    assert counts(await bring_in(world, THREE), unchanged=3)


async def test_the_import_does_not_disturb_enrolments(world: World) -> None:
    await world.product.people.enrol([Enrolment(email="ann@example.org", name="Ann before")])

    assert counts(await bring_in(world, THREE), new=2, changed=1)
    assert (await person(world, "ann@example.org")).name == "Ann"
