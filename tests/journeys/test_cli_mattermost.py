"""`voxpop mattermost setup`, `people sync mattermost` and `doctor`, as an operator runs them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import Ended, Office
from tests.mattermost.process import MattermostProcess

NAMES = ["VOXPOP_MATTERMOST__TOKEN", "VOXPOP_MATTERMOST__COMMAND_TOKEN"]


@pytest.fixture(scope="module")
def server() -> Iterator[MattermostProcess]:
    with MattermostProcess() as server:
        yield server


@pytest.fixture
def environ(server: MattermostProcess) -> dict[str, str]:
    return {
        "VOXPOP_MATTERMOST__URL": server.url,
        "VOXPOP_MATTERMOST__TEAM": "acme",
        "VOXPOP_MATTERMOST__CALLBACK_URL": "http://127.0.0.1:1",
    }


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def shown(ended: Ended) -> dict[str, str]:
    return dict(re.findall(r"^(VOXPOP_[A-Z_]+)=(\S+)$", ended.out, re.MULTILINE))


def test_a_server_is_set_up_looked_at_and_asked_for_its_people(
    server: MattermostProcess, office: Office, environ: dict[str, str]
) -> None:
    admin = {**environ, "VOXPOP_MATTERMOST__ADMIN_TOKEN": server.admin_token}

    done = office.voxpop("mattermost", "setup", **admin)
    assert done.code == 0, done.out
    told = shown(done)
    assert sorted(told) == sorted(NAMES)
    assert "created        bot" in done.out
    assert server.admin_token not in done.out + done.said

    again = office.voxpop("mattermost", "setup", **admin, **told)
    assert again.code == 0
    assert "Nothing was changed.\nEverything is as it should be.\n" in again.out
    assert not shown(again)

    as_json = office.voxpop("mattermost", "setup", "--json", **admin, **told).json
    assert as_json["changed"] is False
    assert as_json["environment"] == {}
    assert {step["result"] for step in as_json["steps"]} <= {"ok", "note"}

    server.add_people(
        [
            {"username": "ann", "first_name": "Ann", "time_zone": "Europe/Berlin", "locale": "de"},
            {"username": "ben", "time_zone": "Mars/Olympus", "locale": "xx"},
            {"username": "gus", "roles": "system_guest"},
        ]
    )
    synced = office.voxpop("people", "sync", "mattermost", **environ, **told)
    assert synced.code == 0, synced.out + synced.said
    assert "Left out: 1 bot, 1 guest." in synced.out
    assert "3 rows: 3 new" in synced.out
    listed = office.voxpop("people", "list", "--json", **environ, **told).json
    people = {one["email"]: one for one in listed}
    assert people["ann@acme.test"]["timezone"] == "Europe/Berlin"
    assert people["ann@acme.test"]["locale"] == "de"
    assert people["ben@acme.test"]["timezone"] is None

    examined = office.voxpop("doctor", "--json", **environ, **told)
    assert examined.code == 1  # no `voxpop run` here
    found = {line["check"]: line for line in examined.json}
    assert found["mattermost bot"]["result"] == "ok"
    assert found["mattermost team"]["result"] == "ok"
    assert "not even to us" in found["mattermost callbacks"]["result"]


def test_without_settings_or_token_a_sentence_says_what_is_needed(
    office: Office, environ: dict[str, str]
) -> None:
    nowhere = office.voxpop("mattermost", "setup")
    assert nowhere.code == 1
    assert "VOXPOP_MATTERMOST__URL is not set" in nowhere.said

    nobody = office.voxpop("mattermost", "setup", **environ)
    assert nobody.code == 1
    assert "VOXPOP_MATTERMOST__ADMIN_TOKEN" in nobody.said

    refused = office.voxpop(
        "mattermost", "setup", **environ, VOXPOP_MATTERMOST__ADMIN_TOKEN="not-a-token-of-anybody"
    )
    assert refused.code == 1
    assert "missing        administrator" in refused.out
    assert "not-a-token" not in refused.out + refused.said

    no_bot = office.voxpop("people", "sync", "mattermost", **environ)
    assert no_bot.code == 1
    assert "VOXPOP_MATTERMOST__TOKEN is not set" in no_bot.said
