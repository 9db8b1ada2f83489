"""The kill harness in short: the product dies at random moments, and its promises hold."""

import os
import random
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from bench.kill_rounds import KilledRounds
from tests.peer.client import PeerProcess


@pytest.mark.parametrize("mute", [False, True], ids=["can be asked", "can't be asked"])
async def test_killed_at_any_moment_nothing_is_lost_twice_or_stuck(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mute: bool,
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    with PeerProcess(latency=0.02) as peer:
        rounds = KilledRounds(database_url, tmp_path, peer, seed=random.Random())  # noqa: S311
        await rounds.populate(60)
        verdict = await rounds(kills=5, mute=mute)
        await rounds.database.close()

    told = rounds.told
    assert told["kills"] >= 5
    assert told["acknowledged"] > 0
    assert told["stuck"] == 0
    found = asdict(verdict)
    assert {name: found[name] for name in ("lost", "unaccounted", "totals_wrong")} == {
        "lost": 0,
        "unaccounted": 0,
        "totals_wrong": 0,
    }
    assert verdict.duplicates <= (told["kills"] if mute else 0)
    assert mute or (verdict.parked, verdict.messages) == (0, 60)
