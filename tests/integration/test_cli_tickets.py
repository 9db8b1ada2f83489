"""`voxpop ticket`, in a folder of its own."""

import asyncio
import json
import shlex
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runtime.settings import load_settings
from runtime.wiring import put_together
from storage.tickets import SqlTickets
from survey.tickets import TicketEvent, TicketState
from tests.command_line import Voxpop, in_this_process
from tests.helpdesks import WHSEC
from webapp.webhooks.standard import sign

KEY = "a-key-for-tests-that-is-long-enough-to-pass"
AT = datetime(2026, 10, 5, 9, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path, sqlite_template: Path) -> Path:
    (tmp_path / "voxpop.toml").write_text(
        '[surveys.ticket]\nsubject = "our help"\nafter = "tickets"\n'
    )
    shutil.copy(sqlite_template, tmp_path / "voxpop.db")
    return tmp_path


@pytest.fixture
def voxpop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Voxpop]:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("VOXPOP_SECRET_KEY", KEY)
    monkeypatch.setenv("VOXPOP_TICKETS__SECRETS", WHSEC)
    with in_this_process() as run:
        yield run


def told(folder: Path) -> None:
    async def run() -> None:
        environ = {"VOXPOP_SECRET_KEY": KEY}
        product = put_together(load_settings(environ, folder=folder))
        events = [
            TicketEvent(
                source="zammad",
                event=f"e{number}",
                number=str(number),
                state=state,
                happened_at=AT,
                subject="a private word",
            )
            for number, state in enumerate((TicketState.RESOLVED, TicketState.OPEN))
        ]
        await SqlTickets(product.database).apply(events)
        await product.let_go()

    asyncio.run(run())


def test_tickets_are_listed_without_words_about_anybody(folder: Path, voxpop: Voxpop) -> None:
    assert "No helpdesk" in voxpop("ticket", "list").out
    told(folder)
    found = voxpop("ticket", "list", "--json")
    assert [(one["ticket"], one["state"], one["why_not"]) for one in found.json] == [
        ("zammad:1", "open", ""),
        ("zammad:0", "resolved", "to be asked"),
    ]
    assert "private" not in found.out
    resolved = voxpop("ticket", "list", "--state", "resolved", "--json").json
    assert [one["ticket"] for one in resolved] == ["zammad:0"]
    assert len(voxpop("ticket", "list", "--limit", "1", "--json").json) == 1
    assert "tickets.read" in voxpop("audit").out


def test_a_body_is_signed_for_curl(folder: Path, voxpop: Voxpop) -> None:
    body = json.dumps({"type": "ticket.resolved"}).encode()
    (folder / "a ticket's.json").write_bytes(body)
    ended = voxpop("ticket", "sign", "a ticket's.json", "--id", "msg_1")
    assert ended.code == 0, ended.said
    line = shlex.split(ended.out)
    headers = dict(part.split(": ", 1) for part in line if ": " in part)
    assert headers["webhook-signature"] == sign(
        WHSEC, name="msg_1", moment=headers["webhook-timestamp"], body=body
    )
    assert line[-2:] == ["@a ticket's.json", "http://localhost:8000/webhooks/tickets"]
    other = shlex.split(voxpop("ticket", "sign", "a ticket's.json").out)
    assert any(part.startswith("webhook-id: msg_") for part in other)


def test_what_can_not_be_signed_is_refused(voxpop: Voxpop, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = voxpop("ticket", "sign", "nothing.json")
    assert (missing.code, "nothing.json" in missing.said) == (1, True)
    monkeypatch.delenv("VOXPOP_TICKETS__SECRETS")
    unset = voxpop("ticket", "sign", "nothing.json")
    assert (unset.code, "VOXPOP_TICKETS__SECRETS" in unset.said) == (1, True)
