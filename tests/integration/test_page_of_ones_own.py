"""What a page of one's own is made from, on real databases: standing, waking, language."""

from datetime import date

from sqlalchemy import func, select

from bot.home import Homes
from bot.interactions import Pressed
from runtime.languages import language, spoken
from storage.tables import people
from survey.card import Button
from survey.comment import Comment
from survey.person import Enrolment, Person
from survey.rights import Standing
from survey.roster import read_table
from survey.states import CampaignState, InvitationState
from survey.wording.asked import subject_of
from tests.world import World, address, email


async def somebody(world: World, place: int) -> Person:
    found = await world.product.people.by_email(email(place))
    assert found is not None
    return found


async def standing(world: World, place: int, *, latest: int = 10) -> Standing:
    them = await somebody(world, place)
    return await world.product.rights.standing(them, at=world.clock(), latest=latest)


async def test_earlier_answers_are_those_of_rounds_that_are_over(world: World) -> None:
    first = await world.start()
    await world.press(3, 9)
    await world.product.answers.comment(await world.press_of(3), Comment("Good coffee."))
    await world.press(4, 2)
    assert (await standing(world, 3)).answered == ()
    await world.close_round(first)
    world.clock.forward(days=90)
    second = await world.start()
    await world.press(3, 10)
    await world.close_round(second)
    world.clock.forward(days=90)
    await world.start()

    told = (await standing(world, 3)).answered

    assert [(one.campaign, one.score, one.comment) for one in told] == [
        (second.name, 10, None),
        (first.name, 9, "Good coffee."),
    ]
    held = await world.product.rights.held(await somebody(world, 3))
    by_name = {one.campaign: one for one in held.rounds}
    assert all(one.score == by_name[one.campaign].score for one in told)
    assert [one.campaign for one in (await standing(world, 3, latest=1)).answered] == [second.name]
    assert (await standing(world, 5)).answered == ()  # was asked and did not answer


async def test_stops_and_a_snooze_that_is_not_over_are_told(world: World) -> None:
    them = await somebody(world, 3)
    await world.product.people.opt_out(them, survey="ticket", at=world.clock())
    await world.product.rights.snooze(them, until=date(2026, 12, 7))
    assert await standing(world, 3) == Standing(
        opt_outs=("ticket",), snoozed_until=date(2026, 12, 7)
    )
    world.clock.forward(days=40)
    assert (await standing(world, 3)).snoozed_until is None
    assert await standing(world, 4) == Standing()


async def test_waking_ends_a_snooze_and_leaves_stops_alone(world: World) -> None:
    them = await somebody(world, 3)
    await world.product.people.opt_out(them, survey="ticket", at=world.clock())
    await world.product.rights.snooze(them, until=date(2026, 12, 7))
    await world.product.people.wake(them, at=world.clock())
    assert await standing(world, 3) == Standing(opt_outs=("ticket",))


async def test_waking_brings_the_question_that_was_held_back(world: World) -> None:
    campaign = await world.start(deliver=False)
    them = await somebody(world, 3)
    await world.product.rights.snooze(them, until=date(2027, 6, 1))
    await world.product.worker()
    assert (await world.invitation(3)).state is InvitationState.PENDING
    await world.product.people.wake(them, at=world.clock())
    await world.product.worker()
    assert (await world.invitation(3)).state is InvitationState.SENT
    assert (await world.states(campaign))[InvitationState.SENT.value] == campaign.invited


async def test_a_chosen_language_wins_over_the_rosters_wherever_somebody_is_loaded(
    world: World,
) -> None:
    await world.start()
    them = await somebody(world, 3)
    assert them.locale == "en"
    await world.product.people.speak(them, language="de")
    await world.product.people.enrol(
        [Enrolment(email=them.email, name="Person 3", locale="fr", attributes={"team": "Sales"})]
    )

    assert (await somebody(world, 3)).locale == "de"
    assert (await world.invitation(3)).person.locale == "de"
    assert (await world.press(3, 9)).person.locale == "de"
    candidates = await world.product.people.candidates(
        world.settings.surveys["nps"], platforms=["sandbox"], year_from=world.clock()
    )
    assert {one.person.email: one.person.locale for one in candidates}[them.email] == "de"
    held = await world.product.rights.held(them)
    assert (held.locale, held.language) == ("fr", "de")
    assert held.as_json()["language"] == "de"
    other = await world.product.rights.held(await somebody(world, 4))
    assert (other.locale, other.language) == (None, None)


async def test_a_roster_that_comes_in_again_leaves_the_chosen_language_alone(world: World) -> None:
    them = await somebody(world, 3)
    await world.product.people.speak(them, language="de")
    table = read_table(f"email,name,locale\n{them.email},Person 3,fr\n".encode())
    await world.product.import_people(table.columns, table, source="csv")
    held = await world.product.rights.held(them)
    assert (held.locale, held.language) == ("fr", "de")
    assert (await somebody(world, 3)).locale == "de"


async def test_forgetting_erases_the_language(world: World) -> None:
    them = await somebody(world, 3)
    await world.product.people.speak(them, language="de")
    await world.product.rights.forget(them, at=world.clock())
    left = await world.rows(select(func.count()).where(people.c.language.is_not(None)))
    assert left[0][0] == 0


def page_of(world: World) -> Homes:
    """As the wiring makes it."""
    product = world.product
    return Homes(
        people=product.people,
        answers=product.answers,
        rights=product.rights,
        rounds=product.rounds,
        compose=product.compose,
        report=product.report,
        next_rounds=product.next_rounds,
        oversight=product.desk.commands.oversight,
        languages=language,
        spoken=spoken(),
        clock=world.clock,
        knock=lambda _sweep: None,
    )


async def test_an_administrator_closes_a_round_from_there(world: World) -> None:
    campaign = await world.start()
    for place in range(1, 7):
        await world.press(place, 9)
    ada, homes = address(email(0)), page_of(world)

    home = await homes(ada)

    assert [part.heading for part in home.parts] == [
        "Your questions",
        "For administrators",
        "Your settings",
    ]
    (figures,) = home.parts[1].cards
    assert figures.headline == "NPS +100"
    assert "6 answered" in figures.text
    assert home.parts[1].chart[2].endswith("100\N{NO-BREAK SPACE}%  " + "█" * 20)
    (close,) = [one for one in figures.buttons if one.label == "Close"]
    asked = await world.product.desk(pressed(world, close))
    assert asked.update is not None
    assert (await world.product.rounds.all())[0].state is CampaignState.RUNNING
    done = await world.product.desk(pressed(world, asked.update.buttons[0]))
    assert done.private is not None
    assert (await world.product.rounds.all())[0].state is CampaignState.CLOSING
    noted = [line.entry for line in await world.product.audit.latest(3)]
    assert [(one.action, one.about) for one in reversed(noted) if one.actor == email(0)][-2:] == [
        ("report.read", campaign.name),
        ("round.closed", campaign.name),
    ]


async def test_whoever_was_asked_sees_the_question_and_nothing_of_the_round(world: World) -> None:
    await world.start()
    home = await page_of(world)(address(email(3)))
    assert [part.heading for part in home.parts] == ["Your questions", "Your settings"]
    assert home.parts[0].cards[0].subject == subject_of(await world.invitation(3))


def pressed(world: World, button: Button) -> Pressed:
    """Ada presses a button that is about no invitation."""
    return Pressed(
        by=address(email(0)),
        act=button.act,
        value=button.value,
        subject=None,
        at=world.clock(),
    )
