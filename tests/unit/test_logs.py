"""The log: events on one line each, with nothing in it that is somebody's."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from runtime import logs

EVIL = 'a\nb\r\nc\u2028d\x1b[31me\u202ef\x00g {"event": "forged"}'


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def written(form: str, **fields: object) -> str:
    stream = io.StringIO()
    logs.configure(form, "info", stream)  # type: ignore[arg-type]
    structlog.get_logger().info("something_happened", **fields)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
@given(reason=st.text(max_size=200))
def test_fault_45_a_field_with_line_breaks_is_one_line(form: str, reason: str) -> None:
    told = written(form, reason=reason + EVIL, delivery="d1")
    assert told.count("\n") == 1
    assert told.endswith("\n")
    assert not any(ord(character) < 32 for character in told[:-1].replace("\x1b", ""))
    assert "\u202e" not in told
    assert "\u2028" not in told


def test_json_lines_stay_json_whatever_is_in_them() -> None:
    line = json.loads(written("json", reason=EVIL, delivery="d1"))
    assert line["event"] == "something_happened"
    assert line["delivery"] == "d1"


@pytest.mark.parametrize("form", ["json", "console"])
def test_scores_comments_and_addresses_are_left_out(form: str) -> None:
    told = written(
        form,
        score=9,
        comment="my very own words",
        email="ada@example.org",
        nested={"token": "tok-123", "deep": {"comment": "my very own words"}},
    )
    for secret in ("my very own words", "ada@example.org", "tok-123"):
        assert secret not in told


@pytest.mark.parametrize("form", ["json", "console"])
def test_an_exception_is_told_without_what_it_was_about(form: str) -> None:
    stream = io.StringIO()
    logs.configure(form, "info", stream)  # type: ignore[arg-type]
    try:
        comment = "my very own words"
        raise ValueError(comment)
    except ValueError:
        structlog.get_logger().exception("it_broke")
    told = stream.getvalue()
    assert "ValueError" in told
    assert "my very own words" not in told


def test_libraries_go_through_the_same_guard() -> None:
    stream = io.StringIO()
    logs.configure("json", "info", stream)
    logging.getLogger("somebody.else").warning("a\nb")
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["level"] == "warning"
