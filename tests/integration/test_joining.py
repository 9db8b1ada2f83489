"""Who joins a running round by a link of their own."""

import asyncio

import pytest
from sqlalchemy import select

from storage.tables import cohorts, deliveries, invitations
from survey.campaign import Campaign
from survey.card import Subject
from survey.errors import InvitationClosed
from survey.person import Person
from survey.ports import Press
from survey.states import InvitationState
from survey.survey import Mode
from tests.world import World, email


async def somebody(world: World, place: int) -> Person:
    found = await world.product.people.by_email(email(place))
    assert found is not None
    return found


async def begin(world: World, mode: Mode = Mode.CONFIDENTIAL) -> Campaign:
    """A round that asks five of the twelve."""
    world.survey(mode=mode)
    return await world.start(to=frozenset(email(place) for place in range(5)))


async def answer(world: World, campaign: Campaign, place: int, score: int) -> None:
    number = await world.product.rounds.invite(
        campaign, await somebody(world, place), at=world.clock.at
    )
    subject = Subject(campaign_id=campaign.id, invitation_id=number)
    await world.product.answers.record(Press(subject=subject, by=None, at=world.clock.at), score)


async def test_who_was_asked_gets_their_own_invitation(world: World) -> None:
    running = await begin(world)
    known = await world.invitation(1)
    invite, person = world.product.rounds.invite, await somebody(world, 1)

    assert await invite(running, person, at=world.clock.at) == known.id
    await world.press(1, 9)
    assert await invite(running, person, at=world.clock.at) == known.id
    assert (await world.product.rounds.by_id(running.id)).invited == 5


async def test_who_joins_is_asked_without_a_message(world: World) -> None:
    running = await begin(world)

    number = await world.product.rounds.invite(running, await somebody(world, 7), at=world.clock.at)

    joined = await world.invitation(7)
    assert (joined.id, joined.state) == (number, InvitationState.SENT)
    assert joined.first_contact
    now = await world.product.rounds.by_id(running.id)
    assert (now.invited, now.reached) == (6, 6)
    assert await world.rows(select(deliveries).where(deliveries.c.invitation_id == number)) == []
    world.clock.forward(days=8)
    await world.product.remind()
    assert await world.rows(select(deliveries).where(deliveries.c.invitation_id == number)) == []


async def test_two_who_join_at_once_are_two_and_one_who_joins_twice_is_one(world: World) -> None:
    running = await begin(world)
    seven, eight = await somebody(world, 7), await somebody(world, 8)
    invite = world.product.rounds.invite

    found = await asyncio.gather(
        *(invite(running, one, at=world.clock.at) for one in (seven, eight, seven, seven))
    )

    assert len(set(found)) == 2
    assert (await world.product.rounds.by_id(running.id)).invited == 7


@pytest.mark.parametrize("mode", [Mode.CONFIDENTIAL, Mode.IDENTIFIED])
async def test_who_joins_counts_in_the_total_and_in_no_group(world: World, mode: Mode) -> None:
    running = await begin(world, mode)
    await world.press(1, 3)
    await answer(world, running, 7, 9)

    assert await world.scores(running) == {3: 1, 9: 1}
    (theirs,) = await world.rows(
        select(cohorts.c.attributes)
        .join(
            invitations,
            (invitations.c.campaign_id == cohorts.c.campaign_id)
            & (invitations.c.cohort == cohorts.c.cohort),
        )
        .where(invitations.c.person_id == (await somebody(world, 7)).id)
    )
    assert theirs.attributes == "{}"
    groups = await world.product.figures.live_groups(running)
    assert all(not found.counts.get(9) for found in groups.values())
    world.clock.forward(days=1)
    await world.product.figures.step(running, at=world.clock.at)
    await world.close_round(running)
    told = await world.product.figures.participation(running)
    assert (told.invited, told.answered) == (6, 2)


async def test_a_round_that_takes_no_answers_takes_nobody_in(world: World) -> None:
    running = await begin(world)
    invite = world.product.rounds.invite
    for place in (1, 7):
        with pytest.raises(InvitationClosed):
            await invite(running, await somebody(world, place), at=running.closes_at)
    await world.product.close(running)
    for place in (1, 7):
        with pytest.raises(InvitationClosed):
            await invite(running, await somebody(world, place), at=world.clock.at)
    assert (await world.product.rounds.by_id(running.id)).invited == 5
