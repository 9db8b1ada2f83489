"""When somebody is asked about a ticket, and when nobody is after all."""

import asyncio
import itertools
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.eligibility import LeftOut
from survey.errors import InvalidValue, StorageUnavailable
from survey.localtime import Window
from survey.occasion import Trigger
from survey.scale import SCALES
from survey.survey import Answers, Mode, Survey
from survey.tickets import (
    LONGEST_WORDS,
    NOTHING,
    Requester,
    Step,
    Ticket,
    TicketEvent,
    TicketState,
    WhyNot,
    words,
)
from survey.usecases.ask_about import AskAbout
from survey.usecases.take_ticket_events import Taken, TakeTicketEvents
from tests.examples import MONDAY, SetClock
from tests.fakes import Store
from tests.fakes_moments import FakeOccasions
from tests.fakes_tickets import FakeTickets

LONDON = ZoneInfo("Europe/London")
TICKETS = Survey(
    name="ticket",
    subject="our help",
    scale=SCALES["csat"],
    mode=Mode.IDENTIFIED,
    answers=Answers.ONCE,
    window=Window(opens=time(8), closes=time(20)),
    rest_days=0,
    reminders=(),
    after=Trigger.TICKETS,
    waits=timedelta(hours=2),
)
GRACE = Requester(email="grace@example.com", name="Grace Hopper", timezone="Europe/London")
_names = itertools.count(1)


def told(
    state: TicketState = TicketState.RESOLVED, *, after: float = 0, **changes: Any
) -> TicketEvent:
    """An event so many minutes after ten o'clock on Monday in Berlin."""
    event = TicketEvent(
        source="zammad",
        event=f"e{next(_names)}",
        number="4711",
        state=state,
        happened_at=MONDAY + timedelta(minutes=after),
        requester=GRACE,
        subject="The door does not close",
    )
    return replace(event, **changes)


RESOLVED, OPEN, GONE = TicketState.RESOLVED, TicketState.OPEN, TicketState.GONE


class Desk:
    """The use case on stand-ins."""

    def __init__(self, survey: Survey | None = TICKETS, *, portion: int = 500) -> None:
        self.store, self.clock = Store(), SetClock()
        self.occasions = FakeOccasions(self.store)
        self.tickets = FakeTickets(self.occasions)
        self.take = TakeTicketEvents(
            tickets=self.tickets,
            occasions=self.occasions,
            ask_about=AskAbout(
                occasions=self.occasions,
                clock=self.clock,
                platforms=("email",),
                zone=ZoneInfo("Europe/Berlin"),
            ),
            survey=survey,
            clock=self.clock,
            portion=portion,
        )

    async def hears(self, *events: TicketEvent) -> Taken:
        for event in events:
            await self.tickets.accept(event, at=self.clock())
        return await self.take()

    @property
    def due(self) -> dict[str, datetime]:
        return {key: asking.due_at for key, asking in self.occasions.planned.items()}


@pytest.mark.parametrize(
    ("resolved", "due"),
    [
        (datetime(2026, 11, 16, 14, 0), datetime(2026, 11, 16, 16, 0)),  # noqa: DTZ001
        (datetime(2026, 11, 16, 18, 5), datetime(2026, 11, 17, 8, 0)),  # noqa: DTZ001
        (datetime(2026, 11, 21, 23, 0), datetime(2026, 11, 22, 8, 0)),  # noqa: DTZ001
        (datetime(2026, 11, 22, 5, 0), datetime(2026, 11, 22, 8, 0)),  # noqa: DTZ001
        (datetime(2026, 11, 16, 17, 59), datetime(2026, 11, 16, 19, 59)),  # noqa: DTZ001
        (datetime(2026, 11, 16, 18, 0), datetime(2026, 11, 17, 8, 0)),  # noqa: DTZ001
        # The clocks go back on this night.
        (datetime(2026, 10, 24, 23, 30), datetime(2026, 10, 25, 8, 0)),  # noqa: DTZ001
    ],
)
async def test_the_question_goes_out_two_hours_later_between_eight_and_eight(
    resolved: datetime, due: datetime
) -> None:
    desk, at = Desk(), resolved.replace(tzinfo=LONDON).astimezone(UTC)
    desk.clock.at = at
    await desk.hears(told(happened_at=at))
    assert desk.due == {"zammad:4711": due.replace(tzinfo=LONDON).astimezone(UTC)}


