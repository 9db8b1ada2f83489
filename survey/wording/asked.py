"""The message that asks, and what it turns into."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from survey.campaign import Campaign
from survey.card import Act, Button, Card, Dialog, Field, Style, Subject
from survey.invitation import Invitation
from survey.language import Language
from survey.occasion import Told, Trigger
from survey.scale import CSAT, NPS, STARS, Category, Scale
from survey.survey import Answers, Mode, Survey
from survey.wording import happened

A_QUARTER = 60
"""Days of rest from which on a survey comes once a quarter at most."""
_TONES = {Category.DETRACTOR: "low", Category.PASSIVE: "middle", Category.PROMOTER: "high"}


def subject_of(invitation: Invitation) -> Subject:
    """What buttons on this invitation's messages act on."""
    return Subject(campaign_id=invitation.campaign.id, invitation_id=invitation.id)


def question(survey: Survey, language: Language, about: Told | None = None) -> str:
    """The question itself; `about` is what brought it, where it was no round."""
    subject = happened.subject(survey, about)
    if survey.question:
        return survey.question.replace("{subject}", subject)
    if survey.scale == NPS:
        return language.text(
            "How likely are you to recommend {subject} to a colleague?", subject=subject
        )
    if survey.scale == CSAT:
        return language.text("How satisfied are you with {subject}?", subject=subject)
    if survey.scale == STARS:
        return language.text("How many stars do you give {subject}?", subject=subject)
    return language.text("How do you rate {subject}?", subject=subject)


def question_of(invitation: Invitation, language: Language) -> str:
    """The question as it is put to this person."""
    return question(invitation.campaign.survey, language, invitation.about)


def anchors(scale: Scale, language: Language) -> str:
    """What the ends of the scale mean."""
    fields = {"low": language.number(scale.low), "high": language.number(scale.high)}
    if scale == NPS:
        return language.text("{low} = not at all · {high} = extremely", **fields)
    return language.text("{low} = very poor · {high} = excellent", **fields)


@lru_cache(maxsize=256)
def score_buttons(scale: Scale, language: Language) -> tuple[Button, ...]:
    """One button a mark; each says its number alone."""
    return tuple(
        Button(
            act=Act.SCORE,
            value=str(value),
            label=str(value),
            style=Style.SCORE,
            tone=_TONES[scale.category(value)],
            description=language.text(
                "{score} of {highest}",
                score=language.number(value),
                highest=language.number(scale.high),
            ),
        )
        for value in scale.values
    )


def about(invitation: Invitation, card: Card) -> Card:
    """The card as it stands below this invitation, in the form that its person prefers."""
    return replace(
        card,
        subject=subject_of(invitation),
        as_of=invitation.pressed_at,
        compact=invitation.person.compact,
    )


def who_sees(survey: Survey, language: Language) -> str:
    """Who sees the answer, told before the first press."""
    if survey.mode is Mode.IDENTIFIED:
        if survey.owner:
            owner = survey.owner[0].upper() + survey.owner[1:]
            return language.text("{owner} sees your name with your answer.", owner=owner)
        return language.text("Your survey team sees your name with your answer.")
    return language.text("Only groups of {k} or more are ever shown.", k=language.number(survey.k))


def open_until(invitation: Invitation, language: Language, *, now: datetime) -> str:
    """When the round closes, on the person's clock."""
    return open_on(invitation.campaign, invitation.person.zone, language, now=now)


def open_on(campaign: Campaign, tz: ZoneInfo, language: Language, *, now: datetime) -> str:
    """When a round closes, on a clock."""
    moment = language.moment(campaign.closes_at, tz, now=now)
    return language.text("Open until {moment}", moment=moment)


