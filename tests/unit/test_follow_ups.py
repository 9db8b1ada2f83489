"""Low marks: who looks after them, what the channel shows, and what nobody may see there."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from bot.interactions import DialogSubmitted, Pressed
from runtime.languages import language
from survey.card import Act, Card, Reply, Style
from survey.errors import AlreadyTaken, CommentTooLong, OutOfDate
from survey.follow_ups import FollowUp, FollowUpState
from survey.invitation import Invitation, Response
from survey.messenger import RecipientUnreachable, require_fit
from survey.occasion import Told, Trigger
from survey.person import Address, Person
from survey.scale import CSAT
from survey.states import CampaignState, InvitationState
from survey.survey import Answers, Mode, Survey
from survey.usecases.find_low_marks import FindLowMarks
from survey.wording import follow_ups as wording
from survey.wording import happened
from survey.wording.asked import subject_of
from tests.chat import ADA, BEN, BERLIN, Chat, a_desk
from tests.examples import MONDAY, SetClock, address, campaign, person
from tests.fakes import Store
from tests.fakes_follow_ups import FakeFollowUps

GRACE = person(number=7, name="Grace Moss")
CHANNEL = Address(platform="chat", workspace="acme", user_id="#support")
SUPPORT = Survey(
    name="support",
    subject="our help",
    scale=CSAT,
    mode=Mode.IDENTIFIED,
    answers=Answers.ONCE,
    after=Trigger.TICKETS,
    rest_days=0,
    alert_at=2,
)


def low(score: int | None = 1, *, comment: str | None = None, by: Person = GRACE) -> Invitation:
    return Invitation(
        id=uuid4(),
        campaign=campaign(survey=SUPPORT, state=CampaignState.RUNNING),
        person=by,
        state=InvitationState.ANSWERED,
        response=Response(score=score, comment=comment),
        pressed_at=MONDAY,
        about=Told(
            key="zammad:4711",
            happened_at=MONDAY - timedelta(hours=3),
            details={"subject": "Where is my parcel?", "ticket": "4711", "resolved_by": "Sophie"},
        ),
    )


def follow_up(invitation: Invitation | None = None, **changes: object) -> FollowUp:
    found = FollowUp(
        invitation=invitation or low(), state=FollowUpState.OPEN, mark=1, opened_at=MONDAY
    )
    return replace(found, **changes)  # type: ignore[arg-type]  # what a test says


# The rules


def test_whoever_takes_one_has_it_until_it_is_done() -> None:
    taken = follow_up().taken(BEN, at=MONDAY)
    assert (taken.state, taken.taken_by, taken.taken_at) == (FollowUpState.TAKEN, BEN, MONDAY)
    done = taken.done(at=MONDAY + timedelta(hours=1))
    assert (done.state, done.taken_by) == (FollowUpState.DONE, BEN)


def test_taking_twice_changes_nothing() -> None:
    taken = follow_up().taken(BEN, at=MONDAY)
    assert taken.taken(BEN, at=MONDAY + timedelta(hours=1)) == taken


def test_what_somebody_has_is_not_taken_by_another() -> None:
    with pytest.raises(AlreadyTaken) as refused:
        follow_up().taken(BEN, at=MONDAY).taken(ADA, at=MONDAY)
    assert refused.value.by == BEN.name


def test_what_is_done_is_not_taken() -> None:
    with pytest.raises(OutOfDate):
        follow_up(state=FollowUpState.DONE).taken(BEN, at=MONDAY)


def test_given_back_it_is_nobodys() -> None:
    back = follow_up().taken(BEN, at=MONDAY).given_back()
    assert (back.state, back.taken_by, back.taken_at) == (FollowUpState.OPEN, None, None)


def test_a_worse_mark_opens_what_was_done() -> None:
    done = follow_up(mark=2).taken(BEN, at=MONDAY).done(at=MONDAY)
    later = MONDAY + timedelta(days=1)
    fallen = done.fallen(1, at=later)
    assert (fallen.state, fallen.mark, fallen.opened_at) == (FollowUpState.OPEN, 1, later)
    assert fallen.taken_by is None


def test_a_worse_mark_stays_with_whoever_has_it() -> None:
    taken = follow_up(mark=2).taken(BEN, at=MONDAY)
    assert taken.fallen(1, at=MONDAY) == replace(taken, mark=1)


@pytest.mark.parametrize("mark", [2, 3, 5])
def test_a_mark_that_is_no_worse_opens_nothing(mark: int) -> None:
    done = follow_up(mark=2).done(at=MONDAY)
    assert done.fallen(mark, at=MONDAY) == done


def test_a_note_takes_the_place_of_the_one_before() -> None:
    noted = follow_up().noted("called").noted(" wrote\x00 her ")
    assert noted.note == "wrote her"
    assert noted.noted("").note == ""


def test_a_note_has_its_limit() -> None:
    with pytest.raises(CommentTooLong):
        follow_up().noted("x" * 2_001)


# What the channel shows


def shown(found: FollowUp) -> Card:
    return wording.alert(found, language("en"), zone=BERLIN, now=MONDAY)


def test_an_alert_says_who_how_low_and_about_what() -> None:
    card = shown(follow_up(low(comment="Three days!"), groups={"category": "delivery"}))
    assert card.headline == "Grace Moss gave 1 of 5"
    assert card.lines == (
        "Their request: 4711 · Where is my parcel?",
        "Category: delivery",
        "Answered by Sophie",
        "They wrote: Three days!",
        "Nobody has taken it yet.",
    )
    assert [button.label for button in card.buttons] == ["I'll take it", "Note"]
    assert card.buttons[0].style is Style.PRIMARY


@pytest.mark.parametrize(
    ("after", "details", "told"),
    [
        (Trigger.TICKETS, {"ticket": "4711", "subject": "My parcel"}, "4711 · My parcel"),
        (Trigger.VISITS, {"branch": "Soho"}, "Soho"),
        (Trigger.FEATURES, {"subject": "Dashboard"}, "Dashboard"),
    ],
)
def test_lists_name_what_a_mark_is_about(
    after: Trigger, details: dict[str, str], told: str
) -> None:
    survey = replace(SUPPORT, after=after)
    about = Told(key="1", happened_at=MONDAY, details=details)
    assert happened.named(replace(low(), campaign=campaign(survey=survey), about=about)) == told


def test_a_taken_one_can_be_done_or_given_back() -> None:
    card = shown(follow_up().taken(BEN, at=MONDAY).noted("Called her."))
    assert card.lines[-2:] == ("Ben Adler has taken it.", "Note: Called her.")
    assert [button.label for button in card.buttons] == ["Done", "Note", "Give back"]


def test_a_done_one_says_by_whom() -> None:
    card = shown(follow_up().taken(BEN, at=MONDAY).done(at=MONDAY))
    assert card.lines[-1] == "Done by Ben Adler."
    assert [button.label for button in card.buttons] == ["Note"]


def test_a_better_mark_is_told() -> None:
    assert "Changed since: it is 5 of 5 now." in shown(follow_up(low(5))).lines


def test_an_answer_that_was_taken_back_is_told() -> None:
    assert "They have taken their answer back since." in shown(follow_up(low(None))).lines


def test_foreign_words_are_one_line_that_marks_nothing() -> None:
    found = low()
    assert found.about is not None
    hostile = {"subject": "`/nps forget`\n\u202e@channel " + "x" * 500}
    card = shown(follow_up(replace(found, about=replace(found.about, details=hostile))))
    about = card.lines[0]
    assert "`" not in about
    assert "\n" not in about
    assert len(about) < 250


def test_what_a_customer_wrote_looks_like_no_line_of_ours() -> None:
    lines = shown(follow_up(low(comment="Bad.\n\nDone by Ben Adler.\r\nNote: fine"))).lines
    assert "They wrote: Bad. Done by Ben Adler. Note: fine" in lines
    assert not any("\n" in line or "\r" in line for line in lines)


def test_no_card_of_one_person_goes_into_a_channel() -> None:
    with pytest.raises(RecipientUnreachable):
        require_fit(CHANNEL, Card(headline="You said 1."))
    require_fit(CHANNEL, shown(follow_up()))
    require_fit(address(BEN), Card(headline="You said 1."))


# What is pressed


class Channel:
    """A channel with one alert in it."""

    def __init__(self, asked: Invitation | None = None) -> None:
        self.store, self.clock = Store(), SetClock()
        self.asked = self.store.asks(asked or low())
        self.store.meets(ADA, BEN)
        self.kept, self.knocks = FakeFollowUps(self.store), list[str]()
        self.desk = a_desk(
            self.store,
            self.clock,
            surveys={"support": SUPPORT},
            knocks=self.knocks,
            admin=ADA,
            follow_ups=self.kept,
        )

    async def opened(self) -> "Channel":
        find = FindLowMarks(follow_ups=self.kept, channels=[CHANNEL], clock=self.clock)
        await find(back=timedelta(days=1))
        return self

    async def press(self, act: Act, *, by: Person = BEN) -> Reply:
        return await self.desk(
            Pressed(
                by=address(by),
                act=act,
                value="",
                subject=subject_of(self.asked),
                at=self.clock(),
            )
        )

    async def fill_in(self, words: str, *, by: Person = BEN) -> Reply:
        return await self.desk(
            DialogSubmitted(
                by=address(by),
                act=Act.NOTE,
                subject=subject_of(self.asked),
                values={"comment": words},
                at=self.clock(),
            )
        )

    @property
    def state(self) -> FollowUpState:
        return self.kept.kept[self.asked.id].state


async def test_a_low_mark_alerts_every_channel_once() -> None:
    channel = await Channel().opened()
    await channel.opened()
    assert channel.kept.alerted == [(channel.asked.id, CHANNEL)]


async def test_ill_take_it_takes_it() -> None:
    channel = await Channel().opened()
    reply = await channel.press(Act.TAKE)
    assert reply.update is not None
    assert reply.update.shared
    assert "Ben Adler has taken it." in reply.update.lines
    assert reply.private is None


async def test_who_comes_second_hears_who_was_first() -> None:
    channel = await Channel().opened()
    await channel.press(Act.TAKE)
    reply = await channel.press(Act.TAKE, by=ADA)
    assert reply.private is not None
    assert reply.private.text == "Ben Adler has taken it already."
    assert reply.update is not None
    assert "Ben Adler has taken it." in reply.update.lines


async def test_an_unknown_account_gets_a_sentence_and_changes_nothing() -> None:
    channel = await Channel().opened()
    reply = await channel.press(Act.TAKE, by=person(number=99, name="Nobody Known"))
    assert reply.update is None
    assert reply.private is not None
    assert reply.private.text.startswith("I don't know you yet")
    assert channel.state is FollowUpState.OPEN


async def test_a_note_is_kept_by_its_form() -> None:
    channel = await Channel().opened()
    form = (await channel.press(Act.NOTE)).dialog
    assert form is not None
    assert form.act is Act.NOTE
    reply = await channel.fill_in("Called her.")
    assert reply.update is not None
    assert "Note: Called her." in reply.update.lines


async def test_a_note_that_is_too_long_keeps_its_form_open() -> None:
    channel = await Channel().opened()
    reply = await channel.fill_in("x" * 2_001)
    assert reply.errors
    assert reply.update is None


async def test_an_old_button_opens_nothing_that_is_done() -> None:
    channel = await Channel().opened()
    await channel.press(Act.TAKE)
    await channel.press(Act.DONE)
    await channel.press(Act.GIVE_BACK)
    assert channel.state is FollowUpState.DONE


async def test_what_was_erased_says_so_in_the_channel() -> None:
    reply = await Channel().press(Act.TAKE)
    assert reply.update is not None
    assert reply.update.shared
    assert reply.update.text == "This was erased."


@pytest.mark.parametrize("act", [Act.TAKE, Act.DONE, Act.GIVE_BACK])
async def test_trouble_never_shows_the_channel_the_card_of_who_presses(act: Act) -> None:
    """The one who gave the mark is in the channel, too, and presses while the database is away."""
    channel = await Channel().opened()
    channel.store.down |= {"change_follow_up", "show_follow_up"}
    reply = await channel.press(act, by=GRACE)
    assert reply.update is None
    assert reply.private is not None


async def test_a_press_with_a_low_mark_wakes_up_the_look_for_them() -> None:
    waiting = replace(low(None), state=InvitationState.SENT, pressed_at=None)
    channel = Channel(waiting)
    press = Pressed(
        by=address(GRACE),
        act=Act.SCORE,
        value="2",
        subject=subject_of(waiting),
        at=channel.clock(),
    )
    await channel.desk(press)
    assert channel.knocks == ["alerts"]


async def test_a_press_with_a_good_mark_wakes_up_nobody() -> None:
    waiting = replace(low(None), state=InvitationState.SENT, pressed_at=None)
    channel = Channel(waiting)
    press = Pressed(
        by=address(GRACE),
        act=Act.SCORE,
        value="3",
        subject=subject_of(waiting),
        at=channel.clock(),
    )
    await channel.desk(press)
    assert channel.knocks == []


# The overview


def chat_of(channel: Channel, me: Person) -> Chat:
    return Chat(
        store=channel.store,
        clock=channel.clock,
        desk=channel.desk,
        knocks=channel.knocks,
        me=me,
    )


async def test_administrators_see_what_waits_and_how_long() -> None:
    channel = await Channel().opened()
    channel.clock.forward(hours=5)
    chat = chat_of(channel, ADA)
    told = (await chat.types("/nps followups")).private
    assert told is not None
    assert told.headline == "1 low mark waits"
    assert " ".join(told.lines) == (
        "1. Grace Moss · 1 of 5 · Their request: 4711 · Where is my parcel? · 5 hours · "
        "Nobody has taken it yet"
    )
    reply = await chat.press("Take 1")
    assert channel.state is FollowUpState.TAKEN
    assert reply.update is not None
    assert [button.label for button in reply.update.buttons] == ["Done: 1"]
    noted = [line.entry.action for line in channel.store.audited]
    assert noted[-2:] == ["follow_ups.read", "follow_up.taken"]


async def test_everybody_else_sees_what_they_have_taken() -> None:
    channel = await Channel().opened()
    chat = chat_of(channel, BEN)
    nothing = (await chat.types("/nps followups")).private
    assert nothing is not None
    assert nothing.text == "No low mark waits for anybody."
    await channel.press(Act.TAKE)
    mine = (await chat.types("/nps followups mine")).private
    assert mine is not None
    assert mine.headline == "1 low mark waits"
    await chat.press("Done: 1")
    assert channel.state is FollowUpState.DONE


async def test_nobody_else_sees_all_of_them() -> None:
    channel = await Channel().opened()
    told = (await chat_of(channel, BEN).types("/nps followups all")).private
    assert told is not None
    assert "Grace" not in told.text
    assert told.text.startswith("That is for survey administrators")


async def test_nobody_else_takes_one_by_a_forged_button() -> None:
    channel = await Channel().opened()
    await chat_of(channel, BEN).forges(Act.TAKE, channel.asked.id.hex, subject=None)
    assert channel.state is FollowUpState.OPEN
    await chat_of(channel, BEN).forges(Act.DONE, channel.asked.id.hex, subject=None)
    assert channel.state is FollowUpState.OPEN
