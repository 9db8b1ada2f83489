"""Ways out of a question, and what else is said beside it."""

from datetime import datetime

from survey.card import Act, Button, Card, Style
from survey.contact import ContactPolicy, Ledger
from survey.invitation import Invitation
from survey.language import Language
from survey.localtime import local_date
from survey.occasion import Trigger
from survey.person import Administrators, Person
from survey.report import Participation
from survey.rights import Lifted
from survey.survey import Mode, Survey
from survey.wording import happened
from survey.wording.asked import open_until, question_of, subject_of, who_sees

_ALL = ""
"""What stands for all surveys among those that somebody stopped."""


def later(invitation: Invitation, due_at: datetime, language: Language, *, now: datetime) -> Card:
    """Put off."""
    moment = language.moment(due_at, invitation.person.zone, now=now)
    return Card(
        headline=language.text("I'll ask again {moment}.", moment=moment),
        note=open_until(invitation, language, now=now),
        buttons=(
            Button(act=Act.LATER, value="3", label=language.text("In 3 days")),
            Button(act=Act.LATER, value="7", label=language.text("Next week")),
            Button(act=Act.KEEP, label=language.text("Answer now"), style=Style.PRIMARY),
        ),
        subject=subject_of(invitation),
    )


def too_late_for_later(invitation: Invitation, language: Language, *, now: datetime) -> Card:
    """There is no later: the round closes before."""
    moment = language.moment(invitation.campaign.closes_at, invitation.person.zone, now=now)
    if invitation.campaign.rolls:
        return Card(
            headline=language.text(
                "This question closes {moment}, so I can't ask again after that. "
                "The buttons above work until then.",
                moment=moment,
            )
        )
    return Card(
        headline=language.text(
            "This round closes {moment}, so I can't ask again after that. "
            "The buttons above work until then.",
            moment=moment,
        )
    )


def stopping(invitation: Invitation, language: Language) -> Card:
    """Asked once before we stop."""
    return Card(
        headline=language.text("What should I stop?"),
        lines=(language.text("Whichever you choose, I won't hold it against you."),),
        buttons=(
            Button(
                act=Act.STOP_ALL, label=language.text("No more surveys from me"), style=Style.DANGER
            ),
            Button(act=Act.STOP_THIS, label=language.text("Not this one")),
            Button(act=Act.KEEP, label=language.text("Keep asking")),
        ),
        subject=subject_of(invitation),
    )


def stopped(survey: Survey | None, language: Language) -> Card:
    """Done; `survey` names the one that stops, None means all."""
    if survey is None:
        done = language.text("Done: no more surveys from me. `/nps optin` brings me back.")
    else:
        done = language.text(
            "Done: I won't ask you about {subject} any more. `/nps optin` brings me back.",
            subject=survey.subject,
        )
    return Card(headline=done)


def not_now(language: Language) -> Card:
    """This question was not wanted this time; it asks no more."""
    return Card(headline=language.text("All right, not now."))


def closed(invitation: Invitation, participation: Participation, language: Language) -> Card:
    """The message after the round; it has no buttons."""
    headline = language.text("This round is closed; thank you.")
    if participation.reached:
        headline = language.plural(
            "This round is closed. {rate} of {n} person answered; thank you.",
            "This round is closed. {rate} of {n} people answered; thank you.",
            participation.reached,
            rate=language.percent(participation.response_rate),
        )
    return _ended(headline, invitation, language)


def closed_by_itself(invitation: Invitation, language: Language) -> Card:
    """The message after its own time, where there is no round of which it could tell."""
    return _ended(happened.closed(language), invitation, language)


def _ended(headline: str, invitation: Invitation, language: Language) -> Card:
    score = invitation.response.score
    lines = (
        () if score is None else (language.text("You said {score}.", score=language.number(score)),)
    )
    return Card(headline=headline, lines=lines, subject=subject_of(invitation))


def why_me(
    invitation: Invitation,
    administrators: Administrators,
    language: Language,
    *,
    ledger: Ledger,
    policy: ContactPolicy,
    now: datetime,
) -> Card:
    """Why this person is asked, how often at most, who sees what, and who runs it.

    Args:
        invitation: The question at hand.
        administrators: Who runs it.
        language: The person's.
        ledger: How often they were asked before it.
        policy: The limits over all surveys.
        now: Now.
    """
    survey, person = invitation.campaign.survey, invitation.person
    lines = [
        happened.why(invitation, language)
        if invitation.campaign.rolls
        else _audience(survey, person, language),
        language.text("This is the first time that this survey asks you.")
        if ledger.last_asked is None
        else language.text(
            "It asked you last on {day}.",
            day=language.day(local_date(ledger.last_asked, person.zone)),
        ),
        *_how_often(survey, policy, ledger, language),
        who_sees(survey, language),
    ]
    if survey.mode is Mode.CONFIDENTIAL:
        lines.append(
            language.text(
                "Your answer is kept under a pseudonym. It is not anonymous: the system knows "
                "whether you have answered, to stop reminding you and to let you change it."
            )
        )
    if administrators.emails:
        lines.append(
            language.text("It is run by {people}.", people=language.listing(administrators.emails))
        )
    lines.append(open_until(invitation, language, now=now))
    return Card(headline=language.text("Why you?"), lines=tuple(lines))


