"""What helpdesks tell all at once: 10,000 tickets that are resolved, over 64 connections.

`python -m bench.webhooks`: one process, as `voxpop run` starts it, on PostgreSQL and on SQLite.
Every event is answered as accepted or refused with a reason; an accepted one is asked about, once.
Prints latencies, refusals by their reason, and how long it took until all were planned. Exit 1 if
an accepted event is lost, a ticket is asked about twice, or anything is refused without a reason.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from bench.load import IN_JSON, Connection, post
from bench.ours import KEY
from bench.press import sqlite_databases
from bench.servers import PostgreSQL
from storage.engine import open_database
from storage.schema import upgrade
from storage.tables import deliveries, invitations
from storage.tables_moments import ticket_events
from tests.helpdesks import WHSEC, standard, ticket
from tests.world import Process

TOML = '[surveys.ticket]\nsubject = "our help"\nafter = "tickets"\n'
PATIENCE = 600.0
"""Seconds that everything may take to be planned."""


class Teller(Connection):
    """A helpdesk's connection: it tells one event after the other.

    Attributes:
        answers: Status or code of each, with its latency in seconds.
    """

    def __init__(self, requests: list[bytes], done: asyncio.Future[None]) -> None:
        super().__init__()
        self.requests, self.done = requests, done
        self.answers: list[tuple[str, float]] = []
        self._sent = 0.0

    def opened(self) -> None:
        if not self.requests:
            self.close()
            self.done.set_result(None)
            return
        self._sent = time.perf_counter()
        self.write(self.requests.pop())

    def answered(self, *, ok: bool, body: bytes) -> None:  # noqa: ARG002 - the body says more
        said = json.loads(body)
        word = said.get("code") or said.get("status") or "no reason"
        self.answers.append((word, time.perf_counter() - self._sent))
        self.opened()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("The server hung up."))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was measured.

    Attributes:
        words: How often each answer was given: `accepted`, or why not.
        latencies: In seconds, sorted.
        seconds: From the first event to the last answer.
        planned_after: Seconds from the first event until everything was handled.
        kept: Events in the database.
        asked: Tickets with a planned message.
        messages: Planned messages.
    """

    words: Counter[str]
    latencies: Sequence[float]
    seconds: float
    planned_after: float
    kept: int
    asked: int
    messages: int

    @property
    def holds(self) -> bool:
        """Whether none was lost, and none counted twice."""
        accepted = self.words["accepted"]
        same = accepted == self.kept == self.asked == self.messages
        return same and not self.words["no reason"]

    def percentile(self, share: float) -> float:
        """A latency in milliseconds."""
        return (
            1_000 * self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]
        )


def calls(number: int) -> list[bytes]:
    """Tickets that were resolved just now, each of somebody else."""
    at = datetime.now(UTC)
    found = []
    for place in range(number):
        told = ticket(at=at, number=str(place), email=f"customer{place}@example.com")
        call = standard(told, at=at, event=f"event-{place}")
        found.append(post(call.path, call.body, headers={**IN_JSON, **call.headers}))
    return found


async def tell(port: int, requests: list[bytes], connections: int) -> list[tuple[str, float]]:
    """All of it over so many connections at once."""
    loop, tellers = asyncio.get_running_loop(), []
    for place in range(connections):
        teller = Teller(requests[place::connections], loop.create_future())
        await loop.create_connection(lambda one=teller: one, "127.0.0.1", port)  # type: ignore[misc]
        tellers.append(teller)
    await asyncio.gather(*(teller.done for teller in tellers))
    return [answer for teller in tellers for answer in teller.answers]


async def until_handled(url: str, *, within: float) -> tuple[int, int, int]:
    """Wait until nothing waits: events kept, tickets asked about, messages planned."""
    database = open_database(url)
    waits = select(func.count()).where(ticket_events.c.handled_at.is_(None))
    deadline = time.monotonic() + within
    try:
        while True:
            async with database.read() as connection:
                if not await connection.scalar(waits) or time.monotonic() > deadline:
                    kept = select(func.count()).select_from(ticket_events)
                    asked = select(func.count(func.distinct(invitations.c.occasion)))
                    messages = select(func.count()).select_from(deliveries)
                    found = [await connection.scalar(one) for one in (kept, asked, messages)]
                    return found[0] or 0, found[1] or 0, found[2] or 0
            await asyncio.sleep(0.1)
    finally:
        await database.close()


def measure(url: str, *, number: int, connections: int) -> Outcome:
    """Serve on this database, tell everything, and wait until it is planned."""

    async def prepare() -> None:
        database = open_database(url)
        await upgrade(database)
        await database.close()

    asyncio.run(prepare())
    environ = {
        "VOXPOP_DATABASE_URL": url,
        "VOXPOP_SECRET_KEY": KEY,
        "VOXPOP_EMAIL__SMTP_URL": "smtp://127.0.0.1:25",
        "VOXPOP_EMAIL__FROM": "surveys@example.org",
        "VOXPOP_TICKETS__SECRETS": WHSEC,
    }
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "voxpop.toml").write_text(TOML)
        with Process(Path(folder), "run", "--port", "0", **environ) as process:
            said = process.until("Voxpop answers on")
            port = int(said.split("answers on ")[1].split()[0].rpartition(":")[2])
            requests, began = calls(number), time.perf_counter()
            answers = asyncio.run(tell(port, requests, connections))
            seconds = time.perf_counter() - began
            kept, asked, messages = asyncio.run(until_handled(url, within=PATIENCE))
            planned_after = time.perf_counter() - began
    return Outcome(
        words=Counter(word for word, _ in answers),
        latencies=sorted(latency for _, latency in answers),
        seconds=seconds,
        planned_after=planned_after,
        kept=kept,
        asked=asked,
        messages=messages,
    )


def told(name: str, outcome: Outcome) -> str:
    """A line of the table."""
    words = ", ".join(f"{n:,} {word}" for word, n in outcome.words.most_common())
    rate = len(outcome.latencies) / outcome.seconds
    lost, twice = outcome.words["accepted"] - outcome.asked, outcome.messages - outcome.asked
    return (
        f"{name:11} {words} in {outcome.seconds:.1f} s ({rate:,.0f}/s); "
        f"p50 {outcome.percentile(0.5):.0f} ms, p99 {outcome.percentile(0.99):.0f} ms, longest "
        f"{outcome.percentile(1):.0f} ms; all planned after {outcome.planned_after:.1f} s; "
        f"lost {lost}, twice {twice}"
    )


def main() -> None:
    """Both databases, or one."""
    parser = argparse.ArgumentParser(prog="python -m bench.webhooks", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one database")
    chosen = parser.parse_args()
    broken = False
    for name in ("postgresql", "sqlite"):
        if chosen.only not in {None, name}:
            continue
        with tempfile.TemporaryDirectory() as folder:
            server = PostgreSQL(folder) if name == "postgresql" else None
            fresh: Callable[[], str] = server.fresh if server else sqlite_databases(folder)
            outcome = measure(fresh(), number=chosen.events, connections=chosen.connections)
            print(told(name, outcome))
            broken = broken or not outcome.holds
            if server is not None:
                server.stop()
    sys.exit(broken)


if __name__ == "__main__":
    main()
