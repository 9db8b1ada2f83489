"""`voxpop email` and `voxpop campaign suspected`, in a folder of their own."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from runtime.sample_mail import send_sample
from runtime.settings import load_settings
from runtime.wiring import Product, put_together
from storage.set_aside import SqlDoubtful
from storage.suppressions import SqlSuppressions
from survey.card import Card
from survey.consent import How
from survey.delivery import MessageRef
from survey.messenger import OutcomeUnknown, RecipientUnreachable
from survey.person import EMAIL, Address
from survey.ports import Suspicion
from tests.command_line import Voxpop, in_this_process
from tests.fake_platform import FakeMessenger
from tests.mail.server import SmtpServer
from tests.world import World

SETTINGS = """
admins = ["ada@example.org"]
[surveys.nps]
subject = "Acme"
[surveys.pulse]
subject = "Acme"
question = "How was your week?"
scale = "csat"
"""
NOW = datetime(2026, 10, 5, 9, tzinfo=UTC)
KEY = "a-key-for-tests-that-is-long-enough-to-pass"


@pytest.fixture
def folder(tmp_path: Path, sqlite_template: Path) -> Path:
    (tmp_path / "voxpop.toml").write_text(SETTINGS)
    shutil.copy(sqlite_template, tmp_path / "voxpop.db")
    return tmp_path


@pytest.fixture
def voxpop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Voxpop]:
    """Commands in this process, which leave no trace in its log."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("VOXPOP_SANDBOX", "1")
    monkeypatch.setenv("VOXPOP_SECRET_KEY", KEY)
    with in_this_process() as run:
        yield run


def on(folder: Path, work: Callable[[Product], Awaitable[object]]) -> None:
    """Something that happened before the command."""

    async def run() -> None:
        settings = load_settings({"VOXPOP_SECRET_KEY": KEY}, folder=folder)
        product = put_together(settings, clock=lambda: NOW)
        await work(product)
        await product.let_go()

    asyncio.run(run())


def refused(folder: Path, *emails: str) -> None:
    async def work(product: Product) -> None:
        for email in emails:
            said = "550 5.1.1 no such user"
            await SqlSuppressions(product.database).refused(email, reason=said, at=NOW)

    on(folder, work)


# Mailboxes


def test_mailboxes_that_refuse_us_are_listed_with_what_was_said(
    folder: Path, voxpop: Voxpop
) -> None:
    refused(folder, "ben@example.org", "ada@example.org")
    listed = voxpop("email", "suppressed", "--json")
    assert listed.json[0] == {
        "email": "ada@example.org",
        "cause": "bounced",
        "since": "2026-10-05 09:00 UTC",
        "reason": "550 5.1.1 no such user",
    }
    assert [one["email"] for one in listed.json] == ["ada@example.org", "ben@example.org"]
    assert "550 5.1.1 no such user" in voxpop("email", "suppressed").out


def test_a_mailbox_that_works_again_is_released_once(folder: Path, voxpop: Voxpop) -> None:
    refused(folder, "ada@example.org")
    released = voxpop("email", "release", "Ada@Example.org")
    assert (released.code, released.out[:46]) == (
        0,
        "ada@example.org gets mail again, from the next",
    )
    assert voxpop("email", "suppressed", "--json").json == []
    again = voxpop("email", "release", "ada@example.org")
    assert (again.code, "not among the mailboxes" in again.said) == (1, True)


def test_what_is_looked_at_and_changed_is_noted_without_a_name(
    folder: Path, voxpop: Voxpop
) -> None:
    refused(folder, "ada@example.org")
    voxpop("email", "suppressed")
    voxpop("email", "release", "ada@example.org")
    lines = voxpop("audit", "--json").json
    assert [(one["action"], one["about"]) for one in lines][1:] == [
        ("mailboxes.released", "one mailbox"),
        ("mailboxes.listed", "those that refuse our mail"),
    ]


# A test


