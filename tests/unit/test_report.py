import csv
import io
import json
from collections import Counter
from dataclasses import replace
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.errors import InvalidValue
from survey.report import (
    Band,
    Change,
    Distribution,
    GroupFigures,
    Participation,
    Report,
    RoundPoint,
    Verdict,
    as_json,
    as_rows,
    band,
    change,
    figures,
    safe_cell,
)
from survey.scale import CSAT, NPS, SCALES, STARS, TEN, Category, Metric, Scale


def answers(scale: Scale, marks: list[int]) -> Distribution:
    return Distribution(scale=scale, counts=Counter(marks))


def distributions(scale: Scale, *, most: int = 400) -> st.SearchStrategy[Distribution]:
    marks = st.sampled_from(scale.values)
    counts = st.dictionaries(marks, st.integers(0, most))
    return st.builds(Distribution, scale=st.just(scale), counts=counts)


any_scale = st.sampled_from(list(SCALES.values()))
any_distribution = any_scale.flatmap(distributions)
two_distributions = any_scale.flatmap(lambda s: st.tuples(distributions(s), distributions(s)))

THIS_ROUND = answers(NPS, [9] * 60 + [10] * 43 + [7] * 50 + [8] * 27 + [6] * 20 + [0] * 14)
LAST_ROUND = answers(NPS, [9] * 50 + [8] * 60 + [3] * 40)


def report_of(now: Distribution = THIS_ROUND, **parts: Any) -> Report:
    told: dict[str, Any] = {
        "survey": "nps",
        "subject": "Acme",
        "campaign": "nps/2026Q4",
        "period": "2026Q4",
        "scale": now.scale,
        "mode": "confidential",
        "k": 5,
        "state": "closed",
        "participation": Participation(invited=500, reached=480, answered=now.n),
        "distribution": now,
        "figures": figures(now),
        "change": None,
        "groups": (),
        "groups_withheld": False,
        "history": (),
        "pending": 0,
    }
    return Report(**told | parts)


def point(period: str, counted: Distribution) -> RoundPoint:
    return RoundPoint(
        campaign=f"nps/{period}",
        period=period,
        figures=figures(counted),
        participation=Participation(invited=480, reached=476, answered=counted.n),
    )


WITHHELD: dict[str, Any] = {"distribution": None, "figures": None, "change": None, "groups": ()}


# Distribution


@given(any_scale.flatmap(lambda s: st.tuples(st.just(s), st.lists(st.sampled_from(s.values)))))
def test_a_distribution_counts_what_a_list_of_answers_counts(case: tuple[Scale, list[int]]) -> None:
    scale, marks = case
    distribution = answers(scale, marks)

    assert distribution.n == len(marks)
    assert distribution.mean == (pytest.approx(fmean(marks)) if marks else None)
    for category in Category:
        assert distribution.count(category) == sum(scale.category(m) is category for m in marks)


@given(two_distributions)
def test_merging_is_counting_both_groups_together(pair: tuple[Distribution, Distribution]) -> None:
    one, other = pair
    merged = one + other
    assert merged == other + one
    assert merged.n == one.n + other.n
    assert all(merged.counts[m] == one.counts[m] + other.counts[m] for m in merged.counts)
    assert one + Distribution(scale=one.scale, counts={}) == one


def test_every_mark_is_there_lowest_first() -> None:
    assert list(answers(CSAT, [5, 1, 5]).counts.items()) == [(1, 1), (2, 0), (3, 0), (4, 0), (5, 2)]


def test_counts_cannot_be_changed_afterwards_not_even_from_outside() -> None:
    counts = {5: 2}
    distribution = Distribution(scale=CSAT, counts=counts)
    counts[5] = 99
    assert distribution.n == 2
    with pytest.raises(TypeError):
        distribution.counts[5] = 99  # type: ignore[index]


@pytest.mark.parametrize(
    "counts", [{11: 1}, {-1: 1}, {9: -1}, {True: 1}, {9: True}, {9: 1.5}, {"9": 1}, {9: "1"}]
)
def test_impossible_answers_are_refused(counts: Any) -> None:
    with pytest.raises(InvalidValue):
        Distribution(scale=NPS, counts=counts)


