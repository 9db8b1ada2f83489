"""What the environment may say of Slack."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from runtime.settings import load_settings
from runtime.settings.slack import SlackSettings
from survey.errors import InvalidValue

KEY = "a-secret-key-that-is-long-enough-for-anybody"
BOT, APP = "xoxb-1234-5678-abcdefghij", "xapp-1-A0APP-1234-abcdefghij"
SIGNING, CLIENT = "0123456789abcdef0123456789abcdef", "1234567890.1234567890"
INSTALLED = {"CLIENT_ID": CLIENT, "CLIENT_SECRET": "fedcba9876543210fedcba9876543210"}
SECRETS = {
    "BOT_TOKEN": BOT,
    "SIGNING_SECRET": SIGNING,
    "APP_TOKEN": APP,
    "CLIENT_SECRET": INSTALLED["CLIENT_SECRET"],
}


def loaded(
    folder: Path, given: Mapping[str, str], *, sandbox: bool = False
) -> SlackSettings | None:
    environ = {f"VOXPOP_SLACK__{name}": value for name, value in given.items()}
    more = {"VOXPOP_SANDBOX": "1"} if sandbox else {}
    return load_settings(
        {
            "VOXPOP_SECRET_KEY": KEY,
            "VOXPOP_BASE_URL": "https://survey.example.org",
            **environ,
            **more,
        },
        folder=folder,
    ).slack


def slack(folder: Path, **given: str) -> SlackSettings:
    found = loaded(folder, given)
    assert found is not None
    return found


def refusal(folder: Path, given: Mapping[str, str], *, sandbox: bool = False) -> str:
    with pytest.raises(InvalidValue) as caught:
        loaded(folder, given, sandbox=sandbox)
    return str(caught.value)


def test_where_nothing_is_set_there_is_no_slack(tmp_path: Path) -> None:
    assert loaded(tmp_path, {}) is None


def test_a_token_and_a_way_to_be_reached_switch_it_on(tmp_path: Path) -> None:
    for how in ({"APP_TOKEN": APP}, {"SIGNING_SECRET": SIGNING}):
        assert slack(tmp_path, BOT_TOKEN=BOT, **how).on
        assert slack(tmp_path, **INSTALLED, **how).on
    assert slack(tmp_path, BOT_TOKEN=BOT, APP_TOKEN=APP).api_url == "https://slack.com/api/"
    assert slack(tmp_path, BOT_TOKEN=BOT).base_url == "https://survey.example.org"


@pytest.mark.parametrize(
    ("given", "lacking"),
    [
        ({"BOT_TOKEN": BOT}, ["APP_TOKEN"]),
        (INSTALLED, ["APP_TOKEN"]),
        ({"SIGNING_SECRET": SIGNING}, ["BOT_TOKEN"]),
        ({"API_URL": "https://slack-gov.com/api/"}, ["BOT_TOKEN", "APP_TOKEN"]),
    ],
)
def test_what_is_missing_leaves_it_off_and_is_named(
    tmp_path: Path, given: Mapping[str, str], lacking: list[str]
) -> None:
    found = slack(tmp_path, **given)
    assert not found.on
    assert [name.split()[0] for name in found.lacks] == [
        f"VOXPOP_SLACK__{name}" for name in lacking
    ]


def test_workspaces_install_by_themselves_once_the_app_is_named(tmp_path: Path) -> None:
    assert slack(tmp_path, **INSTALLED).installs
    assert not slack(tmp_path, BOT_TOKEN=BOT).installs


def test_an_address_for_tests_is_taken_on_this_machine_alone(tmp_path: Path) -> None:
    for here in ("http://127.0.0.1:4000/api", "http://localhost:4000/api/", "http://[::1]:4/api"):
        assert slack(tmp_path, API_URL=here).api_url == f"{here.rstrip('/')}/"
    told = refusal(tmp_path, {"BOT_TOKEN": BOT, "API_URL": "http://slack.example.org/api/"})
    assert "VOXPOP_SLACK__API_URL goes over the network in the open" in told


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({"BOT_TOKEN": APP}, ["VOXPOP_SLACK__BOT_TOKEN", "xoxb-"]),
        ({"BOT_TOKEN": "xoxp-1234-5678-abcdefghij"}, ["VOXPOP_SLACK__BOT_TOKEN", "xoxb-"]),
        ({"BOT_TOKEN": "xoxb-short"}, ["VOXPOP_SLACK__BOT_TOKEN", "16 characters"]),
        ({"APP_TOKEN": BOT}, ["VOXPOP_SLACK__APP_TOKEN", "xapp-"]),
        ({"CLIENT_ID": CLIENT}, ["VOXPOP_SLACK__CLIENT_SECRET is not set"]),
        (
            {"CLIENT_SECRET": INSTALLED["CLIENT_SECRET"]},
            ["VOXPOP_SLACK__CLIENT_ID is not set"],
        ),
        ({"CLIENT_ID": "voxpop"}, ["VOXPOP_SLACK__CLIENT_ID", "'voxpop'", "Basic Information"]),
        ({"API_URL": "slack.com"}, ["VOXPOP_SLACK__API_URL", "https://"]),
    ],
)
def test_what_can_not_be_meant_is_told_with_what_would_fit(
    tmp_path: Path, given: Mapping[str, str], parts: list[str]
) -> None:
    told = refusal(tmp_path, given)
    assert all(part in told for part in parts), told


def test_the_sandbox_is_refused_beside_slack(tmp_path: Path) -> None:
    assert "the sandbox lets everybody" in refusal(tmp_path, {"BOT_TOKEN": BOT}, sandbox=True)


def test_no_secret_is_in_what_is_told_of_the_settings(tmp_path: Path) -> None:
    found = slack(tmp_path, **SECRETS, CLIENT_ID=CLIENT)
    refused = refusal(tmp_path, {name: f"{value} ?" for name, value in SECRETS.items()})
    for secret in SECRETS.values():
        assert secret not in repr(found)
        assert secret not in refused
    assert CLIENT in repr(found)
