"""Oversight and rights at the command line, in a folder of their own."""

import asyncio
import getpass
import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from runtime.cli.app import app
from runtime.settings import load_settings
from runtime.wiring import put_together
from survey.errors import InvalidValue
from survey.person import Address
from tests.command_line import Ended, Voxpop, in_this_process

SETTINGS = """
admins = ["ada@example.org", "slack:U0AbC"]
[surveys.nps]
subject = "Acme"
"""
ROSTER = "email,name\nada@example.org,Ada Okafor\nben@example.org,Ben Adler\n"
ACTOR = f"command line ({getpass.getuser()})"


@pytest.fixture
def folder(tmp_path: Path, sqlite_template: Path) -> Path:
    (tmp_path / "voxpop.toml").write_text(SETTINGS)
    (tmp_path / "roster.csv").write_text(ROSTER)
    shutil.copy(sqlite_template, tmp_path / "voxpop.db")
    return tmp_path


@pytest.fixture
def voxpop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Voxpop]:
    """Commands in this process, which leave no trace in its log."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("VOXPOP_SANDBOX", "1")
    with in_this_process() as run:
        yield run


def brought_in(voxpop: Voxpop) -> Ended:
    return voxpop("people", "import", "roster.csv", "--skip-refused")


def come(folder: Path, *accounts: str) -> None:
    """An administrator's e-mail comes from these accounts, one after another."""

    async def run() -> None:
        product = put_together(load_settings({}, folder=folder))
        for account in accounts:
            by = Address(platform="slack", workspace="T1", user_id=account)
            await product.pins.present("ada@example.org", by, at=datetime.now(UTC))
        await product.let_go()

    asyncio.run(run())


def test_what_is_asked_for_is_noted_and_the_notes_are_checked(folder: Path, voxpop: Voxpop) -> None:
    brought_in(voxpop)
    voxpop("campaign", "preview", "nps")
    lines = voxpop("audit", "--json", "--limit", "3").json
    assert [(one["actor"], one["action"], one["about"]) for one in lines] == [
        (ACTOR, "audit.read", "the audit log"),
        (ACTOR, "round.previewed", "nps"),
        (ACTOR, "people.imported", "csv"),
    ]
    checked = voxpop("audit", "--verify")
    assert checked.code == 0
    assert f"3 entries, the last with the digest {lines[0]['digest']}" in checked.out
    with sqlite3.connect(folder / "voxpop.db") as database:
        database.execute("UPDATE audit_log SET about = 'nothing' WHERE id = 2")
    broken = voxpop("audit", "--verify")
    assert broken.code == 1
    assert broken.said.startswith("Entry 2 of the audit log does not fit")
    told = voxpop("audit", "--verify", "--json")
    assert (told.code, told.json["whole"], told.json["broken_at"]) == (1, False, 2)


def test_a_changed_account_of_an_administrator_is_confirmed(folder: Path, voxpop: Voxpop) -> None:
    nobody = voxpop("admin", "confirm", "ada@example.org", "slack:U2")
    assert nobody.code == 1
    assert "there is nothing to confirm" in nobody.said
    come(folder, "U1", "U2")
    listed = voxpop("admin", "list", "--json").json
    assert [(one["email"], one["account"], one["claimed_by"]) for one in listed] == [
        ("ada@example.org", "slack:U1", "slack:U2"),
        (None, "slack:U0AbC", None),
    ]
    confirmed = voxpop("admin", "confirm", "Ada@Example.org", "slack:U2")
    assert confirmed.out == "ada@example.org is slack:U2 from now on.\n"
    assert voxpop("admin", "confirm", "ada@example.org", "slack:U2").code == 1
    assert voxpop("admin", "confirm", "ada@example.org", "U2").code == 2
    (line,) = voxpop("audit", "--json", "--limit", "2").json[1:]
    assert (line["actor"], line["action"]) == (ACTOR, "administrator.confirmed")


