"""Fault 51: a mail that came back suppresses its mailbox, and counts as never arrived."""

import asyncio
from uuid import uuid4

import pytest

from survey.consent import How
from survey.person import EMAIL
from survey.ports import Cause
from tests.posting import CHAT, Post, platforms_of
from tests.world import World, email


@pytest.fixture
def post(world: World) -> Post:
    """Mail alone is on."""
    return Post(world, EMAIL)


async def test_fault_51_a_hard_bounce_suppresses_the_mailbox_and_is_counted(
    world: World, post: Post
) -> None:
    running = await post.start(1, 2)
    mails = await post.due()
    await post.arrives(*mails)
    assert await post.reached(running) == 2

    assert await post.returns(mails[0], reason="550 5.1.1\n <x>\0 unknown")

    (suppressed,) = await post.suppressions.all()
    assert (suppressed.email, suppressed.cause) == (email(1), Cause.BOUNCED)
    assert (suppressed.reason, suppressed.at) == ("550 5.1.1 <x> unknown", world.clock.at)
    assert await post.suppressions.find(email(1).upper()) == suppressed
    assert await post.suppressions.find(email(2)) is None
    assert await post.states(1) == ["undeliverable"]
    assert await post.states(2) == ["sent"]
    assert await post.reached(running) == 1
    counted = (await world.product.rounds.accounts([running]))[running.id]
    assert (counted.sent, counted.failed) == (1, {"550 5.1.1 <x> unknown": 1})


async def test_the_same_report_again_changes_nothing(post: Post) -> None:
    running = await post.start(1, 2)
    mails = await post.due()
    await post.arrives(*mails)
    together = await asyncio.gather(*(post.returns(mails[0]) for _ in range(3)))
    assert together == [True] * 3
    assert await post.reached(running) == 1
    assert await post.suppressions.release(email(1))

    assert await post.returns(mails[0])

    assert await post.reached(running) == 1
    assert list(await post.suppressions.all()) == []
    assert not await post.suppressions.release(email(1))


async def test_a_report_about_no_mail_of_ours_is_not_believed(post: Post) -> None:
    running = await post.start(1, 2)
    first, second = mails = await post.due()
    await post.arrives(*mails)

    for mailbox in (email(2), "stranger@example.org"):
        assert not await post.returns(first, to=mailbox)
    for name in (uuid4().hex, second.invitation.id.hex, "not-a-number", ""):
        assert not await post.returns(first, name=name)
    assert list(await post.suppressions.all()) == []
    assert await post.reached(running) == 2


async def test_a_mail_of_which_nobody_knew_whether_it_went_out_has_come_back(post: Post) -> None:
    running = await post.start(1)
    (mail,) = await post.due()

    assert await post.returns(mail)

    assert await post.states(1) == ["undeliverable"]
    assert await post.reached(running) == 0
    late = post.arrives(mail)
    with pytest.raises(AssertionError):  # its fence is gone
        await late


async def test_a_mail_that_came_back_is_not_sent_once_more(world: World, post: Post) -> None:
    await post.start(1)
    (mail,) = await post.due()
    again = world.clock.at
    await post.outbox.postponed(mail, until=again, reason="sent once more", tried=True)

    assert await post.returns(mail)

    assert await post.due() == []
    assert await post.messages(1) == [("initial", 1, EMAIL, "skipped")]
    assert await post.states(1) == ["undeliverable"]


async def test_what_was_planned_for_the_mailbox_is_skipped(post: Post) -> None:
    await post.start(1)
    (mail,) = await post.due()
    await post.arrives(mail)
    await post.start(1, 2, survey="ticket")

    assert await post.returns(mail)

    assert [one.invitation.person.email for one in await post.due()] == [email(2)]
    assert await post.messages(1) == [
        ("initial", 1, EMAIL, "failed"),
        ("initial", 1, EMAIL, "skipped"),
    ]
    assert await post.states(1) == ["undeliverable"] * 2


async def test_a_bounce_goes_on_to_a_chat_that_comes_after(world: World) -> None:
    post = Post(world, EMAIL, CHAT)
    running = await post.start(1)
    (mail,) = await post.due()
    await post.arrives(mail)
    await post.start(1, survey="ticket")

    assert await post.returns(mail)

    again = await post.due()
    assert platforms_of(again) == [CHAT, CHAT]
    assert await post.reached(running) == 0
    await post.arrives(*again)
    assert await post.reached(running) == 1
    assert await post.states(1) == ["sent"] * 2


