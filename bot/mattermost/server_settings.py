"""What a server's own settings must be like for us: read, never changed."""

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

OLDEST = (5, 37)
"""The oldest version that is served."""
BRISK = 20
"""Requests a second below which a limit of the server's is felt."""


class Outcome(StrEnum):
    """What became of a step."""

    FINE = "ok"
    CREATED = "created"
    REPAIRED = "repaired"
    WOULD = "would be done"
    NOTE = "note"
    """Nothing is wrong; it is good to know."""
    MISSING = "missing"
    """It does not work like this, and is to be done by hand."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A line of what was looked at or done.

    Attributes:
        name: What it is about.
        says: What was found or done.
        mend: How to do by hand what could not be done; a path is one in the System Console.
    """

    name: str
    outcome: Outcome
    says: str = ""
    mend: str = ""


def fine(name: str, says: str = "") -> Step:
    """Nothing to do."""
    return Step(name=name, outcome=Outcome.FINE, says=says)


def missing(name: str, says: str, mend: str) -> Step:
    """To be done by hand."""
    return Step(name=name, outcome=Outcome.MISSING, says=says, mend=mend)


def note(name: str, says: str, mend: str = "") -> Step:
    """Good to know."""
    return Step(name=name, outcome=Outcome.NOTE, says=says, mend=mend)


def changed(name: str, outcome: Outcome, says: str, *, dry_run: bool) -> Step:
    """Something was done, or would be."""
    if dry_run:
        return Step(name=name, outcome=Outcome.WOULD, says=f"{outcome.value}: {says}")
    return Step(name=name, outcome=outcome, says=says)


def version_step(version: object, url: str) -> Step:
    """Whether the server is new enough."""
    numbers = re.match(r"(\d+)\.(\d+)", str(version))
    if numbers is None:
        return note("server", f"{url} does not tell its version")
    told = f"Mattermost {version} at {url}"
    if (int(numbers[1]), int(numbers[2])) < OLDEST:
        return missing("server", told, "upgrade it: 5.37 is the oldest that is served")
    return fine("server", told)


def site_url_step(site_url: object, url: str) -> Step:
    """Whether the server names itself as we name it: late answers go where it says.

    Args:
        site_url: What its settings say.
        url: Where we reach it.
    """
    told = str(site_url or "").rstrip("/")
    where = "Environment > Web Server > Site URL"
    if not told:
        return missing("site URL", "is not set, so long reports come as direct messages", where)
    if _place(told) != _place(url):
        return note(
            "site URL",
            f"is {told} and VOXPOP_MATTERMOST__URL is {url}: long reports come as direct messages",
            f"people notice nothing else; to change it, make them the same, here or at {where}",
        )
    return fine("site URL", told)


def setting_steps(
    config: Mapping[str, Any], *, url: str, callback_url: str, addresses: Sequence[str]
) -> Iterator[Step]:
    """What `GET /config` says, held against what we need.

    Args:
        config: As an administrator sees it.
        url: Where we reach the server.
        callback_url: Where the server is to reach us.
        addresses: The IP addresses of that host, as seen from here; none if it has none here.
    """
    service = _section(config, "ServiceSettings")
    yield _bot_accounts(service)
    yield _personal_tokens(service)
    yield _commands(service)
    yield site_url_step(service.get("SiteURL"), url)
    yield _callback(service, callback_url, addresses)
    yield _emails(_section(config, "PrivacySettings"), _section(config, "EmailSettings"))
    yield from _limits(_section(config, "RateLimitSettings"), service)


def _section(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = config.get(name)
    return found if isinstance(found, Mapping) else {}


def _bot_accounts(service: Mapping[str, Any]) -> Step:
    if service.get("EnableBotAccountCreation", True):
        return fine("bot accounts", "can be created")
    return note(
        "bot accounts",
        "can't be created; one that is there works",
        "Integrations > Bot Accounts > Enable Bot Account Creation",
    )


def _personal_tokens(service: Mapping[str, Any]) -> Step:
    if service.get("EnableUserAccessTokens", True):
        return fine("access tokens", "are on")
    return note("access tokens", "are off for people; a bot's work all the same")


def _commands(service: Mapping[str, Any]) -> Step:
    if service.get("EnableCommands", True):
        return fine("slash commands", "are on")
    return missing(
        "slash commands",
        "are off",
        "Integrations > Integration Management > Enable Custom Slash Commands",
    )


def _place(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    return parts.scheme, parts.hostname, port or {"https": 443, "http": 80}.get(parts.scheme)


def _callback(service: Mapping[str, Any], callback_url: str, addresses: Sequence[str]) -> Step:
    host = urlsplit(callback_url).hostname or ""
    private = [one for one in map(_address, addresses) if one is not None and not one.is_global]
    if not addresses:
        return note("callbacks", f"{host} can't be looked up from here: can it be from the server?")
    if not private:
        return fine("callbacks", f"{host} is a public address")
    allowed = re.split(r"[\s,]+", str(service.get("AllowedUntrustedInternalConnections") or ""))
    if host in allowed or all(_within(one, allowed) for one in private):
        return fine("callbacks", f"{host} is private, and allowed")
    return missing(
        "callbacks",
        f"{host} is private ({private[0]}), and the server calls no private address unasked",
        f"Environment > Developer > Allow untrusted internal connections to: add {host}",
    )


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _within(address: ipaddress.IPv4Address | ipaddress.IPv6Address, allowed: Sequence[str]) -> bool:
    for word in allowed:
        try:
            if address in ipaddress.ip_network(word, strict=False):
                return True
        except ValueError:
            continue
    return False


def _emails(privacy: Mapping[str, Any], email: Mapping[str, Any]) -> Step:
    if privacy.get("ShowEmailAddress", True):
        if email.get("RequireEmailVerification", True):
            return fine("e-mails", "the bot may see them")
        return note(
            "e-mails",
            "are not verified: whoever takes one that no account has is asked in its owner's place",
            "Authentication > Email > Require Email Verification, unless accounts come from LDAP "
            "or SAML",
        )
    return missing(
        "e-mails",
        "are hidden, so nobody is found by theirs",
        "Site Configuration > Users and Teams > Show Email Address; or name people's account ids "
        "in the column mattermost of a roster",
    )


def _limits(limits: Mapping[str, Any], service: Mapping[str, Any]) -> Iterator[Step]:
    if not limits.get("Enable"):
        yield fine("rate limit", "is off")
    else:
        rate, burst = limits.get("PerSec"), limits.get("MaxBurst")
        told = f"{rate} requests a second, bursts of {burst}"
        slow = isinstance(rate, int) and rate < BRISK
        yield (
            note("rate limit", f"{told}; Voxpop waits when it is told to", _RATE)
            if slow
            else fine("rate limit", told)
        )
    seconds = service.get("PostEditTimeLimit", -1)
    if isinstance(seconds, int) and seconds >= 0:
        yield note(
            "editing",
            f"messages can be changed for {seconds} seconds; answers count after that, too, and "
            "are told privately",
            "Site Configuration > Posts, or Permissions > Edit Posts",
        )


_RATE = "Environment > Rate Limiting > Maximum Queries per Second"
