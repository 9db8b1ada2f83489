import struct
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date, datetime
from multiprocessing import get_context
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
import resvg_py
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.charts import png, report_png, report_svg, trend_png, trend_svg
from bot.charts.geometry import FLOOR, HEIGHT, TREND_LEFT_ALONE, WIDTH, bars, brackets, trend
from bot.charts.lettering import fitted, font_files, needs_other_fonts, width, writable
from survey.report import (
    Distribution,
    Participation,
    Report,
    RoundPoint,
    change,
    figures,
)
from survey.scale import CSAT, NPS, SCALES, STARS, TEN, Category, Metric, Scale

SVG = "{http://www.w3.org/2000/svg}"
QUARTERS = [f"{2024 + i // 4}Q{i % 4 + 1}" for i in range(12)]
FULL = [3, 1, 2, 4, 3, 7, 14, 30, 47, 50, 53]
SADDER = [9, 8, 7, 9, 9, 9, 24, 30, 40, 30, 29]


class English:
    """As plain as a language can be."""

    locale = "en"
    right_to_left = False

    def text(self, sentence: str, /, **fields: object) -> str:
        return sentence.format(**fields)

    def plural(self, one: str, many: str, /, n: int, **fields: object) -> str:
        return (one if n == 1 else many).format(n=n, **fields)

    def number(self, value: float, *, decimals: int = 0, signed: bool = False) -> str:
        return f"{value:{'+' if signed and value else ''},.{decimals}f}"

    def percent(self, share: float, *, decimals: int = 0) -> str:
        return f"{100 * share:.{decimals}f} %"

    def day(self, day: date) -> str:
        return day.isoformat()

    def moment(self, instant: datetime, tz: ZoneInfo, *, now: datetime) -> str:
        return f"{instant} {tz} {now}"

    def listing(self, items: Sequence[str]) -> str:
        return ", ".join(items)


def answers(counts: Sequence[int], scale: Scale = NPS) -> Distribution:
    return Distribution(scale=scale, counts=dict(zip(scale.values, counts, strict=True)))


def points(rounds: Sequence[Distribution]) -> tuple[RoundPoint, ...]:
    periods = QUARTERS[-len(rounds) :]
    return tuple(
        RoundPoint(
            campaign=f"nps/{period}",
            period=period,
            figures=figures(distribution),
            participation=Participation(invited=500, reached=480, answered=distribution.n),
            change=None if before is None else change(distribution, before, since="before"),
        )
        for period, before, distribution in zip(periods, [None, *rounds], rounds, strict=False)
    )


def report_of(*rounds: Distribution, **parts: Any) -> Report:
    now = rounds[-1]
    told: dict[str, Any] = {
        "survey": "nps",
        "subject": "Acme",
        "campaign": f"nps/{QUARTERS[-1]}",
        "period": QUARTERS[-1],
        "scale": now.scale,
        "mode": "confidential",
        "k": 5,
        "state": "closed",
        "participation": Participation(invited=500, reached=480, answered=now.n),
        "distribution": now,
        "figures": figures(now),
        "change": change(now, rounds[-2], since=QUARTERS[-2]) if len(rounds) > 1 else None,
        "groups": (),
        "groups_withheld": False,
        "history": points(rounds),
        "pending": 0,
    }
    return Report(**told | parts)


def drawn(report: Report) -> ET.Element:
    return ET.fromstring(report_svg(report, English()))  # noqa: S314 - it is our own


def texts(report: Report) -> list[str]:
    return [element.text or "" for element in drawn(report).iter(f"{SVG}text")]


def pixels(picture: bytes) -> tuple[int, int]:
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    wide, high = struct.unpack(">II", picture[16:24])
    return wide, high


def part(report: Report, name: str) -> ET.Element | None:
    return drawn(report).find(f"{SVG}g[@id='{name}']")


# What the picture says


def test_the_headline_stands_with_its_interval_and_what_the_change_is_worth() -> None:
    shown = texts(report_of(answers(SADDER), answers(FULL)))
    assert "Acme" in shown
    assert "Net Promoter Score" in shown
    assert "+32" in shown
    assert "95 %: +22 to +42" in shown
    assert "▲ 40 since 2026Q3 — a real change" in shown
    assert "214 of 480 answered (45 %)" in shown


