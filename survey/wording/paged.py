"""What the page behind a link says; the same to everybody in a round and a language."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from survey.campaign import Campaign
from survey.errors import VoxpopError
from survey.invitation import Invitation
from survey.language import Language
from survey.page import Marks, Page, Voice, Words
from survey.survey import COMMENT_LIMIT, Answers, Survey
from survey.wording import asked, refusals


def question(
    campaign: Campaign,
    language: Language,
    *,
    tz: ZoneInfo,
    now: datetime,
    chosen: int | None = None,
    by_itself: bool = False,
    from_mail: bool = True,
) -> Page:
    """The question; a mark that was pressed in the mail is chosen, and not yet sent.

    Args:
        campaign: The round.
        language: Of the link.
        tz: The organisation's zone.
        now: Now.
        chosen: The mark, where the address tells us.
        by_itself: Whether the page may send that one itself.
        from_mail: Whether somebody has just come from the mail.
    """
    survey = campaign.survey
    marks = _marks(survey, language, chosen=chosen, by_itself=by_itself)
    if from_mail:
        hint = language.text("You pressed a number in the mail. One more press sends it:")
        marks = replace(marks, hint=hint, by_address=chosen is None)
    return Page(
        headline=asked.question(survey, language),
        marks=marks,
        trap=_trap(language),
        notes=(
            asked.who_sees(survey, language),
            asked.open_on(campaign, tz, language, now=now),
        ),
    )


def _marks(
    survey: Survey, language: Language, *, chosen: int | None, by_itself: bool = False
) -> Marks:
    buttons = asked.score_buttons(survey.scale, language)
    return Marks(
        question=asked.question(survey, language),
        anchors=asked.anchors(survey.scale, language),
        buttons=buttons,
        sends=tuple(
            language.text("Send {score}", score=language.number(value))
            for value in survey.scale.values
        ),
        chosen=chosen,
        by_itself=by_itself,
    )


def _trap(language: Language) -> str:
    return language.text("Leave this empty, it is for programs only")


def answered(
    invitation: Invitation, language: Language, *, tz: ZoneInfo, now: datetime, changed: bool = True
) -> Page:
    """What they said, thanks, and the follow-up question.

    Args:
        invitation: With as much of the answer as whoever reads this may be told: without a score
            if they have only written.
        language: Of the link.
        tz: The organisation's zone.
        now: Now.
        changed: Whether the mark has just been given, so that a change is news.
    """
    survey, response = invitation.campaign.survey, invitation.response
    score = response.score
    lines = []
    if score is not None and changed and response.previous not in {None, score}:
        before, after = language.number(response.previous or 0), language.number(score)
        lines.append(language.text("Changed from {before} to {after}.", before=before, after=after))
    if score is not None and (response.comment is None or changed):
        lines.append(asked.thanks(survey.scale, score, language))
    else:
        lines.append(asked.reason_kept(survey, language))
    return _with_ways_back(
        Page(
            headline=_said(survey, score, language),
            voice=Voice.STATUS,
            lines=tuple(lines),
            quote=response.comment or "",
            words=words(survey, score, language, value=response.comment or ""),
            edit="" if response.comment is None else language.text("Edit"),
            trap=_trap(language),
            stands=score,
        ),
        invitation.campaign,
        score,
        language,
        until=language.moment(invitation.campaign.closes_at, tz, now=now),
    )


def _said(survey: Survey, score: int | None, language: Language) -> str:
    if score is None:
        return asked.question(survey, language)
    return language.text("You said {score}.", score=language.number(score))


def _with_ways_back(
    page: Page, campaign: Campaign, score: int | None, language: Language, *, until: str
) -> Page:
    """With what changes an answer, where the survey lets it be changed."""
    survey = campaign.survey
    if survey.answers is Answers.ONCE:
        return replace(page, notes=(_all_done(language),))
    return replace(
        page,
        marks=_marks(survey, language, chosen=score),
        change=language.text("Change"),
        undo=language.text("Undo"),
        notes=(
            _all_done(language),
            language.text(
                "Until {moment} the link in the mail lets you change your answer.", moment=until
            ),
        ),
    )


def _all_done(language: Language) -> str:
    return language.text("That's all: you can close this page.")


def words(
    survey: Survey, score: int | None, language: Language, *, value: str = "", wrong: str = ""
) -> Words:
    """The field for a reason."""
    limit = language.number(COMMENT_LIMIT)
    return Words(
        label=language.text("In your own words")
        if score is None
        else asked.follow_up(survey.scale, score, language),
        hint=asked.where_words_go(survey, language),
        value=value,
        limit=COMMENT_LIMIT,
        most=language.text("Up to {limit} characters.", limit=limit),
        count=language.text("{length} of {limit} characters", length="{length}", limit=limit),
        send=language.text("Send"),
        wrong=wrong,
    )


def provisional(
    campaign: Campaign, score: int, language: Language, *, tz: ZoneInfo, now: datetime
) -> Page:
    """The page has sent what was pressed in the mail; nobody has touched the page yet."""
    survey = campaign.survey
    return replace(
        _with_ways_back(
            Page(
                headline=_said(survey, score, language),
                voice=Voice.STATUS,
                lines=(asked.thanks(survey.scale, score, language),),
                words=words(survey, score, language),
                trap=_trap(language),
                stands=score,
                provisional=score,
            ),
            campaign,
            score,
            language,
            until=language.moment(campaign.closes_at, tz, now=now),
        ),
        undo=language.text("Undo"),
        notes=(
            language.text(
                "It counts as soon as you touch this page, or by itself in a quarter of an hour. "
                "You can close it."
            ),
        ),
    )


def once_more(asking: Page, language: Language) -> Page:
    """Something looks as if a program had sent it."""
    return replace(
        asking,
        alert=language.text(
            "That is not counted yet. Programs that check mails press buttons too, so please press "
            "once more, and it counts."
        ),
    )


def not_by_itself(asking: Page, language: Language) -> Page:
    """The page would have sent it, but there is an answer already or the round is about to end."""
    return replace(
        asking,
        alert=language.text("Not sent by itself this time: please press once more to send it."),
    )


def words_once_more(page: Page, language: Language) -> Page:
    """The same about words."""
    return replace(
        page,
        alert=language.text(
            "That is not kept yet. Programs that check mails fill in forms too, so please send it "
            "once more."
        ),
    )


def refused(page: Page, error: VoxpopError, language: Language) -> Page:
    """The page once more, with what went wrong with the last press."""
    return replace(page, alert=refusals.refusal(error, language))


def words_refused(
    campaign: Campaign,
    score: int | None,
    said: str,
    language: Language,
    *,
    why: str,
) -> Page:
    """Words that were not taken, kept in their field.

    Args:
        campaign: The round.
        score: What stands, as far as the page that sent them knew; None if it did not.
        said: The words.
        language: Of the link.
        why: What went wrong.
    """
    survey = campaign.survey
    return Page(
        headline=_said(survey, score, language),
        words=words(survey, score, language, value=said, wrong=why),
        trap=_trap(language),
        stands=score,
    )


def nothing_written(language: Language) -> str:
    """The field was empty."""
    return language.text("There was nothing in the field. Your number stands all the same.")


def undone(asking: Page, campaign: Campaign, language: Language, *, until: str) -> Page:
    """Taken back; `until` is when the round closes, in words."""
    return replace(
        asking,
        lines=(language.text("Taken back. You can answer until {moment}.", moment=until),),
        voice=Voice.STATUS,
        notes=(asked.who_sees(campaign.survey, language),),
    )


def words_before_score(asking: Page, language: Language) -> Page:
    """Somebody wrote, and no mark stands (any more)."""
    return replace(asking, lines=(asked.comment_before_score(language),), voice=Voice.STATUS)


def already(language: Language) -> Page:
    """A survey that takes one answer has it."""
    return Page(
        headline=language.text("We've already received your feedback for this request."),
        lines=(language.text("It takes one answer, so there is nothing more to do. Thank you."),),
    )


def expired(language: Language) -> Page:
    """A link of ours whose time is over."""
    return Page(
        headline=language.text("This feedback link has expired."),
        lines=(
            language.text(
                "Links like this one work for a limited time. If you have a newer mail about it, "
                "the link in that one works."
            ),
        ),
    )


def closed(campaign: Campaign, language: Language, *, tz: ZoneInfo, pressed: bool) -> Page:
    """The round is over; `pressed` if that has just kept something from being counted."""
    day = language.day(campaign.closed_on(tz))
    return Page(
        headline=language.text("This round is closed; thank you."),
        lines=(
            refusals.closed_on(day, language)
            if pressed
            else language.text("It closed on {day}.", day=day),
        ),
    )


def no_longer(language: Language) -> Page:
    """The round goes on, but this invitation has ended."""
    return Page(headline=language.text("This link no longer takes an answer."))


def not_valid(language: Language) -> Page:
    """A link that is not ours, was bent or leads to nothing: the same words for all of them."""
    return Page(
        headline=language.text("This feedback link doesn't appear to be valid."),
        lines=(
            language.text(
                "Mail programs sometimes break long links. Please open it from the mail once more, "
                "or copy all of it."
            ),
        ),
    )


def try_again(language: Language) -> Page:
    """The database is away, and nothing is known of the round."""
    return Page(
        headline=language.text("This page can't be shown just now."),
        voice=Voice.ALERT,
        lines=(language.text("Please open the link again in a minute. Nothing is lost."),),
    )


def unforeseen(language: Language) -> Page:
    """A mistake of ours."""
    return Page(
        headline=language.text("This page can't be shown just now."),
        voice=Voice.ALERT,
        lines=(refusals.unforeseen(language),),
    )
