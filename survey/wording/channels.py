"""By which way somebody is asked, in words."""

from collections.abc import Sequence

from survey.card import Card
from survey.language import Language
from survey.person import EMAIL
from survey.wording.refusals import short


def name_of(platform: str, language: Language) -> str:
    """What people call a platform."""
    return language.text("e-mail") if platform == EMAIL else platform.title()


def known_ones(there: Sequence[str], first: str | None, language: Language) -> Card:
    """By which ways they can be asked, and which of them comes first.

    Args:
        there: By name, as they are tried.
        first: Which they chose; None if they never did.
        language: Theirs.
    """
    ways = language.listing([name_of(platform, language) for platform in there])
    chosen = first if first in there else None
    if chosen is None:
        headline = language.text("I try to reach you in this order: {channels}.", channels=ways)
    else:
        headline = language.text(
            "You chose {channel}. I try to reach you in this order: {channels}.",
            channel=name_of(chosen, language),
            channels=ways,
        )
    if len(there) < 2:  # noqa: PLR2004 - one is no choice
        return Card(headline=headline)
    codes = language.listing([f"`{platform}`" for platform in there])
    change = language.text(
        "`/nps channel NAME` puts one first; the names are {names}. `/nps channel auto` leaves it "
        "to the survey.",
        names=codes,
    )
    return Card(headline=headline, lines=(change,))


def not_there(typed: str, there: Sequence[str], language: Language) -> str:
    """A way that somebody asked for in vain."""
    return language.text(
        "I can't reach you by `{typed}`. I can by {names}.",
        typed=short(typed),
        names=language.listing([f"`{platform}`" for platform in there]),
    )


def asked_first(platform: str | None, language: Language) -> Card:
    """What holds from the next round on."""
    if platform is None:
        return Card(headline=language.text("From the next round on, the survey decides again."))
    return Card(
        headline=language.text(
            "From the next round on I ask you by {channel} first.",
            channel=name_of(platform, language),
        )
    )
