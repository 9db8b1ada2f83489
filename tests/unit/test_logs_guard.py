"""What the guard keeps out of the log, whoever logs it."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from runtime import logs
from runtime.logs import access_path


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    logs.configure("json", "debug", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def access(path: str) -> None:
    logging.getLogger("uvicorn.access").info(
        '%s - "%s %s HTTP/%s" %d', "192.0.2.7:5", "GET", path, "1.1", 200
    )


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/s/tok", "/s/[redacted]"),
        ("/u/tok", "/u/[redacted]"),
        ("/survey/tok", "/survey/[redacted]"),
        ("/dashboard/tok", "/dashboard/[redacted]"),
        ("/api/feedback/tok", "/api/feedback/[redacted]"),
        ("/sandbox/api/inbox/ada%40example.org", "/sandbox/api/inbox/[redacted]"),
        ("/voxpop/S/tok/tok?tok=tok", "/voxpop/S/[redacted]"),
        ("/health?tok=tok", "/health"),
        ("/sandbox/api/people", "/sandbox/api/people"),
    ],
)
def test_the_access_log_keeps_no_link_and_no_query(
    stream: io.StringIO, target: str, shown: str
) -> None:
    access(target)
    (line,) = lines(stream)
    assert (line["event"], line["path"], line["status"]) == ("request", shown, 200)
    assert access_path(target) == shown
    for secret in ("tok", "ada", "192.0.2.7"):
        assert secret not in stream.getvalue()


def test_an_access_line_of_another_form_tells_nothing(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").info("tok %s", "tok")
    assert "tok" not in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "no such person: ada@example.org",
        "GET https://voxpop:hunter2@h/x failed",
        "GET https://h/s/hunter2 failed",
        "GET https://h/x?token=hunter2 failed",
        '"WebSocket /sandbox/live?token=hunter2" [accepted]',
        "x\n/s/hunter2",
    ],
)
def test_texts_keep_no_address_link_or_query(stream: io.StringIO, text: str) -> None:
    structlog.get_logger().info("refused", reason=text)
    logging.getLogger("somebody").warning(text)
    assert len(lines(stream)) == 2
    for secret in ("ada", "hunter2"):
        assert secret not in stream.getvalue()


@pytest.mark.parametrize(
    "key",
    [
        *("score", "comment", "text", "email", "name", "address", "user_id", "token", "secret"),
        *("key", "password", "authorization", "body", "values"),
        *("Score", "apiKey", "old_score", "X-Api-Token", "scores", "userId", "addresses"),
    ],
)
def test_a_field_that_may_be_somebodys_is_redacted_at_every_depth(
    stream: io.StringIO, key: str
) -> None:
    structlog.get_logger().info("e", **{key: 47110815007}, at=[{"deep": ({key: 47110815007},)}])
    (line,) = lines(stream)
    assert line[key] == "[redacted]"
    assert "47110815007" not in stream.getvalue()


def test_what_tells_where_and_what_is_kept(stream: io.StringIO) -> None:
    structlog.get_logger().info("e", delivery="d1", attempt=2, share=0.5, parts=["web"], none=None)
    (line,) = lines(stream)
    kept = {"delivery": "d1", "attempt": 2, "share": 0.5, "parts": ["web"], "none": None}
    assert kept.items() <= line.items()
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")


def test_an_object_is_told_by_its_type(stream: io.StringIO) -> None:
    class Person:
        def __repr__(self) -> str:
            return "Person(ada)"

    structlog.get_logger().info("e", who=Person(), raw=b"ada")
    assert "ada" not in stream.getvalue()
    assert "Person" in lines(stream)[0]["who"]


def test_an_error_is_told_with_its_causes_and_parts_and_nothing_they_say(
    stream: io.StringIO,
) -> None:
    try:
        try:
            int("ada's comment")
        except ValueError as error:
            cause = OSError(28, "No space left", "/home/ada")
            raise ExceptionGroup("ada", [KeyError("ada"), cause]) from error
    except ExceptionGroup:
        structlog.get_logger().exception("broke")
    told = "\n".join(lines(stream)[0]["exception"])
    for part in ("ExceptionGroup", "caused by ValueError", "KeyError", "[28] No space left"):
        assert part in told
    assert f"{__name__.rpartition('.')[2]}.py:" in told
    assert "ada" not in told.replace(__file__, "")


def test_libraries_are_quiet_below_warning_because_they_quote_parameters(
    stream: io.StringIO,
) -> None:
    for name in ("sqlalchemy.engine", "aiosqlite", "apscheduler.executors", "httpx", "asyncio"):
        logging.getLogger(name).info("[parameters: ('ada', 9)]")
    assert stream.getvalue() == ""
    logging.getLogger("uvicorn.error").info("Started")
    logging.getLogger("alembic.runtime.migration").info("Running upgrade")
    assert [line["event"] for line in lines(stream)] == ["Started", "Running upgrade"]


def test_what_is_logged_together_carries_one_id(stream: io.StringIO) -> None:
    with logs.correlated() as own:
        structlog.get_logger().info("ours")
        logging.getLogger("uvicorn.error").info("theirs")
    structlog.get_logger().info("after")
    assert [line.get("correlation_id") for line in lines(stream)] == [own, own, None]


def test_a_line_that_cant_be_told_is_told_of_without_its_contents(stream: io.StringIO) -> None:
    root = logging.getLogger()
    # pytest listens too, and raises what it can't format.
    root.handlers[:] = [one for one in root.handlers if isinstance(one, logs._Lines)]
    logging.getLogger("somebody").warning("%d", "ada")
    assert lines(stream)[0]["event"] == "log_line_lost"
    assert "ada" not in stream.getvalue()


def test_no_field_can_pose_as_a_line_of_its_own_on_a_terminal(stream: io.StringIO) -> None:
    stream = io.StringIO()
    logs.configure("console", "info", stream)
    forged = "2001-01-01T00:00:00Z [info] forged"
    structlog.get_logger().info("e", stack=forged, exception=forged)
    assert not any(line.startswith("2001") for line in stream.getvalue().splitlines())


@pytest.mark.usefixtures("stream")
def test_a_narrow_stream_gets_escapes_not_errors() -> None:
    raw = io.BytesIO()
    narrow = io.TextIOWrapper(raw, encoding="ascii")
    logs.configure("console", "info", narrow)
    structlog.get_logger().info("e", reason="café ☕")
    assert rb"caf\xe9 \u2615" in raw.getvalue()


def test_configuring_twice_writes_once(stream: io.StringIO) -> None:
    logs.configure("json", "info", stream)
    structlog.get_logger().info("e")
    assert len(lines(stream)) == 1
