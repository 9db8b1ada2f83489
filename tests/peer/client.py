"""The peer as whoever scripts it sees it."""

import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from typing import Any, Self


class PeerProcess:
    """A peer in a process of its own, until the block ends; `latency` in seconds."""

    def __init__(self, *, latency: float = 0.0) -> None:
        command = [sys.executable, "-m", "tests.peer.server", str(latency)]
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environ)  # noqa: S603
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def goes_wrong(self, fault: str, *, method: str = "send", **how: Any) -> None:
        """See tests/peer/server.py, `Rule`."""
        self._ask("POST", "/script", {"fault": fault, "method": method, **how})

    def all_is_well(self) -> None:
        """Nothing goes wrong any more."""
        self._ask("DELETE", "/script")

    def ledger(self, *, after: int = 0) -> list[dict[str, Any]]:
        """What it really delivered, from the message after this one on."""
        found: list[dict[str, Any]] = self._ask("GET", f"/ledger?after={after}")
        return found

    def arrived(self) -> Counter[str]:
        """Delivery → messages."""
        return Counter(message["delivery"] for message in self.ledger())

    def inboxes(self) -> Counter[str]:
        """User → messages."""
        return Counter(message["user"] for message in self.ledger())

    def calls(self, method: str = "send") -> list[dict[str, Any]]:
        """Every request of a method, with its outcome and the machine's monotonic time."""
        return [call for call in self._ask("GET", "/calls") if call["method"] == method]

    def _ask(self, verb: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(  # noqa: S310 - our own peer
            self.url + path, data=data, headers=headers, method=verb
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)