def test_answers_on_different_scales_neither_add_up_nor_compare() -> None:
    with pytest.raises(InvalidValue):
        answers(CSAT, [5]) + answers(STARS, [5])
    with pytest.raises(InvalidValue):
        change(answers(NPS, [9]), answers(TEN, [9]), since="2026Q3")


# Figures


def test_nps_figures_are_in_points_and_shares_are_fractions() -> None:
    told = figures(answers(NPS, [10] * 12 + [7] * 9 + [2] * 4))
    assert (told.n, told.metric, told.value) == (25, Metric.NPS, 32.0)
    assert (told.promoters, told.passives, told.detractors) == (0.48, 0.36, 0.16)
    assert told.mean == pytest.approx((120 + 63 + 8) / 25)
    assert told.csat_percentage is None
    assert told.band is Band.GREAT


def test_csat_is_the_share_of_the_two_best_marks_beside_003s_percentage() -> None:
    told = figures(answers(CSAT, [5, 5, 4, 3, 1]))
    assert told.metric is Metric.CSAT
    assert told.value == 0.6
    assert told.mean == 3.6
    assert told.csat_percentage == 72.0
    assert told.band is None


def test_a_scale_of_ten_has_no_percentage_of_003() -> None:
    told = figures(answers(TEN, [10, 9, 8, 1]))
    assert told.value == 0.5
    assert told.csat_percentage is None


@given(any_distribution)
def test_figures_agree_with_each_other(distribution: Distribution) -> None:
    told = figures(distribution)
    if distribution.n == 0:
        assert (told.value, told.interval, told.mean, told.csat_percentage) == (None,) * 4
        assert told.promoters == told.passives == told.detractors == 0
        return
    assert told.value is not None
    assert told.interval is not None
    assert told.mean is not None
    assert told.promoters + told.passives + told.detractors == pytest.approx(1)
    assert told.value in told.interval
    assert distribution.scale.low <= told.mean <= distribution.scale.high
    nps = 100 * (told.promoters - told.detractors)
    expected = nps if told.metric is Metric.NPS else told.promoters
    assert told.value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("nps", "expected"),
    [
        (-100, Band.NEEDS_IMPROVEMENT),
        (-0.1, Band.NEEDS_IMPROVEMENT),
        (0, Band.GOOD),
        (29.9, Band.GOOD),
        (30, Band.GREAT),
        (69.9, Band.GREAT),
        (70, Band.EXCELLENT),
        (100, Band.EXCELLENT),
    ],
)
def test_bands_begin_at_0_30_and_70(nps: float, expected: Band) -> None:
    assert band(nps) is expected


# Change


@given(two_distributions)
def test_the_way_back_is_the_way_there_with_the_sign_turned(
    pair: tuple[Distribution, Distribution],
) -> None:
    one, other = pair
    there, back = change(one, other, since="a"), change(other, one, since="b")
    if one.n == 0 or other.n == 0:
        assert there is None
        assert back is None
        return
    assert there is not None
    assert back is not None
    assert there.difference == -back.difference
    assert there.verdict is back.verdict
    assert there.since == "a"


@given(any_distribution.filter(lambda d: d.n > 0))
def test_what_did_not_move_is_noise(distribution: Distribution) -> None:
    still = change(distribution, distribution, since="2026Q3")
    assert still == Change(since="2026Q3", difference=0.0, verdict=Verdict.NOISE)


def test_a_large_enough_shift_is_real_on_both_metrics() -> None:
    nps = change(answers(NPS, [10] * 90 + [0] * 10), answers(NPS, [10] * 10 + [0] * 90), since="x")
    csat = change(answers(CSAT, [5] * 90 + [1] * 10), answers(CSAT, [5] * 50 + [1] * 50), since="x")
    assert nps == Change(since="x", difference=160.0, verdict=Verdict.REAL)
    assert csat == Change(since="x", difference=0.4, verdict=Verdict.REAL)


# Participation


def test_the_response_rate_is_answered_of_those_reached() -> None:
    assert Participation(invited=500, reached=480, answered=214).response_rate == 214 / 480
    assert Participation(invited=500, reached=0, answered=0).response_rate == 0


