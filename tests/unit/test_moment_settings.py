"""Settings of what surveys wait for: mistakes, secrets, and what is waited for in vain."""

from pathlib import Path

import pytest

from runtime.settings.environment import Environment
from runtime.settings.problems import SECRETS
from survey.errors import InvalidValue
from tests.unit.test_settings import loaded

SLACK_ON = {"SLACK__APP_TOKEN": "xapp-" + 16 * "a", "SLACK__BOT_TOKEN": "xoxb-" + 16 * "a"}
WAITS = "[surveys.w]\nsubject='A'\nafter="


@pytest.mark.parametrize(
    ("toml", "environ", "notice"),
    [
        (f"{WAITS}'tickets'", {"SANDBOX": "1"}, "no helpdesk may tell of any: set VOXPOP_TICKETS"),
        ("", {"SANDBOX": "1", "TICKETS__JIRA_SECRET": 16 * "a"}, "no survey waits for tickets"),
        (f"{WAITS}'visits'", SLACK_ON, "e-mail is off here: set VOXPOP_EMAIL__SMTP_URL"),
        (f"{WAITS}'features'", {"SANDBOX": "1"}, "there is no product: define one, [products.KEY]"),
        ("", {"SANDBOX": "1", "ARCHIVE_URL": "file:///a"}, "VOXPOP_ARCHIVE_URL is set, and no"),
        ("", {"SANDBOX": "1", "ALERT_CHANNEL": "sandbox:#a"}, "no survey has alert_at"),
    ],
)
def test_what_a_survey_waits_for_in_vain_is_told(
    tmp_path: Path, toml: str, environ: dict[str, str], notice: str
) -> None:
    assert notice in "\n".join(loaded(tmp_path, toml, **environ).notices)


def test_tickets_that_are_asked_about_in_chat_alone_are_nothing_to_tell_of(tmp_path: Path) -> None:
    environ = {"SANDBOX": "1", "TICKETS__JIRA_SECRET": 16 * "a", "ALERT_CHANNEL": "sandbox:#a"}
    assert not loaded(tmp_path, f"{WAITS}'tickets'", **environ).notices


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("[visits]\npurpose=['A']", "visits.purpose .* did you mean purposes?"),
        ("[branches.soho]\nnam='A'", "branches.soho.nam .* did you mean name?"),
        ("[products.a.features.b]\nnmae='A'", "products.a.features.b.nmae .* did you mean name?"),
        ("[branches.soho]\nstaff=['A']", 'branches.soho.name .* is missing: .* name = "Acme"'),
        ("[products]\nsuite='A'", r"products.suite .* it is a table, \[products.suite\]"),
        ("[products.'my suite']\nname='A'", "products.my suite in .* a key has 1 to 64 ASCII"),
    ],
)
def test_what_is_wrong_in_a_table_is_told_by_what_that_table_knows(
    tmp_path: Path, toml: str, told: str
) -> None:
    with pytest.raises(InvalidValue, match=told):
        loaded(tmp_path, toml)


def test_a_rate_that_is_none_is_told_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="such as 600/minute"):
        loaded(tmp_path, API__LIMIT="600")


def test_whatever_is_named_like_a_secret_is_one() -> None:
    named = {
        name
        for name in Environment.model_fields
        if name.rpartition("_")[2] in {"key", "token", "secret", "secrets"}
    }
    assert named <= SECRETS


@pytest.mark.parametrize("name", ["LLM__BASE_URL", "ARCHIVE_URL"])
def test_a_password_in_an_address_is_not_shown(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        loaded(tmp_path, **{name: "http://ada:hush@host/v1"})
    assert "hush" not in str(refused.value)
