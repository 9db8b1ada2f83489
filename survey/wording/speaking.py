"""In which language somebody is written to, in words."""

from collections.abc import Mapping

from survey.card import Card
from survey.language import Language
from survey.wording.refusals import short


def known_ones(spoken: Mapping[str, str], language: Language) -> Card:
    """Which there are, and which of them is theirs."""
    lines = []
    if len(spoken) > 1:
        known = [f"`{code}` {name}" for code, name in spoken.items()]
        lines.append(
            language.text(
                "I know {languages}. `/nps language CODE` changes it.",
                languages=language.listing(known),
            )
        )
    else:
        lines.append(language.text("It is the only one that I know so far."))
    return Card(headline=written_in(spoken, language), lines=tuple(lines))


def not_spoken(typed: str, spoken: Mapping[str, str], language: Language) -> str:
    """A language that somebody asked for in vain."""
    return language.text(
        "I don't know `{typed}` as a language. I know {languages}.",
        typed=short(typed),
        languages=language.listing([f"`{code}` {name}" for code, name in spoken.items()]),
    )


def written_in(spoken: Mapping[str, str], language: Language) -> str:
    """The language of what they read."""
    return language.text("I write to you in {language}.", language=name_of(spoken, language))


def name_of(spoken: Mapping[str, str], language: Language) -> str:
    """What a language calls itself; by its own locale, or without the country."""
    locale = language.locale
    return spoken.get(locale) or spoken.get(locale.partition("_")[0]) or locale


def spoken_from_now_on(name: str, language: Language) -> Card:
    """Said in the language that was chosen; `name` is what it calls itself."""
    return Card(headline=language.text("From now on I write to you in {language}.", language=name))