def _greeting(invitation: Invitation, language: Language) -> str:
    """The first words anybody ever gets from us, promising only what the survey keeps.

    Where something brought the question, they speak of that each time.
    """
    if opening := happened.opening(invitation, language):
        return opening
    if not invitation.first_contact:
        return ""
    name, campaign = invitation.person.first_name, invitation.campaign
    if campaign.survey.rest_days >= A_QUARTER and not campaign.rolls:
        return language.text(
            "Hi {name}, I'm Voxpop. I ask one question a quarter, and this is it.", name=name
        )
    return language.text("Hi {name}, I'm Voxpop. I ask one question at a time.", name=name)


def asks_this_year(invitation: Invitation, language: Language) -> str:
    """2 of 4 asks this year, where the survey tells it and keeps to it; empty elsewhere."""
    number, budget = invitation.ask_number, invitation.campaign.survey.asks_per_year
    if number is None or budget is None or number > budget:
        return ""
    return language.text(
        "{number} of {budget} asks this year",
        number=language.number(number),
        budget=language.number(budget),
    )


def asked(invitation: Invitation, language: Language, *, now: datetime) -> Card:
    """The question with its buttons."""
    survey = invitation.campaign.survey
    return Card(
        greeting=_greeting(invitation, language),
        headline=question_of(invitation, language),
        lines=(*happened.lines(invitation, language), anchors(survey.scale, language)),
        note=" · ".join(
            part
            for part in (
                who_sees(survey, language),
                open_until(invitation, language, now=now),
                asks_this_year(invitation, language),
            )
            if part
        ),
        buttons=(
            *score_buttons(survey.scale, language),
            *_ways_out(survey, language),
        ),
        subject=subject_of(invitation),
    )


def can_decline(survey: Survey) -> bool:
    """Whether its questions have `Not now`, by which one is refused and no more asked."""
    return survey.after is Trigger.FEATURES


def _ways_out(survey: Survey, language: Language) -> Iterator[Button]:
    if can_decline(survey):
        yield Button(act=Act.DECLINE, label=language.text("Not now"))
    yield Button(act=Act.LATER, label=language.text("Later"))
    yield Button(act=Act.WHY, label=language.text("Why me?"))
    yield Button(act=Act.STOP, label=language.text("Stop asking"))


def thanks(scale: Scale, score: int, language: Language) -> str:
    """What is said to a mark, wherever it was given: on five marks to each, else to its class."""
    if scale in {CSAT, STARS}:
        return _thanks_of_five(score, language)
    match scale.category(score):
        case Category.DETRACTOR:
            return language.text("Thank you for being straight with us.")
        case Category.PASSIVE:
            return language.text("Thank you.")
        case Category.PROMOTER:
            return language.text("Wonderful, thank you.")


def _thanks_of_five(score: int, language: Language) -> str:
    match score:
        case 1:
            return language.text(
                "We're sorry we didn't meet your expectations. We'll work to do better."
            )
        case 2:
            return language.text("Thank you for letting us know. We'll use this to improve.")
        case 3:
            return language.text("Thank you for your feedback.")
        case 4:
            return language.text("Great to hear! Thank you for your feedback.")
        case _:
            return language.text("Wonderful! We're glad we could help.")


def follow_up(scale: Scale, score: int, language: Language) -> str:
    """The one good question that fits the score."""
    match scale.category(score):
        case Category.DETRACTOR:
            return language.text("What should we fix first?")
        case Category.PASSIVE:
            return language.text(
                "What would have made it a {highest}?", highest=language.number(scale.high)
            )
        case Category.PROMOTER:
            return language.text("What do you like most?")


