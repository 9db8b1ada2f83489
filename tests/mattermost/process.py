"""The peer in a process of its own, as whoever scripts it sees it."""

import json
from typing import Any
from urllib.parse import quote

from tests.peer.running import RunningPeer


class MattermostProcess(RunningPeer):
    """A server that outlives whoever talks to it, until the block ends.

    Attributes:
        url: Where it listens.
        admin_token: An administrator's access token.
        team_id: Its team, `acme`.
    """

    def __init__(self) -> None:
        super().__init__("tests.mattermost")
        told = json.loads(self.told)
        self.url = told["url"]
        self.admin_token: str = told["admin_token"]
        self.team_id: str = told["team_id"]

    def add_people(self, people: list[dict[str, Any]]) -> list[dict[str, str]]:
        """What `MattermostServer.add_person` takes, each; ids and session tokens."""
        made: list[dict[str, str]] = self.ask("POST", "/peer/people", people)
        return made

    def add_bot(self, username: str = "voxpop") -> tuple[str, str]:
        """Its id and access token."""
        made = self.ask("POST", "/peer/bots", {"username": username})
        return made["id"], made["token"]

    def configure(self, section: str, **settings: Any) -> None:
        """Changes the server's settings."""
        self.ask("POST", "/peer/config", {section: settings})

    def goes_wrong(self, fault: str, route: str = "POST /posts", **how: Any) -> None:
        """See tests/peer/faults.py, `Rule`."""
        self.ask("POST", "/peer/script", {"fault": fault, "route": route, **how})

    def all_is_well(self) -> None:
        """Nothing goes wrong any more."""
        self.ask("DELETE", "/peer/script")

    def happens(self, **what: Any) -> None:
        """See control.py, `Control.happens`."""
        self.ask("POST", "/peer/happens", what)

    def ledger(self, *, after: int = 0) -> list[dict[str, Any]]:
        """What it really delivered, from the message after this one on."""
        found: list[dict[str, Any]] = self.ask("GET", f"/peer/ledger?after={after}")
        return found

    def calls(self, route: str = "*") -> list[dict[str, Any]]:
        """Every request of a route, with its outcome and the machine's monotonic time."""
        found: list[dict[str, Any]] = self.ask("GET", f"/peer/calls?route={quote(route)}")
        return found
