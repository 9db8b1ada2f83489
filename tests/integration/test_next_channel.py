"""Fault 24: what can't be delivered on one platform goes on to the person's next one."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from storage.reminders import SqlReminders
from storage.set_aside import SqlDoubtful
from storage.tables import addresses, deliveries, people
from survey.campaign import Campaign
from survey.person import EMAIL, Address
from survey.ports import Suspicion
from survey.reminders import Reminder
from survey.states import DeliveryKind, DeliveryState
from survey.wording.asked import subject_of
from tests.posting import CHAT, Post, platforms_of
from tests.world import World, email


@pytest.fixture
def post(world: World) -> Post:
    return Post(world)


async def remind(world: World, post: Post, campaign: Campaign) -> Reminder:
    """The one who is asked gets a reminder, due now."""
    reminders = SqlReminders(world.product.database, timezone="Europe/Berlin")
    found = await reminders.unanswered_by(campaign, await post.person(1))
    planned = Reminder(
        invitation_id=found.invitation_id,
        ordinal=found.last_ordinal + 1,
        address=found.address,
        due_at=world.clock.at,
    )
    assert await reminders.plan([planned]) == 1
    return planned


async def test_fault_24_a_refused_message_goes_on_to_the_persons_mailbox(post: Post) -> None:
    running = await post.start(1)
    (refused,) = await post.due()
    await post.fails(refused)

    (mail,) = await post.due()

    assert mail.address == Address.mailbox(email(1))
    assert (mail.kind, mail.ordinal) == (DeliveryKind.INITIAL, 2)
    assert await post.states(1) == ["pending"]
    await post.arrives(mail)
    assert await post.messages(1) == [
        ("initial", 1, CHAT, "failed"),
        ("initial", 2, EMAIL, "sent"),
    ]
    assert await post.states(1) == ["sent"]
    assert await post.reached(running) == 1


async def test_who_is_reached_nowhere_is_undeliverable(post: Post) -> None:
    running = await post.start(1)
    for _ in (CHAT, EMAIL):
        await post.fails(*await post.due())

    assert await post.due() == []
    assert await post.states(1) == ["undeliverable"]
    assert await post.reached(running) == 0


async def test_nothing_goes_to_a_mailbox_that_refuses_our_mail(world: World, post: Post) -> None:
    await post.start(1)
    await post.suppressions.refused(email(1).upper(), reason="550", at=world.clock.at)
    await post.fails(*await post.due())

    assert await post.due() == []
    assert await post.states(1) == ["undeliverable"]


async def test_a_surveys_own_order_of_channels_holds_here_too(world: World, post: Post) -> None:
    world.survey(channels=(EMAIL, "slack", CHAT))
    await post.start(1)

    first = await post.due()
    await post.fails(*first)
    second = await post.due()

    assert platforms_of(first) == [EMAIL]
    assert platforms_of(second) == [CHAT]


async def test_a_survey_that_asks_on_one_platform_goes_nowhere_else(
    world: World, post: Post
) -> None:
    world.survey(channels=(CHAT,))
    await post.start(1)
    await post.fails(*await post.due())

    assert await post.due() == []
    assert await post.states(1) == ["undeliverable"]


async def test_each_of_many_goes_on_by_themselves(post: Post) -> None:
    await post.start(1, 2, 3)
    one, two, three = await post.due()
    await post.arrives(two)
    await post.fails(one, three)

    assert platforms_of(await post.due()) == [EMAIL, EMAIL]
    assert await post.states(2) == ["sent"]


async def test_who_has_answered_or_left_gets_nothing_more(world: World, post: Post) -> None:
    running = await post.start(1, 2, 3)
    one, two, three = await post.due()
    await world.press(1, 9)
    await world.product.people.opt_out(await post.person(2), survey="nps", at=world.clock.at)
    await world.rows(update(people).where(people.c.email == email(3)).values(active=False))
    await post.fails(one, two, three)

    assert await post.due() == []
    assert await post.states(1) == ["answered"]
    assert await post.states(2) == ["declined"]
    assert await world.scores(running) == {9: 1}


async def test_a_failure_that_is_told_twice_goes_on_once(post: Post) -> None:
    await post.start(1)
    (refused,) = await post.due()
    await post.fails(refused)

    assert not await post.outbox.failed(refused, reason="refused")
    assert len(await post.messages(1)) == 2


async def test_a_reminder_goes_where_the_latest_message_arrived(world: World, post: Post) -> None:
    running = await post.start(1)
    await post.fails(*await post.due())
    await post.arrives(*await post.due())
    world.clock.forward(days=2)

    assert (await remind(world, post, running)).address == Address.mailbox(email(1))


async def test_a_refused_reminder_goes_on_too_and_the_question_stays(
    world: World, post: Post
) -> None:
    running = await post.start(1)
    await post.arrives(*await post.due())
    world.clock.forward(days=2)
    assert (await remind(world, post, running)).address.platform == CHAT
    await post.fails(*await post.due())

    (mail,) = await post.due()

    assert mail.address.platform == EMAIL
    assert (mail.kind, mail.ordinal) == (DeliveryKind.REMINDER, 2)
    await post.fails(mail)
    assert await post.due() == []
    assert await post.states(1) == ["sent"]
    assert await post.reached(running) == 1


async def test_the_round_counts_each_person_once_by_where_they_were_reached(
    post: Post, world: World
) -> None:
    running = await post.start(1, 2, 3, 4)
    one, two, three, four = await post.due()
    await post.arrives(one)
    await post.fails(two, three)
    mail_of_two, mail_of_three = await post.due()
    await post.arrives(mail_of_two)
    await post.fails(mail_of_three)
    await post.outbox.postponed(four, until=world.clock.at + timedelta(days=1), reason="later")

    found = (await world.product.rounds.accounts([running]))[running.id]

    assert (found.sent, found.waiting, found.failed, found.skipped) == (2, 1, {"refused": 1}, {})


async def test_the_round_tells_what_is_held_up_and_what_is_kept_aside(
    post: Post, world: World
) -> None:
    running = await post.start(1, 2, 3)
    one, two, three = await post.due()
    later = world.clock.at + timedelta(minutes=5)
    await post.outbox.postponed(one, until=later, reason="mailbox full", tried=True)
    await post.outbox.postponed(two, until=later, reason="outside of the window")
    subject = subject_of(await world.invitation(3))
    await SqlDoubtful(world.product.database).keep(
        subject, 9, why=Suspicion.TRAP, at=world.clock.at
    )
    found = (await world.product.rounds.accounts([running]))[running.id]
    assert (found.waiting, found.put_off, found.suspected) == (3, {"mailbox full": 1}, 1)
    assert found.held == {}

    await post.outbox.refused(three, reason="token_revoked")

    found = (await world.product.rounds.accounts([running]))[running.id]
    assert found.held == {CHAT: "token_revoked"}


async def test_a_question_that_is_asked_again_later_is_counted_once(
    world: World, post: Post
) -> None:
    running = await post.start(1)
    await post.arrives(*await post.due())
    press = await world.press_of(1)
    await world.product.answers.ask_later(press, due_at=world.clock.at + timedelta(days=2))

    found = (await world.product.rounds.accounts([running]))[running.id]

    assert (found.sent, found.waiting) == (1, 0)


async def test_a_mail_is_never_updated(world: World, post: Post) -> None:
    await post.start(1)
    await post.fails(*await post.due())
    await post.arrives(*await post.due())
    await world.press(1, 9)
    await world.product.people.opt_out(await post.person(1), survey=None, at=world.clock.at)

    assert await post.due() == []
    assert len(await post.messages(1)) == 2


async def test_mailboxes_are_given_to_everybody_active_who_has_none(
    world: World, post: Post
) -> None:
    await world.rows(update(people).where(people.c.email == email(1)).values(active=False))
    await post.suppressions.refused(email(2), reason="550", at=world.clock.at)
    await world.rows(
        addresses.insert().values(
            platform=EMAIL,
            workspace="",
            user_id="three@elsewhere.example",
            person_id=(await post.person(3)).id,
        )
    )

    assert await post.ties.give_mailboxes() == 9
    assert await post.ties.give_mailboxes() == 0

    given = await world.rows(
        select(addresses.c.workspace, addresses.c.user_id).where(addresses.c.platform == EMAIL)
    )
    expected = {("", email(place)) for place in (0, *range(4, 12))}
    assert {tuple(row) for row in given} == expected | {("", "three@elsewhere.example")}


async def test_who_is_in_no_chat_is_asked_by_mail_and_in_one_there(
    world: World, post: Post
) -> None:
    await world.rows(addresses.delete().where(addresses.c.user_id == email(2)))
    await post.start(1, 2)

    assert platforms_of(await post.due()) == [CHAT, EMAIL]


async def test_a_suppressed_mailbox_is_no_address_when_a_round_starts(
    world: World, post: Post
) -> None:
    world.survey(channels=(EMAIL, CHAT))
    await post.ties.give_mailboxes()
    await post.suppressions.refused(email(1), reason="550", at=world.clock.at)
    await post.start(1, 2)

    assert platforms_of(await post.due()) == [CHAT, EMAIL]
    waiting = deliveries.c.state == DeliveryState.SENDING.value
    assert len(await world.rows(select(deliveries.c.id).where(waiting))) == 2


async def test_whoever_wants_mail_first_gets_mail_first(world: World) -> None:
    post = Post(world)
    people = world.product.people
    person = await post.person(1)
    await post.ties.give_mailboxes()
    assert (await people.channels(person)).first is None
    assert (await people.channels(person)).platforms == (EMAIL, CHAT)

    await people.ask_first(person, platform=EMAIL)

    assert (await people.channels(person)).first == EMAIL
    await post.start(1, 2)
    asked = await post.due()
    assert platforms_of(asked) == [EMAIL, CHAT]
    await post.fails(*asked)
    assert platforms_of(await post.due()) == [CHAT, EMAIL]

    await people.ask_first(person, platform=None)
    await post.start(1, survey="ticket")
    assert platforms_of(await post.due()) == [CHAT]
