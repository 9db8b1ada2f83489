"""P1, P2, P3: the product is killed at random moments, and nothing is lost, twice or stuck.

`python -m bench.kills --kills 1000 --state FILE` can be stopped and goes on from there. Exit 1
if a promise was broken.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.kill_check import NOTHING
from bench.kill_rounds import KilledRounds
from bench.kill_script import LEASE
from bench.servers import PostgreSQL
from tests.peer.client import PeerProcess

A_ROUND = 8
"""Kills a round."""
BROKEN = ("lost", "duplicates", "stuck", "unaccounted", "totals_wrong")


def main() -> None:
    """Kill, and print what became of it."""
    parser = argparse.ArgumentParser(prog="python -m bench.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=1_000, help="on each database")
    parser.add_argument("--people", type=int, default=300, help="asked in each round")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one database")
    parser.add_argument(
        "--lease",
        type=float,
        default=LEASE,
        help="seconds that a claim holds, in place of two minutes; everything that waits goes with "
        "it. On a busy machine take 6: one that stands still for a second is no broken promise",
    )
    parser.add_argument("--seed", type=int, help="of the random moments")
    parser.add_argument("--state", type=Path, help="where the figures so far are kept")
    chosen = parser.parse_args()
    # Processes that are forked for us find the code where we do.
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    broken = False
    for name in ("sqlite", "postgresql"):
        if chosen.only not in {None, name}:
            continue
        with tempfile.TemporaryDirectory() as folder:
            told = asyncio.run(_measure(name, Path(folder), chosen))
        _print(name, told, chosen.lease)
        broken |= any(told[promise] for promise in BROKEN)
        broken |= told["mute_duplicates"] > told["mute_kills"]
    sys.exit(int(broken))


async def _measure(name: str, folder: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    server = PostgreSQL(str(folder)) if name == "postgresql" else None
    url = f"sqlite:///{folder / 'voxpop.db'}" if server is None else server.fresh()
    states = _states(chosen.state)
    seed = random.Random(None if chosen.seed is None else f"{chosen.seed}{name}")
    with PeerProcess(latency=0.04) as peer:
        rounds = KilledRounds(
            url,
            folder,
            peer,
            seed=seed,
            lease=chosen.lease,
            processes=1 if server is None else 2,
            crash=None if server is None else server.crash,
        )
        rounds.told.update(states.get(name, {}))
        await rounds.populate(chosen.people)
        while rounds.told["kills"] < chosen.kills:
            verdict = await rounds(kills=A_ROUND, mute=rounds.told["rounds"] % 5 == 4)
            print(f"{name} {rounds.told['kills']} kills: {verdict}", flush=True)
            if chosen.state is not None:
                # Read again: the other database may be measured at the same time.
                states = _states(chosen.state) | {name: rounds.told}
                chosen.state.write_text(json.dumps(states, indent=1))
        await rounds.database.close()
    if server is not None:
        server.stop()
    return rounds.told


def _states(path: Path | None) -> dict[str, Any]:
    if path is None or not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text())
    return {name: {**NOTHING, **state} for name, state in found.items()}


def _print(name: str, told: dict[str, Any], lease: float) -> None:
    print(
        f"\n== {name}: {told['kills']:,} kills -9, {told['at_fail_points']:,} of them at fail ",
        end="",
    )
    print(f"points, and {told['database_crashes']} crashes of the database")
    print(f"   {told['rounds']:,} rounds, {told['messages']:,} messages, ", end="")
    print(f"{told['acknowledged']:,} acknowledged presses, {told['seconds'] / 60:.0f} min")
    print(f"P1 acknowledged presses lost                  {told['lost']:6} (0)")
    print(f"P2 duplicates where the peer can be asked     {told['duplicates']:6} (0)")
    print(f"   duplicates where not, over {told['mute_kills']:4} kills      ", end="")
    print(f"{told['mute_duplicates']:6} (at most one a kill); parked: {told['parked']}")
    print(f"P3 deliveries stuck in `sending`              {told['stuck']:6} (0)")
    print(f"   the longest beyond its lease of {lease:3g} s  {told['overdue']:6.1f} s")
    print(f"   rows and ledger that disagree              {told['unaccounted']:6} (0)")
    print(f"   rounds whose totals are no recount         {told['totals_wrong']:6} (0)")
    print(f"   deliveries given up                        {told['failed']:6}")


if __name__ == "__main__":
    main()