def _audience(survey: Survey, person: Person, language: Language) -> str:
    shared = [
        f"{name}: {person.attributes[name]}"
        for name in survey.audience
        if name in person.attributes
    ]
    if not shared:
        return language.text(
            "You are on the roster of the people whom {survey} asks.", survey=survey.name
        )
    return language.text(
        "You are in the audience of {survey} because of {attributes}.",
        survey=survey.name,
        attributes=language.listing(shared),
    )


def _how_often(
    survey: Survey, policy: ContactPolicy, ledger: Ledger, language: Language
) -> list[str]:
    """What the rests and the budget of the contact policy promise."""
    lines = []
    if survey.rest_days and survey.after is Trigger.FEATURES:
        # The rest is that of one feature, and begins with an answer.
        lines.append(
            language.plural(
                "When you have rated a feature, it leaves you alone for at least {n} day.",
                "When you have rated a feature, it leaves you alone for at least {n} days.",
                survey.rest_days,
            )
        )
    elif survey.rest_days:
        lines.append(
            language.plural(
                "It leaves you alone for at least {n} day after it has asked you.",
                "It leaves you alone for at least {n} days after it has asked you.",
                survey.rest_days,
            )
        )
    if policy.rest_days:
        lines.append(
            language.plural(
                "No survey asks you within {n} day of another.",
                "No survey asks you within {n} days of another.",
                policy.rest_days,
            )
        )
    number = ledger.asks_this_year + 1
    if policy.asks_per_year is None or number > policy.asks_per_year:
        lines.append(
            language.text(
                "This is question {number} to you this year.", number=language.number(number)
            )
        )
    elif policy.budget_blocks:
        lines.append(
            language.text(
                "This is question {number} of {budget} that you get this year at most.",
                number=language.number(number),
                budget=language.number(policy.asks_per_year),
            )
        )
    else:
        lines.append(
            language.text(
                "This is question {number} of the {budget} that you should get this year.",
                number=language.number(number),
                budget=language.number(policy.asks_per_year),
            )
        )
    reminders = min(len(survey.reminders), policy.max_reminders)
    lines.append(
        language.text("It does not remind you by itself.")
        if not reminders
        else language.plural(
            "If you don't answer, it reminds you once by itself.",
            "If you don't answer, it reminds you {n} times at most by itself.",
            reminders,
        )
    )
    return lines


def nothing_open(language: Language) -> str:
    """There is no question waiting."""
    return language.text("Nothing is waiting for your answer right now.")


def form_preferred(language: Language, *, compact: bool) -> Card:
    """From the next message on there is one menu, or a button for each score."""
    if compact:
        return Card(
            headline=language.text(
                "From now on my questions have one menu in place of the buttons, where the chat "
                "can show one. `/nps buttons` brings the buttons back."
            )
        )
    return Card(headline=language.text("From now on my questions have a button for each score."))


def pending(invitations: list[Invitation], language: Language, *, now: datetime) -> Card:
    """What waits for this person."""
    if not invitations:
        return Card(headline=nothing_open(language))
    return Card(
        headline=language.plural(
            "{n} question is open for you.", "{n} questions are open for you.", len(invitations)
        ),
        lines=tuple(_pending_line(invitation, language, now=now) for invitation in invitations),
    )


def _pending_line(invitation: Invitation, language: Language, *, now: datetime) -> str:
    parts = [question_of(invitation, language), *happened.lines(invitation, language)[:1]]
    score = invitation.response.score
    if score is not None:
        parts.append(language.text("You said {score}.", score=language.number(score)))
    return " · ".join([*parts, open_until(invitation, language, now=now)])


def no_question_here(language: Language) -> str:
    """Words below a message that asks nothing."""
    return language.text(
        "That message asks nothing, so I kept nothing. `/nps pending` shows what is open."
    )


def which_thread(language: Language) -> str:
    """Words that could belong to several questions."""
    return language.text(
        "Several questions are open for you: please answer in the thread of the one you mean."
    )


def welcome_back(lifted: Lifted, survey: Survey | None, language: Language) -> Card:
    """Opted in again, to one survey or to all; and what is still stopped."""
    if _ALL in lifted.still_stopped:
        still = [language.text("All surveys are still stopped; `/nps optin` alone lifts that.")]
    elif lifted.still_stopped:
        still = [
            language.text(
                "Still stopped: {surveys}. `/nps optin` alone lifts all of it.",
                surveys=language.listing(lifted.still_stopped),
            )
        ]
    else:
        still = []
    if lifted.snoozed_until is not None:
        still.append(
            language.text(
                "I still won't ask you anything before {day}; `/nps optin` alone ends that.",
                day=language.day(lifted.snoozed_until),
            )
        )
    return Card(headline=_back(lifted, survey, language), lines=tuple(still))


def _back(lifted: Lifted, survey: Survey | None, language: Language) -> str:
    if survey is None:
        if lifted.anything:
            return language.text("Welcome back: I may ask you again.")
        return language.text("You had not stopped anything: I may ask you already.")
    if not lifted.anything:
        return language.text("You had not stopped {survey} by itself.", survey=survey.name)
    if _ALL in lifted.still_stopped:
        return language.text("{survey} is no longer stopped by itself.", survey=survey.name)
    return language.text("Welcome back: {survey} may ask you again.", survey=survey.name)
