"""Settings: nothing is guessed, everything wrong is told at once, no secret is shown."""

import multiprocessing
import re
import stat
from collections.abc import Mapping
from datetime import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.settings import Settings, load_settings
from runtime.settings.secret_key import kept_keys
from survey.contact import ContactPolicy
from survey.errors import InvalidValue
from survey.person import Administrators
from survey.scale import CSAT
from survey.survey import Mode

KEY = "a-secret-key-that-is-long-enough-for-anybody"
WHOLE = """
timezone = "Europe/Berlin"
admins = ["Ada@Example.org"]
[surveys.nps]
scale = "nps"
subject = "Acme"
mode = "confidential"
k = 5
answers = "changeable"
schedule = "0 9 1 */3 *"
window = ["09:00", "17:00"]
open_days = 14
reminders = [7]
rest_days = 60
audience = { team = ["Platform", "Sales"] }
[surveys.ticket]
scale = "csat"
subject = "our help"
mode = "identified"
"""


def loaded(folder: Path, toml: str = "", **environ: str) -> Settings:
    if toml:
        (folder / "voxpop.toml").write_text(toml, encoding="utf-8")
    return load_settings(
        {f"VOXPOP_{name}": value for name, value in environ.items()}, folder=folder
    )


def refusal(folder: Path, toml: str = "", **environ: str) -> str:
    with pytest.raises(InvalidValue) as caught:
        loaded(folder, toml, **environ)
    return str(caught.value)


def test_the_documented_file_is_read_as_it_stands(tmp_path: Path) -> None:
    settings = loaded(tmp_path, WHOLE)
    nps = settings.surveys["nps"]
    assert settings.timezone == "Europe/Berlin"
    assert settings.administrators.emails == ("ada@example.org",)
    assert (nps.mode, nps.k, nps.window.opens) == (Mode.CONFIDENTIAL, 5, time(9))
    assert nps.audience == {"team": ("Platform", "Sales")}
    assert settings.surveys["ticket"].scale == CSAT


def test_mattermost_is_set_by_its_url_and_reaches_us_where_people_do(tmp_path: Path) -> None:
    assert loaded(tmp_path, WHOLE).mattermost is None
    found = load_settings(
        {"VOXPOP_MATTERMOST__URL": "https://chat.example.org/", "VOXPOP_MATTERMOST__TEAM": "acme"},
        folder=tmp_path,
    ).mattermost
    assert found is not None
    assert (found.url, found.team) == ("https://chat.example.org", "acme")
    assert (found.callback_url, found.token) == ("http://localhost:8000", None)


def test_the_documented_file_has_nothing_to_be_told_about(tmp_path: Path) -> None:
    settings = loaded(tmp_path, WHOLE)
    assert settings.surveys["nps"].schedule == "0 9 1 */3 *"
    assert settings.surveys["ticket"].schedule == ""
    assert settings.notices == ()


@pytest.mark.parametrize(
    ("line", "open_days", "told"),
    [
        ("0 9 1 */3 *", 89, False),
        ("0 9 1 */3 *", 91, True),
        ("0 9 * * mon", 6, False),
        ("0 9 * * mon", 7, True),  # it closes at 17:00, eight hours after it would start again
        ("0 17 * * mon", 7, False),
        ("0 9,15 1 * *", 1, True),
        ("@yearly", 366, True),
        ("0 9 29 2 *", 300, False),
    ],
)
def test_a_schedule_that_overtakes_its_own_rounds_is_told(
    tmp_path: Path, line: str, open_days: int, *, told: bool
) -> None:
    toml = f'[surveys.nps]\nsubject = "A"\nschedule = "{line}"\nopen_days = {open_days}\n'
    notices = " ".join(loaded(tmp_path, toml).notices)
    assert ("surveys.nps.schedule comes again while a round is still open" in notices) == told


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("@quarterly", '"0 9 1 */3 *"'),
        ("0 9 30 2 *", "never come"),
        ("0 9 1 1", "five fields"),
        ("0 9 * * 8", "no weekday"),
    ],
)
def test_a_schedule_that_is_none_is_told_with_what_would_be(
    tmp_path: Path, line: str, told: str
) -> None:
    said = refusal(tmp_path, f'[surveys.nps]\nsubject = "A"\nschedule = "{line}"\n')
    assert "surveys.nps.schedule" in said
    assert told in said


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    settings = loaded(tmp_path, WHOLE, ADMINS="b@example.org, C@example.org", TIMEZONE="UTC")
    assert settings.administrators.emails == ("b@example.org", "c@example.org")
    assert settings.timezone == "UTC"


