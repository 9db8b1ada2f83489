"""Presses below an alert in one of Slack's channels."""

from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from bot.sealing import Place
from bot.slack.gate import address_of
from survey.card import Act
from survey.delivery import MessageRef
from survey.follow_ups import FollowUpState
from survey.person import Address, Person
from survey.usecases.find_low_marks import FindLowMarks
from tests.chat import ADA, BEN
from tests.fakes_follow_ups import FakeFollowUps
from tests.slack_inbound import GENERAL, RESPONSE, Slack, a_slack, buttons, id_of, said
from tests.unit.test_follow_ups import low

SUPPORT = Address(platform="slack", workspace="", user_id="#support")
ALERT = UUID(int=78)
ALERT_POST = "1795604500.000200"


class Channel:
    """The alert about what Ada gave, in a channel where both are."""

    def __init__(self) -> None:
        self.slack: Slack = a_slack()
        self.asked = self.slack.ask(low(by=ADA))
        ref = MessageRef(channel=GENERAL, message=ALERT_POST)
        self.slack.store.sent[ALERT] = ref
        assert self.slack.desk.follow_ups is not None
        self.kept = cast("FakeFollowUps", self.slack.desk.follow_ups.follow_ups)

    async def opened(self) -> "Channel":
        find = FindLowMarks(follow_ups=self.kept, channels=[SUPPORT], clock=self.slack.clock)
        await find(back=timedelta(days=1))
        return self

    @property
    def state(self) -> FollowUpState:
        return self.kept.kept[self.asked.id].state

    def seal(self, act: Act = Act.TAKE, **changes: Any) -> str:
        place = Place(channel="#support", delivery=ALERT)
        return self.slack.sealed(act, **{"to": SUPPORT, "place": place, **changes})

    async def press(self, seal: str, *, by: Person = BEN, **changes: Any) -> None:
        where = {"channel": GENERAL, "post": ALERT_POST, **changes}
        await self.slack.interact(self.slack.click(seal, by=by, **where))


async def test_whoever_is_in_the_channel_takes_it() -> None:
    channel = await Channel().opened()
    await channel.press(channel.seal())
    assert channel.state is FollowUpState.TAKEN
    ((url, update),) = channel.slack.api.answers
    assert url == RESPONSE
    assert "Ben Adler has taken it." in said(update)


async def test_the_next_buttons_are_for_everybody_there_and_for_that_message() -> None:
    channel = await Channel().opened()
    await channel.press(channel.seal())
    (update,) = channel.slack.api.replaced()
    done = next(one for one in buttons(update) if one["text"]["text"] == "Done")
    sealed = channel.slack.seal.open(done["value"])
    assert sealed.to.channel == GENERAL
    assert sealed.place == Place(channel=GENERAL, message=ALERT_POST, delivery=ALERT)
    await channel.press(done["value"], by=ADA)
    assert channel.state is FollowUpState.DONE


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"channel": "C0ELSEWHER"},
        {"post": "1795604500.000999"},
        {"ephemeral": True},
    ],
)
async def test_a_copy_of_the_button_elsewhere_does_nothing(elsewhere: dict[str, Any]) -> None:
    channel = await Channel().opened()
    await channel.press(channel.seal(), **elsewhere)
    assert channel.state is FollowUpState.OPEN


async def test_a_seal_for_a_channel_that_names_no_delivery_does_nothing() -> None:
    channel = await Channel().opened()
    await channel.press(channel.seal(place=Place(channel="#support")))
    assert channel.state is FollowUpState.OPEN


async def test_a_seal_for_the_channel_of_another_workspace_does_nothing() -> None:
    channel = await Channel().opened()
    other = Address(platform="slack", workspace="T0OTHER000", user_id="#support")
    await channel.press(channel.seal(to=other))
    assert channel.state is FollowUpState.OPEN


async def test_a_persons_own_button_does_nothing_for_others_in_a_channel() -> None:
    channel = await Channel().opened()
    await channel.press(channel.seal(to=address_of("", "U0NOBODY00")))
    assert channel.state is FollowUpState.OPEN


@pytest.mark.parametrize("act", [Act.KEEP, Act.WHY, Act.CHANGE, Act.SCORE])
async def test_what_is_pressed_in_a_channel_never_shows_a_persons_card_there(act: Act) -> None:
    """Even of a button that we would never seal for a channel: the one who was asked presses it."""
    channel = await Channel().opened()
    await channel.press(channel.seal(act), by=ADA)
    assert channel.slack.api.replaced() == []
    assert channel.slack.api.calls("chat.update") == []


async def test_a_note_is_written_in_a_form() -> None:
    channel = await Channel().opened()
    await channel.press(channel.seal(Act.NOTE))
    view = channel.slack.opened()
    assert view["callback_id"] == "note"
    sealed = channel.slack.seal.open(view["private_metadata"])
    assert sealed.to == address_of("", id_of(BEN))  # whoever opened it sends it off, alone


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x",
        "http://hooks.slack.com/actions/1",
        "https://hooks.slack.com.evil.example/",
    ],
)
async def test_fault_46_an_alert_is_answered_at_slacks_own_address_alone(url: str) -> None:
    channel = await Channel().opened()
    await channel.press(channel.seal(), response_url=url)
    assert channel.state is FollowUpState.TAKEN
    assert channel.slack.api.answers == []
    (update,) = channel.slack.api.calls("chat.update")
    assert (update["channel"], update["ts"]) == (GENERAL, ALERT_POST)