@dataclass
class Carrier(FakeMessenger):
    """Keeps what it was handed, or does as it is told."""

    handed: list[tuple[Address, Card]] = field(default_factory=list)
    trouble: Exception | None = None

    async def send(self, address: Address, card: Card, *, delivery_id: UUID) -> MessageRef:
        if self.trouble is not None:
            raise self.trouble
        self.handed.append((address, card))
        return MessageRef(channel="", message=delivery_id.hex)


async def sampled(folder: Path, carrier: Carrier, *, survey: str, locale: str = "en") -> None:
    settings = load_settings({"VOXPOP_SECRET_KEY": KEY}, folder=folder)
    product = put_together(settings, clock=lambda: NOW, others={EMAIL: carrier})
    try:
        await send_sample(
            product, "ada@example.org", survey=settings.surveys[survey], locale=locale
        )
    finally:
        await product.let_go()


async def test_a_test_is_the_question_as_people_get_it_and_says_what_it_is(folder: Path) -> None:
    carrier = Carrier()
    await sampled(folder, carrier, survey="pulse")
    ((address, card),) = carrier.handed
    assert (address, card.headline) == (Address.mailbox("ada@example.org"), "How was your week?")
    assert card.greeting.startswith("This is a test")
    assert card.letter is not None
    assert card.letter.title == "Test: How was your week?"
    assert card.letter.first
    assert len([button for button in card.buttons if button.act == "score"]) == 5


async def test_a_test_can_be_had_in_another_language(folder: Path) -> None:
    carrier = Carrier()
    await sampled(folder, carrier, survey="nps", locale="de")
    ((_, card),) = carrier.handed
    assert card.letter is not None
    assert card.letter.locale == "de"
    assert "Acme" in card.headline
    assert not card.headline.startswith("How likely")


async def test_a_test_that_was_not_taken_says_why(folder: Path) -> None:
    for trouble, says in (
        (RecipientUnreachable("550 5.1.1 no such user"), "no such user"),
        (OutcomeUnknown("the connection was lost"), "It may have been sent, and may not"),
    ):
        with pytest.raises(type(trouble), match=says):
            await sampled(folder, Carrier(trouble=trouble), survey="nps")


async def test_a_test_goes_out_by_the_server_of_the_settings(
    voxpop: Voxpop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SmtpServer() as server:
        monkeypatch.setenv("VOXPOP_EMAIL__SMTP_URL", server.url)
        monkeypatch.setenv("VOXPOP_EMAIL__FROM", "Acme surveys <surveys@acme.example>")
        done = await asyncio.to_thread(voxpop, "email", "test", "ada@example.org")
        examined = await asyncio.to_thread(voxpop, "doctor", "--json")
    assert done.out.startswith("A test is on its way to ada@example.org.")
    [mail] = server.arrived
    assert (mail.sender, mail.to) == ("surveys@acme.example", "ada@example.org")
    assert mail.message["Subject"].startswith("Test: How likely are you to recommend Acme")
    text = mail.message.get_body(("plain",))
    assert text is not None
    assert "This is a test of e-mail" in text.get_content()
    found = {one["check"]: one["result"] for one in examined.json}
    assert (found["email server"], found["platforms"]) == ("ok", "ok")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("ada@example.org",), "E-mail is off: VOXPOP_EMAIL__SMTP_URL"),
        (("nobody",), "is no e-mail address"),
        (("ada@example.org", "--survey", "none"), "there are: nps, pulse"),
        (("ada@example.org", "--language", "tlh"), "There is no language 'tlh'; there are: ar"),
    ],
)
def test_a_test_that_can_not_be_sent_says_what_to_mend(
    voxpop: Voxpop, words: tuple[str, ...], says: str
) -> None:
    ended = voxpop("email", "test", *words)
    assert ended.code != 0
    assert says in ended.said


# Answers that are kept aside


async def kept_aside(world: World) -> str:
    """A round with three answers of which it is not known whether people gave them."""
    campaign = await world.start()
    doubtful = SqlDoubtful(world.product.database)
    whys = (Suspicion.TRAP, Suspicion.TOO_SOON, Suspicion.TOO_SOON)
    for place, why in enumerate(whys, start=1):
        press = await world.press_of(place)
        await doubtful.keep(press.subject, 9, why=why, at=world.clock())
    await world.press(1, 2)
    return campaign.name


