"""The slash command `/nps` of a team: created, or repaired."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bot.mattermost.client import Client
from bot.mattermost.server_settings import Outcome, Step, changed, fine, missing

TRIGGER = "nps"
COMMANDS = "/mattermost/commands"
"""Where slash commands come in, behind the callback address."""
_NAME = "Voxpop"
_NAMES = {"", _NAME.lower()}
"""What it may be called by who made it by hand."""


@dataclass(frozen=True, kw_only=True)
class SlashCommand:
    """One team's.

    Attributes:
        admin: With the token of somebody who manages the team's commands.
        callback_url: Where the server reaches us.
        token: What is set here for it; None if nothing is.
    """

    admin: Client
    team_id: str
    callback_url: str
    token: str | None = field(repr=False)

    async def __call__(self, *, dry_run: bool) -> tuple[Step, str | None]:
        """What was done, and the command's token if another one is set here.

        Raises:
            ServerSays: If the server refuses.
        """
        query = {"team_id": self.team_id, "custom_only": "true"}
        listed = await self.admin.call("GET", "/commands", params=query)
        wanted = self.wanted()
        found = self._own(listed)
        holder = next((one for one in listed if one.get("trigger") == TRIGGER), None)
        if holder is not None and found is not holder:
            whose = holder.get("display_name") or "another integration"
            step = missing(
                "/" + TRIGGER,
                f"belongs to {whose} ({urlsplit(str(holder.get('url'))).hostname})",
                "delete it, or give it another word: Integrations > Slash Commands",
            )
            return step, None
        if found is None:
            made = {} if dry_run else await self.admin.call("POST", "/commands", json=wanted)
            return self._told(made, Outcome.CREATED, f"calls {wanted['url']}", dry_run=dry_run)
        differs = [name for name, value in wanted.items() if found.get(name) != value]
        if not differs:
            return self._told(found, Outcome.FINE, f"calls {wanted['url']}", dry_run=dry_run)
        if not dry_run:
            body = {**found, **wanted}
            found = await self.admin.call("PUT", f"/commands/{found['id']}", json=body)
        return self._told(found, Outcome.REPAIRED, ", ".join(differs), dry_run=dry_run)

    def wanted(self) -> dict[str, Any]:
        """The command as it should be."""
        return {
            "team_id": self.team_id,
            "method": "P",
            "trigger": TRIGGER,
            "url": f"{self.callback_url.rstrip('/')}{COMMANDS}",
            "auto_complete": True,
            "auto_complete_desc": "Surveys: your own, and reports for administrators",
            "auto_complete_hint": "[help | pending | report | …]",
            "display_name": _NAME,
        }

    def _own(self, listed: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """The one that is ours, whatever has become of it: by the surest sign that there is."""
        for sign in (self._calls_us, self._has_our_token, self._is_named_like_us):
            for one in listed:
                if sign(one):
                    return one
        return None

    def _calls_us(self, command: Mapping[str, Any]) -> bool:
        return str(command.get("url")).endswith(COMMANDS)

    def _has_our_token(self, command: Mapping[str, Any]) -> bool:
        return self.token is not None and command.get("token") == self.token

    def _is_named_like_us(self, command: Mapping[str, Any]) -> bool:
        name = str(command.get("display_name") or "").lower()
        return command.get("trigger") == TRIGGER and name in _NAMES

    def _told(
        self, command: Mapping[str, Any], outcome: Outcome, says: str, *, dry_run: bool
    ) -> tuple[Step, str | None]:
        token = str(command.get("token") or "")
        shown = token if token and token != self.token else None
        if shown is not None:
            says += "; its token is shown below"
        if outcome is Outcome.FINE:
            return fine("/" + TRIGGER, says), shown
        return changed("/" + TRIGGER, outcome, says, dry_run=dry_run), shown
