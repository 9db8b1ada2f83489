"""The peer in a process of its own, as whoever scripts it sees it."""

import json
import os
import subprocess
import sys
import urllib.request
from typing import Any, Self
from urllib.parse import quote


class MattermostProcess:
    """A server that outlives whoever talks to it, until the block ends.

    Attributes:
        url: Where it listens.
        admin_token: An administrator's access token.
        team_id: Its team, `acme`.
    """

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.mattermost"]
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environ)  # noqa: S603
        assert self.process.stdout is not None
        told = json.loads(self.process.stdout.readline())
        self.url: str = told["url"]
        self.admin_token: str = told["admin_token"]
        self.team_id: str = told["team_id"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def add_people(self, people: list[dict[str, Any]]) -> list[dict[str, str]]:
        """What `MattermostServer.add_person` takes, each; ids and session tokens."""
        made: list[dict[str, str]] = self._ask("POST", "/peer/people", people)
        return made

    def add_bot(self, username: str = "voxpop") -> tuple[str, str]:
        """Its id and access token."""
        made = self._ask("POST", "/peer/bots", {"username": username})
        return made["id"], made["token"]

    def configure(self, section: str, **settings: Any) -> None:
        """Changes the server's settings."""
        self._ask("POST", "/peer/config", {section: settings})

    def goes_wrong(self, fault: str, route: str = "POST /posts", **how: Any) -> None:
        """See faults.py, `Rule`."""
        self._ask("POST", "/peer/script", {"fault": fault, "route": route, **how})

    def all_is_well(self) -> None:
        """Nothing goes wrong any more."""
        self._ask("DELETE", "/peer/script")

    def happens(self, **what: Any) -> None:
        """See control.py, `Control.happens`."""
        self._ask("POST", "/peer/happens", what)

    def ledger(self, *, after: int = 0) -> list[dict[str, Any]]:
        """What it really delivered, from the message after this one on."""
        found: list[dict[str, Any]] = self._ask("GET", f"/peer/ledger?after={after}")
        return found

    def calls(self, route: str = "*") -> list[dict[str, Any]]:
        """Every request of a route, with its outcome and the machine's monotonic time."""
        found: list[dict[str, Any]] = self._ask("GET", f"/peer/calls?route={quote(route)}")
        return found

    def _ask(self, verb: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(  # noqa: S310 - our own peer
            self.url + path, data=data, headers=headers, method=verb
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)
