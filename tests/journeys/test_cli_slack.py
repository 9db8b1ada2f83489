"""`voxpop slack`, `people sync slack` and `doctor`, as an operator runs them."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.command_line import Office
from tests.slack.process import SlackProcess
from tests.slack.records import Json

INSTALLED = {
    "VOXPOP_SLACK__CLIENT_ID": "1234567890.1234567890",
    "VOXPOP_SLACK__CLIENT_SECRET": "fedcba9876543210fedcba9876543210",
}
BASE = {"VOXPOP_BASE_URL": "https://survey.example.org"}


@pytest.fixture(scope="module")
def server() -> Iterator[SlackProcess]:
    with SlackProcess() as server:
        yield server


@pytest.fixture
def environ(server: SlackProcess) -> dict[str, str]:
    return {
        "VOXPOP_SLACK__API_URL": server.api_url,
        "VOXPOP_SLACK__BOT_TOKEN": server.bot_token,
        "VOXPOP_SLACK__APP_TOKEN": server.app_token,
    }


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_slack_is_asked_for_its_people_and_looked_at(
    server: SlackProcess, office: Office, environ: dict[str, str]
) -> None:
    people: list[Json] = [
        {"email": "Ann@acme.test", "real_name": "Ann", "tz": "Europe/Berlin", "locale": "de-DE"},
        {"email": "ben@acme.test", "locale": "xx"},
        {"email": "gus@acme.test", "is_restricted": True},
        {"email": "old@acme.test", "deleted": True},
    ]
    ann = server.add_people(people)[0]["id"]

    synced = office.voxpop("people", "sync", "slack", **environ)
    assert synced.code == 0, synced.out + synced.said
    assert "Left out: 2 bots, 1 deactivated account, 1 guest." in synced.out
    assert "3 rows: 3 new" in synced.out
    listed = {
        one["email"]: one for one in office.voxpop("people", "list", "--json", **environ).json
    }
    assert listed["ann@acme.test"]["timezone"] == "Europe/Berlin"
    assert listed["ann@acme.test"]["locale"] == "de_DE"
    assert listed["ben@acme.test"]["locale"] is None
    with closing(sqlite3.connect(office.folder / "voxpop.db")) as database:
        told = "SELECT platform, workspace FROM addresses WHERE user_id = ?"
        assert database.execute(told, [ann]).fetchall() == [("slack", "")]

    examined = office.voxpop("doctor", "--json", **environ)
    found = {line["check"]: line["result"] for line in examined.json}
    assert {name: found[name] for name in found if name.startswith("slack")} == {
        "slack clock": "ok",
        "slack bot": "ok",
        "slack bot scopes": "ok",
        "slack socket": "ok",
    }
    for secret in (server.bot_token, server.app_token):
        assert secret not in examined.out + examined.said


def test_the_manifest_is_for_a_socket_until_slack_can_reach_us(office: Office) -> None:
    at_home = office.voxpop("slack", "manifest")
    outside = office.voxpop("slack", "manifest", "--json", **BASE)

    assert (at_home.code, outside.code) == (0, 0)
    assert json.loads(at_home.out)["settings"]["socket_mode_enabled"] is True
    assert "VOXPOP_SLACK__APP_TOKEN" in at_home.said
    told = json.loads(outside.out)["settings"]
    assert told["interactivity"]["request_url"] == f"{BASE['VOXPOP_BASE_URL']}/slack/events"
    assert outside.said == ""


def test_the_manifest_of_an_app_for_others_rotates_its_tokens(office: Office) -> None:
    told = office.voxpop("slack", "manifest", "--distributed", "--json", **BASE).json
    assert told["settings"]["token_rotation_enabled"] is True
    assert told["oauth_config"]["redirect_urls"]
    kept = {"VOXPOP_SLACK__BOT_TOKEN": "xoxb-1234-5678-abcdefghij"}
    with_token = office.voxpop("slack", "manifest", "--distributed", "--json", **BASE, **kept).json
    assert with_token["settings"]["token_rotation_enabled"] is False


def test_a_manifest_that_slack_would_refuse_is_not_printed(office: Office) -> None:
    for wanted, mend in (("--http", "--socket-mode"), ("--distributed", "https://")):
        refused = office.voxpop("slack", "manifest", wanted)
        assert (refused.code, refused.out) == (1, "")
        assert mend in refused.said


def test_a_link_is_printed_for_who_may_install_it_elsewhere(office: Office) -> None:
    given = office.voxpop("slack", "link", **BASE, **INSTALLED)
    assert given.code == 0
    assert given.out.startswith(f"{BASE['VOXPOP_BASE_URL']}/slack/install?pass=link.")
    assert given.out != office.voxpop("slack", "link", **BASE, **INSTALLED).out

    unset = office.voxpop("slack", "link", **BASE)
    assert unset.code == 1
    assert "VOXPOP_SLACK__CLIENT_ID" in unset.said


def test_without_a_token_nobody_is_fetched(office: Office, environ: dict[str, str]) -> None:
    unset = office.voxpop("people", "sync", "slack")
    assert unset.code == 1
    assert "VOXPOP_SLACK__BOT_TOKEN is not set" in unset.said

    wrong = {**environ, "VOXPOP_SLACK__BOT_TOKEN": "xoxb-nobody-knows-me"}
    refused = office.voxpop("people", "sync", "slack", **wrong)
    assert refused.code == 1
    assert "The members can't be read: Slack: invalid_auth" in refused.said
    assert "nobody-knows-me" not in refused.out + refused.said
