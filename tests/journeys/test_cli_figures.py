"""Reports, comments and files by the command line, on the demo's company."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.test_cli import Demo, voxpop


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which the demo has run, with an earlier round and a running one."""
    folder = tmp_path_factory.mktemp("figures")
    with Demo(folder):
        yield folder


def earlier(folder: Path) -> str:
    """The round before the one that runs."""
    rounds = voxpop(folder, "campaign", "list", "--json").json
    closed = [one for one in rounds if "closed" in one.values()]
    name = next(value for value in closed[0].values() if str(value).startswith("nps/"))
    return str(name)


def test_a_report_as_a_document(demo: Path) -> None:
    made = voxpop(demo, "report", "nps", "--by", "team", "--format", "pdf", "--output", "r.pdf")
    assert (made.code, made.out, made.said) == (0, b"", "")
    assert (demo / "r.pdf").read_bytes().startswith(b"%PDF-")


def test_without_its_extra_a_document_is_refused_in_a_sentence(demo: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if "VOXPOP" not in name}
    ended = subprocess.run(  # noqa: S603 - our own command
        [
            sys.executable,
            "-c",
            "import sys; sys.modules['fpdf'] = None; from runtime.cli import main; main()",
            *("report", "nps", "--format", "pdf", "--output", "none.pdf"),
        ],
        cwd=demo,
        env=clean,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(b"A PDF needs the extra `pdf`, which is not installed:")
    assert not (demo / "none.pdf").exists()


def test_files_open_in_spreadsheets_and_pipes_are_read_by_programs(demo: Path) -> None:
    name = earlier(demo)
    piped = voxpop(demo, "export", name)
    assert piped.code == 0
    assert not piped.out.startswith(b"\xef\xbb\xbf")
    kept = voxpop(demo, "export", name, "--format", "csv", "--output", "r.csv")
    assert (kept.code, kept.out, kept.said) == (0, b"", "")
    written = (demo / "r.csv").read_bytes()
    assert written == b"\xef\xbb\xbf" + piped.out
    assert (demo / "r.csv").stat().st_mode & 0o077 == 0
    rows = list(csv.DictReader(io.StringIO(piped.out.decode(), newline="")))
    told = voxpop(demo, "export", name, "--format", "json").json
    assert {row["score"]: int(row["people"]) for row in rows if row["kind"] == "score"} == (
        told["report"]["distribution"]
    )
    assert voxpop(demo, "export", "nps/1999Q1").code == 1
    assert voxpop(demo, "export", "nps/soon").code == 2
    assert voxpop(demo, "export", name, "--output", "no/such/folder.csv").code == 1


def test_comments_by_the_command_line_are_those_of_the_chat(demo: Path) -> None:
    name = earlier(demo)
    told = voxpop(demo, "comments", "nps", "--period", name.removeprefix("nps/"), "--json").json
    exported = voxpop(demo, "export", name, "--format", "json").json
    assert told["comments"] == exported["comments"]
    now = voxpop(demo, "comments", "nps", "--json").json
    assert (now["withheld"], now["comments"]) == ("open", None)
    said = voxpop(demo, "comments", "nps")
    assert said.out.startswith(b"Comments are shown once the round has closed")
    assert json.loads(voxpop(demo, "export", "nps", "--format", "json").out)["comments"] is None
