"""Kinds of values in the settings, each with what it refuses."""

import re
from datetime import time
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from runtime.roster_rules import email_address
from runtime.settings.calendars import checked
from runtime.settings.email import imap_inbox, smtp_server, written_address
from runtime.settings.secret_key import MIN_KEY
from storage.engine import database_url
from survey.brand import LONGEST_NAME
from survey.cron import Cron
from survey.errors import InvalidValue
from survey.localtime import zone
from survey.signs import unseen
from webapp.webhooks.standard import key_in

ACCOUNTS = ("mattermost", "slack", "sandbox")
"""Platforms whose accounts may be named as administrators."""
CHANNELS = (*ACCOUNTS, "email")
"""Platforms on which a survey may ask."""
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")

STRICT = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
"""For tables of the settings: nothing is guessed, and nothing unknown let through."""


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


def split(value: Any) -> Any:
    """What commas part, as a list."""
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
    mend = "write an address such as https://survey.example.org"
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


def _picture_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise ValueError("a picture in a mail has an address that begins with https://")
    if not (text.isascii() and text.isprintable()) or set(' "<>\\') & set(text):
        raise ValueError("it has characters that addresses don't have")
    return text


def _rate(text: str) -> str:
    if re.fullmatch(r"[1-9][0-9]{0,8}/(second|minute|hour|day)", text) is None:
        raise ValueError("write a number per second, minute, hour or day, such as 600/minute")
    return text


def _color(text: str) -> str:
    if not re.fullmatch(r"#[0-9a-f]{6}", text.lower()):
        raise ValueError("a colour is written #0b6670: # and six digits from 0 to f")
    return text.lower()


def _network(value: Any) -> Any:
    try:
        return ip_network(str(value).strip())
    except ValueError:
        raise ValueError(
            "a network is written 10.0.0.0/8 or fd00::/8, one machine as 192.0.2.1"
        ) from None


def _origin(text: str) -> str:
    found = _web_address(text).lower()
    if urlsplit(found).path:
        raise ValueError("an origin has no path: https://intranet.example.org")
    return found


def _smtp_url(text: str) -> str:
    smtp_server(text)
    return text


def _imap_url(text: str) -> str:
    imap_inbox(text)
    return text


def _written_address(text: str) -> str:
    written_address(text)
    return text


def _token(text: str) -> str:
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("a token has no spaces, and only printable characters of ASCII")
    return text


def _webhook_secret(text: str) -> str:
    key_in(text)
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
Channel = Literal["mattermost", "slack", "sandbox", "email"]
Rate = Annotated[str, AfterValidator(_rate)]
Zone = Annotated[str, AfterValidator(_zone)]
Admins = Annotated[list[Annotated[str, AfterValidator(_administrator)]], BeforeValidator(split)]
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
Keys = Annotated[list[Key], BeforeValidator(split)]
WebhookSecrets = Annotated[
    list[Annotated[str, AfterValidator(_webhook_secret)]], BeforeValidator(split)
]
CronLine = Annotated[str, AfterValidator(_cron)]
Lower = BeforeValidator(_lower)

SmtpUrl = Annotated[str, AfterValidator(_smtp_url)]
ImapUrl = Annotated[str, AfterValidator(_imap_url)]
Email = Annotated[str, AfterValidator(_email)]
WrittenAddress = Annotated[str, AfterValidator(_written_address)]
BrandName = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), AfterValidator(_line)]
PictureAddress = Annotated[str, AfterValidator(_picture_address)]
Color = Annotated[str, AfterValidator(_color)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
Networks = Annotated[list[Network], BeforeValidator(split)]
Origins = Annotated[list[Annotated[str, AfterValidator(_origin)]], BeforeValidator(split)]
