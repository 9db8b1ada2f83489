"""What `bench.deliveries` starts: a worker over the scripted peer, or the loop that does the least.

Everything comes from the environment: PEER_URL, and FOLDER, in which the settings or the messages
are.
"""

import asyncio
import json
import os
import resource
import sys
import time
from pathlib import Path
from uuid import UUID

from runtime import logs
from runtime.parts import Part
from runtime.serving import work
from runtime.settings import load_settings
from runtime.wiring import put_together
from scheduler.worker import AT_ONCE
from survey.card import Card, Subject
from survey.person import Address
from tests.peer.messenger import PLATFORM, PeerMessenger
from tests.peer.product import address

MESSAGES = "messages.json"


def worker(folder: Path, peer: str) -> None:
    """As `voxpop run --only worker`, until it is asked to stop."""
    settings = load_settings(os.environ, folder=folder)
    logs.configure(settings.log_format, settings.log_level)
    product = put_together(settings, others={PLATFORM: PeerMessenger(peer)})
    asyncio.run(work(product, frozenset({Part.WORKER})))


def bare(folder: Path, peer: str) -> None:
    """Post the messages of a ledger again, as many at a time as a worker; print what it took."""
    messages = [_message(told) for told in json.loads((folder / MESSAGES).read_text())]

    async def post() -> None:
        messenger, slots = PeerMessenger(peer), asyncio.Semaphore(AT_ONCE)

        async def one(to: Address, card: Card, number: UUID) -> None:
            async with slots:
                await messenger.send(to, card, delivery_id=number)

        await asyncio.gather(*(one(*message) for message in messages))
        await messenger.close()

    begun, cpu = time.perf_counter(), _cpu()
    asyncio.run(post())
    print(json.dumps({"seconds": time.perf_counter() - begun, "cpu": _cpu() - cpu}))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _message(told: dict[str, str]) -> tuple[Address, Card, UUID]:
    subject = Subject(campaign_id=int(told["campaign"]), invitation_id=UUID(told["invitation"]))
    card = Card(headline=told["text"], subject=subject)
    return address(told["user"]), card, UUID(told["delivery"])


if __name__ == "__main__":
    {"worker": worker, "bare": bare}[sys.argv[1]](
        Path(os.environ["FOLDER"]), os.environ["PEER_URL"]
    )
