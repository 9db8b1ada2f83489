"""P4: a click is committed and answered: p99 < 500 ms, longest < 2.5 s, at 500 clicks a second.

`python -m bench.clicks`: two web processes on PostgreSQL, as `voxpop run --only web,bot` starts
them, then one on SQLite (100 clicks a second). Clicks come at a constant rate, whether answers do
or not, and count from when they were due. The rate goes down until the promise holds. Exit 1 if an
acknowledged click is not in the database, or if the promise does not hold at the promised rate.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from bench.open_loop import Outcome, arrive
from bench.ours import KEY
from bench.press import prepared, sqlite_databases
from bench.servers import PostgreSQL, cpu_seconds
from storage.engine import open_database
from storage.tables import responses, totals
from tests.world import Process

P99, LONGEST = 500.0, 2_500.0
"""What is promised (milliseconds)."""
RATES = {"postgresql": (500, 400, 300, 200, 100), "sqlite": (100, 75, 50, 25)}
"""Clicks a second; the first one is promised."""
WARM_UP, WARM_UP_RATE = 200, 50
_SAID = b"You said"
_TICK = os.sysconf("SC_CLK_TCK")
Press = tuple[tuple[str, int], bytes]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One rate.

    Attributes:
        asked: Clicks a second.
        cores: What each part used, in cores.
        busy: How much of the machine was in use by anybody, 0 … 1.
    """

    asked: float
    outcome: Outcome
    cores: Mapping[str, float]
    busy: float

    @property
    def holds(self) -> bool:
        """Whether the promise does."""
        outcome = self.outcome
        answered = not outcome.refused and not outcome.unanswered
        in_time = outcome.percentile(0.99) < P99 and outcome.percentile(1) < LONGEST
        return answered and in_time

    @property
    def limit(self) -> str:
        """What there was too little of."""
        web = {name: cores for name, cores in self.cores.items() if name.startswith("web")}
        for name, cores in web.items():
            if cores > 0.9:
                return f"{name} had all of its one core in use"
        if self.busy > 0.9:
            others = self.busy * (os.cpu_count() or 1) - sum(self.cores.values())
            return f"the machine's cores were in use, {max(0.0, others):.2f} of them by others"
        return "no processor was: what took time was waiting"


@contextmanager
def serving(url: str, folder: Path, number: int) -> Iterator[Mapping[int, int]]:
    """So many web processes on a database; their ports and process ids."""
    environ = {"VOXPOP_DATABASE_URL": url, "VOXPOP_SECRET_KEY": KEY, "VOXPOP_SANDBOX": "1"}
    command = ("run", "--only", "web,bot", "--port", "0")
    with ExitStack() as stack:
        found = {}
        for _ in range(number):
            one = stack.enter_context(Process(folder, *command, **environ))
            said = one.until("Voxpop answers on")
            found[int(said.split("answers on ")[1].split()[0].rpartition(":")[2])] = one.process.pid
        yield found


class Meter:
    """What each part has used of the processors since the last look."""

    def __init__(self, parts: Mapping[str, Callable[[], float]]) -> None:
        self._parts = parts
        self._before = self._look()

    def _look(self) -> tuple[float, dict[str, float], float, float]:
        user, nice, system, idle, waits, *rest = (
            int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]
        )
        busy = user + nice + system + sum(rest)
        used = {name: ask() for name, ask in self._parts.items()}
        return time.monotonic(), used, busy / _TICK, (busy + idle + waits) / _TICK

    def read(self) -> tuple[Mapping[str, float], float]:
        """Cores by part, and the share of the machine in use."""
        began, before, busy, total = self._before
        self._before = now, after, busy_now, total_now = self._look()
        cores = {name: (after[name] - before[name]) / max(1 / _TICK, now - began) for name in after}
        return cores, (busy_now - busy) / max(1 / _TICK, total_now - total)


