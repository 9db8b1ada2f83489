import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from runtime.languages import language
from scheduler.batch import BEGINS_WITHIN, ENOUGH_UNKNOWN
from scheduler.worker import (
    AT_ONCE,
    BATCH,
    SENDS_WITHIN,
    SETTLES_AFTER,
    Worker,
)
from survey.delivery import ATTEMPTS, LEASE, Delivery, MessageRef
from survey.errors import StorageUnavailable
from survey.invitation import Response
from survey.messenger import (
    OutcomeUnknown,
    PlatformBusy,
    PlatformRefuses,
    RecipientUnreachable,
)
from survey.person import Address
from survey.states import CampaignState, DeliveryKind, InvitationState
from survey.usecases.compose_card import ComposeCard
from tests.examples import MONDAY, SetClock, campaign, delivery, invitation, person
from tests.fake_platform import REF, FakeMessenger, FakeOutbox, Outcome
from tests.fakes import FakeFigures, Store

NIGHT = datetime(2026, 11, 16, 22, 0, tzinfo=UTC)
OLD = MessageRef(channel="D1", message="M0")
SURPRISES = [RuntimeError, TimeoutError, ConnectionResetError, KeyError, OSError]


async def work(
    *due: Delivery,
    lost: Sequence[Delivery] = (),
    messenger: FakeMessenger | None = None,
    outbox: FakeOutbox | None = None,
    at: datetime = MONDAY,
) -> tuple[list[Outcome], FakeMessenger]:
    """What one sweep told the outbox, and what it did on the platform."""
    outbox, messenger, clock = outbox or FakeOutbox(), messenger or FakeMessenger(), SetClock(at)
    outbox.due, outbox.lost = list(due), list(lost)
    compose = ComposeCard(figures=FakeFigures(Store()), languages=language, clock=clock)
    worker = Worker(outbox=outbox, messengers={"chat": messenger}, compose=compose, clock=clock)
    assert await worker() == len(due) + len(lost)
    return outbox.told, messenger


# Sending


async def test_what_is_due_is_sent_and_its_message_kept() -> None:
    told, messenger = await work(delivery())
    assert told == [("sent", 1, "M1", MONDAY)]
    assert messenger.calls == [("send", 1)]


async def test_everything_that_is_due_is_sent_a_batch_at_a_time_and_few_at_once() -> None:
    many = [delivery(number) for number in range(1, 2 * BATCH + 21)]
    told, messenger = await work(*many)
    assert sorted(number for _, number, *_ in told) == list(range(1, 2 * BATCH + 21))
    assert {what for what, *_ in told} == {"sent"}
    assert messenger.most == AT_ONCE


