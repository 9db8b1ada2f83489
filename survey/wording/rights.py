"""Silence, what is held of somebody, and erasure, in words."""

from datetime import date

from survey.card import Act, Attachment, Button, Card, Style
from survey.consent import Consent, How
from survey.language import Language
from survey.localtime import local_date
from survey.person import Person
from survey.rights import Asked, Erased, Held
from survey.wording import channels, kept
from survey.wording.comments import inert

CONSENTS_SHOWN = 5
"""How many of the latest things they said on being asked stand in the message; all in the file."""


def snoozed(until: date, waiting: int, language: Language) -> Card:
    """Silence until a day; what is open stays open."""
    day = language.day(until)
    lines = []
    if waiting:
        lines.append(
            language.plural(
                "The question that you have already stays open; answer it or not, as you like.",
                "The {n} questions that you have already stay open; answer them or not, as you "
                "like.",
                waiting,
            )
        )
    return Card(
        headline=language.text(
            "I won't ask you anything before {day}. `/nps optin` ends that.", day=day
        ),
        lines=tuple(lines),
    )


def awake(language: Language) -> Card:
    """A snooze has ended."""
    return Card(headline=language.text("The snooze is over: I may ask you again."))


def own_data(held: Held, person: Person, file: Attachment, language: Language) -> Card:
    """Everything that is held about the person who reads it."""
    lines = [
        language.text("Name: {name} · e-mail: {email}", name=held.name or "–", email=held.email),
        language.text(
            "Time zone: {timezone} · language: {locale}",
            timezone=held.timezone or language.text("the organisation's"),
            locale=held.locale or language.text("English, because none is noted"),
        ),
    ]
    if held.language is not None:
        lines.append(
            language.text("You chose the language yourself: {language}", language=held.language)
        )
    if held.channel is not None:
        chosen = channels.name_of(held.channel, language)
        lines.append(language.text("You want to be asked by {channel} first.", channel=chosen))
    if held.attributes:
        shown = [f"{name}: {value}" for name, value in sorted(held.attributes.items())]
        lines.append(
            language.text("From the roster: {attributes}", attributes=language.listing(shown))
        )
    if held.addresses:
        shown = [f"{one.platform}: {one.user_id}" for one in held.addresses]
        lines.append(language.text("Accounts: {accounts}", accounts=language.listing(shown)))
    lines += _silences(held, language)
    lines += [_said(one, person, language) for one in held.consents[-CONSENTS_SHOWN:]]
    if held.mailbox_refuses is not None:
        lines.append(
            language.text(
                "I send nothing to your mailbox; its server said: {reason}",
                reason=inert(held.mailbox_refuses),
            )
        )
    lines += [_round(asked, person, language) for asked in held.rounds] or [
        language.text("No round has asked you yet.")
    ]
    lines += kept.lines(held.happened, person, language)
    lines += _as_administrator(held, language)
    lines.append(
        language.text(
            "Your answers are shown here to you alone: in surveys that are not by name, they are "
            "kept under a pseudonym, which your own invitation leads to."
        )
    )
    lines.append(
        language.text(
            "I don't keep which device you use, where you are, or what you write to others. The "
            "messages in this chat are kept by the chat itself."
        )
    )
    return Card(
        headline=language.text("Everything that I know of you"),
        lines=tuple(lines),
        note=language.text(
            "The file {name} holds more: the score before the last, what the figures have of an "
            "answer, scores that are not counted, and when each message went out. `/nps forget` "
            "erases all of it; I ask once more before.",
            name=file.name,
        ),
        attachment=file,
    )


def _silences(held: Held, language: Language) -> list[str]:
    lines = []
    if "" in held.opt_outs:
        lines.append(language.text("You stopped all surveys."))
    elif held.opt_outs:
        lines.append(
            language.text("You stopped: {surveys}", surveys=language.listing(held.opt_outs))
        )
    if held.snoozed_until is not None:
        lines.append(
            language.text("Not to be asked before {day}.", day=language.day(held.snoozed_until))
        )
    if held.away_from is not None and held.away_until is not None:
        lines.append(
            language.text(
                "Away from {first} to {last}.",
                first=language.day(held.away_from),
                last=language.day(held.away_until),
            )
        )
    elif held.away_until is not None:
        lines.append(language.text("Away until {day}.", day=language.day(held.away_until)))
    elif held.away_from is not None:
        lines.append(language.text("Away from {day}.", day=language.day(held.away_from)))
    return lines


