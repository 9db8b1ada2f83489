"""Settings: `voxpop.toml` says what is asked, the environment wins and carries secrets."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal

from apscheduler.triggers.cron import CronTrigger
from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)
from sqlalchemy import make_url

from runtime.secret_key import MIN_KEY, kept_key
from storage.engine import database_url
from survey.errors import InvalidValue
from survey.localtime import OFFICE_HOURS, Window, zone
from survey.person import Administrators
from survey.release import K_DEFAULT, K_FLOOR
from survey.scale import SCALES
from survey.survey import COMMENT_LIMIT, Answers, Mode, Survey

PREFIX = "VOXPOP_"
FILE = "voxpop.toml"
SECRETS = {"secret_key", "metrics_token", "database_url"}
_SHOWN = 60


def _zone(name: str) -> str:
    zone(name)
    return name


def _email(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise ValueError(f"{text!r} is no e-mail address: {error}") from error


def _split(value: Any) -> Any:
    return (
        [part.strip() for part in value.split(",") if part.strip()]
        if isinstance(value, str)
        else value
    )


def _clock(value: Any) -> Any:
    if isinstance(value, str):
        return time.fromisoformat(value)
    return value


def _url(text: str) -> str:
    database_url(text)
    return text


def _cron(text: str) -> str:
    CronTrigger.from_crontab(text, timezone="UTC")
    return text


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Key = Annotated[str, Field(min_length=MIN_KEY)]
Zone = Annotated[str, AfterValidator(_zone)]
Emails = Annotated[list[Annotated[str, AfterValidator(_email)]], BeforeValidator(_split)]
Clock = Annotated[time, BeforeValidator(_clock)]
Values = Annotated[list[str], BeforeValidator(_one_or_more)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class _Survey(_Strict):
    """`[surveys.NAME]`."""

    subject: Annotated[str, Field(min_length=1, max_length=200)]
    scale: Literal["nps", "csat", "stars", "ten"] = "nps"
    mode: Mode = Mode.CONFIDENTIAL
    k: Annotated[int, Field(strict=True, ge=K_FLOOR)] = K_DEFAULT
    answers: Answers = Answers.CHANGEABLE
    owner: Annotated[str, Field(max_length=200)] = ""
    question: Annotated[str, Field(max_length=COMMENT_LIMIT)] = ""
    window: Annotated[list[Clock], Field(min_length=2, max_length=2)] = [
        OFFICE_HOURS.opens,
        OFFICE_HOURS.closes,
    ]
    open_days: Annotated[int, Field(strict=True, ge=1, le=366)] = 14
    rest_days: Annotated[int, Field(strict=True, ge=0, le=3_660)] = 60
    audience: dict[str, Values] = {}
    schedule: Annotated[str, AfterValidator(_cron)] = ""
    reminders: list[Annotated[int, Field(strict=True, ge=1)]] = []

    def named(self, name: str) -> Survey:
        """The survey of the domain.

        Raises:
            InvalidValue: If the domain refuses it.
        """
        return Survey(
            name=name,
            subject=self.subject,
            scale=SCALES[self.scale],
            mode=self.mode,
            k=self.k,
            answers=self.answers,
            owner=self.owner,
            question=self.question,
            window=Window(opens=self.window[0], closes=self.window[1]),
            open_days=self.open_days,
            rest_days=self.rest_days,
            audience={attribute: tuple(values) for attribute, values in self.audience.items()},
        )


class _File(_Strict):
    """`voxpop.toml`."""

    timezone: Zone = "UTC"
    admins: Emails = []
    surveys: dict[str, _Survey] = {}


class _Environment(_Strict):
    """The environment, without its prefix and in lower case; what is unset is None."""

    config: str | None = None
    database_url: Annotated[str, AfterValidator(_url)] = "sqlite:///voxpop.db"
    base_url: Annotated[str, Field(pattern=r"^https?://[^/\s]+[^\s]*$")] = "http://localhost:8000"
    secret_key: Annotated[list[Key], BeforeValidator(_split)] | None = None
    admins: Emails | None = None
    timezone: Zone | None = None
    sandbox: Annotated[bool, Field(strict=False)] = False
    metrics_token: Annotated[str, Field(min_length=16)] | None = None
    log_format: Literal["console", "json"] | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set.

    Attributes:
        database_url: SQLite or PostgreSQL, with its password.
        base_url: Where people reach us.
        secret_keys: Newest first; seals that an older one made are still opened.
        administrators: Who may read reports in chat.
        timezone: The organisation's; it names periods and stands in for people without one.
        sandbox: Whether the sandbox chat is switched on.
        metrics_token: What `/metrics` asks for; None opens it to this machine alone.
        surveys: By name.
        notices: What was set and has no effect in this version.
        log_format: `console`, `json`, or None for what fits the place.
        log_level: From which level on the log tells.
    """

    database_url: str = field(repr=False)
    base_url: str
    secret_keys: tuple[str, ...] = field(repr=False)
    administrators: Administrators
    timezone: str
    sandbox: bool
    metrics_token: str | None = field(repr=False)
    surveys: Mapping[str, Survey]
    notices: tuple[str, ...]
    log_format: Literal["console", "json"] | None
    log_level: str


