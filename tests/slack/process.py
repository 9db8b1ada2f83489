"""The peer in a process of its own, as whoever scripts it sees it."""

import json
from typing import Any
from urllib.parse import quote

from tests.peer.running import RunningPeer
from tests.slack.records import Json


class SlackProcess(RunningPeer):
    """A Slack that outlives whoever talks to it, until the block ends.

    Attributes:
        url, api_url: Where it listens.
        bot_token, app_token, signing_secret: Of the app in its first workspace, `team_id`.
    """

    def __init__(self) -> None:
        super().__init__("tests.slack")
        told = json.loads(self.told)
        self.url = told["url"]
        self.api_url: str = told["api_url"]
        self.bot_token: str = told["bot_token"]
        self.app_token: str = told["app_token"]
        self.signing_secret: str = told["signing_secret"]
        self.team_id: str = told["team_id"]

    def add_people(self, people: list[Json]) -> list[dict[str, str]]:
        """Each with an e-mail and what else `User` has; their ids."""
        made: list[dict[str, str]] = self.ask("POST", "/peer/people", people)
        return made

    def configure(self, **settings: Any) -> None:
        """Changes the app's settings; `url` for all request URLs."""
        self.ask("POST", "/peer/app", settings)

    def goes_wrong(self, fault: str, route: str = "chat.postMessage", **how: Any) -> None:
        """See tests/peer/faults.py, `Rule`."""
        self.ask("POST", "/peer/script", {"fault": fault, "route": route, **how})

    def all_is_well(self) -> None:
        """Nothing goes wrong any more."""
        self.ask("DELETE", "/peer/script")

    def happens(self, **what: Any) -> None:
        """See control.py, `Control.happens`."""
        self.ask("POST", "/peer/happens", what)

    def does(self, email: str, what: str, **how: Any) -> Any:
        """Somebody does something: a verb of `Person`."""
        return self.ask("POST", "/peer/does", {"email": email, "does": what, "with": how})

    def sees(self, email: str, what: str = "inbox") -> Any:
        """What somebody sees: a noun of `Person`."""
        return self.ask("GET", f"/peer/sees?email={quote(email)}&what={what}")

    def ledger(self, *, after: int = 0) -> list[Json]:
        """What it really delivered, from the message after this one on."""
        found: list[Json] = self.ask("GET", f"/peer/ledger?after={after}")
        return found

    def calls(self, route: str = "*") -> list[Json]:
        """Every request of a route, with its outcome and the machine's monotonic time."""
        found: list[Json] = self.ask("GET", f"/peer/calls?route={quote(route)}")
        return found
