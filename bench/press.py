"""G1, G2, G7, G9: a press over HTTP beside a handler that does the least."""

import asyncio
import json
import os
import secrets
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg

from bench.floors import signature
from bench.load import Outcome, post, run
from bench.ours import settings_for
from bench.servers import serving
from bot.sealing import Seal, Sealed
from runtime.wiring import put_together
from storage.schema import upgrade
from survey.card import Act, Subject
from survey.person import Address, Enrolment


@dataclass(frozen=True, kw_only=True)
class Row:
    """One side of a comparison."""

    name: str
    outcome: Outcome
    cpu_ms: float

    @property
    def p50(self) -> float:
        return self.outcome.percentile(0.50)

    @property
    def p99(self) -> float:
        return self.outcome.percentile(0.99)


def measure(
    name: str, factory: str, environ: Mapping[str, str], requests: list[bytes], connections: int
) -> Row:
    """One row: these requests, against a server of this factory, after a warm-up of 500."""
    with serving(factory, environ) as server:
        warm, requests = requests[:500], requests[500:]
        asyncio.run(run(server.port, warm, connections=connections))
        before = server.cpu_seconds()
        outcome = asyncio.run(run(server.port, requests, connections=connections))
        cpu = server.cpu_seconds() - before
    if outcome.refused:
        raise RuntimeError(f"{name}: {outcome.refused} answers were not 200.")
    return Row(name=name, outcome=outcome, cpu_ms=1_000 * cpu / len(outcome.latencies))


def floor_requests(number: int) -> list[bytes]:
    found = []
    for place in range(number):
        person = f"person{place}"
        body = {"person": person, "score": place % 11, "signature": signature(person)}
        found.append(post("/press", json.dumps(body).encode()))
    return found


async def prepared(
    url: str, folder: Path, number: int, *, by_mail: bool = False
) -> dict[tuple[str, int], bytes]:
    """A round for so many people: the respondent and the score → the press, one for each."""
    product = put_together(settings_for(url, folder))
    try:
        await upgrade(product.database)
        emails = [f"person{place}@example.org" for place in range(number)]
        await product.people.enrol(
            [
                Enrolment(
                    email=email,
                    name=f"Person {place}",
                    timezone="Europe/Berlin",
                    addresses=(Address.mailbox(email) if by_mail else _address(email),),
                )
                for place, email in enumerate(emails)
            ]
        )
        campaign = await product.start("nps", at_once=True)
        async with product.database.engine.connect() as connection:
            rows = await connection.exec_driver_sql(
                "SELECT i.id, p.email FROM invitations i JOIN people p ON p.id = i.person_id"
            )
            found = [(UUID(str(row.id)), row.email) for row in rows]
        seal = Seal(product.settings.secret_keys)
        return {
            (invitation.hex, place % 11): _press(seal, campaign.id, invitation, email, place % 11)
            for place, (invitation, email) in enumerate(found)
        }
    finally:
        await product.database.close()


def _address(email: str) -> Address:
    return Address(platform="sandbox", workspace="sandbox", user_id=email)


def _press(seal: Seal, campaign: int, invitation: UUID, email: str, score: int) -> bytes:
    sealed = Sealed(
        act=Act.SCORE,
        value=str(score),
        subject=Subject(campaign_id=campaign, invitation_id=invitation),
        to=_address(email),
    )
    return post(
        "/sandbox/actions", json.dumps({"as": email, "context": seal.close(sealed)}).encode()
    )


def line(row: Row, floor: Row) -> str:
    """A row beside its floor."""
    rate = row.outcome.rate / floor.outcome.rate
    return (
        f"{row.name:<34}{row.outcome.rate:>8.0f}/s{rate:>7.2f}"
        f"{row.p50:>9.2f} ms{row.p50 / floor.p50:>6.2f}×"
        f"{row.p99:>9.2f} ms{row.p99 / floor.p99:>6.2f}×"
        f"{row.cpu_ms:>8.3f} ms{row.cpu_ms / floor.cpu_ms:>6.2f}×"
    )


def compare(fresh: Callable[[], str], *, floor_url: Callable[[str], str], number: int) -> None:
    """Print floor and product side by side, at 16 and 64 connections.

    Args:
        fresh: Makes an empty database; its URL as Voxpop takes it.
        floor_url: The same URL as the bare driver takes it.
        number: Presses a row; one person presses once.
    """
    for connections in (16, 64):
        print(f"\n{connections} connections, {number} presses a row")
        print(f"{'':<34}{'rate':>10}{'ratio':>7}{'p50':>12}{'':>7}{'p99':>12}{'':>7}{'CPU':>11}")
        environ = {"BENCH_DATABASE": floor_url(fresh())}
        floor = measure("floor", "bench.floors:app", environ, floor_requests(number), connections)
        print(line(floor, floor))
        rows = {}
        for totals in ("0", "1"):
            with tempfile.TemporaryDirectory() as folder:
                url = fresh()
                requests = list(asyncio.run(prepared(url, Path(folder), number)).values())
                environ = {
                    "BENCH_DATABASE": url,
                    "BENCH_FOLDER": folder,
                    "BENCH_TOTALS": totals,
                }
                name = "press" if totals == "1" else "press without totals"
                rows[totals] = measure(name, "bench.ours:app", environ, requests, connections)
                print(line(rows[totals], floor))
                if totals == "1":
                    check_totals(url, len(requests))
        kept = rows["1"].outcome.rate / rows["0"].outcome.rate
        print(f"G7 rate with totals to without: {kept:.2f} (aim ≥ 0.75)")


def check_totals(url: str, presses: int) -> None:
    """What was measured was also right."""
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            rows, total = connection.execute(
                "SELECT (SELECT count(*) FROM responses), (SELECT sum(n) FROM totals)"
            ).fetchone()
    else:

        async def read() -> tuple[int, int]:
            connection = await asyncpg.connect(url)
            row = await connection.fetchrow(
                "SELECT (SELECT count(*) FROM responses), (SELECT sum(n) FROM totals)"
            )
            await connection.close()
            return row[0], row[1]

        rows, total = asyncio.run(read())
    if (rows, total) != (presses, presses):
        raise RuntimeError(f"{presses} presses left {rows} rows and a total of {total}.")


def eight_at_once(fresh: Callable[[], str], *, rounds: int) -> None:
    """G9: eight simultaneous presses of one person, over HTTP, many times."""
    with tempfile.TemporaryDirectory() as folder:
        url = fresh()
        requests = list(asyncio.run(prepared(url, Path(folder), rounds)).values())
        environ = {"BENCH_DATABASE": url, "BENCH_FOLDER": folder}
        with serving("bench.ours:app", environ) as server:
            for request in requests:
                outcome = asyncio.run(run(server.port, [request] * 8, connections=8))
                if outcome.refused:
                    raise RuntimeError("A press was refused.")
        check_totals(url, rounds)
    print(f"G9 {rounds} people × 8 simultaneous presses: {rounds} rows, totals right")


def sqlite_databases(folder: str) -> Callable[[], str]:
    """New SQLite files in this folder."""
    return lambda: f"sqlite:///{os.path.join(folder, secrets.token_hex(4))}.db"
