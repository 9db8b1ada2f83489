"""Who asks, and the shape of what answers them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.grammar import Command, Word
from survey.campaign import Period
from survey.card import Card, Reply
from survey.language import Language
from survey.person import Address, Person


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Somebody on the roster who typed a command or pressed a button below one of our answers.

    Attributes:
        person: Who.
        by: The account they did it with.
        language: Theirs.
    """

    person: Person
    by: Address
    language: Language


Handler = Callable[[Asker, Command], Awaitable[Reply]]
"""Answers a command."""
PressHandler = Callable[[Asker, str], Awaitable[Reply]]
"""Answers a button that carries this value."""


def of_round(handler: Handler, word: Word) -> PressHandler:
    """A button that does what the word would, of the round that its value names."""

    async def pressed(asker: Asker, value: str) -> Reply:
        survey, period = value.split()
        command = Command(word=word, survey=survey, period=Period.parse(period))
        return await handler(asker, command)

    return pressed


def said(sentence: str) -> Reply:
    """A sentence for the asker alone."""
    return Reply(private=Card(headline=sentence))