class SlowToWrite(FakeOutbox):
    """Writes nothing down before so many messages have arrived."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.arrived = asyncio.Barrier(number)

    async def sent(
        self, delivery: Delivery, ref: MessageRef, *, at: datetime, more: bool = False
    ) -> bool:
        await self.arrived.wait()
        return await super().sent(delivery, ref, at=at, more=more)


async def test_while_messages_are_written_down_the_next_ones_are_sent() -> None:
    number = BATCH + AT_ONCE
    many = [delivery(place) for place in range(1, number + 1)]
    told, _ = await work(*many, outbox=SlowToWrite(number))
    assert len(told) == number


async def test_only_the_last_of_a_batch_does_not_wait_for_others() -> None:
    outbox = FakeOutbox()
    await work(*(delivery(place) for place in range(1, BATCH + 3)), outbox=outbox)
    assert sorted(outbox.lingered) == [False] * 2 + [True] * BATCH


async def test_who_cannot_be_reached_is_failed_with_the_reason() -> None:
    gone = FakeMessenger(sends={1: RecipientUnreachable("The account is deactivated.")})
    told, _ = await work(delivery(), messenger=gone)
    assert told == [("failed", 1, "The account is deactivated.")]


async def test_a_busy_platform_is_given_the_time_it_asks_for() -> None:
    busy = FakeMessenger(sends={1: PlatformBusy("429", retry_after=timedelta(seconds=37))})
    told, _ = await work(delivery(), messenger=busy)
    assert told == [("busy", 1, timedelta(seconds=37), "429")]


async def test_a_busy_platform_that_asks_for_no_time_is_paused_as_the_outbox_sees_fit() -> None:
    busy = FakeMessenger(sends={1: PlatformBusy("429")})
    told, _ = await work(delivery(tries=ATTEMPTS), messenger=busy)
    assert told == [("busy", 1, None, "429")]  # nobody is given up because a platform is busy


async def test_what_was_claimed_with_it_leaves_a_busy_platform_alone() -> None:
    busy = FakeMessenger(sends={1: PlatformBusy("429", retry_after=timedelta(seconds=9))})
    change = update(id=UUID(int=90))
    claimed = [delivery(number) for number in range(1, AT_ONCE + 4)]
    told, messenger = await work(*claimed, change, messenger=busy)
    begun = {("send", number) for number in range(1, AT_ONCE + 1)}
    assert {call for call in messenger.calls if call[0] == "send"} == begun
    put_back = [(number, reason) for what, number, *_, reason in told if what == "postponed"]
    late = range(AT_ONCE + 1, AT_ONCE + 4)
    assert put_back == [(number, "its platform wants patience") for number in late]
    assert ("sent", 90, "M0", MONDAY) in told  # it is another method


async def test_a_platform_that_refuses_us_gets_nothing_more_and_one_alert(
    capsys: pytest.CaptureFixture[str],
) -> None:
    refuses = PlatformRefuses("invalid_auth")
    claimed = [delivery(number) for number in range(1, AT_ONCE + 4)]
    revoked = FakeMessenger(sends=dict.fromkeys(range(1, AT_ONCE + 4), refuses))
    told, messenger = await work(*claimed, update(id=UUID(int=90)), messenger=revoked)
    assert len(messenger.calls) == AT_ONCE
    assert [what for what, *_ in told].count("refused") == AT_ONCE
    assert [what for what, *_ in told].count("postponed") == 4
    assert capsys.readouterr().out.count("platform_refuses_us") == 1


def in_trouble(*numbers: int) -> FakeMessenger:
    """A platform that answers these with what tells nothing."""
    return FakeMessenger(sends=dict.fromkeys(numbers, OutcomeUnknown("503")))


async def test_a_platform_that_tells_nothing_gets_nothing_more_of_a_batch() -> None:
    claimed = [delivery(number) for number in range(1, AT_ONCE + 4)]
    told, messenger = await work(*claimed, messenger=in_trouble(*range(1, AT_ONCE + 4)))
    assert len(messenger.calls) == AT_ONCE
    assert [what for what, *_ in told].count("unknown") == AT_ONCE
    assert [what for what, *_ in told].count("postponed") == 3
    assert [what for what, *_ in told].count("trouble") == 1


async def test_a_few_unknown_outcomes_are_nobodys_trouble_but_theirs() -> None:
    few = [delivery(number) for number in range(1, ENOUGH_UNKNOWN)]
    told, _ = await work(*few, messenger=in_trouble(*range(1, ENOUGH_UNKNOWN)))
    assert {what for what, *_ in told} == {"unknown"}
    many = [delivery(number) for number in range(1, AT_ONCE + 4)]
    told, messenger = await work(*many, messenger=in_trouble(*range(2, AT_ONCE + 4)))
    assert "trouble" not in {what for what, *_ in told}
    assert len(messenger.calls) == AT_ONCE + 3


async def test_one_probe_is_enough_to_tell_that_the_trouble_is_not_over() -> None:
    told, _ = await work(delivery(1, probe=True), messenger=in_trouble(1))
    assert [what for what, *_ in told] == ["unknown", "trouble"]


async def test_a_platform_that_does_not_answer_is_not_asked_for_all_that_was_lost() -> None:
    lost = [delivery(number) for number in range(1, AT_ONCE + 4)]
    mute = FakeMessenger(finds=dict.fromkeys(range(1, AT_ONCE + 4), OutcomeUnknown("504")))
    told, messenger = await work(lost=lost, messenger=mute)
    assert len(messenger.calls) == ENOUGH_UNKNOWN
    assert [what for what, *_ in told] == ["unknown"] * (AT_ONCE + 3)


async def test_only_a_probe_tells_that_a_platform_is_well_again() -> None:
    told, _ = await work(delivery(1, probe=True), delivery(2))
    assert [number for what, number, *_ in told if what == "well"] == [1]


async def test_what_was_claimed_too_long_ago_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.batch.BEGINS_WITHIN", timedelta(0))
    told, messenger = await work(delivery())
    assert told == [("postponed", 1, MONDAY, "those before it took too long")]
    assert messenger.calls == []


async def test_a_platform_that_takes_too_long_leaves_the_outcome_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scheduler.worker.SENDS_WITHIN", timedelta(0))
    told, _ = await work(delivery())
    assert [(what, reason) for what, *_, reason in told] == [
        ("unknown", "The platform did not answer in time.")
    ]


def test_nothing_is_under_way_any_more_when_its_lease_runs_out() -> None:
    assert BEGINS_WITHIN + SENDS_WITHIN < LEASE


async def test_an_unknown_outcome_is_kept_as_such_and_not_sent_again() -> None:
    lost = FakeMessenger(sends={1: OutcomeUnknown("The connection dropped.")})
    told, _ = await work(delivery(), messenger=lost)
    [(what, _, until, reason)] = told
    assert (what, reason) == ("unknown", "The connection dropped.")
    assert until >= MONDAY + SETTLES_AFTER  # it may still be on its way
    assert lost.calls == [("send", 1)]


@pytest.mark.parametrize("error", SURPRISES)
async def test_whatever_an_adapter_raises_leaves_the_outcome_unknown(
    error: type[Exception],
) -> None:
    broken = FakeMessenger(sends={2: error("boom")})
    told, _ = await work(delivery(1), delivery(2), delivery(3), messenger=broken)
    assert sorted((number, what) for what, number, *_ in told) == [
        (1, "sent"),
        (2, "unknown"),
        (3, "sent"),
    ]
    assert [reason for what, *_, reason in told if what == "unknown"] == [error.__name__]


async def test_a_worker_whose_lease_ran_out_is_fenced_off_quietly() -> None:
    told, _ = await work(delivery(), delivery(2), outbox=FakeOutbox(fenced=True))
    assert len(told) == 2


async def test_a_database_that_is_gone_when_it_was_sent_is_not_hidden() -> None:
    outbox = FakeOutbox(down=True)
    with pytest.raises(StorageUnavailable):
        await work(delivery(), outbox=outbox)
    assert outbox.told == []


async def test_what_goes_to_a_platform_that_is_off_waits_until_it_is_back() -> None:
    elsewhere = Address(platform="slack", workspace="acme", user_id="U1")
    told, messenger = await work(delivery(address=elsewhere))
    assert told == [("refused", 1, "slack is not switched on")]
    assert messenger.calls == []


# Checked again when it is sent


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (InvitationState.ANSWERED, "already answered"),
        (InvitationState.DECLINED, "declined"),
        (InvitationState.OPTED_OUT, "opted out"),
    ],
)
async def test_who_needs_no_ask_any_more_is_skipped(state: InvitationState, reason: str) -> None:
    told, messenger = await work(delivery(invitation=invitation(state=state)))
    assert told == [("skipped", 1, reason)]
    assert messenger.calls == []


async def test_a_round_that_has_closed_asks_nobody() -> None:
    closed = invitation(campaign=campaign(state=CampaignState.CLOSED))
    told, messenger = await work(delivery(invitation=closed))
    assert told == [("skipped", 1, "the round has closed")]
    assert messenger.calls == []


async def test_outside_of_the_window_a_message_waits_for_the_next() -> None:
    told, messenger = await work(delivery(), at=NIGHT)
    opening = datetime(2026, 11, 17, 8, 0, tzinfo=UTC)
    assert told == [("postponed", 1, opening, "outside of the window")]
    assert messenger.calls == []


async def test_the_window_is_that_of_the_person() -> None:
    in_lima = invitation(person=person(timezone="America/Lima"))
    told, _ = await work(delivery(invitation=in_lima), at=NIGHT - timedelta(hours=1))
    assert [what for what, *_ in told] == ["sent"]


# Updates


def update(**changes: Any) -> Delivery:
    answered = invitation(state=InvitationState.ANSWERED, response=Response(score=6))
    known = delivery(kind=DeliveryKind.UPDATE, target=OLD, invitation=answered)
    return replace(known, **changes)


async def test_an_update_changes_the_message_that_was_sent_even_at_night() -> None:
    told, messenger = await work(update(), at=NIGHT)
    assert told == [("sent", 1, "M0", NIGHT)]
    assert messenger.calls == [("update", "M0: You said 6.")]


async def test_an_update_without_a_message_is_failed() -> None:
    told, messenger = await work(update(target=None))
    assert told == [("failed", 1, "There is no message to update.")]
    assert messenger.calls == []


async def test_an_update_of_unknown_outcome_is_simply_made_again() -> None:
    told, messenger = await work(lost=[update()])
    assert told == [("sent", 1, "M0", MONDAY)]
    assert [call for call, _ in messenger.calls] == ["update"]


# Looking up what nobody knows


async def test_a_message_that_had_arrived_is_adopted_and_not_sent_again() -> None:
    told, messenger = await work(lost=[delivery()], messenger=FakeMessenger(finds={1: REF}))
    assert told == [("sent", 1, "M1", MONDAY)]
    assert messenger.calls == [("find", 1)]


async def test_a_message_that_had_not_arrived_is_planned_again_and_not_sent_blindly() -> None:
    told, messenger = await work(lost=[delivery()])
    [(what, _, until, reason)] = told
    assert (what, reason) == ("tried", "it had not arrived")
    assert until > MONDAY
    assert messenger.calls == [("find", 1)]


async def test_a_message_that_never_arrives_is_given_up() -> None:
    told, _ = await work(lost=[delivery(tries=ATTEMPTS - 1)])
    assert told == [("failed", 1, "given up after 8 tries: it had not arrived")]


async def test_however_often_it_could_not_be_looked_up_it_is_tried_again() -> None:
    told, _ = await work(lost=[delivery(attempt=40)])
    assert [what for what, *_ in told] == ["tried"]


@pytest.mark.parametrize("error", [OutcomeUnknown, PlatformBusy, PlatformRefuses, *SURPRISES])
@pytest.mark.parametrize("attempt", [1, ATTEMPTS, 2_000])
async def test_where_it_cannot_be_looked_up_it_stays_unknown(
    error: type[Exception], attempt: int
) -> None:
    mute = FakeMessenger(finds={1: error("I can't tell."), 2: REF})
    lost = [delivery(1, attempt=attempt), delivery(2)]
    told, messenger = await work(delivery(3), lost=lost, messenger=mute)
    assert sorted((number, what) for what, number, *_ in told) == [
        (1, "unknown"),
        (2, "sent"),
        (3, "sent"),
    ]
    assert ("send", 1) not in messenger.calls


async def test_somebody_who_is_gone_when_it_is_looked_up_does_not_stop_the_others() -> None:
    gone = FakeMessenger(finds={1: RecipientUnreachable("The account is deactivated.")})
    told, _ = await work(delivery(2), lost=[delivery(1)], messenger=gone)
    ends = {number: what for what, number, *_ in told}
    assert ends[2] == "sent"
    assert ends[1] in {"failed", "unknown"}


async def test_what_a_platform_has_that_is_off_stays_unknown() -> None:
    elsewhere = Address(platform="slack", workspace="acme", user_id="U1")
    told, messenger = await work(lost=[delivery(address=elsewhere)])
    assert [(what, reason) for what, *_, reason in told] == [
        ("unknown", "slack is not switched on")
    ]
    assert messenger.calls == []
