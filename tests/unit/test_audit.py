"""The chain of the audit log: which line fits after which."""

from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.audit import (
    LONGEST,
    NOTHING_YET,
    Chain,
    Entry,
    Line,
    Verification,
    about_failure,
    about_round,
    plain,
)
from survey.errors import InvalidValue
from tests.examples import MONDAY

CHAIN = Chain(["a key"])
READ = Entry(at=MONDAY, actor="ada@example.org", action="report.read", about="nps/2026Q4")
texts = st.text(max_size=30).map(plain)
entries = st.builds(
    Entry,
    at=st.datetimes(timezones=st.just(UTC)),
    actor=texts,
    action=st.sampled_from(["report.read", "round.started", "person.read_own_data"]),
    about=texts,
)


def written(*of: Entry, by: Chain = CHAIN) -> list[Line]:
    lines: list[Line] = []
    for one in of:
        lines.append(by.after(lines[-1] if lines else None, one))
    return lines


@given(st.lists(entries, max_size=8), st.integers(0, 8))
def test_a_log_is_whole_however_it_is_read(of: list[Entry], cut: int) -> None:
    lines = written(*of)
    found = CHAIN.verified(lines[cut:], after=CHAIN.verified(lines[:cut], after=NOTHING_YET))
    head = lines[-1].digest if lines else ""
    assert found == Verification(count=len(of), head=head)
    assert found.whole


@given(st.lists(entries, min_size=1, max_size=6), st.data())
def test_a_line_that_was_changed_does_not_fit(of: list[Entry], data: st.DataObject) -> None:
    lines = written(*of)
    place = data.draw(st.integers(0, len(lines) - 1))
    other = data.draw(entries.filter(lambda one: one != lines[place].entry))
    lines[place] = replace(lines[place], entry=other)
    found = CHAIN.verified(lines, after=NOTHING_YET)
    assert (found.count, found.broken_at) == (place, place + 1)


@given(st.lists(entries, min_size=2, max_size=6), st.data())
def test_a_line_that_was_taken_out_is_missed_by_the_next(
    of: list[Entry], data: st.DataObject
) -> None:
    lines = written(*of)
    place = data.draw(st.integers(0, len(lines) - 2))
    left = lines[:place] + lines[place + 1 :]
    renumbered = [replace(line, number=number) for number, line in enumerate(left, 1)]
    for tampered in (left, renumbered):
        assert not CHAIN.verified(tampered, after=NOTHING_YET).whole


def test_a_line_of_somebody_without_the_key_does_not_fit() -> None:
    forged = written(READ, READ, by=Chain(["no key of ours"]))
    assert CHAIN.verified(forged, after=NOTHING_YET).broken_at == 1


def test_the_newest_key_writes_and_every_key_verifies() -> None:
    rotated = Chain(["a newer key", "a key"])
    lines = written(READ)
    lines.append(rotated.after(lines[-1], READ))
    assert rotated.verified(lines, after=NOTHING_YET).whole
    assert CHAIN.verified(lines, after=NOTHING_YET).broken_at == 2


def test_the_same_moment_in_another_zone_is_the_same_line() -> None:
    elsewhere = READ.at.astimezone(timezone(timedelta(hours=9)))
    assert written(READ)[0].digest == written(replace(READ, at=elsewhere))[0].digest


def test_words_do_not_flow_from_one_field_into_the_next() -> None:
    one, other = replace(READ, actor="a b", about="c"), replace(READ, actor="a", about="b c")
    assert written(one)[0].digest != written(other)[0].digest


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "report"},
        {"action": "Report.Read"},
        {"action": "report.read.twice"},
        {"actor": "ada\n2 eve"},
        {"about": "\u202egnp"},
        {"about": "a\x00b"},
        {"about": "x" * (LONGEST + 1)},
        {"about": " nps"},
    ],
)
def test_what_is_no_entry_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidValue):
        CHAIN.after(None, replace(READ, **wrong))  # type: ignore[arg-type]


@given(st.text(max_size=300))
def test_any_words_become_a_line_that_an_entry_takes(text: str) -> None:
    CHAIN.after(None, replace(READ, actor=plain(text), about=about_round(text, by=text, to=2)))
    assert len(plain(text)) <= LONGEST


def test_what_an_entry_is_about_reads_like_a_note() -> None:
    assert about_round("nps/2026Q4", by="team") == "nps/2026Q4 by team"
    assert about_round("nps", to=3) == "nps to 3 by name"
    assert about_failure("close", "not_found") == "close: not_found"
