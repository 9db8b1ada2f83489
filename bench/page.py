"""G4 and G1 of the small page: a link opened beside a static answer, a press beside the floor.

`python -m bench.page [--requests 8000] [--only sqlite|postgresql]`
"""

import argparse
import asyncio
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.load import post
from bench.ours import settings_for
from bench.press import (
    Row,
    check_totals,
    floor_requests,
    line,
    measure,
    prepared,
    sqlite_databases,
)
from bench.servers import postgresql_databases
from runtime.links import SignedLinks
from survey.card import Subject
from survey.ports import Link, Purpose

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MADE = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
_SIZE = 12_000
"""Bytes of the static answer: about those of the page."""


def static() -> Starlette:
    """The least that a page could cost: the same bytes for everybody."""
    page = b"x" * _SIZE

    async def answer(_request: Request) -> Response:
        return Response(page, media_type="text/html")

    return Starlette(routes=[Route("/s/{token}", answer)])


def links(url: str, folder: Path, number: int) -> list[str]:
    """A round for so many people: the path of the link of each."""
    found = asyncio.run(prepared(url, folder, number, by_mail=True))
    keys = settings_for(url, folder).secret_keys
    made = SignedLinks(keys, "http://localhost")
    return [
        "/s/"
        + made.token(
            Link(
                subject=Subject(campaign_id=1, invitation_id=UUID(hex=invitation)),
                locale="en",
                issued_at=MADE,
                expires_at=MADE + timedelta(days=30),
            ),
            Purpose.ANSWER,
        )
        for invitation, _score in found
    ]


def get(path: str) -> bytes:
    """A request as a browser sends it."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n".encode()


def beside(rows: list[Row], heading: str) -> None:
    """Print rows beside the first of them."""
    print(f"\n{heading}")
    for row in rows:
        print(line(row, rows[0]))


def compare(fresh: Callable[[], str], *, number: int) -> None:
    """Both measures on one database, at 16 and 64 connections."""
    for connections in (16, 64):
        print(f"\n{connections} connections, {number} requests")
        floor = {"BENCH_DATABASE": fresh().removeprefix("sqlite:///")}
        pressed = [measure("floor", "bench.floors:app", floor, floor_requests(number), connections)]
        for totals in ("0", "1"):
            with tempfile.TemporaryDirectory() as folder:
                url = fresh()
                paths = links(url, Path(folder), number)
                ours = {"BENCH_DATABASE": url, "BENCH_FOLDER": folder, "BENCH_TOTALS": totals}
                if totals == "1":
                    beside([*opened(paths, ours, connections)], "G4: a link is opened")
                presses = [
                    post(path, f"score={place % 11}".encode(), headers=FORM)
                    for place, path in enumerate(paths)
                ]
                name = "press" if totals == "1" else "press without totals"
                pressed.append(measure(name, "bench.ours:app", ours, presses, connections))
                if totals == "1":
                    check_totals(url, number)
        beside(pressed, "G1: a press on the page")


def opened(paths: list[str], ours: Mapping[str, str], connections: int) -> Iterator[Row]:
    """The static answer, and the page."""
    requests = [get(f"{path}?score={place % 11}") for place, path in enumerate(paths)]
    yield measure("static answer", "bench.page:static", {}, requests, connections)
    yield measure("page", "bench.ours:app", ours, requests, connections)


def main() -> None:
    """Measure on both databases."""
    parser = argparse.ArgumentParser(prog="python -m bench.page", description=__doc__)
    parser.add_argument("--requests", type=int, default=8_000)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    chosen = parser.parse_args()
    for name in ("postgresql", "sqlite"):
        if chosen.only not in {None, name}:
            continue
        with tempfile.TemporaryDirectory() as folder:
            print(f"\n== {name}")
            databases = postgresql_databases if name == "postgresql" else sqlite_databases
            compare(databases(folder), number=chosen.requests)


if __name__ == "__main__":
    main()
