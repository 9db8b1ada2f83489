"""What a roster is checked by: addresses, locales and zones as this machine knows them."""

import re
import zoneinfo
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from email_validator import (
    SPECIAL_USE_DOMAIN_NAMES,
    EmailNotValidError,
    ValidatedEmail,
    validate_email,
)

from runtime.settings.calendars import checked
from survey.roster import Rules

_PLAIN = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*")
_LONGEST_LOCALE = 35
# As the package says how: the accounts of many chats have addresses of their own network.
if "local" in SPECIAL_USE_DOMAIN_NAMES:
    SPECIAL_USE_DOMAIN_NAMES.remove("local")


@lru_cache(maxsize=4_096)
def _domain(name: str) -> str:
    """The domain as addresses are kept with it; few domains have all addresses."""
    return _validated(f"a@{name}").domain


def _validated(word: str) -> ValidatedEmail:
    """Names of a network of one's own, acme.test and acme.local, are as good as others here."""
    found = validate_email(word, check_deliverability=False, test_environment=True)
    if "." in found.domain:
        return found
    return validate_email(word, check_deliverability=False)


def email_address(text: str) -> str:
    """The address in lower case, as it is kept.

    Raises:
        ValueError: Why it is none.
    """
    word = text.strip().lower()
    local, _, domain = word.partition("@")
    if "=?" in local:
        raise ValueError("it looks like an encoded word, which mail programs would take apart")
    try:
        if _PLAIN.fullmatch(local) and "@" not in domain:
            found = f"{local}@{_domain(domain)}"
            if len(found) <= 254:  # noqa: PLR2004 - RFC 5321's path, less its brackets
                return found
        return _validated(word).normalized.lower()
    except EmailNotValidError as error:
        raise ValueError(str(error)) from error


def as_on_roster(email: str) -> str:
    """An e-mail as a roster would have brought it in; in lower case if it is none."""
    try:
        return email_address(email)
    except ValueError:
        return email.strip().lower()


def locale_name(text: str) -> str:
    """The locale as it is kept: pt_BR.

    Raises:
        ValueError: If there is none of this name.
    """
    try:
        found = str(Locale.parse(text.replace("-", "_")))
    except (UnknownLocaleError, ValueError, TypeError) as error:
        raise ValueError(f"There is no locale {text!r}.") from error
    if len(found) > _LONGEST_LOCALE:
        raise ValueError(f"The locale {text[:_LONGEST_LOCALE]!r}… is too long.")
    return found


def rules() -> Rules:
    """The rules of this machine."""
    return Rules(
        email=email_address,
        locale=locale_name,
        region=checked,
        zones=frozenset(zoneinfo.available_timezones()),
    )
