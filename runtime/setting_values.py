"""Kinds of values in the settings, each with what it refuses."""

import re
from datetime import time
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from runtime.calendars import checked
from runtime.roster_rules import email_address
from runtime.secret_key import MIN_KEY
from storage.engine import database_url
from survey.cron import Cron
from survey.errors import InvalidValue
from survey.localtime import zone
from survey.signs import unseen

ACCOUNTS = ("mattermost", "slack", "sandbox")
"""Platforms whose accounts may be named as administrators."""
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


def _zone(name: str) -> str:
    zone(name)
    return name


def _email(text: str) -> str:
    try:
        return email_address(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no e-mail address: {error}") from error


def _administrator(text: str) -> str:
    """An e-mail in lower case, or an account whose id keeps its case."""
    platform, colon, number = (part.strip() for part in text.partition(":"))
    if colon and platform.lower() in ACCOUNTS:
        if not number or not number.isprintable() or " " in number:
            raise ValueError(f"{text!r} names no account; write {platform.lower()}:ID")
        return f"{platform.lower()}:{number}"
    try:
        return _email(text)
    except ValueError as error:
        raise ValueError(f"{error} (an account is written mattermost:ID or slack:ID)") from error


def _split(value: Any) -> Any:
    return (
        [part.strip() for part in value.split(",") if part.strip()]
        if isinstance(value, str)
        else value
    )


def _clock(value: Any) -> Any:
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return time.fromisoformat(value)
    if isinstance(value, time):  # TOML has a type for it, without a zone
        return value
    raise ValueError('a time is written "09:00", from "00:00" to "23:59"')


def _url(text: str) -> str:
    try:
        url = database_url(text)
    except InvalidValue:
        raise
    except ValueError:  # it quotes what stands where a port should, such as a password
        raise ValueError(
            "that is no database URL; it looks like sqlite:///voxpop.db or "
            "postgresql://user:password@host:5432/database"
        ) from None
    if url.get_backend_name() != "sqlite":
        return text
    if url.host or not url.database or url.database.startswith((":memory:", "file:")):
        raise ValueError("it names no file; write sqlite:///voxpop.db, with three slashes")
    if not url.database.isprintable():
        raise ValueError("the file's name has characters that can't be seen")
    return text


def _web_address(text: str) -> str:
    mend = "write what people's browsers open, such as https://survey.example.org"
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"that is no web address; {mend}") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"it begins with https:// or http:// and a host; {mend}")
    if "@" in parts.netloc or "?" in text or "#" in text:
        raise ValueError(f"it has no user, password, ? or #; {mend}")
    if not (text.isascii() and text.isprintable()) or " " in text or "\\" in text:
        raise ValueError(f"it has spaces or characters that addresses don't have; {mend}")
    return text.rstrip("/")


def _token(text: str) -> str:
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("a token has no spaces, and only printable characters of ASCII")
    return text


def _client_id(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,32}\.[0-9]{1,32}", text):
        raise ValueError("write it as the app's page Basic Information shows it: 123456.789012")
    return text


def _line(text: str) -> str:
    if unseen(text):
        raise ValueError("it is one line, without control characters or signs that turn text")
    return text


def _handle(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", text):
        raise ValueError("write it as it stands in its URL: lower-case letters, digits and dashes")
    return text


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _cron(text: str) -> str:
    if text:
        Cron.parse(text)
    return text


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Key = Annotated[str, Field(min_length=MIN_KEY)]
Zone = Annotated[str, AfterValidator(_zone)]
Admins = Annotated[list[Annotated[str, AfterValidator(_administrator)]], BeforeValidator(_split)]
Clock = Annotated[time, BeforeValidator(_clock)]
Values = Annotated[
    list[Annotated[str, Field(min_length=1)]], Field(min_length=1), BeforeValidator(_one_or_more)
]
Line = Annotated[str, AfterValidator(_line)]
Region = Annotated[str, AfterValidator(checked)]

DatabaseUrl = Annotated[str, AfterValidator(_url)]
Handle = Annotated[str, AfterValidator(_handle)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Token = Annotated[str, Field(min_length=16), AfterValidator(_token)]
ClientId = Annotated[str, AfterValidator(_client_id)]
Keys = Annotated[list[Key], BeforeValidator(_split)]
CronLine = Annotated[str, AfterValidator(_cron)]
Lower = BeforeValidator(_lower)
