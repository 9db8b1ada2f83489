"""What people see when they come to us: pages in `tests/goldens/home`."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.home import QUESTIONS_SHOWN
from runtime.languages import language
from survey.card import Act
from survey.errors import StorageUnavailable
from survey.invitation import Invitation, Response
from survey.person import Address
from survey.report import Distribution
from survey.scale import NPS
from survey.states import CampaignState, InvitationState
from survey.wording import home as wording
from tests.chat import ADA, BEN, Chat, a_chat
from tests.examples import MONDAY, NPS_SURVEY, address, campaign, invitation, person
from tests.goldens import compare, compare_names
from tests.happened import FEATURES, TICKETS, brought, rolling
from tests.homes import Visit, visit

RUNNING = campaign()
EARLIER = campaign(
    id=2, state=CampaignState.CLOSED, started_at=MONDAY - timedelta(days=90), invited=9, reached=9
)
QUESTIONS, SETTINGS, ANSWERS = "Your questions", "Your settings", "Your earlier answers"
ROUND = "For administrators"
SEEN = ("stranger", "bare", "person", "administrator", "before-the-first-answers", "no-round")


def answered(number: int, score: int, **changes: object) -> Invitation:
    """Somebody of many who has answered."""
    known = {
        "campaign": RUNNING,
        "person": person(number, f"Somebody{number} X"),
        "state": InvitationState.ANSWERED,
        "response": Response(score=score),
        **changes,
    }
    return invitation(number, **known)


def of_ben(number: int, **changes: object) -> Invitation:
    return answered(number, 9, person=BEN, **changes)


async def here(*waiting: Invitation, me: object = BEN) -> Visit:
    chat = await a_chat(*waiting)
    found = visit(chat, ADA if me is ADA else BEN)
    await found.open()
    return found


async def a_round() -> Visit:
    """Ada's page while nps/2026Q4 runs, in which six have answered."""
    scores = (10, 10, 9, 8, 6, 3)
    return await here(*(answered(number, score) for number, score in enumerate(scores, 10)), me=ADA)


def done(chat: Chat) -> list[tuple[str, object]]:
    """What was written, but for the steps of the figures, which a report takes as well."""
    return [write for write in chat.store.writes if write[0] != "step"]


def actions(chat: Chat) -> list[str]:
    return [line.entry.action for line in chat.store.audited]


async def test_whoever_is_unknown_is_told_so_and_looked_for() -> None:
    chat = await a_chat()
    stranger = visit(chat, person(9, "Zoe Zed"))
    await stranger.open()
    compare("home", "stranger", stranger.text)
    assert chat.knocks == ["tie"]


async def test_a_page_with_nothing_open_says_so() -> None:
    bare = await here()
    compare("home", "bare", bare.text)


async def test_a_page_shows_questions_settings_and_earlier_answers() -> None:
    survey = replace(NPS_SURVEY, name="tools", subject="the tools")
    page = await here(
        invitation(1, person=BEN),
        of_ben(2, campaign=campaign(survey=survey, id=3)),
        of_ben(
            3, campaign=EARLIER, response=Response(score=4, comment=f"@all {'Slow builds. ' * 30}")
        ),
    )
    page.chat.store.stops = {(BEN.id, "ticket")}
    await page.open()
    compare("home", "person", page.text)


def test_every_golden_is_still_shown() -> None:
    compare_names("home", SEEN)


# Questions


async def test_a_press_turns_the_question_into_the_answer_there() -> None:
    page = await here(invitation(1, person=BEN))
    await page.press("9")
    (card,) = page.part(QUESTIONS).cards
    assert card.headline == "You said 9."
    assert card.greeting == "How likely are you to recommend Acme to a colleague?"
    assert page.labels(QUESTIONS) == ["Add a reason", "Change", "Undo"]


async def test_change_brings_the_scores_back_and_keep_takes_them_away() -> None:
    page = await here(of_ben(1))
    await page.press("Change")
    assert "Keep 9" in page.labels(QUESTIONS)
    await page.press("7")
    assert page.part(QUESTIONS).cards[0].headline == "You said 7."


