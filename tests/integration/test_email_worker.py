"""Mail from the worker to a real SMTP server: what becomes of a delivery."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.email.messenger import EmailMessenger
from bot.email.smtp import SmtpProvider
from runtime.languages import language
from scheduler.worker import Worker
from survey.brand import Brand
from survey.delivery import Delivery
from survey.person import EMAIL
from survey.states import DeliveryKind, InvitationState
from survey.usecases.compose_card import ComposeCard
from tests.examples import MONDAY, SetClock, delivery, invitation
from tests.fake_platform import FakeOutbox, Outcome
from tests.fakes import FakeFigures, Store
from tests.fakes_mail import FakeSuppressions
from tests.mail.letters import ADA, LINKS, SENDER
from tests.mail.server import SmtpServer

ASKED = delivery(address=ADA, invitation=invitation(state=InvitationState.PENDING))


class Post:
    """A worker, two servers, and what the outbox was told."""

    def __init__(self, first: SmtpServer, second: SmtpServer) -> None:
        self.store, self.clock, self.outbox = Store(), SetClock(), FakeOutbox()
        self.messenger = EmailMessenger(
            [SmtpProvider(one.address()) for one in (first, second)],
            links=LINKS,
            suppressions=FakeSuppressions(self.store),
            brand=Brand(),
            sender=SENDER,
            clock=self.clock,
        )
        self.worker = Worker(
            outbox=self.outbox,
            messengers={EMAIL: self.messenger},
            compose=ComposeCard(figures=FakeFigures(Store()), languages=language, clock=self.clock),
            clock=self.clock,
        )

    async def work(self, *due: Delivery, lost: Delivery | None = None) -> Outcome:
        """What the outbox is told last."""
        self.outbox.due, self.outbox.lost = list(due), [lost] if lost else []
        await self.worker()
        return self.outbox.told[-1]


@pytest.fixture
async def first() -> AsyncIterator[SmtpServer]:
    async with SmtpServer() as made:
        yield made


@pytest.fixture
async def second() -> AsyncIterator[SmtpServer]:
    async with SmtpServer() as made:
        yield made


@pytest.fixture
async def post(first: SmtpServer, second: SmtpServer) -> AsyncIterator[Post]:
    made = Post(first, second)
    yield made
    await made.messenger.close()


async def test_the_question_and_its_reminder_stand_in_one_thread(
    post: Post, first: SmtpServer
) -> None:
    assert await post.work(ASKED) == ("sent", 1, ASKED.invitation.id.hex, MONDAY)
    again = replace(
        delivery(number=2, address=ADA, invitation=replace(ASKED.invitation)),
        kind=DeliveryKind.REMINDER,
        begins=False,
    )
    assert (await post.work(again))[:3] == ("sent", 2, again.id.hex)
    asked, reminded = (one.message for one in first.arrived)
    assert reminded["In-Reply-To"] == asked["Message-ID"]
    assert reminded["Subject"] == asked["Subject"]


async def test_fault_52_lost_after_data_it_is_sent_once_more_under_the_same_message_id(
    post: Post, first: SmtpServer, second: SmtpServer
) -> None:
    first.answer("LOST", "now")
    assert (await post.work(ASKED))[0] == "unknown"
    assert (await post.work(lost=ASKED))[0] == "tried"
    assert (await post.work(replace(ASKED, tries=1)))[0] == "sent"
    assert len({str(one.message["Message-ID"]) for one in first.arrived}) == 1
    assert [one.to for one in first.arrived] == ["ada@example.org"] * 2
    assert second.arrived == []


async def test_fault_52_lost_twice_it_is_not_sent_again(post: Post, first: SmtpServer) -> None:
    first.answer("LOST", "now", "now")
    await post.work(ASKED)
    await post.work(lost=ASKED)
    once_more = replace(ASKED, tries=1)
    await post.work(once_more)
    assert (await post.work(lost=once_more))[0] == "unknown"
    assert len(first.arrived) == 2


async def test_the_second_server_takes_what_the_first_can_not(
    post: Post, first: SmtpServer, second: SmtpServer
) -> None:
    await first.stop()
    assert (await post.work(ASKED))[0] == "sent"
    assert [one.to for one in second.arrived] == ["ada@example.org"]


async def test_fault_51_a_hard_bounce_fails_the_delivery_and_suppresses_the_mailbox(
    post: Post, first: SmtpServer
) -> None:
    first.answer("RCPT", "550 5.1.1 <ada@example.org> unknown")
    what, _, reason = await post.work(ASKED)
    assert what == "failed"
    assert "550 5.1.1 <…> unknown" in reason
    assert ADA.user_id in post.store.suppressions
    assert (await post.work(ASKED))[0] == "failed"
    assert first.steps["RCPT"] == 1


async def test_a_mailbox_that_is_full_is_tried_again_and_holds_nobody_up(
    post: Post, first: SmtpServer
) -> None:
    first.answer("RCPT", "452 4.2.2 full")
    other = delivery(number=3, address=replace(ADA, user_id="ben@example.org"))
    await post.work(ASKED, other)
    outcomes = {number: (what, *rest) for what, number, *rest in post.outbox.told}
    assert sorted(what for what, *_ in outcomes.values()) == ["sent", "tried"]
    [until] = [rest[0] for what, *rest in outcomes.values() if what == "tried"]
    assert until == MONDAY + timedelta(minutes=5)
    assert post.store.suppressions == {}


async def test_both_servers_down_the_lane_waits(
    post: Post, first: SmtpServer, second: SmtpServer
) -> None:
    await first.stop()
    await second.stop()
    assert (await post.work(ASKED))[0] == "busy"
