"""What a round of kills is made of: its settings, what goes wrong, and where a process dies."""

import random
from collections.abc import Sequence
from typing import Any

LEASE = 2.0
"""Seconds that a claim holds, in place of two minutes."""
STUCK = 7.5
"""Leases that a delivery may be on its way: what 15 minutes are to two."""
TOML = """
timezone = "Europe/Berlin"
admins = ["person0@example.org"]
[surveys.named]
subject = "our help"
mode = "identified"
rest_days = 0
[surveys.gated]
subject = "Acme"
mode = "confidential"
k = 5
rest_days = 0
"""
"""Two surveys; one keeps names, one does not."""
OFTEN = ("messenger.send", "outbox.claim", "outbox.sent", "answers.record", "statement", "commit")
"""Fail points that every round comes to."""
CLOSING = ("rounds.begin_closing", "rounds.finish", "figures.step", "messenger.update", "commit")
"""Fail points on the way to a close."""


def fail_point(points: Sequence[str], seed: random.Random) -> str | None:
    """Where the next process is to die, as `Options.fail` wants it; None for nowhere."""
    if seed.random() < 0.4:
        return None
    when = seed.choice(["before", "after"])
    call = int(10 ** seed.uniform(0, 1.7))
    return f"{when}:{seed.choice(points)}:{call}"


def faults(lease: float) -> Sequence[dict[str, Any]]:
    """What the peer gets wrong all the while; it stalls for longer than anybody waits."""
    return (
        {"fault": "drop", "chance": 0.01, "delivers": True},
        {"fault": "drop", "chance": 0.01},
        {"fault": "error", "chance": 0.01, "status": 503},
        {"fault": "garbage", "chance": 0.01, "delivers": True},
        {"fault": "busy", "chance": 0.003, "seconds": 0.3},
        {"fault": "stall", "chance": 0.003, "seconds": lease / 2, "delivers": True},
    )
