"""Logs: events with ids, a line each; never scores, comments, addresses or secrets.

Whatever is logged, by us or by a library, passes one guard: fields that may carry personal data
are redacted by their name, objects are told by their type, texts are put on one line, and link
tokens, query strings and e-mail addresses are masked wherever they stand. Errors are told by
their kind and where they happened: their messages may quote what somebody typed.
"""

import logging
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from pathlib import PurePath
from traceback import extract_tb
from typing import Any, Literal, TextIO
from uuid import UUID, uuid4

import structlog
from structlog.typing import EventDict, Processor

LogFormat = Literal["console", "json"]

REDACTED = "[redacted]"
PRIVATE = frozenset(
    {
        *("score", "comment", "text", "body", "value", "name", "email", "mail", "address"),
        *("user_id", "userid", "token", "secret", "key", "password", "passphrase"),
        *("authorization", "credential", "cookie"),
    }
)
"""Words in a field's name, one of them or many, whose value is never shown."""

_PLURALS = frozenset({f"{word}s" for word in PRIVATE} | {"addresses", "bodies"})
_PASSED_ON = frozenset({"_record", "_from_structlog"})
_DEEPEST, _LONGEST, _FRAMES = 6, 50, 25
# Their messages name things in the code; other errors may quote what somebody typed.
_ABOUT_CODE = (AttributeError, NameError, ImportError, NotImplementedError, RecursionError)

_LINKS = "s|u|survey|dashboard|api/feedback|api/survey/trigger|sandbox/api/inbox"
_ACCESS_LINK = re.compile(rf"(/(?:{_LINKS})/).+", re.IGNORECASE)
_STARTS = r"(?:(?<![^\s\"'(=\[])|://[^\s/?#\"']{1,255}(?:/[^\s/?#\"']{1,255}){0,8}?)"
_MASKS = (
    (re.compile(r"(?<=://)[^\s/@]{1,255}@"), f"{REDACTED}@"),
    (re.compile(rf"({_STARTS}/(?:{_LINKS})/)[^\s\"'?#]+", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile(r"((?:://|(?<![^\s\"'(=\[])/)[^\s?\"']{0,2000})\?[^\s\"']+"), rf"\1?{REDACTED}"),
    (re.compile(r"[^\s@\"'<>(),;:=/\[\]\\]{1,64}@[^\s@\"'<>(),;:=/\[\]\\]{1,255}"), "[e-mail]"),
)


def configure(log_format: LogFormat | None, level: str, stream: TextIO | None = None) -> None:
    """Send every event, ours and the libraries', through the guard to one stream.

    Libraries speak from WARNING on whatever the level: below it they quote parameters. uvicorn
    and alembic may also inform.

    Args:
        log_format: JSON lines, or lines for people; None picks by whether the stream is a
            terminal.
        level: The lowest level that is shown, such as "info".
        stream: Where to; standard error if left out.
    """
    stream = stream or sys.stderr
    lowest = logging.getLevelNamesMapping()[level.upper()]
    terminal = stream.isatty()
    if log_format is None:
        log_format = "console" if terminal else "json"
    render = _console(colors=terminal) if log_format == "console" else _json()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _guard,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=lambda *_names: logging.getLogger("voxpop"),
        # Tests and commands configure more than once.
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, _Lines) or type(handler) is logging.StreamHandler:
            root.removeHandler(handler)
    root.addHandler(_Lines(stream, _Formatter(render, [_foreign, *shared])))
    root.setLevel(max(lowest, logging.WARNING))
    logging.getLogger("voxpop").setLevel(lowest)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "alembic"):
        _join(name, max(lowest, logging.INFO))
    for name in ("uvicorn.asgi", "sqlalchemy", "apscheduler", "aiosqlite", "asyncio"):
        _join(name, max(lowest, logging.WARNING))


def _join(name: str, level: int) -> None:
    logger = logging.getLogger(name)
    logger.handlers.clear()
    logger.propagate = True
    logger.setLevel(level)


@contextmanager
def correlated(correlation_id: str | None = None) -> Iterator[str]:
    """Everything that is logged inside carries this id; a new one if none is given."""
    chosen = correlation_id or uuid4().hex
    with structlog.contextvars.bound_contextvars(correlation_id=chosen):
        yield chosen


def one_line(text: str) -> str:
    r"""The text with everything invisible escaped: line breaks as `\n`, bidi as `\u202e`."""
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def access_path(target: str) -> str:
    """A request's target without its query and without what makes a link secret."""
    return _ACCESS_LINK.sub(rf"\1{REDACTED}", one_line(target.partition("?")[0]))


def _foreign(_logger: object, _method: str, event: EventDict) -> EventDict:
    """What a library logged; a request in uvicorn's access log becomes an event of ours."""
    arguments = event.pop("positional_args", ())
    record: logging.LogRecord = event["_record"]
    event["logger"] = record.name
    if record.name == "uvicorn.access":
        event["event"] = "request"
        match arguments:
            case (_, str(verb), str(target), _, int(status)):
                event.update(verb=verb, path=access_path(target), status=status)
    return event


