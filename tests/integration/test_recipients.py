"""P5 in short: a chat that is busy and drops connections; everybody has one message."""

from datetime import timedelta
from pathlib import Path

import pytest

from bench.recipients import deliver
from tests.peer.client import PeerProcess


async def test_every_recipient_is_accounted_for_and_none_has_two_messages(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.worker.SETTLES_AFTER", timedelta(seconds=1))
    with PeerProcess() as peer:
        told = await deliver(database_url, tmp_path, peer, people=200, patience=0.2)

    assert (told.invited, told.accounts.sent) == (200, 200)
    assert (told.unaccounted, told.astray, told.duplicates) == (0, 0, 0)
    assert told.impatient == 0
    assert told.calls["busy"] > 0
    assert told.calls["drop"] > 0
    assert told.looked_up >= told.calls["drop"]
