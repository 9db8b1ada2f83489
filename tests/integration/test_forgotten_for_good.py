"""Who was forgotten stays forgotten: by rosters, in figures, in what Voxpop itself keeps."""

import pytest
from sqlalchemy import func, select

from runtime.doctor import examine
from storage.tables import (
    cohorts,
    deliveries,
    erasures,
    invitations,
    people,
    sandbox_messages,
    totals,
)
from survey.campaign import Campaign
from survey.errors import InvalidValue
from survey.report import Distribution
from survey.rights import Erased
from survey.roster.reading import read_table
from survey.states import DeliveryState
from survey.survey import Mode
from survey.usecases.import_people import Imported
from tests.world import World, email

ANOTHER = "another-key-for-tests-that-is-long-enough"
THREE_AND_FOUR = f"email,name\n{email(3)},Person 3\n{email(4)},Person 4\n"


async def forget(world: World, place: int) -> Erased:
    them = await world.product.people.by_email(email(place))
    assert them is not None
    return await world.product.rights.forget(them, at=world.clock())


async def bring_in(world: World) -> Imported:
    table = read_table(THREE_AND_FOUR.encode())
    return await world.product.import_people(table.columns, table, source="csv")


async def groups(world: World, campaign: Campaign) -> dict[tuple[str, str], Distribution]:
    return dict(await world.product.figures.live_groups(campaign))


async def test_a_roster_leaves_out_whoever_was_forgotten_and_says_so(world: World) -> None:
    await forget(world, 3)
    done = await bring_in(world)
    assert done.changes.forgotten == (email(3),)
    assert [(row.email, row.faulty) for row in done.refused] == [(email(3), False)]
    assert await world.product.people.by_email(email(3)) is None
    assert await world.product.people.by_email(email(4)) is not None


async def test_whoever_is_forgotten_once_a_roster_is_staged_stays_forgotten(world: World) -> None:
    """The latest moment: between what was looked up and the lock."""
    roster = world.product.roster
    read = roster._tombstones.read
    asked = 0

    class Late:
        def __getattr__(self, name: str) -> object:
            return getattr(world.product.rights._tombstones, name)

        async def read(self, connection: object) -> set[str]:
            nonlocal asked
            found = await read(connection)  # type: ignore[arg-type]
            asked += 1
            if asked == 1:
                await forget(world, 3)
            return found

    roster._tombstones = Late()  # type: ignore[assignment]
    done = await bring_in(world)
    assert done.changes.forgotten == (email(3),)
    assert await world.product.people.by_email(email(3)) is None


async def test_nothing_in_a_round_by_name_leads_to_whoever_was_forgotten(world: World) -> None:
    world.survey(mode=Mode.IDENTIFIED)
    closed = await world.start()
    for place in range(12):
        await world.press(place, place % 11)
    await world.close_round(closed)
    assert (await groups(world, closed))["badge", "B0003"].n == 1
    before = await world.scores(closed)
    assert await forget(world, 3) == Erased(kept=1)
    after = await groups(world, closed)
    assert ("badge", "B0003") not in after
    assert (after["team", "Sales"].n, after["team", "Platform"].n) == (5, 6)
    assert await world.scores(closed) == before
    assert (await world.product.figures.live(closed)).n == 12
    assert "B0003" not in str(await world.rows(select(cohorts.c.attributes)))
    pressed = await world.rows(
        select(invitations.c.pressed_at).join(people).where(people.c.erased_at.is_not(None))
    )
    assert [row.pressed_at for row in pressed] == [None]
    await forget(world, 4)  # who joins them in the cohort that says nothing
    assert await world.scores(closed) == before
    bare = await world.rows(select(cohorts.c.cohort).where(cohorts.c.attributes == "{}"))
    assert len(bare) == 1
    astray = select(func.count()).where(totals.c.cohort.not_in(select(cohorts.c.cohort)))
    assert [row[0] for row in await world.rows(astray)] == [0]
    report = await world.product.report("nps", closed.period, by="badge")
    assert "B0003" not in str(report)


async def test_an_open_round_by_name_forgets_as_well_and_goes_on(world: World) -> None:
    world.survey(mode=Mode.IDENTIFIED)
    running = await world.start()
    for place in (3, 5):
        await world.press(place, 9)
    assert await forget(world, 3) == Erased(taken_back=1)
    assert ("badge", "B0003") not in await groups(world, running)
    await world.press(5, 4)
    await world.press(7, 4)
    assert await world.scores(running) == {4: 2}
    assert (await groups(world, running))["team", "Sales"].n == 2


