"""Time, as an argument."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """What time it is."""

    def __call__(self) -> datetime:
        """Now, aware, in UTC."""
        ...
