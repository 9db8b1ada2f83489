"""The page of one's own in words: what is open, what was answered, settings, the round."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from survey.card import Act, Button, Card, Style
from survey.invitation import Invitation
from survey.language import Language
from survey.localtime import local_date
from survey.person import Person
from survey.report import Distribution, Report
from survey.rights import SNOOZE_DAYS, Asked, Standing
from survey.states import CampaignState
from survey.wording import asked, reporting, speaking
from survey.wording.comments import inert

BAR_LENGTH = 20
"""Signs of the longest bar."""
REASON_SHOWN = 200
"""Signs of a reason that was given in an earlier round."""


def your_questions(language: Language) -> str:
    """A heading."""
    return language.text("Your questions")


def your_answers(language: Language) -> str:
    """A heading."""
    return language.text("Your earlier answers")


def your_settings(language: Language) -> str:
    """A heading."""
    return language.text("Your settings")


def for_administrators(language: Language) -> str:
    """A heading."""
    return language.text("For administrators")


def on_the_page(card: Card, invitation: Invitation, language: Language, *, now: datetime) -> Card:
    """A message's card among others: with the question that it is about, and without a thread."""
    question = asked.question_of(invitation, language)
    if card.headline == question:
        return card
    return replace(card, greeting=question, note=asked.open_until(invitation, language, now=now))


def more_questions(count: int, language: Language) -> Card:
    """Those for which there is no room."""
    return Card(
        headline=language.plural(
            "{n} more question is open for you: `/nps pending` names it.",
            "{n} more questions are open for you: `/nps pending` names them.",
            count,
        )
    )


def answers_card(answered: Sequence[Asked], person: Person, language: Language) -> Card:
    """What they said in rounds that are over; for their eyes alone."""
    return Card(
        lines=tuple(_answer(given, person, language) for given in answered),
        note=language.text(
            "Only you see this. `/nps mydata` shows everything that I know of you, and `/nps "
            "forget` erases it."
        ),
    )


def _answer(given: Asked, person: Person, language: Language) -> str:
    day = language.day(local_date(given.asked_at, person.zone))
    parts = [language.text("{campaign}, asked on {day}", campaign=given.campaign, day=day)]
    if given.score is not None:
        parts.append(language.text("You said {score}.", score=language.number(given.score)))
    if given.comment:
        reason = inert(given.comment)
        if len(reason) > REASON_SHOWN:
            reason = f"{reason[:REASON_SHOWN].rstrip()}…"
        parts.append(language.text("Your reason: {comment}", comment=reason))
    return " · ".join(parts)


def settings_card(
    standing: Standing, person: Person, spoken: Mapping[str, str], language: Language
) -> Card:
    """What they chose, and the buttons that change it."""
    lines = [
        _stops(standing, language),
        language.text("My questions have one menu for all scores.")
        if person.compact
        else language.text("My questions have a button for each score."),
        speaking.written_in(spoken, language),
    ]
    if standing.snoozed_until is not None:
        day = language.day(standing.snoozed_until)
        lines.insert(1, language.text("Not to be asked before {day}.", day=day))
    form = Act.BUTTONS if person.compact else Act.COMPACT
    labels = {
        Act.BUTTONS: language.text("A button for each score"),
        Act.COMPACT: language.text("One menu for all scores"),
    }
    now = speaking.name_of(spoken, language)
    others = [
        Button(act=Act.LANGUAGE, value=code, label=name)
        for code, name in spoken.items()
        if name != now
    ]
    return Card(
        lines=tuple(lines),
        buttons=(
            *_ways_out(standing, language),
            Button(act=form, label=labels[form]),
            *others,
        ),
    )


def _stops(standing: Standing, language: Language) -> str:
    if "" in standing.opt_outs:
        return language.text("You stopped all surveys.")
    if standing.opt_outs:
        stopped = language.listing(standing.opt_outs)
        return language.text("You stopped: {surveys}", surveys=stopped)
    return language.text("You stopped no survey.")


def _ways_out(standing: Standing, language: Language) -> list[Button]:
    found = []
    if standing.opt_outs:
        label = language.text("Ask me again")
        found.append(Button(act=Act.OPT_IN, label=label, style=Style.PRIMARY))
    if "" not in standing.opt_outs:
        found.append(Button(act=Act.OPT_OUT, label=language.text("Stop all surveys")))
    if standing.snoozed_until is not None:
        found.append(Button(act=Act.WAKE, label=language.text("End the snooze")))
    elif "" not in standing.opt_outs:
        label = language.plural("Snooze for {n} day", "Snooze for {n} days", SNOOZE_DAYS)
        found.append(Button(act=Act.SNOOZE, label=label))
    return found


