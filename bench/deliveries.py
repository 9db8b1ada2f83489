"""Deliveries a second: two workers beside one, and a delivery beside a bare loop that posts it.

`python -m bench.deliveries --people 3000`: a round goes out over the scripted peer, which takes
40 ms over a message and sets no pace. Workers are processes of their own, as `voxpop run --only
worker` starts them. The bare loop posts the same messages with the same client to the same kind of
peer, and knows no database. They run in turn, since the machine may be busier at one time than at
another. Exit 1 if somebody got none or two.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import exists, select

from bench.delivering import MESSAGES
from bench.press import sqlite_databases
from bench.recipients import populate
from bench.servers import PostgreSQL, cpu_seconds
from runtime.settings import load_settings
from runtime.wiring import Product, put_together
from storage.tables import deliveries
from survey.states import DeliveryState
from tests.peer.client import PeerProcess
from tests.peer.messenger import PLATFORM, PeerMessenger

TOML = '[surveys.nps]\nsubject = "Acme"\nmode = "identified"\n'
LATENCY = 0.04
"""What the peer takes over a message (seconds)."""
_OPEN = [DeliveryState.PLANNED.value, DeliveryState.SENDING.value, DeliveryState.UNKNOWN.value]


@dataclass(frozen=True, kw_only=True)
class Run:
    """What became of a round.

    Attributes:
        people: In it.
        ledger: What arrived.
        workers: What each worker used of a processor (seconds).
        server: What PostgreSQL used; None with SQLite, which works inside of the workers.
        peer: What the peer used.
    """

    people: int
    ledger: Sequence[dict[str, Any]]
    workers: Sequence[float]
    server: float | None
    peer: float

    @property
    def wrong(self) -> int:
        """How many people got none, or more than one."""
        inboxes = [told["user"] for told in self.ledger]
        return self.people - len(set(inboxes)) + len(inboxes) - len(set(inboxes))

    @property
    def seconds(self) -> float:
        """From the first message to the last one."""
        return float(self.ledger[-1]["at"] - self.ledger[0]["at"])

    @property
    def rate(self) -> float:
        """Messages a second, while all workers are at it: they do not begin and end together."""
        first, last = len(self.ledger) // 4, len(self.ledger) * 9 // 10
        return (last - first) / float(self.ledger[last]["at"] - self.ledger[first]["at"])

    @property
    def cpu_ms(self) -> float:
        """What a worker uses of a processor for one message."""
        return 1_000 * sum(self.workers) / len(self.ledger)


@dataclass(frozen=True, kw_only=True)
class Bare:
    """What the loop that does the least took."""

    rate: float
    cpu_ms: float


@contextmanager
def _working(number: int, environ: dict[str, str], folder: Path) -> Iterator[list[int]]:
    """So many workers; their process ids."""
    with ExitStack() as stack:
        processes = []
        for place in range(number):
            said = folder / f"said-{place}.txt"
            out = stack.enter_context(said.open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", "bench.delivering", "worker"], env=environ, stderr=out
            )
            stack.callback(process.wait, timeout=20)
            stack.callback(process.terminate)
            processes.append((process, said))
        for process, said in processes:
            while '"event": "working"' not in said.read_text():
                if process.poll() is not None:
                    raise RuntimeError(f"A worker ended: {said.read_text()}")
                time.sleep(0.05)
        yield [process.pid for process, _ in processes]


def _beside(folder: Path, peer: PeerProcess) -> dict[str, str]:
    """What a process beside this one finds in its environment."""
    path = os.pathsep.join(place for place in sys.path if place)
    return {**os.environ, "PYTHONPATH": path, "PEER_URL": peer.url, "FOLDER": str(folder)}


async def _until_sent(product: Product) -> None:
    left = select(exists().where(deliveries.c.state.in_(_OPEN)))
    while True:
        async with product.database.read() as connection:
            if not await connection.scalar(left):
                return
        await asyncio.sleep(0.1)


def deliver(
    url: str,
    folder: Path,
    *,
    people: int,
    workers: int,
    server: PostgreSQL | None = None,
    latency: float = LATENCY,
) -> Run:
    """Send a round with so many workers, on an empty database."""
    (folder / "voxpop.toml").write_text(TOML)
    environ = {
        "VOXPOP_DATABASE_URL": url,
        "VOXPOP_SECRET_KEY": "a-key-for-deliveries-that-is-long-enough",
    }
    with PeerProcess(latency=latency) as peer:
        child = {**_beside(folder, peer), **environ}

        def used() -> tuple[list[float], float, float]:
            database = 0.0 if server is None else server.cpu_seconds()
            return [cpu_seconds(pid) for pid in pids], database, cpu_seconds(peer.pid)

        async def prepared() -> Product:
            product = put_together(
                load_settings(environ, folder=folder), others={PLATFORM: PeerMessenger(peer.url)}
            )
            await populate(product, people)
            return product

        async def sent(product: Product) -> None:
            await product.start("nps", at_once=True)
            await _until_sent(product)
            await product.let_go()

        with asyncio.Runner() as runner:
            product = runner.run(prepared())
            with _working(workers, child, folder) as pids:
                before = used()
                runner.run(sent(product))
                after = used()
        return Run(
            people=people,
            ledger=peer.ledger(),
            workers=[then - now for then, now in zip(after[0], before[0], strict=True)],
            server=None if server is None else after[1] - before[1],
            peer=after[2] - before[2],
        )


def repeat_bare(run: Run, folder: Path, *, latency: float = LATENCY) -> Bare:
    """Post what arrived once more, with nothing around it."""
    (folder / MESSAGES).write_text(json.dumps(run.ledger))
    with PeerProcess(latency=latency) as peer:
        told = subprocess.run(
            [sys.executable, "-m", "bench.delivering", "bare"],
            env=_beside(folder, peer),
            stdout=subprocess.PIPE,
            check=True,
        )
        if len(peer.ledger()) != len(run.ledger):
            raise RuntimeError("The bare loop posted something else.")
    took = json.loads(told.stdout)
    number = len(run.ledger)
    return Bare(rate=number / took["seconds"], cpu_ms=1_000 * took["cpu"] / number)


def _print(name: str, run: Run) -> None:
    busy = ", ".join(f"{100 * cpu / run.seconds:.0f} %" for cpu in run.workers)
    server = "" if run.server is None else f", PostgreSQL {100 * run.server / run.seconds:.0f} %"
    print(
        f"   {name:<14}{run.rate:>6.0f}/s  CPU {run.cpu_ms:.2f} ms a delivery  "
        f"(of a core: {busy}{server}, peer {100 * run.peer / run.seconds:.0f} %)"
    )


def compare(
    fresh: Callable[[], str], *, people: int, rounds: int, latency: float, server: PostgreSQL | None
) -> int:
    """Print one worker, two where there may be two, and the bare loop, in turn; what went wrong."""
    ratios: dict[str, list[float]] = {"two": [], "cpu": []}
    wrong = 0
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            runs = []
            for workers in (1, 2) if server else (1,):
                run = deliver(
                    fresh(),
                    folder,
                    people=people,
                    workers=workers,
                    server=server,
                    latency=latency,
                )
                _print(("one worker", "two workers")[workers - 1], run)
                runs.append(run)
                wrong += run.wrong
            bare = repeat_bare(runs[0], folder, latency=latency)
        print(f"   {'bare loop':<14}{bare.rate:>6.0f}/s  CPU {bare.cpu_ms:.2f} ms a message")
        ratios["two"].append(runs[-1].rate / runs[0].rate)
        ratios["cpu"].append(runs[0].cpu_ms / bare.cpu_ms)
    if server:
        print(f"   two workers to one            {median(ratios['two']):5.2f}× (aim ≥ 1.6)")
    print(f"   CPU of a delivery to the bare {median(ratios['cpu']):5.2f}× (aim ≤ 2)")
    print(f"   people without exactly one    {wrong:5} (0)")
    return wrong


def main() -> None:
    """Deliver on both databases."""
    parser = argparse.ArgumentParser(prog="python -m bench.deliveries", description=__doc__)
    parser.add_argument("--people", type=int, default=3_000, help="in the round")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median ratio counts")
    parser.add_argument("--latency", type=float, default=LATENCY, help="of the peer, in seconds")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one database")
    chosen = parser.parse_args()
    wrong = 0
    for name in ("postgresql", "sqlite"):
        if chosen.only not in {None, name}:
            continue
        print(f"\n== {name}: {chosen.people:,} people, {1_000 * chosen.latency:.0f} ms a post")
        with tempfile.TemporaryDirectory() as folder:
            server = PostgreSQL(folder) if name == "postgresql" else None
            wrong += compare(
                server.fresh if server else sqlite_databases(folder),
                people=chosen.people,
                rounds=chosen.rounds,
                latency=chosen.latency,
                server=server,
            )
            if server is not None:
                server.stop()
    sys.exit(int(bool(wrong)))


if __name__ == "__main__":
    main()