def _guard(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Let nothing pass that is private or more than one line."""
    error = _error_of(event.pop("exc_info", None))
    event.pop("stack_info", None)
    guarded: EventDict = {}
    for key, value in event.items():
        if key in _PASSED_ON:
            guarded[key] = value
        elif _private(key):
            guarded[one_line(key)] = REDACTED
        else:
            # Renderers would print a field of this name as it is, over several lines.
            guarded["frames" if key == "stack" else one_line(key)] = _clean(value)
    if error is not None:
        guarded["exception"] = _told(error)
    return guarded


@lru_cache(maxsize=1024)
def _private(key: str) -> bool:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower()
    words = re.findall(r"[a-z0-9]+", snake)
    return "user_id" in "_".join(words) or any(
        word in PRIVATE or word in _PLURALS for word in words
    )


def _clean(value: object, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        return "…"
    match value:
        case Enum():
            return _clean(value.value, depth)
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case str():
            return one_line(_masked(value))
        case bytes() | bytearray():
            return f"<{len(value)} bytes>"
        case Mapping():
            return {
                one_line(str(key)): REDACTED if _private(str(key)) else _clean(below, depth + 1)
                for key, below in value.items()
            }
        case Sequence() | AbstractSet():
            return [_clean(below, depth + 1) for below in list(value)[:_LONGEST]]
        case UUID() | date() | time() | timedelta() | Decimal() | PurePath():
            return one_line(_masked(str(value)))
        case _:
            return f"<{type(value).__qualname__}>"


def _masked(text: str) -> str:
    if "/" in text or "@" in text:
        for pattern, mask in _MASKS:
            text = pattern.sub(mask, text)
    return text


def _error_of(given: object) -> BaseException | None:
    match given:
        case BaseException():
            return given
        case (_, BaseException() as error, _):
            return error
        case None | False | 0 | ():
            return None
        case _:
            return sys.exc_info()[1]


def _told(error: BaseException) -> list[str]:
    """The error, its causes and its parts: kinds and places, no values."""
    lines: list[str] = []
    waiting, seen = [("", error)], {id(error)}
    while waiting and len(seen) < _LONGEST:
        how, this = waiting.pop()
        lines.append(one_line(f"{how}{_kind(this)}"))
        lines.extend(
            one_line(f"  {frame.filename}:{frame.lineno} in {frame.name}")
            for frame in extract_tb(this.__traceback__)[-_FRAMES:]
        )
        parts = [("part: ", part) for part in getattr(this, "exceptions", ())]
        below = this.__cause__ or (None if this.__suppress_context__ else this.__context__)
        for next_ in [*parts, *([] if below is None else [("caused by ", below)])]:
            if isinstance(next_[1], BaseException) and id(next_[1]) not in seen:
                seen.add(id(next_[1]))
                waiting.append(next_)
    return lines


def _kind(error: BaseException) -> str:
    name = type(error).__qualname__
    if isinstance(error, _ABOUT_CODE):
        return _masked(f"{name}: {error}")
    if isinstance(error, OSError) and error.errno is not None:
        return f"{name}: [{error.errno}] {error.strerror}"
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    return f"{name}: SQLSTATE {state}" if isinstance(state, str) else name


def _json() -> Processor:
    return structlog.processors.JSONRenderer()


def _console(*, colors: bool) -> Processor:
    renderer = structlog.dev.ConsoleRenderer(colors=colors, sort_keys=False)

    def render(logger: object, method: str, event: EventDict) -> str:
        told = event.pop("exception", None)
        if told is not None:
            # Indented, so that no line of it looks like an event.
            lines = told if isinstance(told, list) else [told]
            event["exception"] = "\n".join(f"    {line}" for line in lines)
        return renderer(logger, method, event)

    return render


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Turns a record into its line; one that can't be told is told of without its contents."""

    def __init__(self, render: Processor, chain: Sequence[Processor]) -> None:
        super().__init__(
            processors=[self.remove_processors_meta, render],
            foreign_pre_chain=chain,
            pass_foreign_args=True,
        )
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        try:
            return super().format(record)
        except Exception as error:  # noqa: BLE001 - a log line must never stop what it tells of
            lost = {"event": "log_line_lost", "level": "error", "error": type(error).__qualname__}
            return str(self._render(None, "error", {**lost, "logger": one_line(record.name)}))


class _Lines(logging.StreamHandler[TextIO]):
    """Writes lines, whatever the stream's encoding; logging's own way to fail quotes arguments."""

    def __init__(self, stream: TextIO, formatter: logging.Formatter) -> None:
        super().__init__(stream)
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        line = self.format(record)
        try:
            self.stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            self.flush()
        except (OSError, ValueError):
            # Nobody is left to read it: the stream is closed.
            return
