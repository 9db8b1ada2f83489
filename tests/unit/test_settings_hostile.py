"""Settings that somebody got badly wrong, or wrote to do harm."""

import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.settings import load_settings
from runtime.settings.secret_key import kept_keys
from survey.errors import InvalidValue

KEY = "a-secret-key-that-is-long-enough-for-anybody"
LINKS = {
    "VOXPOP_SERVICE_HOST": "10.0.0.1",
    "VOXPOP_SERVICE_PORT": "8000",
    "VOXPOP_SERVICE_PORT_HTTP": "8000",
    "VOXPOP_PORT": "tcp://10.0.0.1:8000",
    "VOXPOP_PORT_8000_TCP": "tcp://10.0.0.1:8000",
    "VOXPOP_PORT_8000_TCP_ADDR": "10.0.0.1",
    "VOXPOP_POSTGRES_SERVICE_HOST": "10.0.0.2",
    "VOXPOP_POSTGRES_PORT_5432_TCP_PROTO": "tcp",
}


def refusal(folder: Path, toml: str = "", **environ: str) -> str:
    (folder / "voxpop.toml").write_text(toml, encoding="utf-8")
    with pytest.raises(InvalidValue) as caught:
        load_settings({"VOXPOP_SECRET_KEY": KEY, **environ}, folder=folder)
    return str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://voxpop:hunter2/db",
        "postgresql://voxpop:p@db:hunter2/db",
        "mysql://voxpop:hunter2@db/voxpop",
        "hunter2",
    ],
)
def test_a_password_in_a_malformed_database_url_is_not_shown(tmp_path: Path, url: str) -> None:
    told = refusal(tmp_path, VOXPOP_DATABASE_URL=url)
    assert "hunter2" not in told
    assert f"{len(url)} characters" in told


@pytest.mark.parametrize("url", ["https://voxpop:hunter2@h", "ftp://voxpop:hunter2@h"])
def test_a_password_in_the_base_url_is_refused_and_not_shown(tmp_path: Path, url: str) -> None:
    assert "hunter2" not in refusal(tmp_path, VOXPOP_BASE_URL=url)


def test_a_secret_in_the_wrong_place_is_not_shown(tmp_path: Path) -> None:
    toml = 'secret_key = "hunter2"\n[[surveys.nps]]\ntoken = "hunter2"\n'
    told = refusal(tmp_path, toml, VOXPOP_SECRETKEY="hunter2")
    assert "hunter2" not in told
    assert "did you mean VOXPOP_SECRET_KEY?" in told


@given(word=st.text(max_size=80))
def test_fault_45_every_mistake_is_one_line_whatever_was_written(
    tmp_path_factory: pytest.TempPathFactory, word: str
) -> None:
    folder = tmp_path_factory.mktemp("settings")
    key = "".join(f"\\U{ord(sign):08x}" for sign in word if not "\ud800" <= sign <= "\udfff")
    toml = f'[surveys.nps]\nsubject = "Acme"\n"{key}\\n\\u202e!" = 1\n'
    told = refusal(folder, toml, VOXPOP_TIMEZONE=f"{word}\n\u202e!".replace("\0", ""))
    assert len(told.split("\n")) == 2, told
    assert all(line.isprintable() for line in told.split("\n"))


@given(url=st.text(max_size=60) | st.from_regex(r"(sqlite|postgresql):[/:@?a-c%\[\]]{0,20}"))
def test_any_text_as_a_database_url_is_taken_or_refused(
    tmp_path_factory: pytest.TempPathFactory, url: str
) -> None:
    try:
        load_settings(
            {"VOXPOP_DATABASE_URL": url, "VOXPOP_SECRET_KEY": KEY},
            folder=tmp_path_factory.getbasetemp(),
        )
    except InvalidValue as error:
        assert "VOXPOP_DATABASE_URL" in str(error)  # noqa: PT017 - both ends are fine


def test_fault_42_template_text_is_inert(tmp_path: Path) -> None:
    subject = "{subject} <b>{{7*7}}</b> %s '; DROP TABLE people"
    (tmp_path / "voxpop.toml").write_text(f'[surveys.nps]\nsubject = "{subject}"\n')
    settings = load_settings({"VOXPOP_SECRET_KEY": KEY}, folder=tmp_path)
    assert settings.surveys["nps"].subject == subject
    assert "{subject}" in refusal(
        tmp_path, '[surveys.nps]\nsubject = "Acme"\nscale = "{subject}"\n'
    )