async def test_what_a_press_has_brought_is_gone_at_the_next_visit() -> None:
    page = await here(of_ben(1))
    await page.press("Change")
    await page.open()
    assert page.labels(QUESTIONS) == ["Add a reason", "Change", "Undo"]


async def test_private_words_stand_below_the_question() -> None:
    page = await here(invitation(1, person=BEN))
    await page.press("Why me?")
    assert [card.headline for card in page.part(QUESTIONS).cards][1:] == ["Why you?"]
    assert len(page.labels(QUESTIONS)) == 14


async def test_a_question_that_was_stopped_says_so_once() -> None:
    page = await here(invitation(1, person=BEN))
    await page.press("Stop asking")
    await page.press("Not this one")
    (told,) = page.part(QUESTIONS).cards
    assert told.headline.startswith("Done: I won't ask you about Acme any more.")
    await page.open()
    assert page.part(QUESTIONS).cards[0].headline.startswith("Nothing is waiting")


async def test_of_two_questions_only_the_pressed_one_changes() -> None:
    other = campaign(survey=replace(NPS_SURVEY, name="tools", subject="the tools"), id=3)
    page = await here(invitation(1, person=BEN), invitation(2, person=BEN, campaign=other))
    await page.press("Later")
    first, second = page.part(QUESTIONS).cards
    assert first.headline.startswith("I'll ask again")
    assert len(second.buttons) == 14


async def test_more_questions_than_there_is_room_for_are_counted() -> None:
    rounds = [campaign(id=number) for number in range(1, QUESTIONS_SHOWN + 3)]
    page = await here(*(invitation(one.id, person=BEN, campaign=one) for one in rounds))
    *_, last = page.part(QUESTIONS).cards
    assert last.headline.startswith("2 more questions are open for you")
    assert len(page.part(QUESTIONS).cards) == QUESTIONS_SHOWN + 1


# Earlier answers


async def test_of_many_answers_the_latest_ten_are_shown() -> None:
    many = [
        of_ben(n, campaign=replace(EARLIER, id=n, started_at=MONDAY - timedelta(days=100 * n)))
        for n in range(1, 13)
    ]
    page = await here(*reversed(many))
    (card,) = page.part(ANSWERS).cards
    assert len(card.lines) == 10
    assert "8 August" in card.lines[0]


async def test_nobody_sees_anybody_elses_answers() -> None:
    page = await here(answered(5, 3, campaign=EARLIER))
    assert ANSWERS not in [part.heading for part in page.home.parts]


# Settings


async def test_stopping_and_coming_back() -> None:
    page = await here(invitation(1, person=BEN))
    await page.press("Stop all surveys")
    assert page.part(SETTINGS).cards[0].lines[0] == "You stopped all surveys."
    assert page.part(SETTINGS).cards[1].headline.startswith("Done: no more surveys from me.")
    assert page.labels(SETTINGS) == ["Ask me again", "One menu for all scores", "Deutsch"]
    await page.press("Ask me again")
    assert page.part(SETTINGS).cards[0].lines[0] == "You stopped no survey."
    assert page.chat.store.stops == set()


async def test_a_snooze_ends_without_lifting_a_stop() -> None:
    page = await here()
    page.chat.store.stops = {(BEN.id, "ticket")}
    await page.press("Snooze for 14 days")
    assert page.part(SETTINGS).cards[0].lines[1] == "Not to be asked before Monday 30 November."
    await page.press("End the snooze")
    assert page.chat.store.snoozes == {}
    assert page.chat.store.stops == {(BEN.id, "ticket")}
    assert "send" in page.chat.knocks


async def test_the_form_of_the_scores() -> None:
    page = await here(invitation(1, person=BEN))
    await page.press("One menu for all scores")
    assert page.part(QUESTIONS).cards[0].compact
    await page.press("A button for each score")
    assert not page.part(QUESTIONS).cards[0].compact


async def test_a_language_is_chosen() -> None:
    page = await here()
    await page.press("Deutsch")
    assert page.chat.store.writes[-1] == ("speak", (BEN.email, "de"))


