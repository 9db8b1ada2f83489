"""What can be found out with the bot's own token: whether server and callbacks meet.

The bot writes to itself, presses the button below it and types the command: so the server calls us
as it does for people, and what stands in between shows. The message is taken away afterwards.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from bot.mattermost import PLATFORM, WORKSPACE
from bot.mattermost.client import Client, ServerSays
from bot.mattermost.rendering import ACTIONS
from bot.mattermost.server_settings import (
    Outcome,
    Step,
    fine,
    missing,
    site_url_step,
    version_step,
)
from bot.mattermost.slash_command import COMMANDS, TRIGGER
from bot.sealing import Place, Seal, Sealed
from survey.card import Act
from survey.person import Address
from survey.ports import Clock

REACHED = "Voxpop was reached."
"""What the message says once our callback has answered."""
MAX_DRIFT = timedelta(seconds=30)
"""How far our clock may be from the server's: clicks carry the server's time."""
OURSELVES_SECONDS = 5
_SETUP = "run `voxpop mattermost setup`"
_FOUND, _NOT_FOUND, _REFUSED = 200, 404, 403


@dataclass(frozen=True, kw_only=True)
class Checkup:
    """One server, as its bot sees it.

    Attributes:
        client: With the bot's token.
        seal: Of this installation.
        callback_url: Where the server reaches us.
        team: The team's name in its URLs; None if none is set.
        has_command_token: Whether what the slash command comes with is set here.
    """

    client: Client
    seal: Seal
    callback_url: str
    team: str | None
    has_command_token: bool
    clock: Clock

    async def __call__(self) -> AsyncIterator[Step]:
        """Step by step; without a bot that works nothing more is tried."""
        try:
            known = await self.client.call("GET", "/config/client", params={"format": "old"})
            yield version_step(known.get("Version"), self.client.url)
            if "SiteURL" in known:
                yield site_url_step(known["SiteURL"], self.client.url)
            me = await self.client.call("GET", "/users/me")
        except ServerSays as error:
            yield _no_bot(error)
            return
        step = _bot(me)
        yield step
        if step.outcome is Outcome.MISSING:
            return
        team, step = await self._team(me)
        yield step
        async for step in self._from_outside(me["id"], team):
            yield step

    async def _team(self, me: Mapping[str, Any]) -> tuple[str | None, Step]:
        """The team's id, if the bot is in it."""
        if self.team is None:
            return None, missing(
                "team", "VOXPOP_MATTERMOST__TEAM is not set", "set it to the name in its URLs"
            )
        try:
            found = await self.client.call("GET", f"/teams/name/{self.team}")
            path = f"/teams/{found['id']}/members/{me['id']}"
            member = await self.client.call("GET", path)
            if not member.get("delete_at"):
                return str(found["id"]), fine("team", self.team)
        except ServerSays as error:
            if error.status not in {_NOT_FOUND, _REFUSED}:
                return None, missing("team", str(error), "try again")
        says = f"the bot is not in the team {self.team}, or there is no such team"
        return None, missing("team", says, _SETUP)

    async def _from_outside(self, bot_id: str, team: str | None) -> AsyncIterator[Step]:
        try:
            made = await self.client.call("POST", "/channels/direct", json=[bot_id, bot_id])
            channel = str(made["id"])
            async for step in self._pressing(bot_id, channel):
                yield step
            if team is not None:
                yield await self._typing(channel, team)
        except ServerSays as error:
            yield missing("callbacks", f"can't be tried: {error.message}", _SETUP)

    async def _pressing(self, bot_id: str, channel: str) -> AsyncIterator[Step]:
        """The callback of buttons; and, since a message tells its time, the clock."""
        before = self.clock()
        post = await self.client.call("POST", "/posts", json=self._message(bot_id, channel))
        after = self.clock()
        try:
            yield _clock(int(post["create_at"]), before, after)
            yield await self._press(str(post["id"]))
        finally:
            with suppress(ServerSays):
                await self.client.call("DELETE", f"/posts/{post['id']}")

    def _message(self, bot_id: str, channel: str) -> Mapping[str, Any]:
        sealed = Sealed(
            act=Act.CHECK,
            value="",
            subject=None,
            to=Address(platform=PLATFORM, workspace=WORKSPACE, user_id=bot_id),
            place=Place(channel=channel),
        )
        button = {
            "id": Act.CHECK.value,
            "name": "Check",
            "type": "button",
            "integration": {
                "url": f"{self.callback_url.rstrip('/')}{ACTIONS}",
                "context": {"seal": self.seal.close(sealed)},
            },
        }
        attachment = {"fallback": "A check", "actions": [button]}
        return {
            "channel_id": channel,
            "message": "Voxpop's doctor looks whether buttons work.",
            "props": {"attachments": [attachment]},
        }

    async def _press(self, post_id: str) -> Step:
        where = f"{self.callback_url.rstrip('/')}{ACTIONS}"
        try:
            path = f"/posts/{post_id}/actions/{Act.CHECK.value}"
            await self.client.call("POST", path, json={})
            shown = await self.client.call("GET", f"/posts/{post_id}")
        except ServerSays as error:
            return await self._unreached("callbacks", where, error)
        if shown.get("message") == REACHED:
            return fine("callbacks", where)
        return missing(
            "callbacks",
            f"{where} answers, but does not know our own button",
            "is that this Voxpop, with the same VOXPOP_SECRET_KEY, and are the clocks right?",
        )

    async def _typing(self, channel: str, team: str) -> Step:
        name = "/" + TRIGGER
        if not self.has_command_token:
            return missing(
                name,
                "VOXPOP_MATTERMOST__COMMAND_TOKEN is not set: all commands are refused",
                _SETUP,
            )
        body = {"command": f"{name} help", "channel_id": channel, "team_id": team}
        try:
            await self.client.call("POST", "/commands/execute", json=body)
        except ServerSays as error:
            if error.status == _NOT_FOUND:
                return missing(name, f"there is no such command in {self.team}", _SETUP)
            where = f"{self.callback_url.rstrip('/')}{COMMANDS}"
            return await self._unreached(name, where, error)
        return fine(name, "answers")

    async def _unreached(self, name: str, where: str, error: ServerSays) -> Step:
        """Why the server got no answer: whether we get one ourselves tells where to look."""
        if await answers(self.callback_url):
            return missing(
                name,
                f"the server gets no good answer from {where} ({error.message}), and we do",
                "a firewall, a certificate, another token or URL of the command, or, for a private "
                "address, Environment > Developer > Allow untrusted internal connections to; "
                "`voxpop mattermost setup --dry-run` sees more",
            )
        return missing(
            name,
            f"nobody answers at {self.callback_url}, not even to us",
            "start `voxpop run`; if it runs, VOXPOP_MATTERMOST__CALLBACK_URL is where it is "
            "reached, and a proxy passes /mattermost on to it",
        )


