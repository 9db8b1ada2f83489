"""What is said beside an answer, where a chat platform needs words of its own."""

from dataclasses import replace

from survey.card import Card
from survey.language import Language


def working_on_it(language: Language) -> str:
    """A command that takes longer than a chat waits."""
    return language.text("Working on it: the answer comes in a moment.")


def invite_me(name: str, language: Language) -> str:
    """Shared where we may not write; `name` is our account's."""
    return language.text(
        "I'm not a member of this channel, so I couldn't post there. Type `/invite {name}` in it, "
        "and then try again.",
        name=name,
    )


def not_posted(language: Language) -> str:
    """Shared, and the chat did not take it."""
    return language.text("I couldn't post that here just now, so please try again in a minute.")


def perhaps_posted(language: Language) -> str:
    """Shared, and nobody knows what the chat did about it."""
    return language.text(
        "I can't tell whether that arrived: look in the channel before you share it again."
    )


def file_not_sent(language: Language) -> str:
    """A file that the chat did not take."""
    return language.text("I couldn't send the file just now; please ask again in a minute.")


def chart_not_sent(language: Language) -> str:
    """A picture that the chat did not take."""
    return language.text("I couldn't send the chart just now; please ask again in a minute.")


def chart_left_out(language: Language) -> str:
    """Shared without its picture, which the chat did not take."""
    return language.text("It stands there without its chart, which I couldn't send just now.")


def chart_in_direct_messages(language: Language) -> str:
    """A picture goes where only one person sees it."""
    return language.text("The chart is in our direct messages.")


def file_in_direct_messages(language: Language) -> str:
    """A file goes where only one person sees it."""
    return language.text("The file is in our direct messages.")


def rest_in_direct_messages(language: Language) -> str:
    """What is too much for an answer goes where only one person sees it."""
    return language.text("The rest is in our direct messages.")


def reads_no_files(language: Language) -> str:
    """A file or a picture, and no word with it."""
    return language.text("I can't read files, so I kept nothing: please write it in words.")


def no_form(language: Language) -> str:
    """A form that did not open."""
    return language.text(
        "I couldn't open the form just now. What you pressed stands, and your reason can simply be "
        "written in this thread."
    )


def lacking(card: Card, language: Language) -> Card:
    """A card whose picture and file could not be sent, and which says so."""
    if card.attachment is None:
        told = () if card.picture is None else (chart_not_sent(language),)
        return replace(card.bare, lines=(*card.lines, *told))
    if card.attachment.name in card.headline:  # it announces the file, and says nothing else
        return Card(headline=file_not_sent(language))
    return replace(card.bare, lines=(*card.lines, file_not_sent(language)))
