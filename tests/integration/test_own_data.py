"""What is held of somebody, and silence, on real databases."""

from datetime import date, timedelta

import pytest

from survey.campaign import Campaign
from survey.comment import Comment
from survey.errors import NotFound
from survey.person import Person
from survey.rights import Lifted, Sent
from survey.states import InvitationState
from survey.survey import Mode
from tests.world import World, address, email


async def somebody(world: World, place: int) -> Person:
    found = await world.product.people.by_email(email(place))
    assert found is not None
    return found


@pytest.mark.parametrize("mode", [Mode.CONFIDENTIAL, Mode.IDENTIFIED])
async def test_all_that_is_held_is_told_and_nothing_of_others(world: World, mode: Mode) -> None:
    world.survey(mode=mode)
    running = await world.start()
    await world.press(3, 9)
    await world.product.answers.comment(await world.press_of(3), Comment("Good coffee."))
    await world.press(4, 2)
    await world.product.answers.comment(await world.press_of(4), Comment("Bad tea."))
    them = await somebody(world, 3)
    await world.product.people.opt_out(them, survey="ticket", at=world.clock())
    await world.product.rights.snooze(them, until=date(2026, 12, 7))
    held = await world.product.rights.held(them)
    assert (held.email, held.name, held.timezone) == (them.email, "Person 3", "Europe/Berlin")
    assert held.attributes == {"team": "Sales", "badge": "B0003"}
    assert held.addresses == (address(them.email),)
    assert (held.opt_outs, held.snoozed_until) == (("ticket",), date(2026, 12, 7))
    (asked,) = held.rounds
    assert (asked.campaign, asked.mode) == (running.name, mode.value)
    assert asked.messages == (Sent(kind="initial", platform="sandbox", at=world.clock()),)
    assert (asked.score, asked.comment) == (9, "Good coffee.")
    assert (asked.state, asked.answered_at) == (InvitationState.COMPLETED.value, world.clock())
    assert (held.administrator_accounts, held.audit_entries) == ((), 0)


@pytest.mark.usefixtures("running")
async def test_an_administrator_sees_what_is_held_of_that(world: World) -> None:
    chat = world.sandbox()
    async with chat.http:
        await chat.say(0, "/nps status")
        await chat.say(1, "/nps status")
    ada = await world.product.rights.held(await somebody(world, 0))
    assert ada.administrator_accounts == ("sandbox:ada@example.org",)
    assert ada.audit_entries == 2
    assert (await world.product.rights.held(await somebody(world, 1))).audit_entries == 1


async def test_rounds_are_told_newest_first(world: World) -> None:
    first = await world.start()
    await world.close_round(first)
    world.clock.forward(days=90)
    second = await world.start()
    held = await world.product.rights.held(await somebody(world, 3))
    assert [one.campaign for one in held.rounds] == [second.name, first.name]
    assert [one.score for one in held.rounds] == [None, None]


async def test_of_nobody_nothing_is_held(world: World) -> None:
    them = await somebody(world, 3)
    await world.product.rights.forget(them, at=world.clock())
    with pytest.raises(NotFound):
        await world.product.rights.held(them)


async def test_a_snooze_moves_and_ends(world: World, running: Campaign) -> None:
    them = await somebody(world, 3)
    today = world.clock().date()
    for days in (14, 3):
        await world.product.rights.snooze(them, until=today + timedelta(days=days))
    held = await world.product.rights.held(them)
    assert held.snoozed_until == today + timedelta(days=3)
    assert (await world.product.people.opt_in(them, at=world.clock())).anything
    assert (await world.product.rights.held(them)).snoozed_until is None
    assert not (await world.product.people.opt_in(them, at=world.clock())).anything
    assert (await world.invitation(3)).campaign.name == running.name


async def test_a_snooze_that_is_over_is_nothing_to_lift(world: World) -> None:
    them = await somebody(world, 3)
    await world.product.rights.snooze(them, until=world.clock().date())
    assert not (await world.product.people.opt_in(them, at=world.clock())).anything


async def test_whoever_snoozes_is_not_asked_before_that_day(world: World) -> None:
    them = await somebody(world, 3)
    await world.product.rights.snooze(them, until=world.clock().date() + timedelta(days=3))
    plan = await world.product.start.plan("nps")
    due = {ask.person_id: ask.due_at for ask in plan.asks}
    assert due[them.id].date() == world.clock().date() + timedelta(days=3)
    assert {at.date() for who, at in due.items() if who != them.id} == {world.clock().date()}


async def test_in_the_sandbox_one_reads_takes_away_and_erases(
    world: World, running: Campaign
) -> None:
    await world.press(3, 9)
    chat = world.sandbox()
    async with chat.http:
        told = await chat.say(3, "/nps mydata")
        assert "You said 9." in told["private_text"]
        assert "voxpop-own-data.json" in told["private_text"]
        asked = await chat.say(3, "/nps forget")
        message = asked["messages"][-1]
        assert [button["label"] for button in message["buttons"]] == [
            "Erase everything about me",
            "Keep it",
        ]
        somebody_else = {"as": email(4)}
        stolen = await chat.post(
            "press", **somebody_else, message_id=message["id"], button_id="forget"
        )
        assert stolen["private_text"] == "That button isn't yours to press."
        assert await world.scores(running) == {9: 1}
        done = await chat.press(3, "forget", message=message["id"])
        assert done["private_text"].startswith("Done: I have forgotten you.")
        assert done["messages"] == []
    assert await world.scores(running) == {}
    assert await world.product.people.by_email(email(3)) is None


async def test_one_survey_is_asked_for_again_and_the_rest_stays_stopped(
    world: World, running: Campaign
) -> None:
    them = await somebody(world, 3)
    people = world.product.people
    for name in ("nps", "ticket"):
        await people.opt_out(them, survey=name, at=world.clock())
    await world.product.rights.snooze(them, until=date(2026, 12, 7))
    lifted = await people.opt_in(them, survey="nps", at=world.clock())
    assert lifted == Lifted(
        anything=True, still_stopped=("ticket",), snoozed_until=date(2026, 12, 7)
    )
    assert (await world.invitation(3)).campaign.name == running.name
    again = await people.opt_in(them, survey="nps", at=world.clock())
    assert not again.anything
    assert await people.opt_in(them, at=world.clock()) == Lifted(anything=True)


async def test_one_survey_does_not_come_back_while_all_are_stopped(
    world: World, running: Campaign
) -> None:
    them = await somebody(world, 3)
    await world.product.people.opt_out(them, survey="nps", at=world.clock())
    await world.product.people.opt_out(them, survey=None, at=world.clock())
    lifted = await world.product.people.opt_in(them, survey="nps", at=world.clock())
    assert lifted == Lifted(anything=True, still_stopped=("",))
    assert await world.product.answers.open_for(them, at=world.clock()) == []
    assert running.invited == 12


async def test_the_score_before_and_what_the_figures_have_are_held_as_well(world: World) -> None:
    running = await world.start()
    for place in range(6):
        await world.press(place, 9)
    assert await world.product.figures.step(running, at=world.clock())
    await world.press(3, 2)
    (asked,) = (await world.product.rights.held(await somebody(world, 3))).rounds
    assert (asked.score, asked.previous_score, asked.score_in_figures) == (2, 9, 9)