async def load(
    ports: Sequence[int],
    presses: Sequence[Press],
    rates: Sequence[float],
    *,
    seconds: float,
    meter: Meter,
    each: Callable[[Step], bool],
) -> dict[str, int]:
    """Press at each rate until `each` says that it is enough; what was acknowledged."""
    acknowledged: dict[str, int] = {}
    left = list(presses)

    async def press(number: int, rate: float) -> Outcome:
        mine = [left.pop() for _ in range(number)]
        outcome = await arrive(ports, [request for _, request in mine], rate=rate, word=_SAID)
        acknowledged.update(mine[place][0] for place in outcome.acknowledged)
        return outcome

    await press(min(WARM_UP, len(left) // 4), WARM_UP_RATE)
    for rate in rates:
        meter.read()
        outcome = await press(min(len(left), round(rate * seconds)), rate)
        cores, busy = meter.read()
        if each(Step(asked=rate, outcome=outcome, cores=cores, busy=busy)):
            break
    return acknowledged


async def missing(url: str, acknowledged: Mapping[str, int]) -> int:
    """How many acknowledged clicks the database does not have, in the answers or in the totals."""
    database = open_database(url)
    try:
        async with database.read() as connection:
            rows = await connection.execute(select(responses.c.respondent, responses.c.score))
            stored = {row.respondent: row.score for row in rows}
            counted = int(await connection.scalar(select(func.sum(totals.c.n))) or 0)
    finally:
        await database.close()
    lost = sum(stored.get(who) != score for who, score in acknowledged.items())
    astray: int = lost + abs(len(stored) - counted)
    return astray


def measure(
    url: str,
    *,
    webs: int,
    rates: Sequence[float],
    seconds: float,
    server: PostgreSQL | None,
    each: Callable[[Step], bool],
) -> tuple[int, int]:
    """Press on an empty database; how many clicks were acknowledged, how many of them are lost."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        number = WARM_UP + round(sum(rates) * seconds)
        presses = list(asyncio.run(prepared(url, folder, number)).items())
        with serving(url, folder, webs) as found:
            parts: dict[str, Callable[[], float]] = {
                f"web {place}": lambda pid=pid: cpu_seconds(pid)  # type: ignore[misc]
                for place, pid in enumerate(found.values(), start=1)
            }
            if server is not None:
                parts["PostgreSQL"] = server.cpu_seconds
            parts["generator"] = time.process_time
            told = asyncio.run(
                load(list(found), presses, rates, seconds=seconds, meter=Meter(parts), each=each)
            )
    return len(told), asyncio.run(missing(url, told))


def _print(step: Step) -> None:
    outcome = step.outcome
    p50, p99, longest = (outcome.percentile(share) for share in (0.5, 0.99, 1))
    print(
        f"   {step.asked:4.0f}/s: {outcome.rate:4.0f}/s answered, "
        f"p50 {p50:.0f}, p99 {p99:.0f}, longest {longest:.0f} ms, "
        f"{outcome.refused} refused, {outcome.unanswered} unanswered: "
        f"{'holds' if step.holds else 'DOES NOT HOLD'}"
    )
    parts = ", ".join(f"{name} {cores:.2f}" for name, cores in step.cores.items())
    print(
        f"           cores: {parts}; machine {100 * step.busy:.0f} % in use; "
        f"the generator was {1_000 * outcome.late:.1f} ms late (p99)"
    )
    if not step.holds:
        print(f"           {step.limit}")


def main() -> None:
    """Press on both databases, at lower and lower rates until the promise holds."""
    parser = argparse.ArgumentParser(prog="python -m bench.clicks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="at each rate")
    parser.add_argument("--rates", type=json.loads, help="such as [500,250]; the first is promised")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one database")
    chosen = parser.parse_args()
    broken = False
    for name, webs in (("postgresql", 2), ("sqlite", 1)):
        if chosen.only not in {None, name}:
            continue
        steps: list[Step] = []

        def each(step: Step, steps: list[Step] = steps) -> bool:
            _print(step)
            steps.append(step)
            return step.holds

        print(f"\n== {name}, {webs} web, {chosen.seconds:.0f} s a rate")
        with tempfile.TemporaryDirectory() as folder:
            server = PostgreSQL(folder) if name == "postgresql" else None
            told, lost = measure(
                server.fresh() if server else sqlite_databases(folder)(),
                webs=webs,
                rates=chosen.rates or RATES[name],
                seconds=chosen.seconds,
                server=server,
                each=each,
            )
            if server is not None:
                server.stop()
        highest = next((f"{step.asked:.0f}/s" for step in steps if step.holds), "none of these")
        print(f"P4 holds at                   {highest}")
        print(f"   acknowledged, and not there {lost:6} of {told:,} (0)")
        broken |= bool(lost) or not steps[0].holds
    sys.exit(int(broken))


if __name__ == "__main__":
    main()
