"""Slack, outbound."""

import re
from collections import OrderedDict
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NoReturn
from uuid import UUID

from bot.sealing import Place, Seal
from bot.slack.directory import next_page
from bot.slack.files import upload
from bot.slack.reachable import BOT, DEACTIVATED, NOT_THERE, Reachable
from bot.slack.rendering import message_of
from bot.slack.says import OF_THE_TOKEN, SlackSays
from bot.slack.shown import Shown
from bot.slack.workspaces import Bot, Workspaces, text_in
from survey.card import Card
from survey.delivery import MessageRef, Method, Pace
from survey.errors import StorageUnavailable
from survey.messenger import (
    OutcomeUnknown,
    PlatformBusy,
    PlatformRefuses,
    RecipientUnreachable,
    require_fit,
)
from survey.person import Address

PACES: Mapping[Method, Pace] = {
    Method.SEND: Pace(per_second=5, burst=10),
    Method.UPDATE: Pace(per_second=50 / 60, burst=10),
}
"""What Slack takes of one workspace: several hundred messages a minute, and 50 changes."""
PAGE = 200
PAGES = 5
"""How far back a message is looked for. Slack gives 15 at a time to apps that are sold outside of
its marketplace; still, nobody has so many with a bot that asks once a quarter."""
REMEMBERED = 20_000
"""Direct channels kept in mind; a channel of two never changes."""
GONE = "The message is gone."
UNCHANGEABLE = "Slack does not let the message be changed any more."

_NOT_US = OF_THE_TOKEN | {
    "access_denied",
    "accesslimited",
    "app_missing_action_url",
    "ekm_access_denied",
    "enterprise_is_restricted",
    "messages_tab_disabled",
    "missing_scope",
    "no_permission",
    "not_allowed_token_type",
    "org_login_required",
    "team_access_not_granted",
    "two_factor_setup_required",
}
"""It is not about the person: everybody's message would be refused."""
_MENDS = {
    "messages_tab_disabled": "switch the Messages tab on under App Home in the app's settings",
    "missing_scope": "add the scope to the app and install it again",
}
_INSTALL = "install the app in the workspace again, or set its new token; `voxpop doctor` looks"
_NOBODY = {
    "cannot_dm_bot": BOT,
    "channel_not_found": NOT_THERE,
    "is_archived": "their conversation with the app is archived",
    "restricted_action": "their workspace does not let the app write to them",
    "user_disabled": DEACTIVATED,
    "user_not_found": NOT_THERE,
    "user_not_visible": "the app may not see them in this Slack workspace",
    "users_not_found": NOT_THERE,
}
_NOT_IN = {
    "channel_not_found",
    "is_archived",
    "not_in_channel",
    "restricted_action",
    "restricted_action_read_only_channel",
}
"""It is about the channel alone."""
_CHANNEL_ID = re.compile("[CG][A-Z0-9]{5,40}")
_LATER = {"team_added_to_org"}
_NO_CHANGE = {
    "cant_update_message": UNCHANGEABLE,
    "channel_not_found": GONE,
    "edit_window_closed": UNCHANGEABLE,
    "message_not_found": GONE,
}
_QUIET = {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False}


class NotInChannel(RecipientUnreachable):
    """The app may not post in a channel; the message says the mend."""

    def __init__(self, name: str, error: str) -> None:
        if error == "is_archived":
            super().__init__(
                f"the channel {name} is archived: name another in VOXPOP_ALERT_CHANNEL"
            )
            return
        super().__init__(
            f"the app is not in the channel {name}, or there is none of that name: look at the "
            "spelling, and invite the app there with /invite"
        )


