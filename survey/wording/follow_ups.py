"""Low marks that somebody looks after: the alert in a channel, the form for a note, the list."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from survey.card import Act, Button, Card, Dialog, Field, Style
from survey.follow_ups import FollowUp, FollowUpState
from survey.language import Language
from survey.occasion import Trigger
from survey.person import Person
from survey.survey import COMMENT_LIMIT
from survey.wording import happened
from survey.wording.asked import subject_of
from survey.wording.comments import inert

LISTED = 10
"""How many the overview shows."""
_SHORT = 80
_NOTE_FIELD = "comment"


def alert(found: FollowUp, language: Language, *, zone: ZoneInfo, now: datetime) -> Card:
    """The message in a channel, as the low mark stands by now; whoever is there may press.

    Args:
        found: The low mark.
        language: The team's.
        zone: The organisation's: its clock is told.
        now: Now.
    """
    invitation = found.invitation
    person = invitation.person
    return Card(
        headline=language.text(
            "{name} gave {score} of {highest}",
            name=_name(person),
            score=language.number(found.mark),
            highest=language.number(invitation.campaign.survey.scale.high),
        ),
        lines=tuple(_told(found, language)),
        note=" · ".join(_small_print(found, language, zone=zone, now=now)),
        buttons=tuple(_buttons(found, language)),
        subject=subject_of(invitation),
        as_of=invitation.pressed_at,
        shared=True,
    )


def gone(language: Language) -> Card:
    """What stands in the channel when nothing is known of it any more: it was erased."""
    return Card(headline=language.text("This was erased."), shared=True)


def _name(person: Person) -> str:
    return inert(person.name, longest=_SHORT) if person.name.strip() else person.email


def _told(found: FollowUp, language: Language) -> Iterator[str]:
    invitation = found.invitation
    about = about_what(found, language)
    if about:
        yield about
    yield from _groups(found, language)
    if by := happened.word(invitation.about, "resolved_by"):
        yield language.text("Answered by {name}", name=by)
    score = invitation.response.score
    if score is None:
        yield language.text("They have taken their answer back since.")
    elif score != found.mark:
        yield language.text(
            "Changed since: it is {score} of {highest} now.",
            score=language.number(score),
            highest=language.number(invitation.campaign.survey.scale.high),
        )
    if invitation.response.comment:
        # On one line: a customer's next line would look like one of ours.
        comment = " ".join(invitation.response.comment.split())
        yield language.text("They wrote: {comment}", comment=comment)
    yield state(found, language)
    if found.note:
        yield language.text("Note: {note}", note=found.note)


def about_what(found: FollowUp, language: Language) -> str:
    """What the mark is about: the request, the branch, the feature."""
    invitation = found.invitation
    survey, about = invitation.campaign.survey, invitation.about
    match survey.after:
        case Trigger.TICKETS if request := happened.request_of(about):
            return language.text("Their request: {ticket}", ticket=request)
        case Trigger.VISITS if branch := happened.word(about, "branch"):
            return language.text("Their visit: {branch}", branch=branch)
        case Trigger.FEATURES:
            return happened.subject(survey, about)
        case _:
            return survey.subject


def _groups(found: FollowUp, language: Language) -> Iterator[str]:
    told = {happened.word(found.invitation.about, name) for name in ("resolved_by", "branch")}
    shown = [
        language.text(
            "{attribute}: {value}",
            attribute=_titled(inert(name.replace("_", " "), longest=_SHORT)),
            value=inert(value, longest=_SHORT),
        )
        for name, value in sorted(found.groups.items())
        if value and value not in told
    ]
    if shown:
        yield " · ".join(shown)


def _titled(text: str) -> str:
    return text[:1].upper() + text[1:]


def state(found: FollowUp, language: Language) -> str:
    """Whether somebody looks after it."""
    by = None if found.taken_by is None else _name(found.taken_by)
    match found.state:
        case FollowUpState.OPEN:
            return language.text("Nobody has taken it yet.")
        case FollowUpState.TAKEN if by:
            return language.text("{name} has taken it.", name=by)
        case FollowUpState.TAKEN:
            return language.text("Somebody has taken it.")
        case FollowUpState.DONE if by:
            return language.text("Done by {name}.", name=by)
        case FollowUpState.DONE:
            return language.text("Done.")


def _small_print(
    found: FollowUp, language: Language, *, zone: ZoneInfo, now: datetime
) -> Iterator[str]:
    yield found.invitation.campaign.survey.name
    pressed = found.invitation.pressed_at
    yield language.moment(pressed or found.opened_at, zone, now=now)
    if found.invitation.person.name.strip():
        yield found.invitation.person.email


def _buttons(found: FollowUp, language: Language) -> Iterator[Button]:
    if found.state is FollowUpState.OPEN:
        yield Button(act=Act.TAKE, label=language.text("I'll take it"), style=Style.PRIMARY)
    if found.state is FollowUpState.TAKEN:
        yield Button(act=Act.DONE, label=language.text("Done"), style=Style.PRIMARY)
    yield Button(act=Act.NOTE, label=language.text("Note"))
    if found.state is FollowUpState.TAKEN:
        yield Button(act=Act.GIVE_BACK, label=language.text("Give back"))


def note_dialog(found: FollowUp, language: Language) -> Dialog:
    """The form for a note, seen by everybody who sees the alert."""
    return Dialog(
        act=Act.NOTE,
        title=language.text("Note"),
        fields=(
            Field(
                name=_NOTE_FIELD,
                label=language.text("What was done"),
                value=found.note,
                hint=language.text("Everybody in the channel reads it."),
                max_length=COMMENT_LIMIT,
            ),
        ),
        submit=language.text("Keep"),
        subject=subject_of(found.invitation),
    )


def taken_by_somebody(by: str, language: Language) -> str:
    """Who presses second."""
    return language.text("{name} has taken it already.", name=inert(by, longest=_SHORT))


def done_before(language: Language) -> str:
    """Who takes what is done."""
    return language.text("That is done already.")


def nothing_there(language: Language) -> str:
    """The low mark is not known any more."""
    return language.text("There is nothing to do about this any more: it was erased.")


def not_theirs(language: Language) -> str:
    """Somebody who may not look after them from here."""
    return language.text("Only administrators and whoever has taken one can do that here.")


def overview(
    found: Sequence[FollowUp],
    language: Language,
    *,
    total: int,
    done: bool,
    now: datetime,
) -> Card:
    """What waits, longest first: who, about what, how long, and who has it.

    Args:
        found: At most `LISTED` of them.
        language: The reader's.
        total: How many there are.
        done: Whether these are done.
        now: Now.
    """
    if not found:
        nothing = (
            language.text("Nothing has been done yet.")
            if done
            else language.text("No low mark waits for anybody.")
        )
        return Card(headline=nothing)
    head = (
        language.plural("{n} low mark is done", "{n} low marks are done", total)
        if done
        else language.plural("{n} low mark waits", "{n} low marks wait", total)
    )
    lines = [_line(place, one, language, now=now) for place, one in enumerate(found, start=1)]
    if total > len(found):
        more = total - len(found)
        lines.append(language.plural("and {n} more", "and {n} more", more))
    return Card(
        headline=head,
        lines=tuple(lines),
        buttons=tuple(
            button
            for place, one in enumerate(found, start=1)
            for button in _listed_buttons(place, one, language)
        ),
    )


def _line(place: int, found: FollowUp, language: Language, *, now: datetime) -> str:
    """1. Ben Adler, 2 of 5, Their request: 4711 · since 3 hours · Nobody has taken it yet."""
    scale = found.invitation.campaign.survey.scale
    score = found.invitation.response.score
    mark = language.text(
        "{score} of {highest}",
        score=language.number(found.mark if score is None else score),
        highest=language.number(scale.high),
    )
    channels = sorted({one.address.user_id for one in found.alerts})
    parts = [
        _name(found.invitation.person),
        mark,
        about_what(found, language),
        waited(now - found.opened_at, language),
        state(found, language).rstrip("."),
        *channels[:1],
    ]
    number = language.number(place)
    told = " · ".join(part for part in parts if part)
    return language.text("{number}. {text}", number=number, text=told)


def waited(span: timedelta, language: Language) -> str:
    """How long ago: minutes, hours or days."""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 60:  # noqa: PLR2004 - an hour
        return language.plural("{n} minute", "{n} minutes", minutes)
    if minutes < 48 * 60:
        return language.plural("{n} hour", "{n} hours", minutes // 60)
    return language.plural("{n} day", "{n} days", minutes // (24 * 60))


def _listed_buttons(place: int, found: FollowUp, language: Language) -> Iterator[Button]:
    number, value = language.number(place), found.invitation.id.hex
    if found.state is FollowUpState.OPEN:
        yield Button(act=Act.TAKE, value=value, label=language.text("Take {n}", n=number))
    elif found.state is FollowUpState.TAKEN:
        yield Button(act=Act.DONE, value=value, label=language.text("Done: {n}", n=number))
