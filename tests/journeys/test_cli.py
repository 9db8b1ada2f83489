"""`voxpop` as its users run it: real processes in a folder of their own.

Some start as a shell would start them, and what they say is what the others say.
"""

import asyncio
import csv
import io
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.command_line import run_in
from tests.started import VOXPOP
from tests.world import Process, Script

PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: bytes
    said: str

    @property
    def json(self) -> Any:
        """What a program reads."""
        return json.loads(self.out)


def voxpop(folder: Path, *command: str, afresh: bool = False, **environ: str) -> Ended:
    """Run a command to its end; `afresh` by the script, which loads everything first."""
    if not afresh:
        return Ended(*run_in(folder, *command, **environ))
    clean = {name: value for name, value in os.environ.items() if "VOXPOP" not in name}
    ended = subprocess.run(  # noqa: S603 - our own command
        [VOXPOP, *command],
        cwd=folder,
        env={**clean, **environ},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in ended.stderr, ended.stderr.decode()
    return Ended(ended.returncode, ended.stdout, ended.stderr.decode())


def all_of(folder: Path, *commands: str, afresh: bool = False) -> list[Ended]:
    """Run several at a time; their words are split at spaces."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda one: voxpop(folder, *one.split(), afresh=afresh), commands))


class Demo(Process):
    """`voxpop demo` on a port that is free."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "demo", "--port", "0")
        found = re.search(r"http://localhost:\d+", self.until("Ctrl+C stops it", seconds=60))
        assert found is not None
        self.http = httpx.Client(base_url=found[0], timeout=20)

    def __exit__(self, *_: object) -> None:
        self.http.close()
        super().__exit__()

    def last(self, email: str) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/sandbox/api/inbox/{email}").json()["messages"][-1]
        return found

    def say(self, email: str, text: str) -> str:
        body = {"as": email, "text": text}
        return str(self.http.post("/sandbox/api/say", json=body).json()["private_text"])

    def press(self, email: str, button: str) -> dict[str, Any]:
        body = {"as": email, "message_id": self.last(email)["id"], "button_id": button}
        found: dict[str, Any] = self.http.post("/sandbox/api/press", json=body).json()
        return found


class DemoScript(Demo, Script):
    """The same from nothing."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Demo]]:
    """A demo that everybody here only looks at."""
    folder = tmp_path_factory.mktemp("demo")
    with DemoScript(folder) as running:
        yield folder, running


def test_the_demo_has_people_a_past_and_a_round_that_runs(demo: tuple[Path, Demo]) -> None:
    _, running = demo
    health = running.http.get("/health")
    people = running.http.get("/sandbox/api/people").json()

    assert (health.status_code, health.json()["status"]) == (200, "healthy")
    assert len(people) >= 12
    assert any(person["admin"] for person in people)
    asked = running.last(people[3]["email"])
    assert [one["label"] for one in asked["buttons"]][:11] == [str(mark) for mark in range(11)]
    assert running.http.get("/sandbox").headers["content-type"].startswith("text/html")


def test_the_rounds_are_listed(demo: tuple[Path, Demo]) -> None:
    folder, _ = demo
    rounds, surveys, table = all_of(
        folder, "campaign list --json", "survey list --json", "campaign list", afresh=True
    )

    running, *past, tickets = rounds.json
    assert running["state"] == "running"
    assert tickets["campaign"].startswith("ticket/")
    assert tickets["state"] == "running"
    assert running["reached"] == running["invited"]
    assert {one["state"] for one in past} == {"closed"}
    assert max(one["answered"] for one in past) >= 40
    assert [(one["survey"], one["scale"], one["mode"]) for one in surveys.json] == [
        ("nps", "nps", "confidential"),
        ("ticket", "csat", "identified"),
    ]
    lines = table.out.decode().splitlines()
    assert len(lines) == 1 + len(rounds.json)
    assert lines[1].startswith(running["campaign"])
    assert [ended.code for ended in (rounds, surveys, table)] == [0, 0, 0]


def test_a_report_says_the_same_in_every_format(demo: tuple[Path, Demo]) -> None:
    folder, _ = demo
    (past,) = [one["campaign"] for one in all_of(folder, "campaign list --json")[0].json][1:2]
    period = past.partition("/")[2]
    text, found, rows, picture = all_of(
        folder,
        *(
            f"report nps --period {period} --by team --format {style}"
            for style in ("text", "json", "csv", "png --output report.png")
        ),
    )
    report = found.json

    assert [ended.code for ended in (text, found, rows, picture)] == [0, 0, 0, 0]
    assert report["campaign"] == past
    assert report["counted"] == sum(report["distribution"].values()) >= 40
    score = f"{round(report['nps']):+}".replace("-", "\u2212")
    assert text.out.decode().startswith(f"{past}: NPS {score}\n")
    everyone, *groups = csv.DictReader(io.StringIO(rows.out.decode()))
    assert float(everyone["nps"]) == pytest.approx(report["nps"])
    assert [int(everyone[f"marks_{mark}"]) for mark in range(11)] == list(
        report["distribution"].values()
    )
    assert [row["value"] for row in groups] == [group["value"] for group in report["groups"]]
    assert {group["attribute"] for group in report["groups"]} == {"team"}
    assert (folder / "report.png").read_bytes().startswith(PNG)
    assert len(picture.out) == 0


def test_the_database_and_the_settings_are_examined(
    demo: tuple[Path, Demo], tmp_path: Path
) -> None:
    folder, _ = demo
    schema, doctor = all_of(folder, "db check", "doctor --json")
    well = voxpop(folder, "doctor", VOXPOP_SANDBOX="1")
    nothing, ill = all_of(tmp_path, "db check", "doctor")

    assert (schema.code, schema.out) == (
        0,
        b"The schema is at 0008_serves_0003, which is current.\n",
    )
    assert well.code == 0
    assert doctor.code == 1  # no platform is switched on
    wrong = [one for one in doctor.json if one["result"] != "ok"]
    assert [one["check"] for one in wrong] == ["platforms"]
    assert "VOXPOP_SANDBOX=1" in wrong[0]["mend"]
    assert nothing.code == 1
    assert "run `voxpop db upgrade`" in nothing.said
    assert ill.code == 1
    assert "VOXPOP_ADMINS" in ill.out.decode()


REFUSED = {
    "campaign start nps": (1, "A round of nps is running already"),
    "campaign preview nps --to nobody@example.org": (1, "nobody@example.org"),
    "campaign close nps/1999Q1": (1, "No open round is named 'nps/1999Q1'; open is: nps/"),
    "report nps --by shoe": (1, "People have no attribute 'shoe'"),
    "report nps --period 2026Q9": (2, "A period looks like 2026Q4"),
    "campaign clsoe nps": (2, "Did you mean 'close'?"),
    "demo --port 99999": (2, "65535"),
}


def test_what_cannot_be_done_is_told_with_what_can(demo: tuple[Path, Demo]) -> None:
    folder, running = demo
    port = running.http.base_url.port
    taken = f"demo --port {port}"
    expected = {**REFUSED, taken: (1, f"I can't listen on 127.0.0.1:{port}")}

    found = dict(zip(expected, all_of(folder, *expected), strict=True))

    wrong = {
        command: ended
        for command, ended in found.items()
        if (ended.code, ended.out) != (expected[command][0], b"")
        or expected[command][1] not in ended.said
        or len(ended.said.splitlines()) > 4
    }
    assert wrong == {}
    assert running.http.get("/health").status_code == 200


def at_work_in(folder: Path) -> list[int]:
    """Processes that run in this folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if place.readlink() == folder:
                found.append(int(place.parent.name))
    return found


async def press_until_it_dies(demo: Demo, people: list[str]) -> dict[str, int]:
    """Everybody presses 0, 1, 2 … until the server is killed; what was acknowledged last."""
    acknowledged: dict[str, int] = {}
    async with httpx.AsyncClient(base_url=demo.http.base_url, timeout=5) as http:

        async def press(email: str) -> None:
            message = (await http.get(f"/sandbox/api/inbox/{email}")).json()["messages"][-1]["id"]
            for turn in range(1_000):
                for button in (f"s{turn % 11}", "change"):
                    body = {"as": email, "message_id": message, "button_id": button}
                    answer = (await http.post("/sandbox/api/press", json=body)).json()
                    if answer["messages"][-1]["text"].startswith(f"You said {turn % 11}."):
                        acknowledged[email] = turn % 11

        async def kill() -> None:
            await asyncio.sleep(1)
            demo.process.send_signal(signal.SIGKILL)

        await asyncio.gather(kill(), *(press(one) for one in people), return_exceptions=True)
    return acknowledged


def test_a_demo_that_is_killed_and_stopped_has_lost_nothing(tmp_path: Path) -> None:
    with Demo(tmp_path) as running:
        people = [one["email"] for one in running.http.get("/sandbox/api/people").json()[2:10]]
        running.say("ada@example.org", "/nps report")  # pictures are drawn by other processes
        assert running.process.pid in at_work_in(tmp_path)
        acknowledged = asyncio.run(press_until_it_dies(running, people))
        assert sorted(acknowledged) == sorted(people)
        assert running.process.wait(10) == -signal.SIGKILL
        time.sleep(1)
        orphans = at_work_in(tmp_path)

    with Demo(tmp_path) as running:
        for email, score in acknowledged.items():
            # The next press may have been kept as well, only nobody was told.
            said = re.search(r"You said (\d+)\.", running.say(email, "/nps pending"))
            assert said is not None, email
            assert int(said[1]) in {score, (score + 1) % 11}
        closed = voxpop(tmp_path, "campaign", "close", "nps")
        late = running.press("noah@example.org", "s6")
        again = voxpop(tmp_path, "campaign", "close", "nps", afresh=True)
        running.say("ada@example.org", "/nps report")
        stopped = running.stop(seconds=10)
        orphans += at_work_in(tmp_path)
        told = running.said.read_text()

    assert "is closed: no more answers count." in closed.out.decode()
    assert "This round closed on" in late["private_text"]
    assert late["messages"][-1]["text"].startswith("This round is closed.")
    assert late["messages"][-1]["buttons"] == []
    assert (closed.code, again.code) == (0, 1)
    assert "No open round is named 'nps'" in again.said
    assert stopped in {0, -signal.SIGTERM}
    assert "Traceback" not in told
    assert orphans == []
