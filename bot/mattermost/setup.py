"""`voxpop mattermost setup`: what a server needs for us is created or repaired, and told."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bot.mattermost.client import Client, ServerSays
from bot.mattermost.server_settings import (
    Outcome,
    Step,
    changed,
    fine,
    missing,
    note,
    setting_steps,
    version_step,
)
from bot.mattermost.slash_command import TRIGGER, SlashCommand

BOT = "voxpop"
TOKEN, COMMAND_TOKEN = "VOXPOP_MATTERMOST__TOKEN", "VOXPOP_MATTERMOST__COMMAND_TOKEN"
TEAM = "VOXPOP_MATTERMOST__TEAM"
_DESCRIPTION = "Voxpop"
"""By which our own token is known again."""
_BAD, _UNAUTHORIZED, _REFUSED, _NOT_FOUND = 400, 401, 403, 404
_WHO_MAY = (
    "ask a system administrator to run this, or to do it: Integrations > Bot Accounts, and "
    "Integrations > Slash Commands in the team's menu"
)


@dataclass(kw_only=True)
class Setup:
    """Goes through everything once; what is in order is left alone.

    Attributes:
        admin: With an administrator's token.
        own: With the bot's token that is set here; None if none is.
        callback_url: Where the server reaches us.
        team: The team's name in its URLs; None lets the only one there is be taken.
        bot_name: What the bot is called; None for whose the token is, or `voxpop`.
        command_token: What is set here; None if nothing is.
        new_token: Make the bot a new token, and revoke the one that was made here before.
        dry_run: Only tell.
        environment: Filled with what is to be set: variable to value. Secrets are among them.
    """

    admin: Client
    own: Client | None
    callback_url: str
    team: str | None
    bot_name: str | None = None
    command_token: str | None = field(default=None, repr=False)
    new_token: bool = False
    dry_run: bool = False
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    _bot: Mapping[str, Any] | None = field(default=None, repr=False)
    _holder: Mapping[str, Any] | None = field(default=None, repr=False)
    _team: Mapping[str, Any] | None = field(default=None, repr=False)

    async def __call__(self) -> AsyncIterator[Step]:
        """Step by step; after one that all others need is missing, nothing more is tried."""
        for first in (self._server, self._administrator):
            step = await self._careful(first.__name__.strip("_"), first)
            yield step
            if step.outcome is Outcome.MISSING:
                return
        async for step in self._settings():
            yield step
        for name, work in (
            ("bot", self._find_bot),
            ("owner", self._owner),
            ("token", self._token),
            ("team", self._find_team),
            ("membership", self._membership),
            ("/" + TRIGGER, self._command),
        ):
            yield await self._careful(name, work)

    async def _careful(self, name: str, work: Any) -> Step:
        """A step, or why it can't be done."""
        try:
            step: Step = await work()
        except ServerSays as error:
            return _refused(name, error)
        return step

    async def _server(self) -> Step:
        known = await self.admin.call("GET", "/config/client", params={"format": "old"})
        version = known.get("Version") if isinstance(known, Mapping) else None
        return version_step(version, self.admin.url)

    async def _administrator(self) -> Step:
        try:
            me = await self.admin.call("GET", "/users/me")
        except ServerSays as error:
            if error.status != _UNAUTHORIZED:
                raise
            return missing(
                "administrator",
                "the administrator's token is not valid",
                "an administrator makes one at Profile > Security > Personal Access Tokens; "
                "they are switched on at Integrations > Integration Management > Enable Personal "
                "Access Tokens",
            )
        if "system_admin" in str(me.get("roles", "")).split():
            return fine("administrator", f"@{me['username']}")
        return note("administrator", f"@{me['username']} is no system administrator")

    async def _settings(self) -> AsyncIterator[Step]:
        try:
            config = await self.admin.call("GET", "/config")
        except ServerSays as error:
            yield note("settings", f"can't be seen with this token ({error.message})", _WHO_MAY)
            return
        addresses = await addresses_of(self.callback_url)
        for step in setting_steps(
            config, url=self.admin.url, callback_url=self.callback_url, addresses=addresses
        ):
            yield step

    # The bot

    async def _find_bot(self) -> Step:
        self._holder = await self._whose_token()
        name = self.bot_name or (self._holder or {}).get("username") or BOT
        if self._holder is not None and self._holder["username"] == name:
            found: Mapping[str, Any] | None = self._holder
        else:
            found = await self._maybe(f"/users/username/{name}")
        if found is None:
            return await self._create_bot(name)
        if not found.get("is_bot"):
            return missing(
                "bot", f"@{name} is a person's account", "choose another name with --bot-name"
            )
        self._bot = found
        if not found.get("delete_at"):
            return fine("bot", f"@{name}")
        if not self.dry_run:
            await self.admin.call("POST", f"/bots/{found['id']}/enable")
        return self._changed("bot", Outcome.REPAIRED, f"@{name} is switched on again")

    async def _create_bot(self, name: str) -> Step:
        if self.dry_run:
            return self._changed("bot", Outcome.CREATED, f"@{name}")
        made = await self.admin.call(
            "POST",
            "/bots",
            json={"username": name, "display_name": _DESCRIPTION, "description": "Surveys"},
        )
        self._bot = {**made, "id": made["user_id"], "is_bot": True}
        return self._changed("bot", Outcome.CREATED, f"@{name}")

    async def _whose_token(self) -> Mapping[str, Any] | None:
        """The account whose token is set here; None if none is, or it is not valid."""
        if self.own is None:
            return None
        try:
            found: Mapping[str, Any] = await self.own.call("GET", "/users/me")
        except ServerSays as error:
            if error.status != _UNAUTHORIZED:
                raise
            return None
        return found

    async def _owner(self) -> Step:
        if self._bot is None:
            return _later("owner", "the bot", made=self.dry_run)
        path = f"/bots/{self._bot['id']}"
        bot = await self.admin.call("GET", path, params={"include_deleted": "true"})
        try:
            owner = await self.admin.call("GET", f"/users/{bot.get('owner_id') or 'none'}")
        except ServerSays as error:
            if error.status not in {_NOT_FOUND, _BAD}:
                raise
            return fine("owner", "the bot belongs to no person")  # but to a plugin
        if owner.get("delete_at"):
            return note("owner", f"@{owner['username']}, whose account is deactivated")
        return note(
            "owner",
            f"@{owner['username']}; the bot may be switched off with that account",
            "Integrations > Bot Accounts > Disable bot accounts when owner is deactivated",
        )

    async def _token(self) -> Step:
        if self._bot is None:
            return _later("token", "the bot", made=self.dry_run)
        holder = self._holder or await self._whose_token()
        if holder is not None and holder["id"] != self._bot["id"]:
            return missing(
                "token",
                f"{TOKEN} is @{holder['username']}'s and not @{self._bot['username']}'s",
                "unset it and run this again, or name its bot with --bot-name",
            )
        if holder is not None and not self.new_token:
            return fine("token", "the one that is set works")
        why = "is not set" if self.own is None else "is not valid"
        path = f"/users/{self._bot['id']}/tokens"
        listed = await self.admin.call("GET", path, params={"per_page": 200})
        ours = [one for one in listed if _is_ours(one)]
        if ours and not self.new_token:
            return missing(
                "token",
                f"{TOKEN} {why}; one was shown when it was made",
                "set that one; if it is lost, --new-token makes another and revokes it",
            )
        return await self._make_token(path, ours)

    async def _make_token(self, path: str, before: Sequence[Mapping[str, Any]]) -> Step:
        if not self.dry_run:
            made = await self.admin.call("POST", path, json={"description": _DESCRIPTION})
            self.environment[TOKEN] = made["token"]
            for old in before:
                await self.admin.call("POST", "/users/tokens/revoke", json={"token_id": old["id"]})
        return self._changed("token", Outcome.CREATED, "shown once, below")

    # The team

    async def _find_team(self) -> Step:
        if self.team is not None:
            self._team = await self._maybe(f"/teams/name/{self.team}")
            if self._team is not None:
                return fine("team", self.team)
            return missing(
                "team", f"there is no team {self.team}", f"set {TEAM} to its name in its URLs"
            )
        teams = await self.admin.call("GET", "/teams", params={"per_page": 200})
        if len(teams) == 1:
            self._team = teams[0]
            self.environment[TEAM] = teams[0]["name"]
            return note("team", f"{teams[0]['name']} is the only one, and {TEAM} is not set")
        names = ", ".join(sorted(str(team["name"]) for team in teams)[:10]) or "none"
        return missing("team", f"{TEAM} is not set; there is: {names}", "choose one and set it")

    async def _membership(self) -> Step:
        if self._bot is None or self._team is None:
            what = "the bot" if self._bot is None else "the team"
            return _later("membership", what, made=self.dry_run and self._team is not None)
        path = f"/teams/{self._team['id']}/members"
        found = await self._maybe(f"{path}/{self._bot['id']}")
        told = f"@{self._bot['username']} in {self._team['name']}"
        if found is not None and not found.get("delete_at"):
            return fine("membership", told)
        if not self.dry_run:
            body = {"team_id": self._team["id"], "user_id": self._bot["id"]}
            await self.admin.call("POST", path, json=body)
        return self._changed("membership", Outcome.CREATED, told)

    async def _command(self) -> Step:
        if self._team is None:
            return _later("/" + TRIGGER, "the team")
        command = SlashCommand(
            admin=self.admin,
            team_id=self._team["id"],
            callback_url=self.callback_url,
            token=self.command_token,
        )
        step, token = await command(dry_run=self.dry_run)
        if token is not None:
            self.environment[COMMAND_TOKEN] = token
        return step

    def _changed(self, name: str, outcome: Outcome, says: str) -> Step:
        return changed(name, outcome, says, dry_run=self.dry_run)

    async def _maybe(self, path: str) -> Mapping[str, Any] | None:
        """What is there, or None if there is nothing."""
        try:
            found: Mapping[str, Any] = await self.admin.call("GET", path)
        except ServerSays as error:
            if error.status != _NOT_FOUND:
                raise
            return None
        return found


async def addresses_of(url: str) -> Sequence[str]:
    """The IP addresses of a URL's host; none if it is not known here."""
    host = urlsplit(url).hostname or ""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(address[0]) for *_, address in found]


def _is_ours(token: Mapping[str, Any]) -> bool:
    return token.get("description") == _DESCRIPTION and bool(token.get("is_active", True))


def _later(name: str, what: str, *, made: bool = False) -> Step:
    """A step that stands on one that could not be done."""
    if made:
        return Step(name=name, outcome=Outcome.WOULD, says=f"once {what} is there")
    return missing(name, f"waits for {what}", "mend that first")


def _refused(name: str, error: ServerSays) -> Step:
    if error.status is None:
        return missing(name, f"the server can't be asked: {error.message}", "try again")
    mend = _WHO_MAY if error.status in {_REFUSED, _UNAUTHORIZED} else "try again"
    if error.error_id == "api.bot.create_disabled":
        mend = "Integrations > Bot Accounts > Enable Bot Account Creation"
    return missing(name, f"{error.status}: {error.message}", mend)