def test_without_anything_there_is_sqlite_and_no_survey(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/voxpop.db"
    assert settings.surveys == {}
    assert not settings.sandbox


@pytest.mark.parametrize(
    ("environ", "parts"),
    [
        ({"BAS_URL": "http://x"}, ["VOXPOP_BAS_URL", "not known", "VOXPOP_BASE_URL?"]),
        ({"BASE_URL": "ftp://x"}, ["VOXPOP_BASE_URL", "'ftp://x'", "https://"]),
        ({"TIMEZONE": "Mars"}, ["VOXPOP_TIMEZONE", "'Mars'", "Europe/Berlin"]),
        ({"ADMINS": "ada"}, ["VOXPOP_ADMINS", "'ada'", "@-sign"]),
        ({"ADMINS": "teams:U1"}, ["VOXPOP_ADMINS", "'teams:U1'", "mattermost:ID or slack:ID"]),
        ({"ADMINS": "slack:"}, ["VOXPOP_ADMINS", "'slack:'", "write slack:ID"]),
        ({"ADMINS": "slack:U 1"}, ["VOXPOP_ADMINS", "'slack:U 1'", "write slack:ID"]),
        ({"SANDBOX": "maybe"}, ["VOXPOP_SANDBOX", "'maybe'", "boolean"]),
        ({"DATABASE_URL": "mysql://h/d"}, ["VOXPOP_DATABASE_URL", "mysql", "sqlite or postgresql"]),
        ({"DATABASE_URL": "nonsense"}, ["VOXPOP_DATABASE_URL", "sqlite:///voxpop.db"]),
        ({"CONFIG": "nowhere.toml"}, ["VOXPOP_CONFIG", "nowhere.toml", "no such file"]),
        ({"LOG_LEVEL": "loud"}, ["VOXPOP_LOG_LEVEL", "'loud'", "'warning'"]),
        ({"TEAMS__BOT_TOKEN": "xoxb-1"}, ["VOXPOP_TEAMS__BOT_TOKEN", "not known"]),
        ({"MATTERMOST__URL": "chat"}, ["VOXPOP_MATTERMOST__URL", "https://"]),
        ({"MATTERMOST__TOKEN": "t" * 26}, ["VOXPOP_MATTERMOST__TOKEN", "which server"]),
        (
            {"MATTERMOST__URL": "http://m", "MATTERMOST__TEAM": "The A-Team"},
            ["VOXPOP_MATTERMOST__TEAM", "'The A-Team'", "as it stands in its URL"],
        ),
        ({"MATTERMOST__URL": "http://m", "SANDBOX": "1"}, ["VOXPOP_SANDBOX", "real chat"]),
    ],
)
def test_a_wrong_variable_is_told_with_its_value_and_what_would_fit(
    tmp_path: Path, environ: Mapping[str, str], parts: list[str]
) -> None:
    told = refusal(tmp_path, **environ)
    assert all(part in told for part in parts), told


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("k = 2", ["surveys.nps.k", "is 2", "3"]),
        ("k = true", ["surveys.nps.k", "True"]),
        ('subjct = "x"', ["surveys.nps.subjct", "did you mean subject?"]),
        ('mode = "anonymous"', ["surveys.nps", "not built yet", "confidential"]),
        ('mode = "secret"', ["surveys.nps.mode", "'secret'", "identified"]),
        ('scale = "eleven"', ["surveys.nps.scale", "'eleven'", "csat"]),
        ('window = ["17:00", "09:00"]', ["surveys.nps", "opens before it closes"]),
        ('window = ["nine", "17:00"]', ["surveys.nps.window", "'nine'"]),
        ('schedule = "61 * * * *"', ["surveys.nps.schedule", "61"]),
        ("open_days = 0", ["surveys.nps.open_days", "is 0"]),
    ],
)
def test_a_wrong_line_of_the_file_is_told(tmp_path: Path, line: str, parts: list[str]) -> None:
    told = refusal(tmp_path, f'[surveys.nps]\nsubject = "Acme"\n{line}\n')
    assert all(part in told for part in parts), told
    assert "voxpop.toml" in told


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    told = refusal(tmp_path, "[surveys.nps]\nk = 1\n", BASE_URL="x", TIMEZONE="Mars")
    assert len(told.splitlines()) == 4, told


def test_broken_toml_is_told_with_its_line(tmp_path: Path) -> None:
    assert "line 2" in refusal(tmp_path, 'timezone = "UTC"\nadmins = "a" "b"\n')


@given(st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=31))
def test_no_secret_is_ever_shown(tmp_path_factory: pytest.TempPathFactory, secret: str) -> None:
    folder = tmp_path_factory.mktemp("secret")
    told = refusal(folder, SECRET_KEY=f"~{secret}~"[:31])
    assert f"~{secret}~"[:31] not in told
    assert "a secret of" in told


def test_a_password_is_in_no_representation(tmp_path: Path) -> None:
    url = "postgresql://voxpop:hunter2hunter2@db/voxpop"
    settings = loaded(tmp_path, DATABASE_URL=url, SECRET_KEY=KEY, METRICS_TOKEN="t" * 20)
    assert settings.database_url == url
    for secret in ("hunter2", KEY, "tttt"):
        assert secret not in repr(settings)
    assert "hunter2" not in refusal(tmp_path, DATABASE_URL=url.replace("postgresql", "oracle"))


def test_keys_come_newest_first_and_each_is_long_enough(tmp_path: Path) -> None:
    old = KEY.replace("a-", "b-")
    assert loaded(tmp_path, SECRET_KEY=f"{KEY}, {old}").secret_keys == (KEY, old)
    assert "32" in refusal(tmp_path, SECRET_KEY=f"{KEY},short")


