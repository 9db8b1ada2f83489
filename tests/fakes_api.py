"""Stand-ins for what programs' calls need."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from survey.errors import IdempotencyInProgress, IdempotencyKeyReused, StorageUnavailable
from survey.ports import Kept

A_DAY = timedelta(hours=24)


@dataclass
class FakeKeptAnswers:
    """The port `KeptAnswers` in memory; what is under way is never lost."""

    begun: dict[tuple[str, str], tuple[str, datetime]] = field(default_factory=dict)
    kept: dict[tuple[str, str], Kept] = field(default_factory=dict)
    away: bool = False

    async def begin(self, caller: str, key: str, *, request: str, at: datetime) -> Kept | None:
        mine = (caller, key)
        if mine in self.begun and at - self.begun[mine][1] >= A_DAY:
            self.begun.pop(mine)
            self.kept.pop(mine, None)
        if mine not in self.begun:
            self.begun[mine] = (request, at)
            return None
        if self.begun[mine][0] != request:
            raise IdempotencyKeyReused
        if mine not in self.kept:
            raise IdempotencyInProgress
        return self.kept[mine]

    async def keep(self, caller: str, key: str, kept: Kept) -> None:
        if self.away:
            raise StorageUnavailable("away")
        self.kept[caller, key] = kept

    async def drop(self, caller: str, key: str) -> None:
        self.begun.pop((caller, key), None)

    async def forget(self, *, before: datetime) -> int:
        gone = [mine for mine, (_, at) in self.begun.items() if at < before]
        for mine in gone:
            self.begun.pop(mine)
            self.kept.pop(mine, None)
        return len(gone)
