"""A question that goes out only to be looked at."""

from dataclasses import replace

from survey.card import Card
from survey.language import Language


def sample(card: Card, language: Language) -> Card:
    """The same message, which says of itself that it is none.

    Args:
        card: As it would go out; with its letter, if it has one.
        language: The language of the card.
    """
    title = None if card.letter is None else card.letter.title
    return replace(
        card,
        greeting=language.text(
            "This is a test of e-mail: nobody is asked, and its links lead nowhere."
        ),
        letter=card.letter
        and replace(card.letter, title=language.text("Test: {title}", title=title)),
    )
