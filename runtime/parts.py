"""What `voxpop run --only` names."""

from enum import StrEnum


class Part(StrEnum):
    """What one process can be."""

    WEB = "web"
    BOT = "bot"
    WORKER = "worker"
    SCHEDULER = "scheduler"


ALL_PARTS = frozenset(Part)