async def test_what_went_on_to_a_chat_does_not_come_by_mail_again_after_a_snooze(
    world: World,
) -> None:
    post = Post(world, EMAIL, CHAT)
    await post.start(1)
    (mail,) = await post.due()
    await post.arrives(mail)
    await post.start(1, survey="ticket")
    await post.returns(mail)
    person = await post.person(1)

    await world.product.people.wake(person, at=world.clock.at)
    await world.product.people.opt_out(person, survey="ticket", at=world.clock.at)
    await world.product.people.opt_in(person, at=world.clock.at)

    assert platforms_of(await post.due()) == [CHAT, CHAT]


async def test_who_has_answered_was_reached_whatever_a_server_says(
    world: World, post: Post
) -> None:
    running = await post.start(1)
    (mail,) = await post.due()
    await post.arrives(mail)
    await world.press(1, 9)

    assert await post.returns(mail)

    assert await post.states(1) == ["answered"]
    assert await post.reached(running) == 1
    assert await world.scores(running) == {9: 1}


async def test_a_complaint_stops_all_surveys_once_and_goes_nowhere_else(world: World) -> None:
    post = Post(world, EMAIL, CHAT)
    await post.start(1)
    (mail,) = await post.due()
    await post.arrives(mail)

    assert await post.returns(mail, Cause.COMPLAINED)
    assert await post.returns(mail, Cause.COMPLAINED)

    person = await post.person(1)
    people = world.product.people
    assert await people.opted_out(person) == [""]
    (said,) = await people.consents(person)
    assert (said.survey, said.may_ask, said.how) == ("", False, How.COMPLAINT)
    assert await post.states(1) == ["opted_out"]
    assert await post.due() == []
    found = await post.suppressions.find(email(1))
    assert found is not None
    assert found.cause is Cause.COMPLAINED

    await people.opt_in(person, at=world.clock.at)
    assert await post.returns(mail, Cause.COMPLAINED)
    assert await people.opted_out(person) == []


async def test_a_complaint_counts_after_a_report_that_said_nothing_about_the_mailbox(
    post: Post,
) -> None:
    await post.start(1)
    (mail,) = await post.due()
    await post.arrives(mail)
    assert await post.returns(mail, reason="554 passed on, and refused there", for_good=False)

    for _ in range(2):
        assert await post.returns(mail, Cause.COMPLAINED, reason="a complaint: abuse")

    people, person = post.world.product.people, await post.person(1)
    assert await people.opted_out(person) == [""]
    await people.opt_in(person, at=post.world.clock.at)
    assert await post.returns(mail, Cause.COMPLAINED, reason="a complaint: abuse")
    assert await people.opted_out(person) == []


async def test_a_report_without_a_mailbox_says_nothing_of_who_was_erased(
    world: World, post: Post
) -> None:
    running = await post.start(1)
    (mail,) = await post.due()
    await post.arrives(mail)
    await world.product.rights.forget_email(email(1), at=world.clock.at)

    for mailbox in ("", " "):
        told = await post.suppressions.returned(
            mail.invitation.id.hex,
            mailbox,
            cause=Cause.COMPLAINED,
            reason="a complaint: abuse",
            at=world.clock.at,
        )
        assert not told

    assert list(await post.suppressions.all()) == []
    assert await post.reached(running) == 1


async def test_no_reason_holds_the_address(world: World, post: Post) -> None:
    running = await post.start(1)
    (mail,) = await post.due()
    await post.arrives(mail)

    await post.returns(mail, reason=f"550 5.1.1 <{email(1).title()}>: unknown")

    assert [one.reason for one in await post.suppressions.all()] == ["550 5.1.1 <…>: unknown"]
    counted = (await world.product.rounds.accounts([running]))[running.id]
    assert list(counted.failed) == ["550 5.1.1 <…>: unknown"]


async def test_who_is_released_is_asked_by_mail_in_the_next_round(post: Post) -> None:
    await post.start(1)
    (mail,) = await post.due()
    await post.arrives(mail)
    await post.returns(mail)
    await post.suppressions.release(f" {email(1).upper()} ")

    await post.start(1, survey="ticket")

    assert platforms_of(await post.due()) == [EMAIL]


async def test_what_says_nothing_about_the_mailbox_fails_that_mail_alone(post: Post) -> None:
    running = await post.start(1)
    (mail,) = await post.due()
    await post.arrives(mail)

    assert await post.returns(mail, reason="550 5.7.1 not liked", for_good=False)

    assert await post.suppressions.find(email(1)) is None
    assert await post.states(1) == ["undeliverable"]
    assert await post.reached(running) == 0
    await post.start(1, survey="ticket")
    assert platforms_of(await post.due()) == [EMAIL]


async def test_the_first_mail_after_a_refused_chat_message_begins_the_conversation(
    world: World,
) -> None:
    post = Post(world)
    await post.start(1)
    (message,) = await post.due()
    await post.fails(message)
    (mail,) = await post.due()
    assert mail.ordinal == 2
    assert mail.begins
    await post.arrives(mail)
    assert await post.returns(mail)