def test_a_change_within_noise_says_so() -> None:
    shown = texts(report_of(answers(FULL), answers([3, 1, 2, 4, 3, 7, 16, 32, 47, 50, 49])))
    assert "▼ 3 since 2026Q3 — within noise" in shown


def test_a_figure_that_stood_still_says_so() -> None:
    assert "No change since 2026Q3" in texts(report_of(answers(FULL), answers(FULL)))


def test_every_mark_has_its_count_above_and_every_class_its_name_and_share_below() -> None:
    distribution = part(report_of(answers(FULL)), "distribution")
    assert distribution is not None
    shown = [element.text for element in distribution.iter(f"{SVG}text")]
    for mark, count in enumerate(FULL):
        assert shown[2 * mark : 2 * mark + 2] == [str(count), str(mark)]
    assert shown[22:] == ["Detractors", "16 %", "Passives", "36 %", "Promoters", "48 %"]


def test_csat_shows_the_two_best_marks_and_its_own_class_names() -> None:
    shown = texts(report_of(answers([5, 8, 20, 40, 50], CSAT)))
    assert "CSAT: the two best marks" in shown
    assert "73 %" in shown
    assert {"Dissatisfied", "Neutral", "Satisfied"} <= set(shown)
    assert "Promoters" not in shown


def test_the_trend_shows_the_last_eight_rounds_and_each_year_once() -> None:
    trend_of_eleven = part(report_of(*[answers(FULL)] * 11), "trend")
    assert trend_of_eleven is not None
    assert len(trend_of_eleven.findall(f"{SVG}circle")) == 8
    shown = [element.text for element in trend_of_eleven.iter(f"{SVG}text")]
    assert "The last 8 rounds with their 95 % band" in shown
    assert shown.count("2025") == shown.count("2026") == 1
    assert shown.count("Q4") == 2


def test_a_single_round_has_no_trend_and_its_bars_take_the_room() -> None:
    alone, together = report_of(answers(FULL)), report_of(answers(SADDER), answers(FULL))
    assert part(alone, "trend") is None
    assert part(together, "trend") is not None
    right_of = max(bar.x for bar in bars(answers(FULL), room=1088))
    assert any(float(e.get("x", 0)) == round(right_of, 1) for e in drawn(alone).iter(f"{SVG}text"))


def test_answers_that_are_not_in_the_figures_yet_are_owned_up_to() -> None:
    waiting = "Newer answers and changes that are not in these figures yet: 3"
    assert waiting in texts(report_of(answers(FULL), pending=3))
    assert waiting not in texts(report_of(answers(FULL)))


@pytest.mark.parametrize(
    ("answered", "sentence"),
    [(0, "Nobody has answered yet."), (4, "Figures are shown from 5 answers.")],
)
def test_a_refusal_shows_who_took_part_and_no_figure(answered: int, sentence: str) -> None:
    refused = report_of(
        answers(FULL),
        participation=Participation(invited=500, reached=480, answered=answered),
        distribution=None,
        figures=None,
        change=None,
        history=(),
        pending=answered,
    )
    assert texts(refused) == [
        "Acme",
        "nps",
        QUARTERS[-1],
        f"{answered} of 480 answered ({100 * answered / 480:.0f} %)",
        sentence,
    ]
    assert part(refused, "distribution") is None


def test_intervals_of_the_very_many_keep_their_ends_apart() -> None:
    assert "95 %: +32.21 to +32.27" in texts(report_of(answers([100_000 * n for n in FULL])))


# What it is made of


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "R&D \"quoted\" 'too'", "</text><g>", "]]>", "{{ 7*7 }}"]
)
def test_names_are_text_never_markup(name: str) -> None:
    report = report_of(answers(FULL), subject=name, survey=name)
    assert texts(report)[:2] == [name, name]
    assert not list(drawn(report).iter(f"{SVG}script"))


@given(st.text(max_size=60), st.text(max_size=30))
@settings(deadline=None)
def test_any_name_makes_a_picture_that_is_xml(subject: str, survey: str) -> None:
    assert drawn(report_of(answers(FULL), subject=subject, survey=survey)).tag == f"{SVG}svg"


def test_the_picture_describes_itself_to_those_who_cannot_see_it() -> None:
    picture = drawn(report_of(answers(SADDER), answers(FULL)))
    assert picture.get("role") == "img"
    assert picture.findtext(f"{SVG}title") == "Acme"
    description = picture.findtext(f"{SVG}desc") or ""
    assert "Net Promoter Score +32" in description
    assert "214 of 480 answered (45 %)" in description