async def answers(url: str) -> bool:
    """Whether Voxpop answers there, as seen from here."""
    timeout = aiohttp.ClientTimeout(total=OURSELVES_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{url.rstrip('/')}/health/live", allow_redirects=False) as answer,
        ):
            return answer.status == _FOUND
    except (TimeoutError, aiohttp.ClientError, OSError):
        return False


def _no_bot(error: ServerSays) -> Step:
    if error.status == 401:  # noqa: PLR2004 - what HTTP calls it
        return missing("bot", "VOXPOP_MATTERMOST__TOKEN is not valid", _SETUP)
    return missing(
        "server",
        f"can't be asked: {error.message}",
        "is VOXPOP_MATTERMOST__URL right, and is the server up?",
    )


def _bot(me: Mapping[str, Any]) -> Step:
    name = f"@{me.get('username')}"
    if not me.get("is_bot"):
        says = f"VOXPOP_MATTERMOST__TOKEN is {name}'s, who is a person"
        return missing("bot", says, f"unset it, and {_SETUP}")
    if me.get("delete_at"):
        return missing("bot", f"{name} is switched off", _SETUP)
    return fine("bot", name)


def _clock(milliseconds: int, before: datetime, after: datetime) -> Step:
    theirs = datetime.fromtimestamp(milliseconds / 1_000, UTC)
    drift = max(before - theirs, theirs - after, timedelta(0))
    says = f"{drift.total_seconds():.0f} s from the server's"
    if drift > MAX_DRIFT:
        return missing("clock", says, "synchronise the clocks")
    return fine("clock", says)
