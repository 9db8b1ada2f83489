"""Alerts in the channels of real platforms: where they go, what is refused, who may press."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from bot.mattermost import PLATFORM as MATTERMOST
from bot.mattermost import WORKSPACE
from bot.mattermost.client import Client
from bot.mattermost.messenger import MattermostMessenger
from bot.sealing import Place, Seal, Sealed, opens_for
from bot.slack import PLATFORM as SLACK
from bot.slack import WORKSPACE_AT_HOME
from survey.card import Act, Button, Card
from survey.messenger import (
    NO_LIMITS,
    OutcomeUnknown,
    PlatformRefuses,
    RecipientUnreachable,
)
from survey.person import Address
from tests.mattermost.server import MattermostServer
from tests.slack_app import SEAL, Bot, connected

OURS = "http://localhost:8000"
KEY = Seal(("a-key-for-tests-that-is-long-enough",))
ALERT = Card(
    headline="Grace gave 1 of 5",
    buttons=(Button(act=Act.TAKE, label="I'll take it"),),
    shared=True,
)
OF_ONE_PERSON = replace(ALERT, shared=False)


def in_mattermost(name: str) -> Address:
    return Address(platform=MATTERMOST, workspace=WORKSPACE, user_id=f"#{name}")


def in_slack(name: str) -> Address:
    return Address(platform=SLACK, workspace=WORKSPACE_AT_HOME, user_id=f"#{name}")


@pytest.fixture
async def mattermost() -> AsyncIterator[tuple[MattermostServer, MattermostMessenger, Any]]:
    async with MattermostServer() as server:
        account, token = server.add_bot()
        client = Client(server.url, token, timeout=(2, 1.2))
        support = server.state.add_channel(
            team_id=server.team.id, name="support", display_name="Support", type="O"
        )
        support.members.add(account.id)
        yield server, MattermostMessenger(client, KEY, OURS, paces=NO_LIMITS), support
        await client.close()


@pytest.fixture
async def slack() -> AsyncIterator[tuple[Bot, Any]]:
    async with connected() as bot:
        support = bot.server.state.add_channel(bot.server.home, "support")
        support.members.add(bot.server.home.bot_user_id)
        yield bot, support


def seal_in(post: dict[str, Any]) -> Sealed:
    action = post["props"]["attachments"][0]["actions"][0]
    return KEY.open(action["integration"]["context"]["seal"])


async def test_mattermost_posts_into_the_channel_of_that_name(
    mattermost: tuple[MattermostServer, MattermostMessenger, Any],
) -> None:
    server, messenger, support = mattermost
    delivery = uuid4()
    to = in_mattermost("acme/support")
    ref = await messenger.send(to, ALERT, delivery_id=delivery)
    assert ref.channel == support.id
    assert await messenger.find(to, delivery) == ref
    await messenger.update(to, ref, replace(ALERT, headline="Ada has taken it"))
    posts = server.posts.in_channel(support.id)
    assert [post.message.splitlines()[0] for post in posts] == ["**Ada has taken it**"]


async def test_mattermost_seals_for_everybody_in_the_channel_and_for_that_message_alone(
    mattermost: tuple[MattermostServer, MattermostMessenger, Any],
) -> None:
    server, messenger, support = mattermost
    delivery = uuid4()
    await messenger.send(in_mattermost("acme/support"), ALERT, delivery_id=delivery)
    (post,) = server.posts.in_channel(support.id)
    sealed = seal_in({"props": post.props})
    assert sealed.to.channel == support.id
    assert sealed.place == Place(channel=support.id, delivery=delivery)
    anybody = Address(platform=MATTERMOST, workspace=WORKSPACE, user_id="a" * 26)
    assert opens_for(sealed, anybody)
    assert not opens_for(sealed, replace(anybody, platform=SLACK))


@pytest.mark.parametrize("name", ["acme/nowhere", "nobody/support", "acme/private"])
async def test_a_channel_that_the_bot_does_not_see_says_the_mend(
    mattermost: tuple[MattermostServer, MattermostMessenger, Any], name: str
) -> None:
    server, messenger, _ = mattermost
    server.state.add_channel(
        team_id=server.team.id, name="private", display_name="Private", type="P"
    )
    with pytest.raises(RecipientUnreachable, match="invite the bot there with /invite"):
        await messenger.send(in_mattermost(name), ALERT, delivery_id=uuid4())


async def test_a_bot_that_is_deactivated_is_no_matter_of_the_channel(
    mattermost: tuple[MattermostServer, MattermostMessenger, Any],
) -> None:
    server, messenger, support = mattermost
    await messenger.send(in_mattermost("acme/support"), ALERT, delivery_id=uuid4())
    bot = server.state.user_named("voxpop")
    server.state.access_tokens.clear()
    with pytest.raises(PlatformRefuses):
        await messenger.send(in_mattermost("acme/support"), ALERT, delivery_id=uuid4())
    assert bot.id in support.members


async def test_no_platform_takes_one_persons_card_into_a_channel(
    mattermost: tuple[MattermostServer, MattermostMessenger, Any], slack: tuple[Bot, Any]
) -> None:
    server, messenger, support = mattermost
    bot, room = slack
    with pytest.raises(RecipientUnreachable):
        await messenger.send(in_mattermost("acme/support"), OF_ONE_PERSON, delivery_id=uuid4())
    with pytest.raises(RecipientUnreachable):
        await bot.messenger.send(in_slack("support"), OF_ONE_PERSON, delivery_id=uuid4())
    ref = await messenger.send(in_mattermost("acme/support"), ALERT, delivery_id=uuid4())
    with pytest.raises(RecipientUnreachable):
        await messenger.update(in_mattermost("acme/support"), ref, OF_ONE_PERSON)
    assert len(server.posts.in_channel(support.id)) == 1
    assert not bot.server.state.messages[room.id]


@pytest.mark.parametrize("by", ["name", "id"])
async def test_slack_posts_into_the_channel_by_its_name_or_id(
    slack: tuple[Bot, Any], by: str
) -> None:
    bot, support = slack
    to = in_slack("support" if by == "name" else support.id)
    ref = await bot.messenger.send(to, ALERT, delivery_id=uuid4())
    assert ref.channel == support.id
    await bot.messenger.update(to, ref, replace(ALERT, headline="Ada has taken it"))
    assert bot.message(ref).text.startswith("Ada has taken it")


async def test_slack_seals_for_the_channel_and_for_what_was_sent(slack: tuple[Bot, Any]) -> None:
    bot, _ = slack
    delivery = uuid4()
    ref = await bot.messenger.send(in_slack("support"), ALERT, delivery_id=delivery)
    (row,) = [block for block in bot.message(ref).blocks if block["type"] == "actions"]
    sealed = SEAL.open(row["elements"][0]["value"])
    assert sealed.to == in_slack("support")
    assert sealed.place is not None
    assert sealed.place.delivery == delivery


async def test_slack_says_how_the_app_comes_into_the_channel(slack: tuple[Bot, Any]) -> None:
    bot, support = slack
    support.members.clear()
    support.private = True
    with pytest.raises(RecipientUnreachable, match="invite the app there with /invite"):
        await bot.messenger.send(in_slack("support"), ALERT, delivery_id=uuid4())
    with pytest.raises(RecipientUnreachable, match="look at the spelling"):
        await bot.messenger.send(in_slack("nowhere"), ALERT, delivery_id=uuid4())


async def test_slack_reads_no_channel_to_find_a_message(slack: tuple[Bot, Any]) -> None:
    bot, _ = slack
    with pytest.raises(OutcomeUnknown):
        await bot.messenger.find(in_slack("support"), uuid4())