class SlackMessenger:
    """The port `Messenger`.

    Args:
        workspaces: With their tokens.
        seal: Closes what each button carries.
        paces: How fast a workspace takes what.

    Attributes:
        shown: What messages show by now; whoever changes one past this port notes it there.
    """

    repeats = False

    def __init__(
        self,
        workspaces: Workspaces,
        seal: Seal,
        *,
        paces: Mapping[Method, Pace] = PACES,
    ) -> None:
        self.paces = paces
        self.shown = Shown()
        self._workspaces = workspaces
        self._seal = seal
        self._reachable = Reachable(workspaces)
        self._channels: OrderedDict[tuple[str, str], str] = OrderedDict()

    async def send(self, address: Address, card: Card, *, delivery_id: UUID) -> MessageRef:
        """See the port."""
        require_fit(address, card)
        workspace, channel = address.workspace, place_of(address)
        place = Place(channel=channel, delivery=delivery_id)
        message = message_of(card, to=address, place=place, seal=self._seal, delivery=delivery_id)
        try:
            if address.channel is None:
                await self._reachable.check(workspace, channel)
            posted = await self._workspaces.call(
                workspace, "chat.postMessage", channel=channel, **message, **_QUIET
            )
            ref = MessageRef(channel=text_in(posted, "channel"), message=text_in(posted, "ts"))
        except SlackSays as error:
            if address.channel is not None and error.error in _NOT_IN:
                raise NotInChannel(address.channel, error.error) from error
            meaning(error)
        except StorageUnavailable as error:
            raise PlatformBusy("The workspace's token could not be read.") from error
        self._remember(address, ref.channel)
        self.shown.note(ref, card)
        await upload(self._workspaces, workspace, card, channel=ref.channel)
        return ref

    async def update(self, address: Address, ref: MessageRef, card: Card) -> None:
        """See the port. What the message was sent as stays with it at Slack."""
        require_fit(address, card)
        workspace = address.workspace
        place = Place(channel=ref.channel, message=ref.message)
        message = message_of(card, to=address, place=place, seal=self._seal)
        async with self.shown.changing(ref):
            if self.shown.newer(ref, card):
                return
            try:
                await self._workspaces.call(
                    workspace, "chat.update", channel=ref.channel, ts=ref.message, **message
                )
            except SlackSays as error:
                if error.error in _NO_CHANGE:
                    raise RecipientUnreachable(_NO_CHANGE[error.error]) from error
                meaning(error)
            except StorageUnavailable as error:
                raise PlatformBusy("The workspace's token could not be read.") from error
            self.shown.note(ref, card)

    async def find(self, address: Address, delivery_id: UUID) -> MessageRef | None:
        """See the port."""
        if address.channel is not None:
            raise OutcomeUnknown("The app reads no channels, so nobody can tell what is in one.")
        workspace = address.workspace
        cursor: str | None = None
        try:
            us = await self._workspaces.bot(workspace)
            channel = await self.direct_channel(address)
            for _ in range(PAGES):
                told = await self._workspaces.call(
                    workspace,
                    "conversations.history",
                    channel=channel,
                    limit=PAGE,
                    cursor=cursor,
                    include_all_metadata=True,
                )
                messages = told.get("messages")
                if not isinstance(messages, list):
                    raise OutcomeUnknown("Slack: the answer lists no messages")
                for message in messages:
                    # Any app may write metadata; only what ours wrote is its message.
                    if _is_ours(message, us) and _delivery(message) == str(delivery_id):
                        return MessageRef(channel=channel, message=text_in(message, "ts"))
                if not (cursor := next_page(told)):
                    return None
        except SlackSays as error:
            meaning(error)
        except StorageUnavailable as error:
            raise OutcomeUnknown("The workspace's token could not be read.") from error
        raise OutcomeUnknown("It is not among the latest messages, and there are more.")

    async def direct_channel(self, address: Address) -> str:
        """Where the bot and somebody talk alone.

        Raises:
            SlackSays, PlatformRefuses, StorageUnavailable: If Slack does not tell.
        """
        key = address.workspace, address.user_id
        if (known := self._channels.get(key)) is not None:
            self._channels.move_to_end(key)
            return known
        opened = await self._workspaces.call(
            address.workspace, "conversations.open", users=address.user_id
        )
        channel = opened.get("channel")
        return self._remember(address, text_in(channel if isinstance(channel, dict) else {}, "id"))

    async def close(self) -> None:
        """Stop what was begun."""
        await self._reachable.close()

    def _remember(self, address: Address, channel: str) -> str:
        self._channels[address.workspace, address.user_id] = channel
        if len(self._channels) > REMEMBERED:
            self._channels.popitem(last=False)
        return channel


def place_of(address: Address) -> str:
    """Where a message goes, as Slack takes it: an account, or a channel by its id or name."""
    name = address.channel
    if name is None:
        return address.user_id
    return name if _CHANNEL_ID.fullmatch(name) else f"#{name}"


def meaning(error: SlackSays) -> NoReturn:
    """What an error of Slack's means, as the outbox knows it.

    Raises:
        RecipientUnreachable, PlatformBusy, PlatformRefuses, OutcomeUnknown: See the port.
    """
    if error.busy or error.error in _LATER:
        raise PlatformBusy(str(error), retry_after=error.retry_after) from error
    if error.error in _NOT_US:
        raise PlatformRefuses(f"{error} – {_MENDS.get(error.error, _INSTALL)}.") from error
    if not error.outcome_known:
        raise OutcomeUnknown(str(error)) from error
    if error.status is None:
        raise PlatformBusy(str(error)) from error
    if not error.is_a_word and error.status >= HTTPStatus.MULTIPLE_CHOICES:
        raise PlatformRefuses(f"{error} – is VOXPOP_SLACK__API_URL Slack's address?") from error
    raise RecipientUnreachable(_NOBODY.get(error.error, str(error))) from error


def _is_ours(message: Mapping[str, Any], us: Bot) -> bool:
    return message.get("user") == us.user_id or (
        us.bot_id != "" and message.get("bot_id") == us.bot_id
    )


def _delivery(message: Mapping[str, Any]) -> str | None:
    metadata = message.get("metadata")
    payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
    found = payload.get("delivery_id") if isinstance(payload, dict) else None
    return found if isinstance(found, str) else None
