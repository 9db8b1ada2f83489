"""What people do about their own questions and data: dialogues in `tests/goldens/dialogues`."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from runtime.languages import language
from survey.card import Act, Attachment, Card
from survey.consent import Consent, How
from survey.invitation import Response
from survey.person import Address
from survey.ports import Suspicion
from survey.rights import Aside, Asked, Happened, Held
from survey.states import CampaignState, InvitationState
from survey.wording import kept
from survey.wording.rights import own_data
from tests.chat import ADA, BEN, Chat, a_chat, asked
from tests.examples import MONDAY, NPS_SURVEY, campaign, invitation, person
from tests.goldens import compare

CLOSED = campaign(id=2, state=CampaignState.CLOSED, started_at=MONDAY - timedelta(days=90))


async def test_snooze_and_come_back() -> None:
    chat = await asked()
    await chat.types("/nps snooze")
    await chat.types("/nps snooze 3")
    assert chat.store.snoozes == {ADA.id: date(2026, 11, 19)}
    await chat.types("/nps optin")
    await chat.types("/nps optin")
    await chat.types("/nps snooze 400")
    compare("dialogues", "snooze", chat.transcript)
    assert chat.store.snoozes == {}


async def test_one_menu_or_a_button_for_each_score() -> None:
    chat = await asked()
    await chat.types("/nps compact")
    (waiting,) = chat.store.invitations.values()
    assert (await chat.desk.compose(waiting)).compact
    await chat.types("/nps buttons")
    (waiting,) = chat.store.invitations.values()
    assert not (await chat.desk.compose(waiting)).compact
    compare("dialogues", "compact", chat.transcript)


async def test_a_language_is_asked_for_and_chosen() -> None:
    chat = await asked()
    await chat.types("/nps language")
    await chat.types("/nps language DE")
    assert chat.store.chosen == {ADA.id: "de"}
    await chat.types("/nps language klingon")
    compare("dialogues", "language", chat.transcript)


async def test_where_one_language_is_known_none_can_be_chosen() -> None:
    chat = await asked()
    own = replace(chat.desk.commands.own, spoken={"en": "English"})
    commands = replace(chat.desk.commands, own=own)
    chat.desk = replace(chat.desk, commands=commands)
    reply = await chat.types("/nps language")
    assert reply.private == Card(
        headline="I write to you in English.",
        lines=("It is the only one that I know so far.",),
    )
    reply = await chat.types("/nps language klingon")
    assert reply.private == Card(
        headline="I don't know `klingon` as a language. I know `en` English."
    )


async def test_a_snooze_ends_on_a_day_of_the_persons_own() -> None:
    far_east = person(timezone="Pacific/Kiritimati")  # it is tomorrow there
    chat = await a_chat(invitation(person=far_east))
    chat.clock.forward(hours=3)
    await chat.types("/nps snooze 1")
    assert chat.store.snoozes == {far_east.id: date(2026, 11, 18)}


async def test_whoever_has_answered_is_told_of_no_question() -> None:
    chat = await answered()
    reply = await chat.types("/nps snooze", by=BEN)
    assert reply.private == Card(
        headline="I won't ask you anything before Monday 30 November. `/nps optin` ends that."
    )


async def answered() -> Chat:
    """Ben has answered a round that runs and one that is closed."""
    ben = replace(BEN, attributes={"team": "Sales"})
    now = invitation(
        person=ben,
        state=InvitationState.COMPLETED,
        response=Response(score=9, comment="Good coffee."),
    )
    before = invitation(
        2,
        person=ben,
        campaign=CLOSED,
        state=InvitationState.ANSWERED,
        response=Response(score=4, comment="Bad tea."),
    )
    chat = await a_chat(now, before)
    chat.store.stops = {(ben.id, "ticket")}
    return chat


async def test_everything_that_is_held_is_shown_to_oneself() -> None:
    chat = await answered()
    reply = await chat.types("/nps mydata")
    compare("dialogues", "own-data", chat.transcript)
    assert reply.private is not None
    file = reply.private.attachment
    assert file is not None
    assert (file.name, file.media_type) == ("voxpop-own-data.json", "application/json")
    held = json.loads(file.content)
    assert (held["email"], held["attributes"]) == (BEN.email, {"team": "Sales"})
    assert [(one["score"], one["comment"]) for one in held["rounds"]] == [
        (9, "Good coffee."),
        (4, "Bad tea."),
    ]


async def test_what_somebody_said_on_being_asked_is_shown_with_their_reasons() -> None:
    chat = await asked()
    said = [
        Consent(
            at=MONDAY - timedelta(days=9 - day), survey=survey, may_ask=may, how=how, reason=why
        )
        for day, (survey, may, how, why) in enumerate(
            [
                ("nps", False, How.COMPLAINT, "the sixth from the end"),
                ("nps", False, How.PAGE, "Too `often`."),
                ("nps", True, How.CHAT, ""),
                ("", False, How.ONE_CLICK, ""),
                ("", False, How.COMPLAINT, ""),
                ("", True, How.PAGE, ""),
            ]
        )
    ]
    chat.store.consents[ADA.id] = said
    reply = await chat.types("/nps mydata")
    compare("dialogues", "own-consent", chat.transcript)
    assert reply.private is not None
    file = reply.private.attachment
    assert file is not None
    assert [one["how"] for one in json.loads(file.content)["consents"]] == [
        one.how.value for one in said
    ]


def test_scores_that_are_not_counted_and_a_mailbox_that_refuses_are_told() -> None:
    english = language("en")
    aside = Aside(score=4, at=MONDAY, why=Suspicion.TRAP.value)
    asked_once = Asked(
        campaign="nps/2026Q4",
        mode="confidential",
        state="sent",
        asked_at=MONDAY,
        set_aside=(aside, aside),
    )
    held = Held(
        email=BEN.email,
        name=BEN.name,
        timezone=None,
        locale=None,
        attributes={},
        mailbox_refuses="550 no such user",
        rounds=(asked_once,),
    )
    file = Attachment(name="a.json", media_type="application/json", content=b"")

    shown = own_data(held, BEN, file, english).text

    assert "2 scores that may have come from a program are not counted" in shown
    assert "its server said: 550 no such user" in shown


def test_what_is_kept_of_what_happened_is_told_and_marks_nothing() -> None:
    ticket = Happened(
        kind="ticket", at=MONDAY, details={"subject": "`Help`\u202e", "state": "open"}
    )
    visits = [Happened(kind="visit", at=MONDAY, details={"branch": "Harbour"})] * 11
    shown = kept.lines([ticket, *visits], BEN, language("en"))
    assert shown[0] == (
        "A support request of yours, Monday 16 November: subject: 'Help' and state: open"
    )
    assert shown[1] == "A visit of yours, Monday 16 November: branch: Harbour"
    assert shown[-1] == "2 more notes like these are in the file."


async def test_forgetting_asks_once_and_can_be_left_alone() -> None:
    chat = await answered()
    question = chat.message
    await chat.types("/nps forget")
    await chat.press("Keep it")
    assert chat.store.writes == []
    await chat.types("/nps forget")
    await chat.press("Erase everything about me")
    await chat.types("/nps pending")
    chat.message = question
    await chat.press("Undo")
    compare("dialogues", "forget", chat.transcript)
    assert [method for method, _ in chat.store.writes] == ["forget"]


async def test_an_administrator_is_told_that_the_audit_log_stays() -> None:
    chat = await a_chat()
    for by, told in ((ADA, True), (BEN, False)):
        reply = await chat.types("/nps forget", by=by)
        assert reply.private is not None
        assert ("audit log" in reply.private.text) is told


async def test_a_second_press_finds_nobody_to_forget() -> None:
    chat = await answered()
    await chat.types("/nps forget")
    erase = [button for button in chat.private.buttons if button.act is Act.FORGET]
    await chat.forges(Act.FORGET, erase[0].value, subject=None)
    again = await chat.forges(Act.FORGET, erase[0].value, subject=None)
    assert again.private is not None
    assert again.private.headline.startswith("I don't know you")


@pytest.mark.parametrize("typed", ["/nps mydata", "/nps snooze", "/nps forget"])
async def test_somebody_unknown_has_nothing_held(typed: str) -> None:
    chat = await answered()
    reply = await chat.types(typed, by=person(number=99, name="Zoe"))
    assert reply.private is not None
    assert reply.private.headline.startswith("I don't know you yet")


async def test_one_survey_is_asked_for_again_by_its_name() -> None:
    ticket = replace(NPS_SURVEY, name="ticket")
    chat = await a_chat(invitation(), surveys=(NPS_SURVEY, ticket))
    for name in ("nps", "ticket"):
        await chat.types(f"/nps optout {name}")
    await chat.types("/nps snooze 3")
    await chat.types("/nps optin nps")
    await chat.types("/nps optin nps")
    assert {name for _, name in chat.store.stops} == {"ticket"}
    assert chat.store.snoozes
    await chat.types("/nps optout")
    await chat.types("/nps optin ticket")
    await chat.types("/nps optin")
    compare("dialogues", "come-back-to-one", chat.transcript)
    assert (chat.store.stops, chat.store.snoozes) == (set(), {})


async def test_an_administrator_who_is_forgotten_is_told_who_still_names_them() -> None:
    for by, told in ((ADA, True), (BEN, False)):
        chat = await answered()
        await chat.types("/nps forget", by=by)
        reply = await chat.press("Erase everything about me", by=by)
        assert reply.update is not None
        assert ("VOXPOP_ADMINS" in reply.update.text) is told


async def test_whoever_has_left_the_roster_is_no_administrator() -> None:
    chat = await a_chat(invitation(person=replace(ADA, active=False)))
    reply = await chat.types("/nps status")
    assert reply.private is not None
    assert reply.private.headline.startswith("That is for survey administrators")


async def test_where_somebody_is_asked_first_is_told_and_chosen() -> None:
    chat = await asked()
    chat.store.people[Address.mailbox(ADA.email)] = next(
        known for known in chat.store.people.values() if known.id == ADA.id
    )
    await chat.types("/nps channel")
    await chat.types("/nps channel E-Mail")
    assert chat.store.first == {ADA.id: "email"}
    await chat.types("/nps channel")
    await chat.types("/nps channel pigeon")
    await chat.types("/nps channel auto")
    assert chat.store.first == {}
    compare("dialogues", "channel", chat.transcript)


async def test_where_there_is_one_way_only_it_is_told() -> None:
    chat = await asked()
    reply = await chat.types("/nps channel")
    assert reply.private == Card(headline="I try to reach you in this order: Chat.")