def test_participation_counts_from_zero_up() -> None:
    with pytest.raises(InvalidValue):
        Participation(invited=1, reached=-1, answered=0)


# Report


@pytest.mark.parametrize(
    "leak",
    [
        {"distribution": THIS_ROUND},
        {"change": Change(since="2026Q3", difference=1.0, verdict=Verdict.NOISE)},
        {"groups": (GroupFigures(attribute="team", value="A", figures=figures(THIS_ROUND)),)},
        {"history": (point("2026Q4", THIS_ROUND),)},
    ],
)
def test_a_report_without_figures_gives_none_away(leak: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        report_of(**WITHHELD | leak)


@pytest.mark.parametrize(
    "parts",
    [
        {"figures": figures(answers(CSAT, [5])), "distribution": None},
        {"figures": figures(LAST_ROUND)},
        {"distribution": answers(TEN, [9]), "figures": figures(answers(NPS, [9]))},
    ],
)
def test_a_reports_parts_belong_together(parts: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        report_of(**parts)


def test_the_json_is_what_programs_rely_on() -> None:
    report = report_of(
        change=change(THIS_ROUND, LAST_ROUND, since="2026Q3"),
        groups=(
            GroupFigures(attribute="team", value="Platform", figures=figures(LAST_ROUND)),
            GroupFigures(attribute="team", value="Sales", figures=None),
        ),
        history=(
            point("2026Q3", LAST_ROUND),
            replace(
                point("2026Q4", THIS_ROUND),
                change=change(THIS_ROUND, LAST_ROUND, since="2026Q3"),
            ),
        ),
    )
    told = as_json(report)
    now, before = figures(THIS_ROUND), figures(LAST_ROUND)
    assert now.interval is not None
    assert before.interval is not None

    assert told["survey"] == "nps"
    assert told["campaign"] == "nps/2026Q4"
    assert told["mode"] == "confidential"
    assert (told["invited"], told["reached"], told["answered"]) == (500, 480, 214)
    assert told["response_rate"] == 214 / 480
    assert told["nps"] == now.value
    assert "csat" not in told
    assert told["interval"] == [now.interval.low, now.interval.high]
    assert told["confidence"] == 0.95
    assert (told["promoters"], told["passives"], told["detractors"]) == (
        103 / 214,
        77 / 214,
        34 / 214,
    )
    assert told["distribution"] == {
        **{str(mark): 0 for mark in range(11)},
        "9": 60,
        "10": 43,
        "7": 50,
        "8": 27,
        "6": 20,
        "0": 14,
    }
    assert told["change"] == {
        "from": "2026Q3",
        "difference": pytest.approx(100 * (69 / 214 - 10 / 150)),
        "verdict": "real",
    }
    assert told["groups"] == [
        {
            "attribute": "team",
            "value": "Platform",
            "n": 150,
            "nps": before.value,
            "interval": [before.interval.low, before.interval.high],
        },
        {"attribute": "team", "value": "Sales", "suppressed": True},
    ]
    assert (told["band"], told["counted"], told["pending"]) == ("great", 214, 0)
    assert [point["campaign"] for point in told["history"]] == ["nps/2026Q3", "nps/2026Q4"]
    assert json.loads(json.dumps(told)) == told


def test_the_json_of_csat_has_both_figures_each_with_its_name() -> None:
    told = as_json(report_of(answers(CSAT, [5, 5, 4, 3, 1])))
    assert told["csat"] == 0.6
    assert told["csat_percentage"] == 72.0
    assert told["distribution"] == {"1": 1, "2": 0, "3": 1, "4": 1, "5": 2}
    assert told["band"] is None
    assert "nps" not in told


FIGURES = {
    *("nps", "interval", "promoters", "passives", "detractors"),
    *("distribution", "change", "mean", "csat_percentage", "band"),
}


def test_a_refusal_has_every_key_and_no_figure() -> None:
    refused = report_of(
        **WITHHELD
        | {
            "participation": Participation(invited=500, reached=480, answered=4),
            "groups": (GroupFigures(attribute="team", value="Sales", figures=None),),
            "pending": 4,
        }
    )
    told = as_json(refused)
    assert {key for key, value in told.items() if value is None} == FIGURES
    assert told.keys() == as_json(report_of()).keys()
    assert (told["answered"], told["counted"], told["pending"]) == (4, 0, 4)
    assert told["groups"] == [{"attribute": "team", "value": "Sales", "suppressed": True}]


def test_nobodys_answers_make_no_figure_either() -> None:
    told = as_json(report_of(Distribution(scale=NPS, counts={})))
    assert {key for key, value in told.items() if value is None} == FIGURES - {"distribution"}
    assert set(told["distribution"].values()) == {0}


# Rows for spreadsheets


FORMULAS = ["=", "+", "-", "@", "＝", "＋", "－", "＠"]  # noqa: RUF001 - spreadsheets read them


@pytest.mark.parametrize("start", [*FORMULAS, "\t", "\r", "\n"])
def test_fault_44_a_cell_that_looks_like_a_formula_opens_as_text(start: str) -> None:
    assert safe_cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize("start", FORMULAS)
@pytest.mark.parametrize("before", [" ", "   ", "\xa0", "\u2003", "\ufeff", "\u200b \u200b", " \t"])
def test_fault_44_spaces_before_a_formula_are_no_help(before: str, start: str) -> None:
    assert safe_cell(f"{before}{start}1+1") == f"'{before}{start}1+1"


@pytest.mark.parametrize("text", ["Platform", "a=b", "", " 1 = 1", "3 - 2", " "])
def test_a_harmless_cell_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


awkward = st.text(alphabet="=+-@\t\r\nA,;'\"1 é", max_size=8)


@given(awkward, awkward, awkward, st.sampled_from([figures(LAST_ROUND), None]))
def test_no_text_of_any_row_starts_a_formula_and_numbers_stay_numbers(
    survey: str, attribute: str, value: str, told: Any
) -> None:
    gloomy = answers(NPS, [0] * 9 + [10])
    report = report_of(
        gloomy,
        survey=survey,
        campaign=f"{survey}/2026Q4",
        groups=(GroupFigures(attribute=attribute, value=value, figures=told),),
    )
    rows = as_rows(report)

    texts = [cell for row in rows for cell in row.values() if isinstance(cell, str)]
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    assert rows[0]["nps"] == -80.0
    assert rows[1]["attribute"] in {attribute, f"'{attribute}"}
    assert rows[1]["value"] in {value, f"'{value}"}


def test_there_is_a_row_for_everyone_and_one_per_group_with_the_same_columns() -> None:
    report = report_of(
        groups=(
            GroupFigures(attribute="team", value="Platform", figures=figures(LAST_ROUND)),
            GroupFigures(attribute="team", value="Sales", figures=None),
        ),
    )
    everyone, shown, hidden = as_rows(report)

    assert list(everyone) == list(shown) == list(hidden)
    assert (everyone["answered"], everyone["counted"], everyone["marks_9"]) == (214, 214, 60)
    assert (shown["attribute"], shown["value"], shown["counted"]) == ("team", "Platform", 150)
    assert shown["nps"] == figures(LAST_ROUND).value
    assert shown["suppressed"] == "no"
    assert (hidden["suppressed"], hidden["nps"], hidden["counted"]) == ("yes", None, None)
    assert (shown["marks_9"], shown["answered"]) == (None, None)


def test_withheld_rows_hold_no_figure() -> None:
    answered = Participation(invited=500, reached=480, answered=4)
    (everyone,) = as_rows(replace(report_of(), **WITHHELD, participation=answered))
    empty = {key for key, cell in everyone.items() if cell is None}
    assert {"nps", "interval_low", "interval_high", "promoters", "marks_0", "marks_10"} <= empty
    assert everyone["suppressed"] == "yes"
    assert everyone["answered"] == 4


def test_the_rows_survive_a_csv_file() -> None:
    rows = as_rows(report_of())
    file = io.StringIO()
    writer = csv.DictWriter(file, fieldnames=rows[0])
    writer.writeheader()
    writer.writerows(rows)
    (read,) = csv.DictReader(io.StringIO(file.getvalue()))
    assert float(read["nps"]) == figures(THIS_ROUND).value
    assert read["attribute"] == ""
