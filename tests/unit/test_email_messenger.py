"""E-mail, outbound: who carries a mail, who is not written to, and what nobody can tell."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from bot.email.messenger import SPARED, EmailMessenger
from bot.email.providers import (
    MailboxBusy,
    MailboxRefused,
    MailRefused,
    Parcel,
    ProviderBusy,
    ProviderRefuses,
)
from survey.brand import Brand
from survey.delivery import MessageRef
from survey.errors import VoxpopError
from survey.messenger import (
    OutcomeUnknown,
    PlatformBusy,
    PlatformRefuses,
    RecipientBusy,
    RecipientUnreachable,
)
from survey.person import Address
from survey.ports import Cause
from tests.examples import MONDAY, SetClock
from tests.fakes import Store
from tests.fakes_mail import FakeSuppressions
from tests.mail.letters import ADA, DELIVERY, LINKS, SENDER, letter

REF = MessageRef(channel="", message=f"{7:032x}")


@dataclass
class FakeProvider:
    """Takes what comes, unless it is told to raise."""

    name: str
    raises: list[VoxpopError] = field(default_factory=list)
    taken: list[Parcel] = field(default_factory=list)
    asked: int = 0
    closed: bool = False

    async def send(self, parcel: Parcel) -> None:
        self.asked += 1
        if self.raises:
            raise self.raises.pop(0)
        self.taken.append(parcel)

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def first() -> FakeProvider:
    return FakeProvider("first")


@pytest.fixture
def second() -> FakeProvider:
    return FakeProvider("second")


@pytest.fixture
def messenger(
    store: Store, clock: SetClock, first: FakeProvider, second: FakeProvider
) -> EmailMessenger:
    return made([first, second], store, clock)


def made(providers: Sequence[FakeProvider], store: Store, clock: SetClock) -> EmailMessenger:
    return EmailMessenger(
        providers,
        links=LINKS,
        suppressions=FakeSuppressions(store),
        brand=Brand(),
        sender=SENDER,
        clock=clock,
    )


async def test_a_mail_is_known_by_its_message_id(
    messenger: EmailMessenger, first: FakeProvider, second: FakeProvider
) -> None:
    assert await messenger.send(ADA, letter(), delivery_id=DELIVERY) == REF
    again = await messenger.send(ADA, letter(reminder=1), delivery_id=DELIVERY)
    assert again == MessageRef(channel="", message=DELIVERY.hex)
    assert [one.message["Message-ID"] for one in first.taken] == [
        f"<{REF.message}@acme.example>",
        f"<{DELIVERY.hex}@acme.example>",
    ]
    assert second.asked == 0


async def test_an_address_that_looks_encoded_puts_nothing_into_headers(
    messenger: EmailMessenger, first: FakeProvider
) -> None:
    bent = "=?utf-8?q?x=0d=0abcc=3aeve=40e.c?=@example.org"  # which rosters take
    with pytest.raises(RecipientUnreachable, match="looks encoded"):
        await messenger.send(Address.mailbox(bent), letter(), delivery_id=DELIVERY)
    assert first.asked == 0


@pytest.mark.parametrize("trouble", [ProviderBusy, ProviderRefuses])
async def test_the_next_provider_carries_what_the_first_does_not(
    messenger: EmailMessenger,
    first: FakeProvider,
    second: FakeProvider,
    trouble: type[VoxpopError],
) -> None:
    first.raises.append(trouble("no"))
    assert await messenger.send(ADA, letter(), delivery_id=DELIVERY) == REF
    assert [one.name for one in second.taken] == [REF.message]


async def test_a_provider_that_had_trouble_is_spared_for_a_minute(
    messenger: EmailMessenger, first: FakeProvider, second: FakeProvider, clock: SetClock
) -> None:
    first.raises.append(ProviderBusy("no"))
    await messenger.send(ADA, letter(), delivery_id=DELIVERY)
    await messenger.send(ADA, letter(), delivery_id=DELIVERY)
    assert (first.asked, second.asked) == (1, 2)
    clock.at += SPARED
    await messenger.send(ADA, letter(), delivery_id=DELIVERY)
    assert (first.asked, second.asked) == (2, 2)


async def test_a_provider_that_had_trouble_is_better_than_none(
    messenger: EmailMessenger, first: FakeProvider, second: FakeProvider
) -> None:
    first.raises.append(ProviderBusy("no"))
    second.raises.append(ProviderBusy("no"))
    with pytest.raises(PlatformBusy):
        await messenger.send(ADA, letter(), delivery_id=DELIVERY)
    assert await messenger.send(ADA, letter(), delivery_id=DELIVERY) == REF


async def test_where_one_may_take_it_soon_there_is_hope(
    messenger: EmailMessenger, first: FakeProvider, second: FakeProvider
) -> None:
    first.raises.append(ProviderRefuses("first: 535 wrong password"))
    second.raises.append(ProviderBusy("second: 429", retry_after=timedelta(seconds=30)))
    with pytest.raises(PlatformBusy, match="first: 535 wrong password; second: 429") as caught:
        await messenger.send(ADA, letter(), delivery_id=DELIVERY)
    assert caught.value.retry_after == timedelta(seconds=30)


async def test_where_all_refuse_us_somebody_has_to_mend_it(
    messenger: EmailMessenger, first: FakeProvider, second: FakeProvider
) -> None:
    first.raises.append(ProviderRefuses("first: 535"))
    second.raises.append(ProviderRefuses("second: 403"))
    with pytest.raises(PlatformRefuses, match="first: 535; second: 403"):
        await messenger.send(ADA, letter(), delivery_id=DELIVERY)


@pytest.mark.parametrize(
    ("raised", "meant"),
    [
        (MailboxRefused("550 5.1.1 no such user"), RecipientUnreachable),
        (MailRefused("554 5.7.1 policy"), RecipientUnreachable),
        (MailboxBusy("450 greylisted"), RecipientBusy),
        (OutcomeUnknown("lost"), OutcomeUnknown),
    ],
)
async def test_what_is_about_the_recipient_no_other_provider_is_asked(
    messenger: EmailMessenger,
    first: FakeProvider,
    second: FakeProvider,
    raised: VoxpopError,
    meant: type[VoxpopError],
) -> None:
    first.raises.append(raised)
    with pytest.raises(meant, match=str(raised)):
        await messenger.send(ADA, letter(), delivery_id=DELIVERY)
    assert second.asked == 0


async def test_fault_51_a_mailbox_that_there_is_not_is_written_to_once(
    messenger: EmailMessenger, first: FakeProvider, store: Store
) -> None:
    first.raises.append(MailboxRefused("550 5.1.1 no such user"))
    for _ in range(2):
        with pytest.raises(RecipientUnreachable, match="no such user"):
            await messenger.send(ADA, letter(), delivery_id=DELIVERY)
    assert first.asked == 1
    found = store.suppressions[ADA.user_id]
    assert (found.cause, found.at) == (Cause.BOUNCED, MONDAY)


@pytest.mark.parametrize("raised", [MailRefused("policy"), MailboxBusy("full")])
async def test_only_a_mailbox_that_there_is_not_is_never_written_to_again(
    messenger: EmailMessenger, first: FakeProvider, store: Store, raised: VoxpopError
) -> None:
    first.raises.append(raised)
    with pytest.raises(VoxpopError):
        await messenger.send(ADA, letter(), delivery_id=DELIVERY)
    assert store.suppressions == {}


async def test_without_a_database_nothing_is_sent(
    messenger: EmailMessenger, first: FakeProvider, store: Store
) -> None:
    store.down.add("*")
    with pytest.raises(PlatformBusy):
        await messenger.send(ADA, letter(), delivery_id=DELIVERY)
    assert first.asked == 0


async def test_a_refusal_counts_even_where_it_can_not_be_noted(
    messenger: EmailMessenger, first: FakeProvider, store: Store
) -> None:
    store.down.add("refused")
    first.raises.append(MailboxRefused("550 5.1.1 no such user"))
    with pytest.raises(RecipientUnreachable):
        await messenger.send(ADA, letter(), delivery_id=DELIVERY)


async def test_a_mail_is_neither_changed_nor_looked_for(messenger: EmailMessenger) -> None:
    assert messenger.repeats
    with pytest.raises(RecipientUnreachable):
        await messenger.update(ADA, REF, letter())
    with pytest.raises(OutcomeUnknown):
        await messenger.find(ADA, UUID(int=1))


async def test_fault_52_sent_once_more_it_is_the_same_mail(
    messenger: EmailMessenger, first: FakeProvider
) -> None:
    first.raises.append(OutcomeUnknown("lost after DATA"))
    with pytest.raises(OutcomeUnknown):
        await messenger.send(ADA, letter(), delivery_id=DELIVERY)
    assert await messenger.send(ADA, letter(), delivery_id=DELIVERY) == REF


async def test_closing_lets_go_of_all_providers(
    messenger: EmailMessenger, first: FakeProvider, second: FakeProvider
) -> None:
    await messenger.close()
    assert first.closed
    assert second.closed


async def test_a_provider_in_trouble_is_told_of_once_in_a_while_and_not_for_each_mail(
    store: Store, clock: SetClock, first: FakeProvider
) -> None:
    alone = made([first], store, clock)
    with capture_logs() as told:
        for _ in range(3):
            first.raises.append(ProviderBusy("no"))
            with pytest.raises(PlatformBusy):
                await alone.send(ADA, letter(), delivery_id=DELIVERY)
    assert [one["event"] for one in told] == ["mail_provider_trouble"]