def luminance(colour: str) -> float:
    """Source: WCAG 2.1, relative luminance."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_bars_and_letters_stand_out_from_the_paper_as_wcag_asks() -> None:
    report = report_of(answers(SADDER), answers(FULL))
    paths = [e.get("stroke") or e.get("fill") or "" for e in drawn(report).iter(f"{SVG}path")]
    letters = [e.get("fill") or "" for e in drawn(report).iter(f"{SVG}text")]
    hairlines = {"#e3e7eb", "#aeb7c0"}
    assert all(1.05 / (luminance(c) + 0.05) >= 3 for c in set(paths) - hairlines - {"none"})
    assert all(1.05 / (luminance(c) + 0.05) >= 4.5 for c in set(letters))


some_counts = st.lists(st.integers(0, 10**7), min_size=11, max_size=11)
some_rounds = st.sampled_from(list(SCALES.values())).flatmap(
    lambda scale: st.lists(
        st.lists(st.integers(0, 10**6), min_size=len(scale.values), max_size=len(scale.values)).map(
            lambda counts: answers(counts, scale)
        ),
        min_size=1,
        max_size=10,
    )
)


@given(some_rounds)
@settings(deadline=None, max_examples=50)
def test_nothing_is_drawn_off_the_sheet(rounds: list[Distribution]) -> None:
    for element in drawn(report_of(*rounds)).iter(f"{SVG}text"):
        x, size = float(element.get("x", 0)), float(element.get("font-size", 0))
        run = width(element.text or "", size)
        left = {"start": x, "middle": x - run / 2, "end": x - run}[element.get("text-anchor", "")]
        assert left >= 40
        assert left + run <= WIDTH - 40
        assert 30 <= float(element.get("y", 0)) <= HEIGHT - 10


@given(some_counts)
def test_bars_are_as_high_as_their_counts(counts: list[int]) -> None:
    placed = bars(answers(counts), room=640)
    most = max(*counts, 1)
    for bar in placed:
        share = (FLOOR - bar.top) / (FLOOR - min(b.top for b in placed)) if any(counts) else 0
        assert bar.count == 0 or share == pytest.approx(bar.count / most, abs=0.02)
        assert bar.category is NPS.category(bar.mark)


@pytest.mark.parametrize("scale", [NPS, CSAT, STARS, TEN])
def test_brackets_enclose_the_bars_of_their_class(scale: Scale) -> None:
    placed = bars(answers([1] * len(scale.values), scale), room=640)
    for bracket in brackets(scale, room=640):
        inside = {bar.mark for bar in placed if bracket.left <= bar.x <= bracket.right}
        assert inside == {m for m in scale.values if scale.category(m) is bracket.category}
    assert {bracket.category for bracket in brackets(scale, room=640)} == set(Category)


@given(st.lists(some_counts.map(answers), min_size=2, max_size=8))
def test_the_line_runs_inside_its_band_and_the_band_inside_the_scale(
    rounds: list[Distribution],
) -> None:
    told = [figures(distribution) for distribution in rounds if distribution.n]
    line = trend(points(rounds), metric=Metric.NPS)
    assert (line is None) == (len(told) < 2)
    if line is None:
        return
    top, bottom = line.ticks[-1], line.ticks[0]
    assert -100 <= bottom.value < top.value <= 100
    assert 3 <= len(line.ticks) <= 5
    for dot, figure in zip(line.dots, told, strict=True):
        assert figure.value is not None
        assert top.y - 0.01 <= dot.high <= dot.y <= dot.low <= bottom.y + 0.01
        share = (dot.y - bottom.y) / (top.y - bottom.y)
        assert bottom.value + share * (top.value - bottom.value) == pytest.approx(
            figure.value, abs=1e-6
        )


# Lettering


@given(st.text(max_size=300), st.floats(30, 900))
def test_a_text_fits_the_room_it_is_given(text: str, room: float) -> None:
    line = fitted(text, size=25, room=room, smallest=14)
    assert width(line.text, line.size) <= room * 1.001
    assert 14 <= line.size <= 25


def test_a_short_text_is_left_alone_and_a_long_one_ends_in_dots() -> None:
    assert fitted("Acme", size=25, room=400, smallest=18).text == "Acme"
    assert fitted("Acme", size=25, room=400, smallest=18).size == 25
    assert fitted("Acme and more " * 20, size=25, room=400, smallest=18).text.endswith("…")


# The PNG


def test_the_png_has_twice_the_resolution() -> None:
    assert pixels(report_png(report_of(answers(FULL)), English())) == (2 * WIDTH, 2 * HEIGHT)


def test_letters_come_from_fonts_that_voxpop_brings_along() -> None:
    svg = report_svg(report_of(answers(SADDER), answers(FULL)), English())
    assert font_files()
    assert not needs_other_fonts(svg)
    without = resvg_py.svg_to_bytes(svg_string=svg, zoom=2, skip_system_fonts=True)
    assert len(png(svg)) > 2 * len(without)


def letters(text: str) -> int:
    """A fingerprint of how a text looks, a bare machine's way: no system fonts."""
    assert not needs_other_fonts(text)
    return zlib.crc32(
        png(
            '<svg xmlns="http://www.w3.org/2000/svg" width="150" height="20">'
            f'<text font-family="Inter" font-size="12" y="14">{text}</text></svg>'
        )
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [("Größe", "Grüße"), ("Ωμέγα", "Ομέγα"), ("Да", "Яд"), ("של", "בג"), ("سل", "دم")],
)
def test_scripts_are_written_in_letters_not_in_empty_boxes(one: str, other: str) -> None:
    assert letters(one) != letters(other)