def answered(invitation: Invitation, language: Language) -> Card:
    """The same message after a press: what was said, thanks, and the follow-up question."""
    survey, response = invitation.campaign.survey, invitation.response
    score = response.score
    if score is None:
        raise ValueError("Nothing was answered.")
    lines = []
    changeable = survey.answers is Answers.CHANGEABLE
    if response.previous is not None and response.previous != score:
        lines.append(
            language.text(
                "Changed from {before} to {after}.",
                before=language.number(response.previous),
                after=language.number(score),
            )
        )
    reason = Button(act=Act.REASON, label=language.text("Add a reason"), style=Style.PRIMARY)
    note = language.text("Or just answer in this thread.")
    if response.comment is None:
        lines.append(thanks(survey.scale, score, language))
        lines.append(follow_up(survey.scale, score, language))
    else:
        lines.append(reason_kept(survey, language))
        lines.append(language.text("You wrote: {comment}", comment=response.comment))
        reason = Button(act=Act.REASON, label=language.text("Edit"))
        note = ""
    buttons = [reason]
    if changeable:
        buttons.append(Button(act=Act.CHANGE, label=language.text("Change")))
        buttons.append(Button(act=Act.UNDO, label=language.text("Undo")))
    return Card(
        headline=language.text("You said {score}.", score=language.number(score)),
        lines=tuple(lines),
        note=note,
        buttons=tuple(buttons),
        subject=subject_of(invitation),
    )


def reason_kept(survey: Survey, language: Language) -> str:
    """Where the words go."""
    owner = survey.owner or language.text("your survey team")
    if survey.mode is Mode.IDENTIFIED:
        return language.text("Thank you. That goes to {owner}, word for word.", owner=owner)
    return language.text(
        "Thank you. That goes to {owner}, word for word, without your name.", owner=owner
    )


def where_words_go(survey: Survey, language: Language) -> str:
    """Told before somebody writes."""
    owner = survey.owner or language.text("your survey team")
    if survey.mode is Mode.IDENTIFIED:
        return language.text("This goes to {owner}, word for word, with your name.", owner=owner)
    return language.text("This goes to {owner}, word for word, without your name.", owner=owner)


def comment_before_score(language: Language) -> str:
    """Somebody wrote before they pressed."""
    return language.text("Thank you, I kept that. Press a number as well, and it counts.")


def changing(invitation: Invitation, language: Language, *, now: datetime) -> Card:
    """The buttons once more; the answer stands until another is pressed."""
    survey, score = invitation.campaign.survey, invitation.response.score
    if score is None:
        return asked(invitation, language, now=now)
    said = language.number(score)
    return Card(
        headline=question_of(invitation, language),
        lines=(
            language.text("You said {score}. Press another number to change it.", score=said),
            anchors(survey.scale, language),
        ),
        note=f"{who_sees(survey, language)} · {open_until(invitation, language, now=now)}",
        buttons=(
            *score_buttons(survey.scale, language),
            Button(act=Act.KEEP, label=language.text("Keep {score}", score=said)),
        ),
        subject=subject_of(invitation),
    )


def undone(invitation: Invitation, language: Language, *, now: datetime) -> Card:
    """Taken back: the buttons again."""
    survey = invitation.campaign.survey
    moment = language.moment(invitation.campaign.closes_at, invitation.person.zone, now=now)
    return Card(
        headline=question_of(invitation, language),
        lines=(
            language.text("Taken back. You can answer until {moment}.", moment=moment),
            anchors(survey.scale, language),
        ),
        note=who_sees(survey, language),
        buttons=asked(invitation, language, now=now).buttons,
        subject=subject_of(invitation),
    )


def reason_dialog(invitation: Invitation, language: Language) -> Dialog:
    """The form for a reason."""
    survey, response = invitation.campaign.survey, invitation.response
    score = response.score
    return Dialog(
        act=Act.REASON,
        title=language.text("Your reason"),
        intro=language.text("Your words")
        if score is None
        else language.text("You said {score}.", score=language.number(score)),
        fields=(
            Field(
                name="comment",
                label=language.text("In your own words")
                if score is None
                else follow_up(survey.scale, score, language),
                value=response.comment or "",
                hint=where_words_go(survey, language),
                max_length=survey.comment_limit,
            ),
        ),
        submit=language.text("Send"),
        subject=subject_of(invitation),
    )
