"""Who may do what administrators do, and what is noted of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bot.commands.oversight import (
    ACTIONS,
    ACTIONS_OF_BUTTONS,
    RIGHTS,
    RIGHTS_BY_BUTTON,
    UNNOTED,
)
from bot.grammar import FOR_ADMINISTRATORS, Word
from survey.card import Act, Card, Reply
from survey.errors import AnotherAccount, StorageUnavailable
from survey.person import Address, Administrators
from survey.states import CampaignState
from survey.usecases.authority import Authority
from tests.chat import ADA, BEN, Chat, a_chat
from tests.examples import SetClock, address, campaign, invitation
from tests.fakes import Store
from tests.fakes_rights import FakePins
from tests.goldens import compare


async def administering(**changes: Any) -> Chat:
    """Ada's conversation while a round runs that asked Ben."""
    chat = await a_chat(invitation(person=BEN, campaign=campaign(**changes)))
    chat.me = ADA
    return chat


def noted(chat: Chat) -> list[tuple[str, str, str]]:
    entries = [line.entry for line in chat.store.audited]
    return [(one.actor, one.action, one.about) for one in entries]


def private(reply: Reply) -> Card:
    assert reply.private is not None
    return reply.private


# What is noted


@pytest.mark.parametrize(
    ("typed", "action", "about"),
    [
        ("report", "report.read", "nps/2026Q4"),
        ("report by team", "report.read", "nps/2026Q4 by team"),
        ("report 2026Q4 share", "report.shared", "nps/2026Q4"),
        ("report 2025Q1", "report.read", "nps/2025Q1"),
        ("status", "round.watched", "nps/2026Q4"),
        ("status 2025Q1", "round.watched", "a round that there is not"),
        ("preview", "round.previewed", "nps"),
        ("start to a@example.org,b@example.org", "round.previewed", "nps to 2 by name"),
        ("close nps", "round.closed", "nps/2026Q4"),
        ("comments", "comments.read", "nps/2026Q4"),
        ("export", "export.made", "nps/2026Q4"),
        ("audit 7", "audit.read", "the audit log"),
    ],
)
async def test_what_an_administrator_asks_for_is_noted_before_it_is_done(
    typed: str, action: str, about: str
) -> None:
    chat = await administering()
    await chat.types(f"/nps {typed}")
    assert noted(chat)[:2] == [
        (ADA.email, "administrator.pinned", f"chat:{ADA.email}"),
        (ADA.email, action, about),
    ]


async def test_a_button_of_an_administrator_is_noted_with_what_it_is_about() -> None:
    chat = await administering()
    await chat.forges(Act.SHARE, "nps 2026Q4 team", subject=None)
    await chat.forges(Act.START, "nps 1795168800 a@example.org", subject=None)
    asked = [one for one in noted(chat) if one[1].startswith(("report", "round"))]
    assert asked == [
        (ADA.email, "report.shared", "nps/2026Q4 by team"),
        (ADA.email, "round.started", "nps to 1 by name"),
    ]


async def test_what_could_not_be_done_is_noted_as_well() -> None:
    chat = await a_chat()
    await chat.types("/nps status")
    assert noted(chat)[1:] == [
        (ADA.email, "round.watched", "a round that there is not"),
        (ADA.email, "command.failed", "status: not_found"),
    ]


@pytest.mark.parametrize("word", sorted(FOR_ADMINISTRATORS))
async def test_a_refused_word_is_noted_and_nothing_else_of_it(word: Word) -> None:
    chat = await administering()
    await chat.types(f"/nps {word.value}", by=BEN)
    assert noted(chat) == [("person 2", "command.refused", word.value)]


@pytest.mark.parametrize(
    "typed", ["help", "pending", "snooze", "optout", "optin", "forget", "xyzzy", "reprot", "themes"]
)
async def test_what_people_do_about_their_own_questions_is_not_noted(typed: str) -> None:
    chat = await administering()
    await chat.types(f"/nps {typed}", by=BEN)
    assert noted(chat) == []


async def test_rights_are_noted_without_a_name() -> None:
    chat = await administering()
    await chat.types("/nps mydata", by=BEN)
    await chat.types("/nps forget", by=BEN)
    await chat.press("Erase everything about me", by=BEN)
    assert noted(chat) == [
        ("a person", "person.read_own_data", "their own data"),
        ("a person", "person.forgot", "everything about them"),
    ]


