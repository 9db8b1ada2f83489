"""Settings: `voxpop.toml` says what is asked, the environment wins and carries secrets."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import make_url

from runtime.logs import one_line
from runtime.settings.email import EmailSettings, email_settings
from runtime.settings.environment import Environment
from runtime.settings.features import Products
from runtime.settings.insights import ModelSettings, model_settings
from runtime.settings.mattermost import MattermostSettings
from runtime.settings.notices import channel_notices, moment_notices, notices
from runtime.settings.parts import (
    brand_of,
    mattermost_of,
    platform_problems,
    slack_of,
    tickets_of,
)
from runtime.settings.problems import checked, unknown
from runtime.settings.secret_key import kept_keys
from runtime.settings.slack import SlackSettings
from runtime.settings.tables import SettingsFile
from runtime.settings.tickets import TicketSettings
from runtime.settings.visits import VisitsTable, branches_of
from survey.brand import Brand
from survey.contact import ContactPolicy
from survey.errors import InvalidValue
from survey.occasion import Trigger
from survey.person import Address, Administrators
from survey.survey import Mode, Survey
from survey.visits import Branch

PREFIX = "VOXPOP_"
FILE = "voxpop.toml"
NO_ZONES = (
    "The time zones of the world are missing on this machine: install the package tzdata "
    "(pip install tzdata, or your system's)."
)
_LONGEST_NAME = 64
# Kubernetes tells every pod of every service by variables of these names.
_SERVICE_LINK = re.compile(
    r"(VOXPOP(?:_[A-Z0-9_]+?)??)_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?"
    r"|PORT(?:_[0-9]+_(?:TCP|UDP|SCTP)(?:_[A-Z]+)?)?)"
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set.

    Attributes:
        database_url: SQLite or PostgreSQL, with its password.
        base_url: Where people reach us.
        secret_keys: Newest first; seals that an older one made are still opened.
        erasures: Where it is noted who was forgotten, outside of the database; None for nowhere.
        administrators: Who may read reports in chat.
        timezone: The organisation's; it names periods and stands in for people without one.
        sandbox: Whether the sandbox chat is switched on.
        metrics_token: What `/metrics` asks for; None opens it to this machine alone.
        backstage_url: Where Backstage's backend is, if the roster comes from its catalogue.
        backstage_token: What its catalogue asks for.
        mattermost: The Mattermost server; None if there is none.
        slack: Slack; None if nothing of it is set.
        email: E-mail; None where nobody carries it.
        tickets: With what helpdesks sign what they tell.
        brand: Whose surveys these are, as mails and pages show it.
        trusted_proxies: Networks whose word on a caller's address is taken.
        cors_origins: Whose pages in browsers may call the API.
        alert_channels: Where low marks are told.
        api_limit: How often each key may: `600/minute`.
        surveys: By name.
        contact: How often anybody is asked over all of them.
        products: What has features that people are asked about, by key.
        branches: Where customers come, by id.
        visits: What the front desk offers, and when customers are asked.
        archive_url: Where copies of answers about visits are kept; None keeps none.
        model: A language model; None where none is set.
        notices: What was set and has no effect in this version.
        log_format: `console`, `json`, or None for what fits the place.
        log_level: From which level on the log tells.
    """

    database_url: str = field(repr=False)
    base_url: str
    secret_keys: tuple[str, ...] = field(repr=False)
    erasures: Path | None
    administrators: Administrators
    timezone: str
    sandbox: bool
    metrics_token: str | None = field(repr=False)
    backstage_url: str | None
    backstage_token: str | None = field(repr=False)
    mattermost: MattermostSettings | None
    slack: SlackSettings | None
    email: EmailSettings | None
    tickets: TicketSettings
    brand: Brand
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...]
    cors_origins: tuple[str, ...]
    alert_channels: tuple[Address, ...]
    api_limit: str
    surveys: Mapping[str, Survey]
    contact: ContactPolicy
    products: Products
    branches: Mapping[str, Branch]
    visits: VisitsTable
    archive_url: str | None
    model: ModelSettings | None
    notices: tuple[str, ...]
    log_format: Literal["console", "json"] | None
    log_level: str

    def waiting_for(self, trigger: Trigger) -> Survey | None:
        """The survey that asks when such a thing has happened; None if there is none."""
        return next((one for one in self.surveys.values() if one.after is trigger), None)

    @property
    def platforms(self) -> tuple[str, ...]:
        """Where people are reached, the preferred first: chats before e-mail."""
        chats = {
            "sandbox": self.sandbox,
            "mattermost": self.mattermost is not None and self.mattermost.token is not None,
            "slack": self.slack is not None and self.slack.on,
            "email": self.email is not None,
        }
        return tuple(platform for platform, on in chats.items() if on)