def test_postgresql_needs_a_key_that_was_given(tmp_path: Path) -> None:
    told = refusal(tmp_path, DATABASE_URL="postgresql://h/d")
    assert "VOXPOP_SECRET_KEY is needed" in told
    assert not list(tmp_path.glob("*.key"))


def test_with_sqlite_a_key_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    first = loaded(tmp_path).secret_keys
    assert loaded(tmp_path).secret_keys == first
    assert len(first[0]) >= 32
    kept = tmp_path / "voxpop.db.key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    kept.write_text("short")
    assert "holds no key" in refusal(tmp_path)


def test_processes_that_start_at_once_end_with_one_key(tmp_path: Path) -> None:
    path = tmp_path / "voxpop.db.key"
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        keys = pool.map(kept_keys, [path] * 16)
    assert len(set(keys)) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["voxpop.db.key"]


def test_administrators_are_named_by_e_mail_or_by_account(tmp_path: Path) -> None:
    named = "B@example.org, Slack:U0AbC, mattermost: x9Y, slack:U0AbC, b@example.org"
    settings = loaded(tmp_path, WHOLE, ADMINS=named)
    assert settings.administrators == Administrators(
        emails=("b@example.org",), accounts=("slack:U0AbC", "mattermost:x9Y")
    )


def test_the_contact_policy_is_set_over_all_surveys(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        """
        [contact]
        rest_days = 14
        asks_per_year = 4
        budget = "blocks"
        max_reminders = 2
        [surveys.nps]
        subject = "Acme"
        show_budget = true
        reminders = [3, 7]
        [surveys.quiet]
        subject = "Acme"
        """,
    )
    assert found.contact == ContactPolicy(
        rest_days=14, asks_per_year=4, budget_blocks=True, max_reminders=2
    )
    assert found.surveys["nps"].asks_per_year == 4
    assert found.surveys["nps"].reminders == (3, 7)
    assert found.surveys["quiet"].asks_per_year is None
    assert found.surveys["quiet"].reminders == (7,)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("[contact]\nasks_per_years = 4", "did you mean asks_per_year?"),
        ("[contact]\nbudget = 'maybe'", "contact.budget"),
        ("[contact]\nrest_days = -1", "contact.rest_days"),
        ("[surveys.nps]\nsubject = 'A'\nreminders = [7, 3]", "each later than the one before"),
        ("[surveys.nps]\nsubject = 'A'\nreminders = [0]", "surveys.nps.reminders"),
    ],
)
def test_a_contact_policy_that_is_none_is_refused(tmp_path: Path, table: str, told: str) -> None:
    with pytest.raises(InvalidValue, match=re.escape(told)):
        loaded(tmp_path, table)


@pytest.mark.parametrize(
    ("table", "notice"),
    [
        ("[surveys.nps]\nsubject='A'\nreminders=[7, 20]", "on day 20 has no effect"),
        ("[surveys.nps]\nsubject='A'\nshow_budget=true", "without contact.asks_per_year"),
        (
            "[contact]\nmax_reminders=1\n[surveys.nps]\nsubject='A'\nreminders=[3, 7]",
            "contact.max_reminders allows 1",
        ),
        ("[surveys.nps]\nsubject='A'\nwait_minutes=5", "wait_minutes has no effect without after"),
        (
            "[surveys.t]\nsubject='A'\nafter='tickets'\naudience={team=['Sales']}",
            "surveys.t.audience has no effect with after = 'tickets'",
        ),
    ],
)
def test_what_has_no_effect_is_told(tmp_path: Path, table: str, notice: str) -> None:
    assert notice in "\n".join(loaded(tmp_path, table).notices)


@pytest.mark.parametrize(
    ("table", "notice"),
    [
        ("channels=['slack', 'email']", "surveys.nps.channels names slack, not switched on here."),
        ("channels=['slack']", "names slack, not switched on here: nobody can be asked."),
        (
            "channels=['sandbox']\nmode='identified'\none_press=true",
            "surveys.nps.one_press has no effect where it does not ask by e-mail.",
        ),
        ("link_days=3", "surveys.nps.link_days = 3: the links in a mail end before"),
    ],
)
def test_where_a_survey_asks_in_vain_is_told(tmp_path: Path, table: str, notice: str) -> None:
    by_mail = {"EMAIL__SMTP_URL": "smtp://localhost", "EMAIL__FROM": "surveys@example.org"}
    toml = f"[surveys.nps]\nsubject='A'\n{table}"
    assert notice in "\n".join(loaded(tmp_path, toml, SANDBOX="1", **by_mail).notices)
    assert not loaded(tmp_path, toml).notices  # as where settings are only checked


def test_channels_that_are_on_are_nothing_to_tell_of(tmp_path: Path) -> None:
    by_mail = {"EMAIL__SMTP_URL": "smtp://localhost", "EMAIL__FROM": "surveys@example.org"}
    toml = "[surveys.nps]\nsubject='A'\nmode='identified'\none_press=true\nchannels=['email']"
    assert not loaded(tmp_path, toml, SANDBOX="1", **by_mail).notices