async def test_an_invitation_is_open_for_fourteen_days_from_when_it_goes_out() -> None:
    desk = Desk()
    await desk.hears(told())
    asking = desk.occasions.planned["zammad:4711"]
    assert asking.closes_at - asking.due_at == timedelta(days=14)


async def test_the_question_tells_which_request_it_is_about() -> None:
    desk = Desk()
    await desk.hears(told(category="Repairs", resolved_by="Sophie"))
    occasion = desk.occasions.planned["zammad:4711"].occasion
    assert occasion.details == {
        "ticket": "#4711",
        "subject": "The door does not close",
        "resolved_by": "Sophie",
    }
    assert occasion.groups == {"category": "Repairs", "resolved_by": "Sophie"}


async def test_a_ticket_that_is_reopened_in_time_is_asked_about_by_nobody() -> None:
    desk = Desk()
    assert (await desk.hears(told())).asked == 1
    assert (await desk.hears(told(OPEN, after=30))).withdrawn == 1
    assert desk.due == {}
    assert desk.store.invitations == {}


async def test_a_ticket_that_is_resolved_again_is_asked_about_after_another_two_hours() -> None:
    desk = Desk()
    await desk.hears(told())
    await desk.hears(told(OPEN, after=30))
    await desk.hears(told(after=60))
    assert desk.due == {"zammad:4711": MONDAY + timedelta(hours=3)}


async def test_that_it_was_reopened_may_be_heard_last() -> None:
    desk = Desk()
    first, again = told(resolved_at=MONDAY), told(after=60)
    again = replace(again, resolved_at=again.happened_at)
    for event in (first, again, told(OPEN, after=30)):
        await desk.hears(event)
    assert desk.due == {"zammad:4711": MONDAY + timedelta(hours=3)}


async def test_nobody_is_asked_twice_about_a_ticket_once_the_question_went_out() -> None:
    desk = Desk()
    await desk.hears(told())
    desk.occasions.deliver()
    assert (await desk.hears(told(OPEN, after=180))).withdrawn == 0
    assert (await desk.hears(told(after=200))).asked == 0
    assert desk.due == {}
    assert len(desk.store.invitations) == 1
    assert desk.tickets.known["zammad:4711"].outcome == NOTHING


async def test_an_event_that_is_told_again_is_heard_once() -> None:
    desk, event = Desk(), told()
    assert await desk.tickets.accept(event, at=MONDAY)
    assert not await desk.tickets.accept(event, at=MONDAY)
    assert (await desk.take()).handled == 1
    assert not await desk.tickets.accept(event, at=MONDAY)


async def test_a_later_word_about_a_resolved_ticket_puts_nothing_off() -> None:
    desk = Desk()
    await desk.hears(told())
    assert (await desk.hears(told(after=60, subject="The door still creaks"))).asked == 0
    assert desk.due == {"zammad:4711": MONDAY + timedelta(hours=2)}


async def test_a_ticket_that_was_resolved_weeks_ago_is_too_old() -> None:
    desk = Desk()
    desk.clock.forward(days=14, hours=2, seconds=1)
    await desk.hears(told())
    assert desk.tickets.known["zammad:4711"].outcome == LeftOut.TOO_LATE


async def test_a_ticket_of_nobody_who_can_be_written_to_says_so() -> None:
    desk = Desk()
    taken = await desk.hears(told(requester=None))
    assert (taken.handled, taken.asked) == (1, 0)
    assert desk.tickets.known["zammad:4711"].outcome == WhyNot.NO_EMAIL


async def test_without_a_survey_events_are_handled_and_nobody_is_asked() -> None:
    desk = Desk(survey=None)
    assert (await desk.hears(told(), told(number="2"))).handled == 2
    assert desk.tickets.known["zammad:4711"].outcome == WhyNot.NO_SURVEY
    assert desk.store.campaigns == []


async def test_whoever_rests_is_asked_about_one_of_many_tickets() -> None:
    desk = Desk(replace(TICKETS, rest_days=30))
    taken = await desk.hears(*(told(number=str(number)) for number in range(40)))
    assert (taken.handled, taken.asked) == (40, 1)
    outcomes = [one.outcome for one in desk.tickets.known.values()]
    assert outcomes.count(LeftOut.ASKED_RECENTLY) == 39