def test_everything_wrong_is_told_even_where_only_the_survey_or_the_database_knows(
    tmp_path: Path,
) -> None:
    told = refusal(
        tmp_path,
        '[surveys.nps]\nsubject = "Acme"\nk = 2\nmode = "anonymous"\n',
        VOXPOP_DATABASE_URL="postgresql://h/d",
        VOXPOP_SECRET_KEY="",
        VOXPOP_LOG_FORMAT="xml",
    )
    for part in ("surveys.nps.k", "not built yet", "VOXPOP_SECRET_KEY", "VOXPOP_LOG_FORMAT"):
        assert part in told


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite://host/voxpop.db"])
def test_a_database_that_is_no_file_is_refused(tmp_path: Path, url: str) -> None:
    assert "names no file" in refusal(tmp_path, VOXPOP_DATABASE_URL=url)


@pytest.mark.parametrize("hours", ["[9, 17]", '["09:00+02:00", "17:00+02:00"]', '["T9", "17:00"]'])
def test_hours_are_wall_clock_times(tmp_path: Path, hours: str) -> None:
    told = refusal(tmp_path, f'[surveys.nps]\nsubject = "Acme"\nwindow = {hours}\n')
    assert "surveys.nps.window" in told


@pytest.mark.parametrize(
    "line", ['subject = "A\\nB"', 'subject = "A\\u202eB"', "audience = { team = [] }", "k = 99999"]
)
def test_what_people_could_not_be_asked_with_is_refused(tmp_path: Path, line: str) -> None:
    toml = line if line.startswith("subject") else f'subject = "Acme"\n{line}'
    assert "surveys.nps." in refusal(tmp_path, f"[surveys.nps]\n{toml}\n")


def test_a_name_that_nobody_could_type_in_chat_is_refused(tmp_path: Path) -> None:
    assert "lower case" in refusal(tmp_path, '[surveys.NPS]\nsubject = "Acme"\n')


def test_a_file_of_a_windows_editor_is_read_and_one_nested_without_end_refused(
    tmp_path: Path,
) -> None:
    (tmp_path / "voxpop.toml").write_bytes(b'\xef\xbb\xbftimezone = "Asia/Tokyo"\r\n')
    assert load_settings({"VOXPOP_SECRET_KEY": KEY}, folder=tmp_path).timezone == "Asia/Tokyo"
    assert "too deeply" in refusal(tmp_path, f"a = {'[' * 5000}")


def test_what_kubernetes_tells_of_services_is_no_setting(tmp_path: Path) -> None:
    load_settings({"VOXPOP_SECRET_KEY": KEY, **LINKS}, folder=tmp_path)
    assert "VOXPOP_PORT" in refusal(tmp_path, VOXPOP_PORT="9000")


def test_a_variable_in_lower_case_is_not_passed_over(tmp_path: Path) -> None:
    assert "did you mean VOXPOP_BASE_URL?" in refusal(tmp_path, voxpop_base_url="https://x.org")


def test_without_time_zones_the_start_is_refused(tmp_path: Path) -> None:
    program = """
import sys, zoneinfo, pathlib
zoneinfo.reset_tzpath(to=[])
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "tzdata":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Nothing())
from runtime.settings import load_settings
load_settings({}, folder=pathlib.Path(sys.argv[1]))
"""
    run = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert "install the package tzdata" in run.stderr.splitlines()[-1]
    assert not list(tmp_path.iterdir())


def test_fault_65_keys_in_the_kept_file_rotate_too(tmp_path: Path) -> None:
    path = tmp_path / "voxpop.db.key"
    old = kept_keys(path)
    path.write_text(f"{KEY},{old[0]}\n")
    assert kept_keys(path) == (KEY, *old)


@pytest.mark.parametrize("links", [True, False])
def test_threads_that_start_at_once_end_with_one_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    def without(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", without)
    path, barrier = tmp_path / "voxpop.db.key", threading.Barrier(16)
    found = []

    def start() -> None:
        barrier.wait()
        found.append(kept_keys(path))

    threads = [threading.Thread(target=start) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found))) == (16, 1)
    assert [file.name for file in tmp_path.iterdir()] == ["voxpop.db.key"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_that_somebody_is_still_writing_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "voxpop.db.key"
    path.touch()
    writer = threading.Timer(0.1, path.write_text, [KEY])
    writer.start()
    assert kept_keys(path) == (KEY,)
    writer.join()