# The round


async def test_administrators_see_the_round() -> None:
    page = await a_round()
    compare("home", "administrator", page.text)


async def test_below_k_no_figure_and_no_chart_is_shown() -> None:
    page = await here(answered(10, 10), answered(11, 3), me=ADA)
    compare("home", "before-the-first-answers", page.text)
    assert page.part(ROUND).chart == ()


async def test_without_a_round_the_latest_one_is_told_of() -> None:
    page = await here(*(answered(n, 9, campaign=EARLIER) for n in range(10, 17)), me=ADA)
    compare("home", "no-round", page.text)
    assert page.labels(ROUND) == ["Report"]


async def test_before_any_round_administrators_are_told_how_to_begin() -> None:
    page = await here(me=ADA)
    assert page.part(ROUND).cards[0].headline.startswith("No round is running.")
    assert actions(page.chat) == ["administrator.pinned"]


async def test_of_several_rounds_the_newest_is_shown_and_the_others_are_named() -> None:
    other = campaign(
        id=3,
        survey=replace(NPS_SURVEY, name="tools"),
        started_at=MONDAY - timedelta(days=9),
    )
    page = await here(answered(10, 9), answered(11, 9, campaign=other), me=ADA)
    (card,) = page.part(ROUND).cards
    assert card.greeting.startswith("nps/2026Q4")
    assert card.lines[-1] == "Open as well: tools/2026Q4. `/nps status` tells of each."


async def test_others_see_nothing_of_it_and_nothing_is_noted() -> None:
    page = await here(answered(10, 9))
    assert ROUND not in [part.heading for part in page.home.parts]
    assert page.chat.store.audited == []


async def test_another_account_with_an_administrators_e_mail_sees_nothing_of_it() -> None:
    page = await a_round()
    chat = page.chat
    elsewhere = Address(platform="chat", workspace="acme", user_id="another")
    chat.store.people[elsewhere] = ADA
    seen = await page.homes(elsewhere)
    assert ROUND not in [part.heading for part in seen.parts]


async def test_whoever_has_left_is_no_administrator_any_more() -> None:
    page = await a_round()
    page.chat.store.people[address(ADA)] = replace(ADA, active=False)
    await page.open()
    assert ROUND not in [part.heading for part in page.home.parts]


async def test_figures_are_noted_whenever_they_are_shown() -> None:
    page = await a_round()
    seen = actions(page.chat)
    assert seen == ["administrator.pinned", "report.read"]
    assert page.chat.store.audited[-1].entry.about == "nps/2026Q4"
    before = page.part(ROUND)
    await page.press("Snooze for 14 days")
    assert page.part(ROUND) == before
    assert actions(page.chat) == [*seen, "report.read"]
    page.chat.store.asks(answered(20, 9))
    await page.open()
    assert actions(page.chat) == [*seen, "report.read", "report.read"]


async def test_without_a_note_a_press_shows_no_figures() -> None:
    page = await a_round()
    page.chat.store.down = {"append"}
    with pytest.raises(StorageUnavailable):
        await page.press("Snooze for 14 days")


async def test_without_a_note_nothing_is_shown() -> None:
    page = await a_round()
    page.chat.store.down = {"append"}
    with pytest.raises(StorageUnavailable):
        await page.open()


@pytest.mark.parametrize(
    ("first", "then", "does"),
    [
        ("Remind", "Remind them", "round.reminded"),
        ("Pause", "Pause it", "round.paused"),
        ("Close", "Close it", "round.closed"),
    ],
)
async def test_each_button_asks_once_before_it_acts(first: str, then: str, does: str) -> None:
    page = await a_round()
    await page.press(first)
    assert done(page.chat) == []
    assert page.labels(ROUND) == [then, "Not now"]
    before = actions(page.chat)
    await page.press(then)
    assert actions(page.chat) == [*before, does, "report.read"]