async def test_an_event_that_breaks_stops_none_of_the_others() -> None:
    desk = Desk()
    desk.tickets.breaks = {"3"}
    events = [told(number=str(number)) for number in range(6)]
    taken = await desk.hears(*events)
    assert (taken.handled, taken.asked) == (6, 5)
    assert taken.broken == (("zammad", events[3].event, "RuntimeError"),)
    assert desk.tickets.handled["zammad", events[3].event] == WhyNot.BROKE
    assert desk.tickets.inbox == {}


async def test_more_than_a_portion_is_handled_in_one_go() -> None:
    desk = Desk(portion=4)
    taken = await desk.hears(*(told(number=str(number)) for number in range(11)))
    assert (taken.handled, taken.asked) == (11, 11)


async def test_what_the_database_does_not_take_waits() -> None:
    desk = Desk()
    await desk.tickets.accept(told(), at=MONDAY)
    desk.store.down = {"ask"}
    with pytest.raises(StorageUnavailable):
        await desk.take()
    desk.store.down = set()
    assert (await desk.take()).asked == 1


async def test_whoever_is_cut_off_between_asking_and_noting_it_asks_nobody_twice() -> None:
    desk = Desk()
    await desk.tickets.accept(told(), at=MONDAY)
    desk.tickets.cut_off = True
    with pytest.raises(asyncio.CancelledError):
        await desk.take()
    assert (await desk.take()).handled == 1
    assert len(desk.store.invitations) == 1
    assert desk.tickets.known["zammad:4711"].outcome == NOTHING


async def test_a_ticket_that_is_reopened_while_it_is_asked_about_is_withdrawn_after_it() -> None:
    desk = Desk()
    await desk.tickets.accept(told(), at=MONDAY)
    settle = desk.tickets.settle

    async def reopened_meanwhile(*given: Any, **named: Any) -> None:
        desk.tickets.settle = settle  # type: ignore[method-assign]
        await desk.tickets.apply([told(OPEN, after=1)])
        await settle(*given, **named)

    desk.tickets.settle = reopened_meanwhile  # type: ignore[method-assign]
    await desk.take()
    await desk.take()
    assert desk.due == {}


events = st.lists(
    st.tuples(st.sampled_from([RESOLVED, OPEN, GONE]), st.integers(0, 8)), min_size=1, max_size=6
)


@given(events, st.data())
def test_the_latest_word_rules_in_whatever_order_they_come_and_however_often(
    happened: list[tuple[TicketState, int]], data: st.DataObject
) -> None:
    one = [told(state, after=minute) for state, minute in happened]
    other = data.draw(st.permutations(one + one[:2]))
    blank = Ticket(source="zammad", number="4711")
    first, second = blank, blank
    for event in one:
        first = first.after(event)
    for event in other:
        second = second.after(event)
    assert (first.state, first.state_at) == (second.state, second.state_at)
    assert (first.outcome == Step.ASK) == (second.outcome == Step.ASK)
    assert (first.state is RESOLVED) == (first.outcome == Step.ASK)


@given(events, st.data())
async def test_whatever_is_told_in_whatever_order_one_question_at_most_is_planned(
    happened: list[tuple[TicketState, int]], data: st.DataObject
) -> None:
    desk = Desk()
    one = [told(state, after=minute) for state, minute in happened]
    for event in data.draw(st.permutations(one)):
        await desk.hears(event)
    latest = max(
        one, key=lambda event: (event.happened_at, [OPEN, RESOLVED, GONE].index(event.state))
    )
    assert set(desk.due) == ({"zammad:4711"} if latest.state is RESOLVED else set())


@pytest.mark.parametrize(
    ("field", "value"),
    [("event", ""), ("event", "x" * 256), ("number", ""), ("number", "4\n711"), ("source", "")],
)
def test_what_can_not_be_told_apart_is_refused(field: str, value: str) -> None:
    with pytest.raises(InvalidValue, match=field):
        replace(told(), **{field: value})  # type: ignore[arg-type]


def test_foreign_words_are_kept_on_one_line_and_not_too_long() -> None:
    assert words("  a\x00b\r\n\u202ec\t ") == "a b c"
    assert words("👩‍🔧 broken") == "👩‍🔧 broken"
    assert len(words("x" * 10_000)) == LONGEST_WORDS
    assert words(None) == ""
