"""Forgetting somebody: what goes, what stays, and what comes in between."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select

from storage.set_aside import SqlDoubtful
from storage.tables import (
    addresses,
    administrator_pins,
    campaigns,
    consents,
    deliveries,
    erasures,
    invitations,
    opt_outs,
    people,
    responses,
    set_aside,
    suppressions,
)
from survey.campaign import Campaign
from survey.comment import Comment
from survey.consent import How
from survey.errors import InvitationClosed, NotFound, NotYours
from survey.person import EMAIL, Person
from survey.ports import Cause, Suspicion
from survey.rights import Erased
from survey.states import InvitationState
from survey.survey import Mode
from survey.wording.asked import subject_of
from tests.posting import Post
from tests.world import World, address, email

SECRET = "Nobody listens to me."


async def somebody(world: World, place: int) -> Person:
    found = await world.product.people.by_email(email(place))
    assert found is not None
    return found


async def forget(world: World, place: int) -> Erased:
    return await world.product.rights.forget(await somebody(world, place), at=world.clock())


async def comment(world: World, place: int, text: str = SECRET) -> None:
    await world.product.answers.comment(await world.press_of(place), Comment(text))


async def everything(world: World) -> str:
    """All rows that could lead to somebody, as text."""
    tables = (
        *(people, addresses, opt_outs, consents, suppressions, administrator_pins),
        *(deliveries, invitations, responses, set_aside),
    )
    found = [await world.rows(select(table)) for table in tables]
    return "\n".join(str(row) for rows in found for row in rows)


async def test_nothing_that_names_them_is_left(world: World, running: Campaign) -> None:
    await world.press(3, 9)
    await comment(world, 3)
    them = await somebody(world, 3)
    await world.product.people.opt_out(
        them, survey="ticket", at=world.clock(), how=How.PAGE, reason=SECRET
    )
    await world.product.pins.present(them.email, address(them.email), at=world.clock())
    assert await forget(world, 3) == Erased(taken_back=1)
    left = await everything(world)
    for trace in (them.email, them.name, SECRET, "B0003"):
        assert trace not in left
    assert await world.product.people.by_address(address(them.email)) is None
    assert await world.product.people.by_email(them.email) is None
    (row,) = await world.rows(select(people).where(people.c.erased_at.is_not(None)))
    assert (row.id, row.name, row.attributes, row.active) == (them.id, "", "{}", False)
    assert await world.scores(running) == {}


async def test_what_mail_and_its_page_know_of_them_is_erased(world: World) -> None:
    post = Post(world, EMAIL)
    await post.start(3, 4)
    mails = await post.due()
    await post.arrives(*mails)
    doubtful = SqlDoubtful(world.product.database)
    for place in (3, 4):
        subject = subject_of(await world.invitation(place))
        await doubtful.keep(subject, 9, why=Suspicion.TRAP, at=world.clock())
    for mail in mails:
        await post.returns(mail, Cause.COMPLAINED, reason=SECRET)

    await forget(world, 3)

    left = await everything(world)
    assert email(3) not in left
    assert [one.email for one in await post.suppressions.all()] == [email(4)]
    mine = select(deliveries.c.reason).where(deliveries.c.user_id == "")
    assert [row.reason for row in await world.rows(mine)] == [None]
    for table in (set_aside, consents):
        assert len(await world.rows(select(table))) == 1
    assert await post.ties.give_mailboxes() == 0


async def test_a_mailbox_is_forgotten_though_its_person_never_had_it_as_an_address(
    world: World,
) -> None:
    post = Post(world, EMAIL)
    for mailbox in (email(3), "nobody@example.org", email(4)):
        await post.suppressions.refused(mailbox, reason="550", at=world.clock())

    await forget(world, 3)
    await world.product.rights.forget_email("nobody@example.org", at=world.clock())

    assert [one.email for one in await post.suppressions.all()] == [email(4)]


async def test_others_keep_what_is_theirs(world: World, running: Campaign) -> None:
    for place in range(6):
        await world.press(place, place)
        await comment(world, place, f"reason {place}")
    await forget(world, 3)
    assert await world.scores(running) == {0: 1, 1: 1, 2: 1, 4: 1, 5: 1}
    said = {row.comment for row in await world.rows(select(responses.c.comment))}
    assert said == {None, *(f"reason {place}" for place in (0, 1, 2, 4, 5))}
    told = await world.product.figures.participation(running)
    assert (told.invited, told.answered) == (12, 5)


async def released(world: World, campaign: Campaign) -> int:
    return (await world.product.figures.of_rounds([campaign]))[campaign.id].n


async def test_released_figures_let_go_of_them_like_of_an_undo(
    world: World, running: Campaign
) -> None:
    for place in range(10):
        await world.press(place, 9)
    assert await world.product.figures.step(running, at=world.clock())
    await forget(world, 3)
    assert await released(world, running) == 10
    for place in (4, 5, 6, 7):
        await world.press(place, 2)
    await world.product.figures.step(running, at=world.clock())
    for place in (8,):
        await world.press(place, 2)
    await world.product.figures.step(running, at=world.clock())
    assert await released(world, running) == 9
    assert await world.scores(running) == {9: 4, 2: 5}


@pytest.mark.parametrize("mode", [Mode.CONFIDENTIAL, Mode.IDENTIFIED])
async def test_the_report_of_a_closed_round_stays_what_it_was(world: World, mode: Mode) -> None:
    world.survey(mode=mode)
    closed = await world.start()
    for place in range(12):
        await world.press(place, place % 11)
    await comment(world, 3)
    await world.close_round(closed)
    before = await world.product.report("nps", closed.period, by="team")
    scores = await world.scores(closed)
    assert await forget(world, 3) == Erased(kept=1)
    after = await world.product.report("nps", closed.period, by="team")
    if mode is Mode.CONFIDENTIAL:
        assert after == before
    else:  # they count on in the whole, and in no group
        assert replace(after, groups=()) == replace(before, groups=())
    assert await world.scores(closed) == scores
    assert SECRET not in await everything(world)


async def test_a_round_that_is_closing_keeps_its_scores(world: World, running: Campaign) -> None:
    await world.press(3, 9)
    await comment(world, 3)
    await world.product.close(running)
    assert await forget(world, 3) == Erased(kept=1)
    assert await world.scores(running) == {9: 1}
    world.clock.forward(seconds=10)
    await world.product.close.settle()
    assert await world.scores(running) == {9: 1}
    assert SECRET not in await everything(world)


async def test_messages_that_wait_are_not_sent_and_updates_find_nobody(world: World) -> None:
    running = await world.start(deliver=False)
    await forget(world, 3)
    await world.product.worker()
    rows = await world.rows(select(deliveries).where(deliveries.c.user_id == ""))
    assert [(row.state, row.reason) for row in rows] == [("skipped", "forgotten")]
    await world.close_round(running)
    rows = await world.rows(select(deliveries).where(deliveries.c.user_id == ""))
    assert {row.state for row in rows} == {"skipped"}
    states = await world.rows(
        select(invitations.c.state).join(people).where(people.c.erased_at.is_not(None))
    )
    assert [row.state for row in states] == [InvitationState.WITHDRAWN.value]


async def test_whoever_is_forgotten_while_a_round_is_planned_is_not_asked(world: World) -> None:
    plan = await world.product.start.plan("nps")
    await forget(world, 3)
    started = await world.product.rounds.start(plan)
    world.clock.forward(days=1)
    await world.product.worker()
    rows = await world.rows(
        select(deliveries.c.user_id, deliveries.c.state, invitations.c.state.label("standing"))
        .join(invitations)
        .where(invitations.c.campaign_id == started.id, deliveries.c.message_ref.is_(None))
    )
    assert [tuple(row) for row in rows] == [("", "skipped", "withdrawn")]
    assert email(3) not in await everything(world)


async def test_a_later_press_of_theirs_is_refused(world: World, running: Campaign) -> None:
    await world.press(3, 9)
    press = await world.press_of(3)
    await forget(world, 3)
    for what in (
        world.product.answers.record(press, 2),
        world.product.answers.undo(press),
        world.product.answers.comment(press, Comment("again")),
    ):
        with pytest.raises(NotYours):
            await what
    assert await world.scores(running) == {}


@pytest.mark.parametrize("way_out", ["nps", None])
async def test_whoever_had_stopped_before_is_withdrawn_as_well(
    world: World, running: Campaign, way_out: str | None
) -> None:
    them = await somebody(world, 3)
    await world.product.people.opt_out(them, survey=way_out, at=world.clock())
    await forget(world, 3)
    states = await world.rows(
        select(invitations.c.state).where(
            invitations.c.person_id == them.id, invitations.c.campaign_id == running.id
        )
    )
    assert [row.state for row in states] == [InvitationState.WITHDRAWN.value]


async def test_forgetting_twice_does_it_once(world: World, running: Campaign) -> None:
    await world.press(3, 9)
    them = await somebody(world, 3)
    done = await asyncio.gather(
        *(world.product.rights.forget(them, at=world.clock()) for _ in range(4))
    )
    assert sorted(one.taken_back for one in done) == [0, 0, 0, 1]
    assert len(await world.rows(select(erasures))) == 1
    assert await world.scores(running) == {}
    with pytest.raises(NotFound):
        await world.product.rights.held(them)


@pytest.mark.usefixtures("running")
async def test_a_press_and_forgetting_at_once_leave_right_totals(world: World) -> None:
    (running,) = await world.product.rounds.all("nps")
    await world.populate(42)
    await world.close_round(running)
    world.clock.forward(days=90)
    running = await world.start()
    for place in range(12, 42):
        if place % 2:
            await world.press(place, 7)
        press, them = await world.press_of(place), await somebody(world, place)
        outcomes = await asyncio.gather(
            world.product.answers.record(press, 10),
            world.product.rights.forget(them, at=world.clock()),
            world.product.answers.record(press, 9),
            return_exceptions=True,
        )
        assert isinstance(outcomes[1], Erased)
        broke = [one for one in outcomes if isinstance(one, Exception)]
        assert all(isinstance(one, NotYours | InvitationClosed) for one in broke), broke
    assert await world.scores(running) == {}
    left = await world.rows(
        select(invitations.c.state).where(
            invitations.c.campaign_id == running.id, invitations.c.person_id > 12
        )
    )
    assert {row.state for row in left} == {InvitationState.WITHDRAWN.value}


@pytest.mark.usefixtures("running")
async def test_forgetting_gives_way_to_a_message_that_is_being_noted_and_tries_again(
    world: World,
) -> None:
    if world.product.database.is_sqlite:
        pytest.skip("SQLite has one writer: nobody waits in a circle.")
    them = await somebody(world, 3)
    mine = invitations.c.person_id == them.id
    theirs = select(invitations.c.id).where(mine).scalar_subquery()
    async with world.product.database.write() as connection:
        await connection.execute(
            deliveries.update().where(deliveries.c.invitation_id == theirs).values(attempt=2)
        )
        forgetting = asyncio.create_task(world.product.rights.forget(them, at=world.clock()))
        await asyncio.sleep(0.3)  # it holds the invitation and waits for the message
        await connection.execute(invitations.update().where(mine).values(first_contact=True))
    assert await forgetting == Erased()
    assert await world.product.people.by_email(email(3)) is None


async def test_closing_and_forgetting_at_once_agree(world: World, running: Campaign) -> None:
    for place in range(12):
        await world.press(place, 9)
    them = [await somebody(world, place) for place in range(1, 7)]
    await asyncio.gather(
        *(world.product.rights.forget(one, at=world.clock()) for one in them),
        world.product.close(running),
    )
    world.clock.forward(seconds=10)
    await world.product.close.settle()
    counted = (await world.scores(running)).get(9, 0)
    gone = await world.rows(
        select(invitations.c.id).where(invitations.c.state == InvitationState.WITHDRAWN.value)
    )
    assert counted == 12 - len(gone)
    (row,) = await world.rows(select(campaigns.c.invited))
    assert row.invited == 12


async def test_a_roster_can_ask_who_was_forgotten(world: World) -> None:
    await forget(world, 3)
    given = [email(place) for place in range(12)] + [f" {email(3).upper()}"]
    assert await world.product.rights.forgotten(given) == {email(3), f" {email(3).upper()}"}
    assert await world.product.rights.forgotten([]) == set()
    many = [f"nobody{place}@example.org" for place in range(25_000)]
    assert await world.product.rights.forgotten([*many, email(3)]) == {email(3)}
    (row,) = await world.rows(select(erasures))
    assert email(3) not in str(row)


async def test_tombstones_outlive_a_change_of_keys_while_the_old_one_is_named(
    world: World,
) -> None:
    await forget(world, 3)
    old, new = world.environ["VOXPOP_SECRET_KEY"], "another-key-for-tests-that-is-long-enough"
    rotated = world.restarted(VOXPOP_SECRET_KEY=f"{new},{old}")
    try:
        await forget(rotated, 4)
        both = [email(3), email(4)]
        assert await rotated.product.rights.forgotten(both) == set(both)
        assert await rotated.product.rights.readmit(email(3))
        assert await rotated.product.rights.forgotten(both) == {email(4)}
        assert not await rotated.product.rights.readmit(email(3))
    finally:
        await rotated.close()


async def test_whoever_is_readmitted_starts_anew(world: World, running: Campaign) -> None:
    await world.press(3, 9)
    await comment(world, 3)
    before = await somebody(world, 3)
    await forget(world, 3)
    await world.product.rights.readmit(email(3))
    await world.populate()
    after = await somebody(world, 3)
    assert after.id != before.id
    held = await world.product.rights.held(after)
    assert (held.rounds, held.opt_outs, held.audit_entries) == ((), (), 0)
    assert await world.scores(running) == {}
