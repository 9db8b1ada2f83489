"""What Slack tells of: words in the direct messages, visits to the Home tab, our removal."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from pydantic import ValidationError

from bot.afterwards import Afterwards
from bot.desk import Desk
from bot.interactions import Said
from bot.slack import PLATFORM, WORKSPACE_AT_HOME
from bot.slack.bodies import Told, Written, instant
from bot.slack.gate import Gate, address_of
from bot.slack.voice import Voice
from bot.slack.workspaces import Workspaces
from bot.slack.written import as_typed
from survey.card import Card, Reply
from survey.delivery import MessageRef
from survey.person import Address
from survey.ports import Event, Installations, Ties
from survey.wording import beside

log = structlog.get_logger()
EVENTS = "slack:events"
COMMENTS = "slack:comments"
FILE = "file_share"
WORDS = frozenset({None, FILE, "me_message", "thread_broadcast"})
"""What people write themselves: as it is, with a file, after `/me`, or shown in the channel too."""


@dataclass(frozen=True, kw_only=True)
class Events:
    """What comes by the Events API. A call returns when everything is committed.

    Slack tells again what was not acknowledged; what was done is not done again.

    Attributes:
        installations: Who installed us; None where only our own workspace is served.
        ties: Who has which account there.
    """

    gate: Gate
    desk: Desk
    voice: Voice
    workspaces: Workspaces
    installations: Installations | None
    ties: Ties
    afterwards: Afterwards

    async def message(self, told: Told, *, workspace: str) -> None:
        """Words in the direct messages.

        Raises:
            StorageUnavailable: If the database does not answer; Slack tells of it again.
        """
        written = _written(told.event)
        if written is None or not await self.gate.heard.is_new(EVENTS, told.event_id):
            return
        by = address_of(workspace, written.user or "")
        threaded = written.thread_ts is not None and written.thread_ts != written.ts
        thread = written.thread_ts if threaded and written.thread_ts else ""
        root = MessageRef(channel=written.channel, message=thread) if thread else None
        if written.subtype == FILE and not written.text.strip():
            reply = Reply(thread=beside.reads_no_files(await self.voice.language(by)))
        else:
            reply = await self._read(written, told.event_id, root, by)
        if await self.gate.heard.done(EVENTS, told.event_id, at=self.gate.clock()):
            here = MessageRef(channel=written.channel, message=thread)
            self.afterwards.do(self._answer(reply, here, root, by))

    async def _read(
        self, written: Written, event_id: str, root: MessageRef | None, by: Address
    ) -> Reply:
        about = None if root is None else await self.gate.messages.about(by, root)
        return await self.desk(
            Said(
                by=by,
                text=as_typed(written.text),
                in_thread=root is not None,
                subject=about,
                at=instant(written.ts),
                message=root,
                event=Event(source=COMMENTS, name=event_id),
            )
        )

    async def home_opened(self, told: Told, *, workspace: str) -> None:
        """Somebody looks at the Home tab.

        Raises:
            StorageUnavailable: If the database does not answer; Slack tells of it again.
        """
        user = told.event.get("user")
        if told.event.get("tab", "home") != "home" or not isinstance(user, str) or not user:
            return
        # What administrators see there is noted: once for each look.
        if await self.gate.heard.done(EVENTS, told.event_id, at=self.gate.clock()):
            self.afterwards.do(self._show_home(address_of(workspace, user)))

    async def removed(self, told: Told, *, workspace: str) -> None:
        """We were uninstalled, or our token was taken away.

        Raises:
            StorageUnavailable: If the database did not take it; Slack tells of it again.
        """
        if told.event.get("type") == "tokens_revoked":
            tokens = told.event.get("tokens")
            if not isinstance(tokens, dict) or not tokens.get("bot"):
                return  # somebody's own token, which we have no use for
        if workspace != WORKSPACE_AT_HOME and self.installations is not None:
            found = await self.installations.find(workspace)
            at = datetime.fromtimestamp(told.event_time, UTC)
            if found is not None and told.event_time and found.installed_at > at:
                return  # they have installed us again since
            # In this order: once it is forgotten, nothing is heard of it any more.
            await self.ties.release(PLATFORM, workspace)
            await self.installations.forget(workspace)
        self.workspaces.forget(workspace)
        log.warning("slack_removed", workspace=workspace or told.team_id)

    async def _show_home(self, to: Address) -> None:
        await self.voice.refresh_home(to)

    async def _answer(
        self, reply: Reply, here: MessageRef, root: MessageRef | None, by: Address
    ) -> None:
        if reply.update is not None:
            if root is None and reply.update.subject is not None:
                root = await self.gate.messages.latest(by, reply.update.subject)
            if root is not None:
                await self.voice.change(by, root, reply.update)
        if reply.thread is not None:
            await self.voice.in_thread(by, here, Card(headline=reply.thread))
        if reply.private is not None:
            await self.voice.in_thread(by, here, reply.private)


def _written(event: dict[str, Any]) -> Written | None:
    """What a person wrote to us alone; None for everything else that a message can be."""
    try:
        written = Written.model_validate(event)
    except ValidationError:
        return None
    meant = written.channel_type == "im" and written.subtype in WORDS
    return written if meant and written.user and not written.bot_id else None