def _said(consent: Consent, person: Person, language: Language) -> str:
    """What they said on being asked, on which day, where and why."""
    day = language.day(local_date(consent.at, person.zone))
    if consent.may_ask and consent.survey:
        told = [
            language.text(
                "On {day} you said: ask me about {survey} again", day=day, survey=consent.survey
            )
        ]
    elif consent.may_ask:
        told = [language.text("On {day} you said: ask me again", day=day)]
    elif consent.survey:
        told = [
            language.text(
                "On {day} you said: no more questions about {survey}",
                day=day,
                survey=consent.survey,
            )
        ]
    else:
        told = [language.text("On {day} you said: no more questions", day=day)]
    told.append(_by_which_way(consent.how, language))
    if consent.reason:
        told.append(language.text("Your reason: {comment}", comment=inert(consent.reason)))
    return " · ".join(told)


def _by_which_way(how: How, language: Language) -> str:
    match how:
        case How.CHAT:
            return language.text("in chat")
        case How.PAGE:
            return language.text("on the page behind a link")
        case How.ONE_CLICK:
            return language.text("through your mail program")
        case How.COMPLAINT:
            return language.text("through your mail provider, as a complaint")
        case How.FRONT_DESK:
            return language.text("at the front desk")


def _round(asked: Asked, person: Person, language: Language) -> str:
    told = [
        language.text(
            "{campaign}: asked on {day}",
            campaign=asked.campaign,
            day=language.day(local_date(asked.asked_at, person.zone)),
        ),
        language.plural("{n} message", "{n} messages", len(asked.messages)),
    ]
    if asked.score is not None:
        told.append(language.text("You said {score}.", score=language.number(asked.score)))
    else:
        told.append(language.text("no score"))
    if asked.comment is not None:
        told.append(language.text("Your reason: {comment}", comment=inert(asked.comment)))
    if asked.set_aside:
        told.append(
            language.plural(
                "{n} score that may have come from a program is not counted",
                "{n} scores that may have come from a program are not counted",
                len(asked.set_aside),
            )
        )
    return " · ".join(told)


def _as_administrator(held: Held, language: Language) -> list[str]:
    lines = []
    if held.administrator_accounts:
        lines.append(
            language.text(
                "As an administrator you are known by {accounts}.",
                accounts=language.listing(held.administrator_accounts),
            )
        )
    if held.audit_entries:
        lines.append(
            language.plural(
                "The audit log has {n} entry of yours: a command for administrators.",
                "The audit log has {n} entries of yours: commands for administrators.",
                held.audit_entries,
            )
        )
    return lines


def forgetting(language: Language, *, administrator: bool) -> Card:
    """Asked once before everything is erased."""
    kept = language.text("Scores in rounds that are over stay in the counts, without a name.")
    if administrator:
        kept = language.text(
            "Scores in rounds that are over stay in the counts, without a name. The audit log "
            "keeps what you asked for as an administrator, with your e-mail."
        )
    return Card(
        headline=language.text("Shall I forget you?"),
        lines=(
            language.text(
                "I erase your name, e-mail, accounts and everything else from the roster, and all "
                "reasons that you wrote. Answers in rounds that are open are taken back."
            ),
            kept,
            language.text(
                "I won't ask you again, even if a roster names you, unless you ask to be let in "
                "again; what was erased stays erased. Messages in this chat are yours to delete."
            ),
        ),
        buttons=(
            Button(
                act=Act.FORGET,
                label=language.text("Erase everything about me"),
                style=Style.DANGER,
            ),
            Button(act=Act.REMAIN, label=language.text("Keep it")),
        ),
    )


def remained(language: Language) -> Card:
    """Nothing was erased."""
    return Card(headline=language.text("Good: nothing was erased, and all stays as it was."))


def forgotten(erased: Erased, language: Language, *, administrator: bool) -> Card:
    """Done; what went and what stays."""
    lines = []
    if erased.taken_back:
        lines.append(
            language.plural(
                "{n} answer in an open round was taken back.",
                "{n} answers in open rounds were taken back.",
                erased.taken_back,
            )
        )
    if erased.kept:
        lines.append(
            language.plural(
                "{n} score of a round that is over stays in its counts, without a name.",
                "{n} scores of rounds that are over stay in their counts, without a name.",
                erased.kept,
            )
        )
    if administrator:
        lines.append(
            language.text(
                "The settings still name you as an administrator, and people are told so: ask "
                "whoever runs me to take you out of VOXPOP_ADMINS."
            )
        )
    lines.append(
        language.text(
            "I won't ask you again, even if a roster names you, unless you ask to be let in "
            "again; what was erased stays erased. The messages in this chat are yours to delete. "
            "Goodbye, and thank you."
        )
    )
    return Card(
        headline=language.text("Done: I have forgotten you."),
        lines=tuple(lines),
    )
