"""What came before and comes again: it has no effect, and gets no answer."""

from collections import OrderedDict

from survey.card import Act
from survey.errors import VoxpopError

REMEMBERED = 100_000
"""Clicks that one process remembers; beyond that the rules below stand alone."""
BY_TIME = frozenset({Act.SCORE, Act.UNDO})
"""What comes again changes nothing: it is no later than what stands. These need no note."""


class Replayed(VoxpopError):
    """A click that was heard before: it gets no answer, and has no effect."""

    code = "replayed"


class Remembered:
    """The latest clicks, so that a replay is not even looked at."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._known: OrderedDict[str, None] = OrderedDict()

    def first(self, name: str) -> bool:
        """Whether it was not there yet; from now on it is."""
        if name in self._known:
            return False
        self._known[name] = None
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return True
