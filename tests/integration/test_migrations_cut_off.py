"""P9, in its short form: `python -m bench.migrations` cuts at every place."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.migrations import cut_everywhere, steps
from tests.conftest import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Makes empty databases."""
    if request.param == "sqlite":
        numbers = iter(range(10_000))
        return lambda: f"sqlite:///{tmp_path}/{next(numbers)}.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return lambda: server.fresh(empty=True)


@pytest.mark.parametrize(("before", "after"), steps())
def test_fault_11_a_half_applied_migration_is_finished_by_running_it_again(
    fresh: Callable[[], str], before: str, after: str
) -> None:
    cuts, failures = cut_everywhere(fresh, before, after, kill=False, limit=2)
    assert cuts >= 2
    assert failures == []


def test_the_latest_migration_recovers_from_kill_9(fresh: Callable[[], str]) -> None:
    cuts, failures = cut_everywhere(fresh, *steps()[-1], kill=True, limit=2)
    assert cuts >= 2
    assert failures == []
