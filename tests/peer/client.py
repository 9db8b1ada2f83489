"""The peer as whoever scripts it sees it."""

from collections import Counter
from typing import Any

from tests.peer.running import RunningPeer


class PeerProcess(RunningPeer):
    """A peer in a process of its own, until the block ends; `latency` in seconds."""

    def __init__(self, *, latency: float = 0.0) -> None:
        super().__init__("tests.peer.server", str(latency))
        self.url = f"http://127.0.0.1:{int(self.told)}"

    def goes_wrong(self, fault: str, *, method: str = "send", **how: Any) -> None:
        """See tests/peer/faults.py, `Rule`."""
        self.ask("POST", "/script", {"fault": fault, "route": method, **how})

    def all_is_well(self) -> None:
        """Nothing goes wrong any more."""
        self.ask("DELETE", "/script")

    def ledger(self, *, after: int = 0) -> list[dict[str, Any]]:
        """What it really delivered, from the message after this one on."""
        found: list[dict[str, Any]] = self.ask("GET", f"/ledger?after={after}")
        return found

    def arrived(self) -> Counter[str]:
        """Delivery → messages."""
        return Counter(message["delivery"] for message in self.ledger())

    def inboxes(self) -> Counter[str]:
        """User → messages."""
        return Counter(message["user"] for message in self.ledger())

    def calls(self, method: str = "send") -> list[dict[str, Any]]:
        """Every request of a method, with its outcome and the machine's monotonic time."""
        found: list[dict[str, Any]] = self.ask("GET", f"/calls?route={method}")
        return found
