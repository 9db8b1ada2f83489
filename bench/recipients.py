"""P5: one round over a chat that is busy now and then and drops connections; who got what.

`python -m bench.recipients --people 10000`: 5 % of all sends are answered 429, 5 % are dropped,
half of those after the message was delivered. Exit 1 if somebody got two messages or is not
accounted for.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import structlog

from bench.servers import PostgreSQL
from runtime.settings import load_settings
from runtime.wiring import Product, put_together
from storage.schema import upgrade
from survey.accounts import Accounts
from survey.campaign import Campaign
from survey.person import Enrolment
from tests.peer.client import PeerProcess
from tests.peer.messenger import PLATFORM, PeerMessenger
from tests.peer.product import address

TOML = '[surveys.nps]\nsubject = "Acme"\nmode = "identified"\n'
ON_THE_WAY = 0.1
"""What arrives so soon after a 429 (seconds) had been sent before it was known."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What became of a round.

    Attributes:
        accounts: As the product tells them.
        calls: Outcome → sends, as the peer saw them.
        looked_up: How often the peer was asked what had arrived.
        duplicates: Messages beyond the first that somebody got.
        astray: People of whom the accounts and the ledger do not say the same.
        impatient: Sends that came while the peer had asked for patience.
        seconds: From the start of the round to the last outcome.
        cpu: What this process used of the processor meanwhile (seconds).
    """

    invited: int
    accounts: Accounts
    calls: Counter[str]
    looked_up: int
    duplicates: int
    astray: int
    impatient: int
    seconds: float
    cpu: float

    @property
    def unaccounted(self) -> int:
        counted = self.accounts.sent + sum(self.accounts.failed.values())
        return self.invited - counted - sum(self.accounts.skipped.values())


async def deliver(
    url: str, folder: Path, peer: PeerProcess, *, people: int, patience: float
) -> Told:
    """Ask so many people over this peer, until everybody's outcome is known."""
    (folder / "voxpop.toml").write_text(TOML)
    environ = {
        "VOXPOP_DATABASE_URL": url,
        "VOXPOP_SECRET_KEY": "a-key-for-recipients-that-is-long-enough",
    }
    messenger = PeerMessenger(peer.url)
    product = put_together(load_settings(environ, folder=folder), others={PLATFORM: messenger})
    await populate(product, people)
    peer.goes_wrong("busy", chance=0.05, seconds=patience)
    peer.goes_wrong("drop", chance=0.025 / 0.95)
    peer.goes_wrong("drop", chance=0.025 / 0.925, delivers=True)
    begun, cpu = time.monotonic(), time.process_time()
    campaign = await product.start("nps", at_once=True)
    accounts = await _until_all_is_known(product, campaign)
    seconds, cpu = time.monotonic() - begun, time.process_time() - cpu
    await messenger.close()
    await product.let_go()
    arrived, calls = peer.inboxes(), peer.calls()
    return Told(
        invited=campaign.invited,
        accounts=accounts,
        calls=Counter(call["outcome"] for call in calls),
        looked_up=len(peer.calls("find")),
        duplicates=sum(number - 1 for number in arrived.values()),
        astray=abs(len(arrived) - accounts.sent),
        impatient=_impatient([(call["at"], call["outcome"]) for call in calls], patience),
        seconds=seconds,
        cpu=cpu,
    )


async def populate(product: Product, people: int) -> None:
    await upgrade(product.database)
    await product.people.enrol(
        [
            Enrolment(
                email=f"person{place}@example.org",
                name=f"Person {place}",
                timezone="Europe/Berlin",
                attributes={},
                addresses=(address(f"u{place}"),),
            )
            for place in range(people)
        ]
    )


async def _until_all_is_known(product: Product, campaign: Campaign) -> Accounts:
    while True:
        await product.worker()
        accounts = (await product.rounds.accounts([campaign]))[campaign.id]
        if not accounts.waiting:
            return accounts
        await asyncio.sleep(0.2)


def _impatient(calls: list[tuple[float, str]], patience: float) -> int:
    """Sends that came between a 429 and the end of what it asked for."""
    asked, shut = 0, 0.0
    for at, outcome in calls:
        if at < shut - ON_THE_WAY and at > shut - patience + ON_THE_WAY:
            asked += 1
        if outcome == "busy":
            shut = max(shut, at + patience)
    return asked


def _print(name: str, told: Told) -> None:
    accounts, sends = told.accounts, sum(told.calls.values())
    print(
        f"\n== {name}: {told.invited:,} recipients, {told.seconds:.0f} s, {told.cpu:.0f} s of CPU"
    )
    print(f"   {sends:,} sends: {dict(told.calls)}; {told.looked_up:,} looked up")
    print(f"   sent {accounts.sent:,}, failed {dict(accounts.failed)}, ", end="")
    print(f"skipped {dict(accounts.skipped)}")
    print(f"   tried again                         {sends - told.invited:6}")
    print(f"   429s                                {told.calls['busy']:6}")
    print(f"   sends that did not honour one       {told.impatient:6} (0)")
    print(f"P5 not accounted for                   {told.unaccounted + told.astray:6} (0)")
    print(f"   duplicates                          {told.duplicates:6} (0)")


def main() -> None:
    """Deliver on both databases, and print what became of it."""
    parser = argparse.ArgumentParser(prog="python -m bench.recipients", description=__doc__)
    parser.add_argument("--people", type=int, default=10_000, help="in the round")
    parser.add_argument("--patience", type=float, default=0.2, help="Retry-After, in seconds")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one database")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    broken = False
    for name in ("sqlite", "postgresql"):
        if chosen.only not in {None, name}:
            continue
        with tempfile.TemporaryDirectory() as folder, PeerProcess() as peer:
            server = PostgreSQL(folder) if name == "postgresql" else None
            url = f"sqlite:///{folder}/voxpop.db" if server is None else server.fresh()
            asked = deliver(url, Path(folder), peer, people=chosen.people, patience=chosen.patience)
            told = asyncio.run(asked)
            if server is not None:
                server.stop()
        _print(name, told)
        broken |= bool(told.unaccounted or told.astray or told.duplicates or told.impatient)
    sys.exit(int(broken))


if __name__ == "__main__":
    main()