def round_card(
    report: Report, status: Card | None, others: Card | None, language: Language
) -> Card:
    """The figures as `/nps report` has them and the state as `/nps status` has it.

    Args:
        report: Of the round, as the release gate lets it out.
        status: Where its messages stand; None for one that is over.
        others: What else there is to say of rounds.
        language: The reader's.
    """
    stands = () if status is None else (status.headline, *status.lines)
    beside = () if others is None else (others.headline,)
    return Card(
        greeting=reporting.state_note(report, language) if status is None else status.note,
        headline=reporting.headline(report, language),
        lines=(*reporting.summary_lines(report, language), *stands, *beside),
        buttons=_round_buttons(report, language),
    )


def several_open(names: Sequence[str], language: Language) -> Card:
    """Rounds that are open beside the one that is shown."""
    return Card(
        headline=language.text(
            "Open as well: {names}. `/nps status` tells of each.", names=language.listing(names)
        )
    )


def _round_buttons(report: Report, language: Language) -> tuple[Button, ...]:
    about = f"{report.survey} {report.period}"
    told = Button(act=Act.REPORT, value=about, label=language.text("Report"))
    running = report.state == CampaignState.RUNNING.value
    if not running and report.state != CampaignState.PAUSED.value:
        return (told,)
    labels = {
        Act.REMIND: language.text("Remind"),
        Act.PAUSE: language.text("Pause"),
        Act.RESUME: language.text("Resume"),
        Act.CLOSE: language.text("Close"),
    }
    acts = (Act.REMIND, Act.PAUSE, Act.CLOSE) if running else (Act.RESUME, Act.CLOSE)
    return (
        *(Button(act=Act.ASK, value=f"{act} {about}", label=labels[act]) for act in acts),
        told,
    )


def asked_before(act: Act, about: str, language: Language) -> Card:
    """Asked once before anything happens to a round.

    Args:
        act: Remind, pause, resume or close.
        about: The survey and the period, as the button carries them.
        language: The reader's.
    """
    campaign = about.replace(" ", "/")
    match act:
        case Act.REMIND:
            says = language.text("Shall I remind people of {campaign} now?", campaign=campaign)
            means = language.text(
                "A reminder goes to everybody who has not answered and is due one, in their "
                "sending hours."
            )
            label = language.text("Remind them")
        case Act.PAUSE:
            says = language.text("Shall I pause {campaign}?", campaign=campaign)
            means = language.text("Nothing goes out until you resume it; answers still count.")
            label = language.text("Pause it")
        case Act.RESUME:
            says = language.text("Shall I go on with {campaign}?", campaign=campaign)
            means = language.text("What waited goes out in its readers' sending hours.")
            label = language.text("Go on")
        case _:
            says = language.text("Shall I close {campaign}?", campaign=campaign)
            means = language.text(
                "No answer counts from then on, and a round that is closed stays closed."
            )
            label = language.text("Close it")
    danger = act not in {Act.REMIND, Act.PAUSE, Act.RESUME}
    return Card(
        headline=says,
        lines=(means,),
        buttons=(
            Button(
                act=act,
                value=about,
                label=label,
                style=Style.DANGER if danger else Style.PRIMARY,
            ),
            Button(act=Act.NOT_NOW, label=language.text("Not now")),
        ),
    )


def without_buttons(card: Card) -> Card:
    """The same while something is asked that its buttons began."""
    return replace(card, buttons=())


def bars(counts: Distribution, language: Language) -> tuple[str, ...]:
    """The distribution: a row that says what the columns are, and one for each score.

    Each row says its figures before it draws them, so that nobody has to see the bar.
    """
    most = max(counts.counts.values())
    rows = [
        (language.text("Score"), language.text("Answers"), language.text("Share"), ""),
        *(
            (
                language.number(score),
                language.number(n),
                language.percent(n / counts.n if counts.n else 0),
                _bar(n, most),
            )
            for score, n in sorted(counts.counts.items(), reverse=True)
        ),
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    return tuple(
        "  ".join(
            [*(said.rjust(width) for said, width in zip(row, widths, strict=False)), row[3]]
        ).rstrip()
        for row in rows
    )


def _bar(n: int, most: int) -> str:
    """As long as its share of the longest; something for anybody."""
    return "█" * max(1, round(n / most * BAR_LENGTH)) if n else ""