def test_a_script_that_no_font_has_shows_boxes_and_breaks_nothing() -> None:
    name = "調査\U000e0001"
    assert needs_other_fonts(name)
    assert pixels(report_png(report_of(answers(FULL), subject=name), English()))[0] == 2 * WIDTH


def test_a_picture_can_be_made_in_a_process_of_its_own() -> None:
    svg = report_svg(report_of(answers(FULL)), English())
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(png, svg).result() == png(svg)


# The rounds alone


def trend_texts(*rounds: Distribution, **parts: Any) -> list[str]:
    svg = trend_svg(report_of(*rounds, **parts), English())
    assert svg is not None
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314


def test_the_rounds_alone_say_figure_period_and_who_answered() -> None:
    told = trend_texts(*[answers(FULL)] * 9)
    assert told.count("+32") == 8
    assert [text for text in told if "Q" in text] == [
        "2025Q1 to 2026Q4",
        *("Q1 2025", "Q2", "Q3", "Q4", "Q1 2026", "Q2", "Q3", "Q4"),
    ]
    assert told.count("214 of 480") == 8
    assert told.count("45 %") == 8


def test_a_change_that_is_more_than_noise_is_told_in_bold() -> None:
    svg = trend_svg(report_of(answers(FULL), answers(SADDER), answers(SADDER)), English())
    assert svg is not None
    weights = [
        element.get("font-weight")
        for element in ET.fromstring(svg).iter(f"{SVG}text")  # noqa: S314
        if element.get("paint-order")
    ]
    assert weights == ["500", "700", "500"]


@pytest.mark.parametrize("rounds", [[FULL], [[0] * 11, FULL]])
def test_one_round_is_no_trend(rounds: list[list[int]]) -> None:
    report = report_of(*(answers(counts) for counts in rounds))
    assert trend_svg(report, English()) is None
    assert trend_png(report, English()) is None


@pytest.mark.parametrize("scale", SCALES.values())
def test_the_rounds_alone_stay_on_the_sheet(scale: Scale) -> None:
    best = answers([0] * (len(scale.values) - 1) + [40], scale)
    worst = answers([40] + [0] * (len(scale.values) - 1), scale)
    picture = trend_png(report_of(best, worst, best), English())
    assert picture is not None
    assert pixels(picture) == (2 * WIDTH, 2 * HEIGHT)
    line = trend(points([best, worst, best]), metric=scale.metric, left=TREND_LEFT_ALONE)
    assert line is not None
    for dot in line.dots:
        assert TREND_LEFT_ALONE < dot.x < WIDTH
        assert 140 <= dot.high <= dot.y <= dot.low <= FLOOR


def test_arabic_runs_to_the_left_as_a_whole_so_that_its_figures_keep_their_order() -> None:
    assert writable("95%: من 16 إلى 75") == "\u206795%: من 16 إلى 75\u2069"
    assert writable("NPS, قسم") == "NPS, قسم"
    assert width("\u2067قسم\u2069", 20) == width("قسم", 20)
