"""What was claimed together, and what is learnt on the way about the platforms it goes to."""

import time
from collections import Counter
from dataclasses import dataclass, field

from survey.delivery import LEASE, Delivery, Method, method_of

BEGINS_WITHIN = LEASE / 2
"""What was claimed longer ago is put back: under its lease, another worker may look after it."""
ENOUGH_UNKNOWN = 5
"""So many unknown outcomes and nothing that went well: the platform itself is in trouble."""

Lane = tuple[str, str, Method]


@dataclass(kw_only=True)
class Batch:
    """Deliveries that were claimed together.

    Attributes:
        open: How many of them nobody has begun or finished yet.
        begun: When, by the machine's monotonic clock (seconds).
        shut: Where a platform wants patience, tells nothing, or has nothing to do with us.
    """

    open: int = 0
    begun: float = field(default_factory=time.monotonic)
    shut: set[Lane] = field(default_factory=set)
    _well: set[Lane] = field(default_factory=set)
    _unknown: Counter[Lane] = field(default_factory=Counter)

    def put_back(self, delivery: Delivery) -> str | None:
        """Why this one is not to be begun any more; None if it is."""
        if lane_of(delivery) in self.shut:
            return "its platform wants patience"
        if time.monotonic() - self.begun >= BEGINS_WITHIN.total_seconds():
            return "those before it took too long"
        return None

    def went_well(self, delivery: Delivery) -> None:
        """Its platform answers as it should."""
        self._well.add(lane_of(delivery))

    def in_trouble(self, delivery: Delivery) -> bool:
        """One more unknown outcome; whether it was the one that shuts its lane for this batch."""
        lane = lane_of(delivery)
        self._unknown[lane] += 1
        enough = 1 if delivery.probe else ENOUGH_UNKNOWN
        if lane in self._well or lane in self.shut or self._unknown[lane] < enough:
            return False
        self.shut.add(lane)
        return True


def lane_of(delivery: Delivery) -> Lane:
    """What it uses: a method of a workspace."""
    return delivery.address.platform, delivery.address.workspace, method_of(delivery)
