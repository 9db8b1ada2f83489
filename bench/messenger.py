"""G5: direct messages through the whole messenger, beside the bare clients, in one run.

`python -m bench.messenger --platform slack`: each message is a question with fourteen buttons.
Ours claims it, composes and renders it, sends it and records the outcome; the others send what was
rendered before.
"""

import argparse
import asyncio
import logging
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

from bench.chat import ACCOUNTS
from bench.ours import KEY, TOML
from bench.sending import Platform, Row, measured, without_an_outbox
from bench.sending_mattermost import Mattermost
from bench.sending_slack import Slack
from bench.servers import PostgreSQL, Server, serving
from runtime.settings import load_settings
from runtime.wiring import put_together
from storage.schema import upgrade
from survey.person import Enrolment

PLATFORMS: Mapping[str, Platform] = {one.name: one for one in (Mattermost(), Slack())}


async def _whole(
    platform: Platform, server: Server, number: int, *, name: str, url: str, folder: Path
) -> Row:
    (folder / "voxpop.toml").write_text(TOML)
    environ = {"VOXPOP_DATABASE_URL": url, "VOXPOP_SECRET_KEY": KEY}
    settings = load_settings(environ, folder=folder)
    async with platform.messenger(server) as messenger:
        product = put_together(settings, others={platform.name: messenger})
        await upgrade(product.database)
        await product.people.enrol(
            [
                Enrolment(
                    email=f"person{place}@example.org",
                    name=f"Person {place}",
                    timezone="Europe/Berlin",
                    addresses=(platform.address(place),),
                )
                for place in range(number)
            ]
        )
        started = await product.start("nps", at_once=True)

        async def work() -> None:
            await product.worker()

        row = await measured(name, number, work)
        told = (await product.rounds.accounts([started]))[started.id]
        assert told.sent == number, told
        await product.let_go()
    return row


async def _compare(platform: Platform, number: int, rounds: int, names: Sequence[str]) -> None:
    environ = {ACCOUNTS: str(number)}
    with serving("bench.chat:app", environ) as server, tempfile.TemporaryDirectory() as folder:
        database = PostgreSQL(folder) if "postgresql" in names else None
        await platform.bare(server, 200)  # to warm up
        for turn in range(rounds):
            rows = [
                await platform.bare(server, number),
                await platform.client(server, number),
                await without_an_outbox(platform, server, number),
            ]
            for name in names:
                file = f"sqlite:///{folder}/{turn}.db"
                url = file if database is None or name == "sqlite" else database.fresh()
                rows.append(
                    await _whole(
                        platform,
                        server,
                        number,
                        name=f"all of ours, {name}",
                        url=url,
                        folder=Path(folder),
                    )
                )
            rows.append(await platform.as_it_comes(server, number))
            _print(rows, number)
        if database is not None:
            database.stop()


def _print(rows: Sequence[Row], number: int) -> None:
    floor = rows[1]
    print(f"\n{number:,} direct messages{'':17}ms    ratio  CPU ms  ratio")
    for row in rows:
        ratios = f"{row.wall / floor.wall:7.2f} {row.cpu:8.3f} {row.cpu / floor.cpu:6.2f}"
        print(f"   {row.name:32}{row.wall:6.3f} {ratios}")


def main() -> None:
    """Send, and print how long it took."""
    parser = argparse.ArgumentParser(prog="python -m bench.messenger", description=__doc__)
    parser.add_argument("--platform", choices=list(PLATFORMS), default="mattermost")
    parser.add_argument("--messages", type=int, default=2_000, help="in each row")
    parser.add_argument("--rounds", type=int, default=3, help="how often all of it is measured")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one database")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    names = [chosen.only] if chosen.only else ["sqlite", "postgresql"]
    platform = PLATFORMS[chosen.platform]
    asyncio.run(_compare(platform, chosen.messages, chosen.rounds, names))


if __name__ == "__main__":
    main()