async def test_whoever_is_forgotten_while_a_round_by_name_is_planned_is_in_none_of_its_groups(
    world: World,
) -> None:
    world.survey(mode=Mode.IDENTIFIED)
    plan = await world.product.start.plan("nps")
    await forget(world, 3)
    started = await world.product.rounds.start(plan)
    assert ("badge", "B0003") not in await groups(world, started)
    assert ("badge", "B0005") in await groups(world, started)


async def test_a_gated_round_keeps_its_cohorts(world: World, running: Campaign) -> None:
    await world.press(3, 9)
    await world.close_round(running)
    before = await world.rows(select(cohorts))
    await forget(world, 3)
    assert await world.rows(select(cohorts)) == before
    assert await world.scores(running) == {9: 1}


async def test_a_dropped_key_holds_rosters_back_until_it_is_named_again(world: World) -> None:
    await forget(world, 3)
    old = world.environ["VOXPOP_SECRET_KEY"]
    dropped = world.restarted(VOXPOP_SECRET_KEY=ANOTHER)
    both = world.restarted(VOXPOP_SECRET_KEY=f"{ANOTHER},{old}")
    try:
        with pytest.raises(InvalidValue, match="name the old key again"):
            await bring_in(dropped)
        assert await world.product.people.by_email(email(3)) is None
        (finding,) = [
            one
            for one in await examine(dropped.environ, folder=dropped.folder)
            if one.name == "forgotten people"
        ]
        assert not finding.fine
        assert "1 person who was forgotten" in finding.says
        told = await examine(both.environ, folder=both.folder)
        assert [one.fine for one in told if one.name == "forgotten people"] == [True]
        assert [row.email for row in (await bring_in(both)).refused] == [email(3)]
        assert await world.product.people.by_email(email(3)) is None
    finally:
        await dropped.close()
        await both.close()


async def test_a_key_that_is_lost_for_good_can_be_given_up(world: World) -> None:
    await forget(world, 3)
    lost = world.restarted(VOXPOP_SECRET_KEY=ANOTHER)
    try:
        await forget(lost, 4)
        assert await lost.product.rights.readmit_unreadable() == 1
        done = await bring_in(lost)
        assert (done.changes.new, [row.email for row in done.refused]) == (1, [email(4)])
    finally:
        await lost.close()


async def test_what_the_sandbox_keeps_of_them_goes(world: World, running: Campaign) -> None:
    assert running.invited == 12
    chat = world.sandbox()
    async with chat.http:
        await chat.say(3, "/nps mydata")
        await chat.say(3, "/nps forget")
        card = (await chat.inbox(3))[-1]
        erase = next(one["id"] for one in card["buttons"] if "Erase" in one["label"])
        said = await chat.press(3, erase, message=card["id"])
        assert said["messages"] == []
        assert said["private_text"].startswith("Done: I have forgotten you.")
        gone = await chat.http.get(f"/sandbox/api/inbox/{email(3)}")
        assert gone.status_code == 404
        assert await chat.inbox(4)
    left = await world.rows(
        select(sandbox_messages.c.id).where(sandbox_messages.c.inbox == email(3))
    )
    assert left == []


async def test_why_a_message_was_not_sent_is_kept(world: World, running: Campaign) -> None:
    mine = (
        select(invitations.c.id)
        .join(people)
        .where(people.c.email == email(3), invitations.c.campaign_id == running.id)
    )
    await world.rows(
        deliveries.update()
        .where(deliveries.c.invitation_id.in_(mine))
        .values(state=DeliveryState.SKIPPED.value, reason="left the roster")
    )
    await forget(world, 3)
    rows = await world.rows(select(deliveries.c.reason).where(deliveries.c.user_id == ""))
    assert [row.reason for row in rows] == ["left the roster"]


async def test_whoever_is_not_here_can_be_kept_from_coming(world: World) -> None:
    new = "zoe@example.org"
    assert await world.product.rights.forget_email(new, at=world.clock()) is None
    assert await world.product.rights.forget_email(email(3), at=world.clock()) == Erased()
    assert len(await world.rows(select(erasures))) == 2
    table = read_table(f"email\n{new}\n{email(3)}\n{email(4)}\n".encode())
    done = await world.product.import_people(table.columns, table, source="csv")
    assert {row.email for row in done.refused} == {new, email(3)}
