"""Dialogues with the desk: whole ones in `tests/goldens/dialogues`."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.card import Act, Card, Reply, Subject
from survey.invitation import Invitation, Response
from survey.scale import CSAT, Score
from survey.states import COUNTED, CampaignState, InvitationState
from survey.survey import Answers, Mode
from tests.chat import ADA, BEN, Chat, a_chat, asked
from tests.examples import FRIDAY_WEEK, MONDAY, NPS_SURVEY, campaign, invitation, person
from tests.goldens import compare
from tests.happened import FEATURES, TICKETS, VISITS, brought

STRANGER = person(number=9, name="Zoe")
TICKET = replace(NPS_SURVEY, name="ticket", subject="our help", scale=CSAT)


def heard(reply: Reply) -> str:
    """Everything that was said, wherever."""
    cards = [card.text for card in (reply.update, reply.private, reply.share) if card]
    return "\n".join([*cards, reply.thread or "", *reply.errors.values()])


def methods(chat: Chat) -> list[str]:
    return [method for method, _ in chat.store.writes]


def response(chat: Chat) -> Response:
    return next(iter(chat.store.invitations.values())).response


# Whole dialogues


async def test_press_change_keep_undo() -> None:
    chat = await asked()
    for label in ("6", "Change", "8", "Change", "Keep 8", "Undo", "9"):
        await chat.press(label)
    compare("dialogues", "press-change-keep-undo", chat.transcript)
    assert methods(chat) == ["record", "record", "undo", "record"]


async def test_later_and_then_now() -> None:
    chat = await asked()
    for label in ("Later", "In 3 days", "Next week", "Answer now", "7"):
        await chat.press(label)
    compare("dialogues", "later-and-then-now", chat.transcript)
    assert [due for method, due in chat.store.writes if method == "ask_later"] == [
        (ADA.email, MONDAY + timedelta(days=days, hours=-1)) for days in (1, 3, 7)
    ]


async def test_why_me() -> None:
    chat = await asked(person=replace(ADA, attributes={"team": "Platform"}))
    await chat.press("Why me?")
    await chat.press("10")
    compare("dialogues", "why-me", chat.transcript)


async def test_stop_keep_and_stop_all_and_come_back() -> None:
    chat = await asked()
    for label in ("Stop asking", "Keep asking", "Stop asking", "No more surveys from me"):
        await chat.press(label)
    await chat.types("/nps pending")
    await chat.types("/nps optin")
    await chat.types("/nps optin")
    await chat.types("/nps pending")
    compare("dialogues", "stop-all-and-come-back", chat.transcript)
    assert [about for method, about in chat.store.writes if method == "opt_out"] == [
        (ADA.email, None)
    ]


async def test_stop_this_one() -> None:
    chat = await asked()
    await chat.press("Stop asking")
    await chat.press("Not this one")
    compare("dialogues", "stop-this-one", chat.transcript)
    assert chat.store.stops == {(ADA.id, "nps")}


async def test_a_reason_by_dialog() -> None:
    chat = await asked()
    await chat.press("6")
    await chat.press("Add a reason")
    await chat.fills_in("   ")
    await chat.fills_in("x" * 2_001)
    await chat.fills_in("Builds take an hour.")
    await chat.press("Edit")
    await chat.fills_in("Builds take two hours.")
    compare("dialogues", "reason-by-dialog", chat.transcript)
    assert response(chat) == Response(score=6, comment="Builds take two hours.")


async def test_a_reason_in_the_thread() -> None:
    chat = await asked()
    await chat.says("Builds take an hour.")
    await chat.press("6")
    await chat.says("And they fail.")
    await chat.says("x" * 2_000)
    compare("dialogues", "reason-in-thread", chat.transcript)
    assert response(chat) == Response(score=6, comment="Builds take an hour.\nAnd they fail.")


async def test_a_press_after_the_close() -> None:
    chat = await asked()
    chat.clock.at = FRIDAY_WEEK
    await chat.press("6")
    await chat.says("Too late?")
    compare("dialogues", "after-the-close", chat.transcript)
    assert chat.store.writes == []


# Details


async def test_later_beyond_the_close_is_refused_and_nothing_is_planned() -> None:
    chat = await asked()
    chat.clock.at = FRIDAY_WEEK - timedelta(hours=3)
    reply = await chat.press("Later")
    assert reply.private is not None
    assert reply.private.headline.startswith("This round closes today at 17:00")
    assert reply.update is None
    assert chat.store.writes == []


@pytest.mark.parametrize("label", ["6", "Later", "Why me?", "Stop asking"])
async def test_somebody_elses_button_is_not_theirs_to_press(label: str) -> None:
    chat = await asked()
    reply = await chat.press(label, by=BEN)
    assert reply == Reply(private=Card(headline="That button isn't yours to press."))
    assert chat.store.writes == []


async def test_words_below_somebody_elses_question_are_not_kept() -> None:
    chat = await asked()
    reply = await chat.says("Not mine", by=BEN)
    assert reply.update is None
    assert reply.thread is None
    assert chat.store.writes == []


async def test_a_round_closed_by_hand_tells_the_day_on_which_it_was() -> None:
    early = campaign(state=CampaignState.CLOSING, closed_at=MONDAY)
    chat = await asked()
    chat.store.move(early)
    reply = await chat.press("6")
    assert reply.private is not None
    assert reply.private.headline == (
        "This round closed on Monday 16 November, so I couldn't count that."
    )
    assert reply.update is not None
    assert reply.update.buttons == ()
    assert chat.store.writes == []


async def test_an_invitation_that_was_withdrawn_does_not_say_that_the_round_has_closed() -> None:
    chat = await asked()
    chat.store.asks(invitation(state=InvitationState.WITHDRAWN))
    reply = await chat.press("6")
    assert chat.store.writes == []
    assert "This round closed" not in heard(reply)
    assert "This round is closed" not in heard(reply)


async def test_a_press_that_arrives_late_shows_what_stands() -> None:
    chat = await asked()
    await chat.press("9", at=MONDAY + timedelta(seconds=5))
    await chat.press("Change")
    reply = await chat.press("2", at=MONDAY + timedelta(seconds=4))
    assert reply.update is not None
    assert reply.update.headline == "You said 9."


async def test_a_double_click_says_the_same_twice() -> None:
    chat = await asked()
    question = chat.message
    first = await chat.press("6")
    chat.message = question
    assert await chat.press("6") == first


async def test_one_answer_is_one_answer() -> None:
    once = replace(NPS_SURVEY, answers=Answers.ONCE)
    chat = await asked(campaign=campaign(survey=once))
    question = chat.message
    answered = await chat.press("6")
    chat.message = question
    reply = await chat.press("9")
    assert reply.update == answered.update
    assert reply.private == Card(
        headline="You have answered already, and this survey takes one answer."
    )
    assert response(chat).score == 6


async def test_a_reason_with_a_name_says_so() -> None:
    named = replace(NPS_SURVEY, mode=Mode.IDENTIFIED)
    chat = await asked(campaign=campaign(survey=named))
    await chat.press("6")
    reply = await chat.says("Builds take an hour.")
    assert reply.thread == "Thank you. That goes to the People team, word for word."


async def test_words_alone_find_the_only_open_question() -> None:
    chat = await asked()
    await chat.says("Builds take an hour.", alone=True)
    assert response(chat).comment == "Builds take an hour."


async def test_words_alone_with_two_open_questions_ask_which() -> None:
    other = invitation(2, campaign=campaign(survey=TICKET, id=2))
    chat = await a_chat(invitation(), other)
    reply = await chat.says("Builds take an hour.", alone=True)
    assert reply.private is not None
    assert "in the thread of the one you mean" in reply.private.headline
    assert chat.store.writes == []


async def test_words_alone_with_nothing_open_say_so() -> None:
    chat = await a_chat()
    reply = await chat.says("Hello?", alone=True)
    assert reply.private == Card(headline="Nothing is waiting for your answer right now.")


async def test_words_alone_after_stopping_are_no_comment() -> None:
    chat = await asked()
    await chat.press("Stop asking")
    await chat.press("No more surveys from me")
    await chat.says("Thanks, bye!", alone=True)
    assert response(chat).comment is None


async def test_a_stranger_is_told_so() -> None:
    chat = await asked()
    said, typed = await chat.says("Hi", by=STRANGER), await chat.types("/nps help", by=STRANGER)
    assert "I don't know you yet" in heard(said)
    assert said == typed
    pressed = await chat.press("6", by=STRANGER)
    assert pressed == Reply(private=Card(headline="That button isn't yours to press."))


MINE = Subject(campaign_id=1, invitation_id=invitation().id)
GONE = Subject(campaign_id=1, invitation_id=invitation(77).id)
CROSSED = Subject(campaign_id=2, invitation_id=invitation().id)
states = st.sampled_from(list(InvitationState))


@pytest.mark.parametrize(
    ("act", "value", "subject"),
    [
        (Act.SCORE, "6", GONE),
        (Act.SCORE, "6", CROSSED),
        (Act.SCORE, "11", MINE),
        (Act.SCORE, "six", MINE),
        (Act.SCORE, "", MINE),
        (Act.LATER, "9999999", MINE),
        (Act.LATER, "-1", MINE),
        (Act.UNDO, "", MINE),
        (Act.START, "nps", MINE),
        (Act.SCORE, "6", None),
        (Act.START, "", None),
    ],
)
async def test_a_button_that_no_card_has_writes_nothing(
    act: Act, value: str, subject: Subject | None
) -> None:
    chat = await asked()
    reply = await chat.forges(act, value, subject=subject)
    assert chat.store.writes == []
    assert reply.private is not None
    assert reply.private.headline[0].isupper()


values = st.sampled_from(["", "3", "6", "11", "\0", "٣", "nps", "nps 2026Q4"]) | st.text(max_size=5)


@given(st.sampled_from(sorted(Act)), values, st.sampled_from([MINE, GONE, CROSSED]), states)
async def test_whatever_is_pressed_the_desk_answers(
    act: Act, value: str, subject: Subject, state: InvitationState
) -> None:
    score = 6 if state in COUNTED else None
    chat = await asked(state=state, response=Response(score=score))
    reply = await chat.forges(act, value, subject=subject)
    assert heard(reply).strip() or reply.dialog


# Questions that something brought


async def declined(chat: Chat) -> list[Invitation]:
    """What the desk hands over when a question is declined."""
    found: list[Invitation] = []

    async def declines(one: Invitation) -> None:
        found.append(one)
        chat.store.invitations[one.id] = replace(one, state=InvitationState.DECLINED)

    chat.desk = replace(chat.desk, declines=declines)
    return found


async def test_a_question_about_a_feature_can_be_declined() -> None:
    chat = await a_chat(brought(FEATURES), surveys=(FEATURES,))
    found = await declined(chat)
    await chat.press("Not now")
    assert [one.about and one.about.key for one in found] == ["desk:4711"]
    assert chat.message.headline == "All right, not now."
    assert chat.message.buttons == ()
    told = await chat.desk.compose(chat.store.invitations[found[0].id])
    assert told.headline == "All right, not now."
    compare("dialogues", "decline", chat.transcript)


async def test_what_was_answered_is_not_declined() -> None:
    chat = await a_chat(brought(FEATURES), surveys=(FEATURES,))
    found = await declined(chat)
    question = chat.message
    await chat.press("4")
    await chat.forges(Act.DECLINE, subject=question.subject)
    assert found == []
    assert chat.message.headline == "You said 4."


async def test_an_answer_that_came_first_is_shown_and_not_that_it_was_declined() -> None:
    chat = await a_chat(brought(FEATURES), surveys=(FEATURES,))
    [asked_about] = chat.store.invitations

    async def too_late(one: Invitation) -> None:
        answered = one.answer(Score(4, FEATURES.scale), by=one.person.id, at=chat.clock())
        chat.store.invitations[asked_about] = answered

    chat.desk = replace(chat.desk, declines=too_late)
    await chat.press("Not now")
    assert chat.message.headline == "You said 4."


async def test_nothing_is_declined_that_has_no_such_button() -> None:
    chat = await a_chat(brought(TICKETS), surveys=(TICKETS,))
    found = await declined(chat)
    reply = await chat.forges(Act.DECLINE, subject=chat.message.subject)
    assert found == []
    assert "out of date" in heard(reply)


async def test_a_question_that_something_brought_ends_without_figures() -> None:
    chat = await a_chat(brought(TICKETS), surveys=(TICKETS,))
    chat.clock.forward(days=14)
    reply = await chat.press("4")
    assert chat.message.headline == "This question is closed now; thank you."
    assert "This question closed on Monday 30 November" in heard(reply)
    assert methods(chat) == []


async def test_a_survey_keeps_as_many_characters_as_it_says() -> None:
    chat = await a_chat(brought(VISITS), surveys=(VISITS,))
    await chat.press("4")
    for words in ("x" * 501, "x" * 2_001):
        told = heard(await chat.says(words))
        assert f"That is {len(words):,} characters, and I can keep 500." in told
    await chat.says("x" * 500)
    assert len(response(chat).comment or "") == 500


async def test_why_me_tells_what_happened_and_what_came_before_it() -> None:
    first = brought(TICKETS)
    chat = await a_chat(first, surveys=(TICKETS,))
    reply = await chat.press("Why me?")
    assert "because your request “Parcel never came (#4711)” was resolved" in heard(reply)