async def test_not_now_leaves_all_as_it_was() -> None:
    page = await a_round()
    await page.press("Close")
    await page.press("Not now")
    assert done(page.chat) == []
    assert page.labels(ROUND) == ["Remind", "Pause", "Close", "Report"]
    assert len(page.part(ROUND).cards) == 1


async def test_a_paused_round_can_go_on() -> None:
    page = await a_round()
    await page.press("Pause")
    await page.press("Pause it")
    assert page.labels(ROUND) == ["Resume", "Close", "Report"]
    assert page.part(ROUND).cards[1].headline.startswith("nps/2026Q4 is paused")
    await page.press("Resume")
    await page.press("Go on")
    assert page.chat.store.campaigns[0].state is CampaignState.RUNNING


async def test_the_report_is_the_one_of_the_command() -> None:
    page = await a_round()
    await page.press("Report")
    private = (await page.chat.types("/nps report", by=ADA)).private
    assert page.part(ROUND).cards[1] == private


@pytest.mark.parametrize("label", ["Remind", "Pause", "Close", "Report"])
async def test_rights_are_checked_again_at_the_press(label: str) -> None:
    page = await a_round()
    page.chat.store.people[address(ADA)] = replace(ADA, email="moved@example.org")
    await page.press(label)
    assert done(page.chat) == []
    assert actions(page.chat)[-1] == "command.refused"
    (told,) = page.part(ROUND).cards
    assert told.headline.startswith("Reports are for" if label == "Report" else "That is for")


async def test_a_button_of_a_round_that_is_closed_is_refused() -> None:
    page = await a_round()
    await page.press("Close")
    chat = page.chat
    chat.store.move(chat.store.campaigns[0].moved(CampaignState.CLOSING))
    await page.press("Close it")
    assert actions(chat)[-2:] == ["command.failed", "report.read"]
    assert not any(method == "begin_closing" for method, _ in chat.store.writes)


# The chart


@pytest.mark.parametrize("counts", [{}, {10: 1}, {0: 1_000_000, 10: 1}])
def test_a_row_says_its_figures_before_it_draws_them(counts: dict[int, int]) -> None:
    head, *rows = wording.bars(Distribution(scale=NPS, counts=counts), language("en"))
    assert head.split() == ["Score", "Answers", "Share"]
    assert [int(row.split()[0]) for row in rows] == list(range(10, -1, -1))
    for row in rows:
        score, answers, *_ = row.split()
        drawn = row.count("█")
        assert (drawn > 0) == bool(counts.get(int(score)))
        assert int(answers.replace(",", "")) == counts.get(int(score), 0)
        assert drawn <= wording.BAR_LENGTH


def test_asking_before_names_the_round_and_carries_it() -> None:
    card = wording.asked_before(Act.CLOSE, "nps 2026Q4.2", language("en"))
    assert "nps/2026Q4.2" in card.headline
    assert card.buttons[0].value == "nps 2026Q4.2"
    assert card.subject is None


# Questions that something brought


async def test_a_round_is_shown_before_what_asks_all_the_time() -> None:
    rolls = rolling(brought(TICKETS, number=1, person=ADA, round={"id": 9}))
    page = await here(answered(2, 9), rolls, me=ADA)
    text = page.text
    assert "nps/2026Q4, open until" in text
    assert "Open as well: support/2026Q4." in text


async def test_questions_about_several_features_are_told_apart() -> None:
    some = [
        brought(FEATURES, number=n, person=BEN, told={"subject": name})
        for n, name in enumerate(("Rate calendar", "Guest messages"), 1)
    ]
    page = await here(*some)
    asked = {card.headline for card in page.part(QUESTIONS).cards}
    assert asked == {"How do you rate Rate calendar?", "How do you rate Guest messages?"}
    await page.press("9")
    greetings = {card.greeting for card in page.part(QUESTIONS).cards}
    assert greetings & asked


async def test_what_the_message_says_is_under_the_question_on_the_page() -> None:
    page = await here(brought(TICKETS, number=1, person=BEN))
    (card,) = page.part(QUESTIONS).cards
    assert "Your request: Parcel never came (#4711)" in card.lines
