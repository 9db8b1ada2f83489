"""The compose file says what its page says, as Compose itself reads it; no engine is needed."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from runtime.settings.environment import Environment

DEPLOY = Path(__file__).parents[2] / "deploy"
FILLED = {
    "POSTGRES_PASSWORD": "a-password",
    "VOXPOP_SECRET_KEY": "a-key-for-tests-that-is-long-enough-to-pass",
    "VOXPOP_BASE_URL": "https://voxpop.example.org",
    "VOXPOP_TOML": "/srv/voxpop/voxpop.toml",
}
PARTS = {"web1", "web2", "worker1", "worker2", "scheduler1", "scheduler2"}


def config(environment: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What Compose makes of it; skipped where there is no Compose."""
    command = shutil.which("docker-compose")
    if command is None:
        pytest.skip("No docker-compose was found: apt-get install docker-compose.")
    return subprocess.run(  # noqa: S603 - our own file
        [command, "--env-file", str(environment), "-f", "compose.yaml", "config", *words],
        cwd=DEPLOY,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def services(tmp_path: Path) -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    environment = tmp_path / "voxpop.env"
    environment.write_text("".join(f"{name}={value}\n" for name, value in FILLED.items()))
    read = config(environment)
    assert read.returncode == 0, read.stderr
    found: dict[str, Any] = json.loads(json.dumps(yaml.safe_load(read.stdout)))["services"]
    return found


def test_compose_reads_two_of_each_part_behind_one_migration(services: dict[str, Any]) -> None:
    assert services.keys() == PARTS | {"postgres", "migrate"}
    for name in PARTS:
        needs = services[name]["depends_on"]["migrate"]
        assert needs["condition"] == "service_completed_successfully"
    assert services["migrate"]["command"] == ["voxpop", "db", "upgrade"]
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"


def test_everything_is_unprivileged_and_read_only(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert not service["user"].startswith("0"), name
        assert name == "migrate" or "test" in service["healthcheck"], name


def test_without_its_secrets_nothing_starts() -> None:
    read = config(DEPLOY / "voxpop.env.example", "-q")
    assert read.returncode != 0
    assert "see voxpop.env.example" in read.stderr


def test_every_part_is_told_the_settings_that_the_operator_fills_in() -> None:
    told = (DEPLOY / "compose.yaml").read_text()
    # What the file sets itself, what voxpop.toml says, and what has no place in a container.
    elsewhere = {
        "config",
        "database_url",
        "log_format",
        "erasures",
        "sandbox",
        "admins",
        "timezone",
    }
    for field in Environment.model_fields.keys() - elsewhere:
        name = f"VOXPOP_{field.upper()}"
        assert f"    {name}: ${{{name}:" in told, name