@pytest.fixture
def round_name(folder: Path) -> str:
    """A round in the folder's database, which takes answers now."""

    async def run() -> str:
        url = f"sqlite:///{folder / 'voxpop.db'}"
        world = World(url, folder=folder)
        world.clock.at = datetime.now(UTC)
        await world.populate()
        try:
            return await kept_aside(world)
        finally:
            await world.close()

    return asyncio.run(run())


def test_what_is_kept_aside_is_told_by_why_and_never_what_it_says(
    voxpop: Voxpop, round_name: str
) -> None:
    told = voxpop("campaign", "suspected", round_name, "--json").json
    assert {one["why"]: one["answers"] for one in told}[Suspicion.TOO_SOON.value] == 2
    assert {key for one in told for key in one} == {"campaign", "answers", "why"}
    assert voxpop("campaign", "suspected", "nps").out.count(round_name) == len(told)


def test_the_list_of_rounds_counts_what_is_kept_aside(voxpop: Voxpop, round_name: str) -> None:
    kept = sum(one["answers"] for one in voxpop("campaign", "suspected", "nps", "--json").json)
    listed = voxpop("campaign", "list", "--json").json
    assert [(one["campaign"], one["suspected"]) for one in listed] == [(round_name, kept)]
    assert kept > 0


def test_what_is_kept_aside_can_be_counted_and_what_people_answered_wins(
    voxpop: Voxpop, round_name: str
) -> None:
    counted = voxpop("campaign", "suspected", round_name, "--count")
    assert counted.out == f"{round_name}: 2 that were kept aside count from now on.\n"
    assert voxpop("campaign", "suspected", round_name, "--count").out.startswith(f"{round_name}: 0")
    assert voxpop("campaign", "suspected", round_name, "--json").json == []
    (line, *_) = voxpop("audit", "--json", "--limit", "4").json[2:]
    assert (line["action"], line["about"]) == ("round.suspected_counted", round_name)


def test_a_round_without_suspicions_says_so(voxpop: Voxpop, folder: Path) -> None:
    async def run() -> None:
        world = World(f"sqlite:///{folder / 'voxpop.db'}", folder=folder)
        await world.populate()
        await world.start()
        await world.close()

    asyncio.run(run())
    assert voxpop("campaign", "suspected", "nps").out.endswith(": none is kept aside.\n")
    assert voxpop("campaign", "suspected", "nps", "--json").json == []


def test_a_round_that_there_is_not_is_told(voxpop: Voxpop) -> None:
    assert "There is no round named 'nps'" in voxpop("campaign", "suspected", "nps").said


def test_the_doctor_knows_of_e_mail_beside_the_sandbox(
    voxpop: Voxpop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def platforms() -> str:
        found = voxpop("doctor", "--json").json
        return next(str(one["mend"]) for one in found if one["check"] == "platforms")

    assert platforms() == "the sandbox only"
    monkeypatch.setenv("VOXPOP_EMAIL__FROM", "surveys@example.org")
    monkeypatch.setenv("VOXPOP_EMAIL__SMTP_URL", "smtp://127.0.0.1:1")
    assert platforms() == ""


def test_who_said_when_and_how_that_they_may_be_asked_is_listed(
    voxpop: Voxpop, folder: Path
) -> None:
    async def run() -> None:
        world = World(f"sqlite:///{folder / 'voxpop.db'}", folder=folder)
        await world.populate(2)
        person = await world.product.people.by_email("person1@example.org")
        assert person is not None
        at = world.clock()
        await world.product.people.opt_out(
            person, survey="nps", at=at, how=How.PAGE, reason="Too many."
        )
        await world.product.people.opt_in(person, at=at + timedelta(days=1))
        await world.close()

    asyncio.run(run())
    told = voxpop("people", "consents", "Person1@example.org", "--json").json
    assert [(one["survey"], one["may be asked"], one["how"], one["reason"]) for one in told] == [
        ("nps", "no", "on the page", "Too many."),
        ("nps", "yes", "in chat", ""),
    ]
    assert voxpop("people", "consents", "nobody@example.org").code == 1
