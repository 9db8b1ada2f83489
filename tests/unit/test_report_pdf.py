"""The report as a document; what it says is the same as everywhere (`test_reporting`)."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.charts import report_png, trend_png
from runtime.languages import language
from runtime.report_pdf import Pictures, report_pdf
from survey.report import GroupFigures, Participation, Report, figures
from tests.unit.test_charts import FULL, SADDER, answers, report_of

EN = language("en")
NOVEMBER = datetime(2026, 11, 21, tzinfo=UTC)


def groups(*values: str) -> tuple[GroupFigures, ...]:
    told = figures(answers(FULL))
    return tuple(GroupFigures(attribute="team", value=value, figures=told) for value in values)


def document(report: Report) -> bytes:
    drawn = report.figures is not None
    pictures = Pictures(
        report=report_png(report, EN) if drawn else None, trend=trend_png(report, EN)
    )
    return report_pdf(report, pictures, EN, made_at=NOVEMBER)


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b(?!s)", pdf))


def letters(pdf: bytes) -> set[int]:
    """Every letter that the document's fonts were asked for."""
    found: set[int] = set()
    for table in re.findall(rb"beginbfchar(.*?)endbfchar", pdf, re.DOTALL):
        found |= {int(letter, 16) for letter in re.findall(rb"> <([0-9A-F]{4})>", table)}
    return found


def test_a_full_report_fits_two_pages() -> None:
    rounds = [answers(SADDER), answers(FULL)] * 4
    pdf = document(report_of(*rounds, groups=groups(*(f"Team {n}" for n in range(12)))))
    assert pdf.startswith(b"%PDF-")
    assert pages(pdf) == 2


def test_other_scripts_have_their_letters() -> None:
    names = ("Plattform & Öl", "مبيعات", "תל אביב", "Łódź")
    pdf = document(report_of(answers(FULL), subject="Größe Æ", groups=groups(*names)))
    wanted = {ord(letter) for letter in "ÖößÆŁódźתאב"} - {ord(" ")}
    assert wanted <= letters(pdf)


@pytest.mark.parametrize("answered", [0, 4])
def test_a_refusal_has_no_figure_and_no_chart(answered: int) -> None:
    withheld = replace(
        report_of(answers(FULL)),
        participation=Participation(invited=500, reached=480, answered=answered),
        distribution=None,
        figures=None,
        change=None,
        history=(),
    )
    pdf = document(withheld)
    assert b"/Subtype /Image" not in pdf
    assert pages(pdf) == 1


def test_what_somebody_typed_never_breaks_the_document() -> None:
    odd = "\x00\ud800 **x** \n\n" + "w" * 300
    pdf = document(report_of(answers(FULL), subject=odd, groups=groups(odd)))
    assert pdf.startswith(b"%PDF")
    assert pages(pdf) <= 2
