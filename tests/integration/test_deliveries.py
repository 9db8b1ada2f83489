"""The measure of deliveries in short: real workers, and the bare loop beside them."""

from dataclasses import replace
from pathlib import Path

from bench.deliveries import deliver, repeat_bare


def test_workers_and_the_bare_loop_post_the_same_messages(
    database_url: str, tmp_path: Path
) -> None:
    workers = 1 if database_url.startswith("sqlite") else 2
    run = deliver(database_url, tmp_path, people=60, workers=workers, latency=0.01)

    assert (len(run.ledger), run.wrong, len(run.workers)) == (60, 0, workers)
    assert sum(run.workers) > 0
    assert repeat_bare(run, tmp_path, latency=0.0).rate > 0
    assert replace(run, ledger=run.ledger[1:]).wrong == 1
    assert replace(run, ledger=[*run.ledger, run.ledger[0]]).wrong == 1
