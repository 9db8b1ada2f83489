"""What can be typed after `/nps`, in words."""

from dataclasses import dataclass

from bot.grammar import FOR_ADMINISTRATORS, Word
from survey.language import Language


@dataclass(frozen=True, kw_only=True)
class Hint:
    """One line of help."""

    usage: str
    says: str
    administrators: bool


def hints(language: Language) -> tuple[Hint, ...]:
    """What can be typed, and what each does."""
    lines = (
        ("/nps pending", language.text("the questions that are open for you")),
        ("/nps snooze [DAYS]", language.text("no questions for some days, 14 unless you say")),
        ("/nps optout [SURVEY]", language.text("no more surveys from me")),
        ("/nps optin [SURVEY]", language.text("ask me again")),
        ("/nps compact", language.text("one menu in place of a button for each score")),
        ("/nps buttons", language.text("a button for each score again")),
        ("/nps language [CODE]", language.text("the language in which I write to you")),
        ("/nps channel [NAME]", language.text("where I ask you first: in a chat, or by e-mail")),
        (
            "/nps followups [all|mine|done]",
            language.text("low marks that wait for somebody to look after them"),
        ),
        ("/nps mydata", language.text("everything that I know of you")),
        ("/nps forget", language.text("erase it; I ask once more before")),
        ("/nps help", language.text("this help")),
        (
            "/nps report [SURVEY] [PERIOD or N days] [by ATTRIBUTE] [share]",
            language.text("figures with a chart; privately, unless you share them"),
        ),
        ("/nps status", language.text("how the running round is doing")),
        ("/nps preview [SURVEY]", language.text("who would be asked, who not, and why")),
        ("/nps start [SURVEY] [to EMAIL,…]", language.text("start a round")),
        ("/nps pause [SURVEY]", language.text("send nothing for now; answers still count")),
        ("/nps resume [SURVEY]", language.text("go on with a paused round")),
        (
            "/nps remind [@USER or EMAIL]",
            language.text("remind those who have not answered, or one of them"),
        ),
        ("/nps close [SURVEY]", language.text("close the running round")),
        ("/nps comments [SURVEY] [PERIOD]", language.text("what people wrote")),
        (
            "/nps export [SURVEY] [PERIOD]",
            language.text("a round's figures and comments as a file"),
        ),
        ("/nps audit [NUMBER]", language.text("who asked for what, the latest first")),
    )
    return tuple(
        Hint(
            usage=usage,
            says=says,
            administrators=Word(usage.split()[1]) in FOR_ADMINISTRATORS,
        )
        for usage, says in lines
    )