@pytest.mark.parametrize("typed", ["report", "start", "close", "audit", "mydata"])
async def test_what_can_not_be_noted_is_neither_done_nor_answered(typed: str) -> None:
    chat = await administering()
    chat.store.down = {"append"}
    reply = await chat.types(f"/nps {typed}")
    assert private(reply) == Card(
        headline="I couldn't do that just now, so please try again in a minute."
    )
    assert chat.store.writes == []
    assert chat.store.campaigns[0].state is CampaignState.RUNNING


async def test_nobody_is_forgotten_without_a_note() -> None:
    chat = await administering()
    await chat.types("/nps forget", by=BEN)
    chat.store.down = {"append"}
    await chat.press("Erase everything about me", by=BEN)
    assert address(BEN) in chat.store.people


async def test_every_word_and_button_of_administrators_is_noted() -> None:
    chat = await administering()
    commands = chat.desk.commands
    assert ACTIONS.keys() == FOR_ADMINISTRATORS
    buttons: Mapping[Act, object] = {**commands.rounds.acts, **commands.figures.acts}
    assert buttons.keys() - {Act.CANCEL} == ACTIONS_OF_BUTTONS.keys() | UNNOTED
    assert not ACTIONS.keys() & RIGHTS.keys()
    choices = {Act.OPT_OUT, Act.OPT_IN, Act.SNOOZE, Act.WAKE, Act.COMPACT, Act.BUTTONS}
    unnoted = {Act.REMAIN, Act.LANGUAGE, *choices}
    assert commands.own.acts.keys() - unnoted == RIGHTS_BY_BUTTON.keys()


async def test_the_audit_log_in_chat() -> None:
    chat = await administering()
    await chat.types("/nps report by team", by=BEN)
    await chat.types("/nps mydata", by=BEN)
    chat.clock.forward(days=1)
    await chat.types("/nps report by team")
    await chat.types("/nps audit 3")
    await chat.types("/nps audit")
    compare("dialogues", "audit", chat.transcript)


async def test_at_most_a_hundred_lines_are_shown() -> None:
    chat = await administering()
    for _ in range(120):
        await chat.types("/nps mydata", by=BEN)
    assert len(private(await chat.types("/nps audit 100")).lines) == 100
    assert len(private(await chat.types("/nps audit")).lines) == 20


# Who may

OTHER = replace(address(ADA), user_id="another account")


def authority(store: Store, **named: tuple[str, ...]) -> Authority:
    return Authority(administrators=Administrators(**named), pins=FakePins(store), clock=SetClock())


async def test_the_first_account_with_the_e_mail_is_the_administrator() -> None:
    store = Store()
    may = authority(store, emails=(ADA.email,))
    assert await may(ADA, address(ADA))
    assert await may(ADA, address(ADA))
    with pytest.raises(AnotherAccount, match=r"voxpop admin confirm ada@example\.org"):
        await may(ADA, OTHER)
    assert await may(ADA, address(ADA))
    assert not await may(BEN, address(BEN))
    assert [pin.claimed_by for pin in store.pins.values()] == ["another account"]


async def test_an_account_that_is_named_needs_no_e_mail_and_no_pin() -> None:
    store = Store()
    may = authority(store, accounts=("chat:U1",))
    assert await may(BEN, Address(platform="chat", workspace="any", user_id="U1"))
    assert not await may(BEN, Address(platform="chat", workspace="any", user_id="u1"))
    assert not await may(BEN, Address(platform="mail", workspace="any", user_id="U1"))
    assert store.pins == {}


async def test_nobody_may_while_it_can_not_be_looked_up() -> None:
    store = Store(down={"present"})
    with pytest.raises(StorageUnavailable):
        await authority(store, emails=(ADA.email,))(ADA, address(ADA))


async def test_the_other_account_hears_what_mends_it() -> None:
    chat = await administering()
    await chat.types("/nps status")
    pin = next(iter(chat.store.pins))
    chat.store.pins[pin] = replace(chat.store.pins[pin], address=OTHER)
    await chat.types("/nps report")
    await chat.types("/nps report")
    compare("dialogues", "another-account", chat.transcript)
    assert [action for _, action, _ in noted(chat)].count("administrator.claimed") == 1


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({}, "That is for survey administrators, and none is named yet: `VOXPOP_ADMINS` does."),
        ({"accounts": ("slack:U1",)}, "That is for survey administrators."),
        ({"emails": ("a@b.org",)}, "That is for survey administrators: a@b.org."),
    ],
)
async def test_a_refusal_names_e_mails_and_no_accounts(
    named: dict[str, tuple[str, ...]], said: str
) -> None:
    chat = await administering()
    object.__setattr__(chat.desk.commands.oversight, "authority", authority(chat.store, **named))
    assert private(await chat.types("/nps close")).headline == said
