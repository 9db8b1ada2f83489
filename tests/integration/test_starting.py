"""What a round must not do: ask who has left, count what nobody got, start what nobody saw."""

from storage.tables import opt_outs, people
from survey.person import Person
from survey.states import CampaignState
from tests.world import World, email


async def test_who_stops_or_leaves_while_a_round_is_planned_is_not_asked(world: World) -> None:
    plan = await world.product.start.plan("nps", at_once=True)
    stopped, left = await person_of(world, 1), await person_of(world, 2)
    await world.product.people.opt_out(stopped, survey=None, at=world.clock.at)
    await world.rows(people.update().where(people.c.id == left.id).values(active=False))
    campaign = await world.product.rounds.start(plan)
    # And who stops in the moment of the commit, so that no statement has seen it.
    late = await person_of(world, 3)
    await world.rows(opt_outs.insert().values(person_id=late.id, survey="nps", at=world.clock.at))
    await world.product.worker()

    assert await world.states(campaign) == {"sent": 9, "skipped": 3}


async def test_a_round_that_was_closed_before_it_went_out_was_no_question(world: World) -> None:
    campaign = await world.start(deliver=False)
    await world.close_round(campaign)

    plan = await world.product.start.plan("nps")
    assert len(plan.asks) == 12
    assert {ask.number for ask in plan.asks} == {1}


async def test_an_old_preview_starts_nothing(world: World) -> None:
    chat = world.sandbox()
    async with chat.http:
        shown = await chat.say(0, "/nps start")
        old = shown["messages"][-1]["id"]
        await chat.press(0, "cancel", message=old)
        shown = await chat.say(0, "/nps start")
        first = shown["messages"][-1]["id"]
        shown = await chat.say(0, "/nps start")
        second = shown["messages"][-1]["id"]
        await chat.press(0, "start", message=first)
        (campaign,) = await world.product.rounds.all()
        await world.close_round(campaign)

        said = await chat.press(0, "start", message=second)
        assert "out of date" in said["messages"][-1]["text"]
        assert len(await world.product.rounds.all()) == 1

        shown = await chat.say(0, "/nps start ticket")
        world.clock.forward(hours=2)
        said = await chat.press(0, "start", message=shown["messages"][-1]["id"])
        assert len(await world.product.rounds.all()) == 1


async def test_reminding_one_person_does_not_tell_who_has_answered(world: World) -> None:
    chat = world.sandbox()
    await world.start()
    await world.press(1, 9)
    world.clock.forward(days=2)
    async with chat.http:
        told = {
            (await chat.say(0, f"/nps remind @person{place}"))["private_text"] for place in (1, 2)
        }
        assert len(told) == 1
        await world.product.rounds.move((await world.product.rounds.all())[0], CampaignState.PAUSED)
        paused = await chat.say(0, "/nps remind @person2")
        assert "paused" in paused["private_text"]


async def person_of(world: World, place: int) -> Person:
    found = await world.product.people.by_email(email(place))
    assert found is not None
    return found