def test_somebody_is_forgotten_and_let_in_again(voxpop: Voxpop) -> None:
    brought_in(voxpop)
    unasked = voxpop("people", "forget", "ben@example.org")
    assert (unasked.code, "--yes" in unasked.said) == (2, True)
    done = voxpop("people", "forget", "Ben@Example.org", "--yes")
    assert (done.code, done.out.splitlines()[0][:36]) == (
        0,
        "Ben@Example.org is forgotten. Answer",
    )
    again = voxpop("people", "forget", "ben@example.org", "--yes")
    assert (again.code, again.out.splitlines()[0]) == (
        0,
        "ben@example.org is not on the roster; nothing was erased.",
    )
    brought_in(voxpop)
    known = [one["email"] for one in voxpop("people", "list", "--json").json]
    assert known == ["ada@example.org"]
    assert voxpop("people", "readmit", "ben@example.org").code == 0
    assert voxpop("people", "readmit", "ben@example.org").code == 1
    brought_in(voxpop)
    known = [one["email"] for one in voxpop("people", "list", "--json").json]
    assert known == ["ada@example.org", "ben@example.org"]
    audit = voxpop("audit").out
    assert "people.forgotten" in audit
    assert "ben@" not in audit.lower()


def test_e_mails_are_written_as_the_roster_keeps_them(folder: Path, voxpop: Voxpop) -> None:
    (folder / "roster.csv").write_text("email\nben@xn--bcher-kva.example\nann@example.org\n")
    assert brought_in(voxpop).code == 0
    other = "BEN@xn--bcher-kva.example"
    assert voxpop("people", "away", other, "--until", "2030-01-01").code == 0
    done = voxpop("people", "forget", other, "--yes")
    assert "Answers taken back" in done.out
    brought_in(voxpop)
    known = [one["email"] for one in voxpop("people", "list", "--json").json]
    assert known == ["ann@example.org"]
    assert voxpop("people", "readmit", "Ben@b\u00fccher.example").code == 0


def test_somebody_who_is_not_on_the_roster_is_kept_off_it(folder: Path, voxpop: Voxpop) -> None:
    told = voxpop("people", "forget", "ben@example.org", "--yes")
    assert "is not on the roster" in told.out
    brought = brought_in(voxpop)
    assert "ben@example.org: asked to be forgotten" in brought.out
    assert (folder / "roster.csv").exists()


def test_an_administrator_who_is_forgotten_is_still_named_by_the_settings(voxpop: Voxpop) -> None:
    brought_in(voxpop)
    assert "VOXPOP_ADMINS" in voxpop("people", "forget", "ada@example.org", "--yes").out
    assert "VOXPOP_ADMINS" not in voxpop("people", "forget", "ben@example.org", "--yes").out


def test_a_lost_key_can_be_given_up(voxpop: Voxpop, monkeypatch: pytest.MonkeyPatch) -> None:
    brought_in(voxpop)
    voxpop("people", "forget", "ben@example.org", "--yes")
    monkeypatch.setenv("VOXPOP_SECRET_KEY", "another-key-that-is-long-enough-for-this")
    refused = CliRunner().invoke(app, ["people", "import", "roster.csv", "--dry-run"])
    assert isinstance(refused.exception, InvalidValue)
    assert "name the old key again" in str(refused.exception)
    assert voxpop("people", "readmit", "ben@example.org", "--lost-keys").code == 2
    assert voxpop("people", "readmit", "--lost-keys").out.startswith("Given up: 1.")
    assert brought_in(voxpop).code == 0


def test_a_roster_is_a_file_or_piped_in(folder: Path, voxpop: Voxpop) -> None:
    os.mkfifo(folder / "pipe")
    for odd in ("pipe", "/dev/zero", "."):
        refused = voxpop("people", "import", odd)
        assert (refused.code, "is no file" in refused.said) == (1, True)
    piped = CliRunner().invoke(app, ["people", "import", "-"], input="email\nzoe@example.org\n")
    assert "1 row: 1 new" in piped.stdout