def load_settings(environ: Mapping[str, str], *, folder: Path) -> Settings:
    """Read and check everything; nothing is guessed and nothing unknown is let through.

    Args:
        environ: The environment.
        folder: Where `voxpop.toml` and relative SQLite files are.

    Raises:
        InvalidValue: With a line for each thing that is wrong: its name, what it looks like (never
            a secret's value), why it does not fit, and what would.
    """
    problems: list[str] = []
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and value != ""
    }
    environment = _checked(_Environment, given, _environment_name, problems)
    path = folder / (given.get("config") or FILE)
    content = _read(path, named="config" in given, problems=problems)
    file = _checked(_File, content, lambda parts: f"{'.'.join(parts)} in {path.name}", problems)
    surveys = _surveys(file, path.name, problems)
    if environment is not None:
        problems.extend(_key_problems(environment))
    if problems or environment is None or file is None:
        raise InvalidValue("\n".join(problems))
    admins = file.admins if environment.admins is None else environment.admins
    return Settings(
        database_url=_in_folder(environment, folder),
        base_url=environment.base_url.rstrip("/"),
        secret_keys=_keys(environment, folder),
        administrators=Administrators(emails=tuple(dict.fromkeys(admins))),
        timezone=environment.timezone or file.timezone,
        sandbox=environment.sandbox,
        metrics_token=environment.metrics_token,
        surveys=surveys,
        notices=tuple(_notices(file)),
        log_format=environment.log_format,
        log_level=environment.log_level,
    )


def _environment_name(parts: tuple[str, ...]) -> str:
    return PREFIX + parts[0].upper()


def _read(path: Path, *, named: bool, problems: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if named:
            problems.append(f"VOXPOP_CONFIG names {path}, and there is no such file.")
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{path.name} can't be read as TOML: {error}.")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path.name} can't be read: {error}.")
    return {}


def _checked(model: type[Any], given: Mapping[str, Any], name_of: Any, problems: list[str]) -> Any:
    """The model, or None with the problems told."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        for found in error.errors():
            parts = tuple(str(part) for part in found["loc"])
            problems.append(_problem(model, name_of(parts), parts, found))
        return None


def _problem(model: type[BaseModel], name: str, parts: tuple[str, ...], found: Any) -> str:
    if found["type"] == "extra_forbidden":
        return f"{name} is not known to this version{_suggestion(model, name, parts)}"
    if found["type"] == "missing":
        return f"{name} is missing."
    why = str(found["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{name} is {_shape(parts, found['input'])}: {why}."


def _suggestion(model: type[BaseModel], name: str, parts: tuple[str, ...]) -> str:
    known = _Survey if model is _File and len(parts) > 1 else model
    near = difflib.get_close_matches(parts[-1], list(known.model_fields), n=1, cutoff=0.6)
    if not near:
        return "."
    if name.startswith(PREFIX):
        return f"; did you mean {PREFIX}{near[0].upper()}?"
    return f"; did you mean {near[0]}?"


def _shape(parts: tuple[str, ...], value: Any) -> str:
    """What a value looks like: all of it for most, its length for a secret."""
    if parts[0] in SECRETS:
        return f"a secret of {len(str(value))} characters"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _surveys(file: _File | None, path: str, problems: list[str]) -> dict[str, Survey]:
    found = {}
    for name, defined in (file.surveys if file else {}).items():
        try:
            found[name] = defined.named(name)
        except InvalidValue as error:
            problems.append(f"surveys.{name} in {path}: {error}")
    return found


def _notices(file: _File) -> list[str]:
    told = []
    for name, defined in file.surveys.items():
        if defined.schedule:
            told.append(
                f"surveys.{name}.schedule has no effect in this version: start rounds with "
                f"`voxpop campaign start {name}`."
            )
        if defined.reminders:
            told.append(f"surveys.{name}.reminders has no effect in this version.")
    return told


def _key_problems(environment: _Environment) -> list[str]:
    if environment.secret_key == []:
        return ["VOXPOP_SECRET_KEY has no key in it; give one of 32 characters or more."]
    if environment.secret_key is None and not _sqlite_path(environment):
        needed = (
            "VOXPOP_SECRET_KEY is needed with PostgreSQL, so that every process has the same: "
            "32 characters or more, such as `openssl rand -hex 32` prints."
        )
        return [needed]
    return []


def _sqlite_path(environment: _Environment) -> str | None:
    url = make_url(environment.database_url)
    return url.database if url.get_backend_name() == "sqlite" else None


def _in_folder(environment: _Environment, folder: Path) -> str:
    """The database's URL; a relative SQLite file stands beside the settings."""
    path = _sqlite_path(environment)
    if path is None:
        return environment.database_url
    url = make_url(environment.database_url).set(database=str(folder / path))
    return url.render_as_string(hide_password=False)


def _keys(environment: _Environment, folder: Path) -> tuple[str, ...]:
    if environment.secret_key:
        return tuple(environment.secret_key)
    path = folder / f"{_sqlite_path(environment)}.key"
    return (kept_key(path),)