def load_settings(environ: Mapping[str, str], *, folder: Path) -> Settings:
    """Read and check everything; nothing is guessed and nothing unknown is let through.

    Args:
        environ: The environment.
        folder: Where `voxpop.toml` and relative SQLite files are.

    Raises:
        InvalidValue: With a line for each thing that is wrong: its name, what it looks like (never
            a secret's value), why it does not fit, and what would.
    """
    problems = _zone_problems()
    given = {}
    for name, value in environ.items():
        known = name.removeprefix(PREFIX).lower() in Environment.model_fields
        if known and name == name.upper() and name.startswith(PREFIX):
            given.update({name.removeprefix(PREFIX).lower(): value} if value else {})
        elif name.upper().startswith(PREFIX) and not _is_service_link(name, environ):
            problems.append(
                unknown(name, [_environment_name((f,)) for f in Environment.model_fields])
            )
    environment = checked(Environment, given, _environment_name, problems)
    path = folder / (given.get("config") or FILE)
    content = _read(path, named="config" in given, problems=problems)
    file = checked(
        SettingsFile, content, lambda parts: f"{'.'.join(parts)} in {path.name}", problems
    )
    surveys = _surveys(file, content, path.name, problems)
    problems.extend(_key_problems(given, environment))
    problems.extend(platform_problems(environment))
    if problems or environment is None or file is None:
        raise InvalidValue("\n".join(one_line(problem) for problem in problems))
    admins = file.admins if environment.admins is None else environment.admins
    settings = Settings(
        database_url=_in_folder(environment, folder),
        base_url=environment.base_url,
        secret_keys=_keys(environment, folder),
        erasures=_erasures(environment, folder),
        administrators=Administrators(
            emails=tuple(dict.fromkeys(one for one in admins if ":" not in one)),
            accounts=tuple(dict.fromkeys(one for one in admins if ":" in one)),
        ),
        timezone=environment.timezone or file.timezone,
        sandbox=environment.sandbox,
        metrics_token=environment.metrics_token,
        backstage_url=environment.backstage__url,
        backstage_token=environment.backstage__token,
        mattermost=mattermost_of(environment),
        slack=slack_of(environment),
        email=email_settings(environment.platform("email"), base_url=environment.base_url),
        tickets=tickets_of(environment),
        brand=brand_of(environment),
        trusted_proxies=tuple(environment.trusted_proxies or ()),
        cors_origins=tuple(environment.cors_origins or ()),
        alert_channels=tuple(environment.alert_channel or ()),
        api_limit=environment.api__limit,
        surveys=surveys,
        contact=file.contact.policy,
        products=file.products,
        branches=branches_of(file.branches),
        visits=file.visits,
        archive_url=environment.archive_url,
        model=model_settings(environment.platform("llm"), file.llm),
        notices=tuple(notices(file)),
        log_format=environment.log_format,
        log_level=environment.log_level,
    )
    told = (*channel_notices(surveys, settings.platforms), *moment_notices(settings))
    return replace(settings, notices=(*settings.notices, *told))


def _zone_problems() -> list[str]:
    try:
        ZoneInfo.no_cache("Europe/Berlin")
    except (LookupError, OSError):
        return [NO_ZONES]
    return []


def _is_service_link(name: str, environ: Mapping[str, str]) -> bool:
    found = _SERVICE_LINK.fullmatch(name)
    return found is not None and f"{found[1]}_SERVICE_HOST" in environ


def _environment_name(parts: tuple[str, ...]) -> str:
    return PREFIX + parts[0].upper()


def _read(path: Path, *, named: bool, problems: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        if named:
            problems.append(f"VOXPOP_CONFIG names {path}, and there is no such file.")
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{path.name} can't be read as TOML: {error}.")
    except RecursionError:
        problems.append(f"{path.name} can't be read as TOML: it is nested too deeply.")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path.name} can't be read: {error}.")
    return {}


def _surveys(
    file: SettingsFile | None, content: Mapping[str, Any], path: str, problems: list[str]
) -> dict[str, Survey]:
    found = {}
    tables = content.get("surveys")
    for name, table in tables.items() if isinstance(tables, dict) else ():
        try:
            if file is not None:
                found[name] = file.surveys[name].named(name, file.contact.policy)
            else:  # something else is wrong, and this is told with it
                anonymous = isinstance(table, dict) and table.get("mode") == Mode.ANONYMOUS.value
                Survey(
                    name=name, subject="-", mode=Mode.ANONYMOUS if anonymous else Mode.IDENTIFIED
                )
        except InvalidValue as error:
            problems.append(f"surveys.{name[:200]} in {path}: {error}")
        if name != name.lower() or len(name) > _LONGEST_NAME:
            problems.append(
                f"surveys.{name[:200]} in {path} is typed in chat, where case does not count: "
                f"give it a name in lower case, of {_LONGEST_NAME} characters at most."
            )
    for trigger in Trigger:
        names = [name for name, survey in found.items() if survey.after is trigger]
        if len(names) > 1:
            problems.append(
                f"surveys.{' and surveys.'.join(names)} in {path} both have after = "
                f"'{trigger.value}': one survey asks about them."
            )
    return found


def _key_problems(given: Mapping[str, str], environment: Environment | None) -> list[str]:
    if environment is not None and environment.secret_key == []:
        return ["VOXPOP_SECRET_KEY has no key in it; give one of 32 characters or more."]
    if "secret_key" not in given and given.get("database_url", "").startswith("postgres"):
        needed = (
            "VOXPOP_SECRET_KEY is needed with PostgreSQL, so that every process has the same: "
            "32 characters or more, such as `openssl rand -hex 32` prints."
        )
        return [needed]
    return []


def _sqlite_path(environment: Environment) -> str | None:
    url = make_url(environment.database_url)
    return url.database if url.get_backend_name() == "sqlite" else None


def _in_folder(environment: Environment, folder: Path) -> str:
    """The database's URL; a relative SQLite file stands beside the settings."""
    path = _sqlite_path(environment)
    if path is None:
        return environment.database_url
    url = make_url(environment.database_url).set(database=str(folder / path))
    return url.render_as_string(hide_password=False)


def _erasures(environment: Environment, folder: Path) -> Path | None:
    """The journal of erasures; beside the SQLite file if nobody said where."""
    path = _sqlite_path(environment)
    name = environment.erasures or (f"{path}.erased" if path and path != ":memory:" else None)
    return None if name is None else folder / name


def _keys(environment: Environment, folder: Path) -> tuple[str, ...]:
    if environment.secret_key:
        return tuple(environment.secret_key)
    path = folder / f"{_sqlite_path(environment)}.key"
    return kept_keys(path)
