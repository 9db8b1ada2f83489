"""What the page behind a link says; the same to everybody in a round and a language."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from survey.campaign import Campaign
from survey.errors import VoxpopError
from survey.invitation import Invitation
from survey.language import Language
from survey.page import Marks, Page, Voice, Words
from survey.survey import Answers, Survey
from survey.wording import asked, happened, refusals


def question(
    campaign: Campaign,
    language: Language,
    *,
    tz: ZoneInfo,
    now: datetime,
    chosen: int | None = None,
    by_itself: bool = False,
    from_mail: bool = True,
    invitation: Invitation | None = None,
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
        invitation: Where something brought the question, which it tells of then; None in a round,
            whose page is the same for everybody.
    """
    survey = campaign.survey
    asks = _question(survey, invitation, language)
    marks = _marks(survey, asks, language, chosen=chosen, by_itself=by_itself)
    if from_mail:
        hint = language.text("You pressed a number in the mail. One more press sends it:")
        marks = replace(marks, hint=hint, by_address=chosen is None)
    return Page(
        headline=asks,
        lines=() if invitation is None else happened.lines(invitation, language),
        marks=marks,
        trap=_trap(language),
        notes=(
            asked.who_sees(survey, language),
            asked.open_on(campaign, tz, language, now=now),
        ),
    )


def _question(survey: Survey, invitation: Invitation | None, language: Language) -> str:
    return asked.question(survey, language, None if invitation is None else invitation.about)


def _marks(
    survey: Survey, asks: str, language: Language, *, chosen: int | None, by_itself: bool = False
) -> Marks:
    buttons = asked.score_buttons(survey.scale, language)
    return Marks(
        question=asks,
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
            headline=_said(survey, score, language, invitation),
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
        asks=asked.question_of(invitation, language),
        until=language.moment(invitation.campaign.closes_at, tz, now=now),
    )


def _said(
    survey: Survey, score: int | None, language: Language, invitation: Invitation | None = None
) -> str:
    if score is None:
        return _question(survey, invitation, language)
    return language.text("You said {score}.", score=language.number(score))


def _with_ways_back(
    page: Page,
    campaign: Campaign,
    score: int | None,
    language: Language,
    *,
    asks: str,
    until: str,
) -> Page:
    """With what changes an answer, where the survey lets it be changed."""
    survey = campaign.survey
    if survey.answers is Answers.ONCE:
        return replace(page, notes=(_all_done(language),))
    return replace(
        page,
        marks=_marks(survey, asks, language, chosen=score),
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
    limit = language.number(survey.comment_limit)
    return Words(
        label=language.text("In your own words")
        if score is None
        else asked.follow_up(survey.scale, score, language),
        hint=asked.where_words_go(survey, language),
        value=value,
        limit=survey.comment_limit,
        most=language.text("Up to {limit} characters.", limit=limit),
        count=language.text("{length} of {limit} characters", length="{length}", limit=limit),
        send=language.text("Send"),
        wrong=wrong,
    )


def provisional(
    campaign: Campaign,
    score: int,
    language: Language,
    *,
    tz: ZoneInfo,
    now: datetime,
    invitation: Invitation | None = None,
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
            asks=_question(survey, invitation, language),
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
    invitation: Invitation | None = None,
) -> Page:
    """Words that were not taken, kept in their field.

    Args:
        campaign: The round.
        score: What stands, as far as the page that sent them knew; None if it did not.
        said: The words.
        language: Of the link.
        why: What went wrong.
        invitation: Where something brought the question.
    """
    survey = campaign.survey
    return Page(
        headline=_said(survey, score, language, invitation),
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
        lines=(
            language.text("Taken back. You can answer until {moment}.", moment=until),
            *asking.lines,
        ),
        voice=Voice.STATUS,
        notes=(asked.who_sees(campaign.survey, language),),
    )


def words_before_score(asking: Page, language: Language) -> Page:
    """Somebody wrote, and no mark stands (any more)."""
    return replace(
        asking, lines=(asked.comment_before_score(language), *asking.lines), voice=Voice.STATUS
    )
