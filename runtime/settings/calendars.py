"""Public holidays and weekends, by the tables of the package `holidays`."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from survey.contact import HOLIDAYS
from survey.errors import InvalidValue
from survey.person import Person

SATURDAY, SUNDAY = 5, 6


@dataclass(frozen=True, kw_only=True)
class Calendars:
    """Which days are quiet for somebody.

    Attributes:
        region: Whose holidays count for people who have none of their own, such as `DE-BE`;
            empty for nobody's.
        weekends: Whether weekends are quiet, too: Saturday and Sunday, or what the region has.
    """

    region: str = ""
    weekends: bool = False

    def __call__(self, person: Person, day: date) -> bool:
        """Whether this person is left alone on this day of theirs."""
        own = _known(person.attributes.get(HOLIDAYS, ""))
        holidays, weekend = _calendar(own or self.region)
        return day in holidays or (self.weekends and day.weekday() in weekend)


def checked(region: str) -> str:
    """A region as the calendars know it.

    Raises:
        InvalidValue: If there is no such region.
    """
    text = region.strip().upper()
    if text:
        _calendar(text)
    return text


@lru_cache(maxsize=1024)
def _known(region: str) -> str:
    """The region, or an empty text for one that nobody knows: the organisation's counts then."""
    try:
        return checked(region)
    except InvalidValue:
        return ""


@lru_cache(maxsize=256)
def _calendar(region: str) -> tuple[Container[date], frozenset[int]]:
    if not region:
        return frozenset(), frozenset({SATURDAY, SUNDAY})
    # Half a second to read, which only those wait for who use it.
    from holidays import country_holidays  # noqa: PLC0415

    country, _, part = region.partition("-")
    try:
        found = country_holidays(country, subdiv=part or None)
    except NotImplementedError as error:
        raise InvalidValue(
            f"I don't know the holidays of {region!r}; write a country or one of its parts, "
            "such as DE, DE-BE or US-CA (ISO 3166)."
        ) from error
    return found, frozenset(found.weekend)
