"""The report as a document of one or two pages of A4, to print or to send on.

Importing this needs the extra `pdf` (fpdf2, and uharfbuzz for scripts that join their letters).
"""

import io
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fpdf import FPDF
from fpdf.fonts import FontFace, TTFFont

from bot.charts.geometry import HEIGHT, MARGIN, ROOM, WIDTH
from bot.charts.lettering import font_files, writable
from survey.language import Language
from survey.report import GroupFigures, Report
from survey.scale import Metric
from survey.survey import Mode
from survey.wording import comparing, reporting

_MARGIN = 18
_WIDTH = 210 - 2 * _MARGIN
_INK, _GREY, _LINE, _SHADE = (22, 32, 42), (91, 102, 114), (227, 231, 235), (246, 247, 249)
_TEXT, _SMALL, _HEADING, _TITLE = 10, 8, 12.5, 20
_LEADING = 1.45
_MILLIMETRES = 25.4 / 72
_FAMILY = "text"
_BOLD: dict[str, float] = {"wght": 600, "opsz": 20}
_ROW = 6.2


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """The charts that go in, as PNG; None where there is none."""

    report: bytes | None
    trend: bytes | None


def report_pdf(
    report: Report, pictures: Pictures, language: Language, *, made_at: datetime
) -> bytes:
    """The report as PDF.

    Args:
        report: What to show; it holds only what may be shown.
        pictures: Its charts.
        language: The reader's.
        made_at: What the document says of its own age.
    """
    sheet = _sheet(report, language, made_at=made_at)
    _head(sheet, report, language)
    _picture(sheet, pictures.report, report.campaign)
    for line in reporting.summary_lines(report, language):
        _paragraph(sheet, line)
    _groups(sheet, report, language)
    _rounds(sheet, report, pictures.trend, language)
    _method(sheet, report, language)
    return bytes(sheet.output())


class _Sheet(FPDF):
    """A page of A4 with its footer."""

    def __init__(self, campaign: str, language: Language) -> None:
        super().__init__(format="A4")
        self._campaign = campaign
        self._language = language

    def footer(self) -> None:
        """The round, and which page this is."""
        self.set_y(-14)
        self.set_font(_FAMILY, size=_SMALL)
        self.set_text_color(*_GREY)
        self.cell(_WIDTH / 2, 5, str(writable(self._campaign)))
        number = self._language.number(self.page_no())
        self.cell(_WIDTH / 2, 5, self._language.text("Page {page}", page=number), align="R")


def _sheet(report: Report, language: Language, *, made_at: datetime) -> FPDF:
    # It would tell of every letter that no font has; the page shows a box for it.
    logging.getLogger("fpdf").setLevel(logging.ERROR)
    logging.getLogger("fontTools").setLevel(logging.ERROR)

    sheet = _Sheet(report.campaign, language)
    sheet.set_margins(_MARGIN, _MARGIN, _MARGIN)
    sheet.set_auto_page_break(auto=True, margin=20)
    sheet.set_title(str(writable(f"{report.subject}: {report.campaign}")))
    sheet.set_creator("Voxpop")
    sheet.set_lang(language.locale.replace("_", "-"))
    sheet.set_creation_date(made_at)
    _fonts(sheet, report)
    sheet.add_page()
    return sheet


def _fonts(sheet: FPDF, report: Report) -> None:
    """Inter; and behind it the fonts of other scripts, if anything is written in them."""
    # Every font is a variable one, upright and regular unless asked for something else.
    inter, *others = sorted(font_files(), key=lambda path: "Inter" not in path)
    sheet.add_font(_FAMILY, "", inter)
    sheet.add_font(_FAMILY, "B", inter, variations=_BOLD)
    sheet.set_font(_FAMILY, size=_TEXT)
    names = [report.subject, report.survey]
    names += [name for group in report.groups for name in (group.attribute, group.value)]
    font = sheet.fonts[_FAMILY]
    if isinstance(font, TTFFont) and {ord(sign) for sign in "".join(names)} - font.cmap.keys():
        families = [f"other{number}" for number, _ in enumerate(others)]
        for family, file in zip(families, others, strict=True):
            sheet.add_font(family, "", file)
        sheet.set_fallback_fonts(families, exact_match=False)
    sheet.set_text_shaping(use_shaping_engine=True)


def _head(sheet: FPDF, report: Report, language: Language) -> None:
    _paragraph(sheet, report.subject, size=_TITLE, bold=True)
    over = reporting.state_note(report, language)
    _paragraph(sheet, f"{over} · {reporting.headline(report, language)}", colour=_GREY)
    sheet.ln(2)


def _picture(sheet: FPDF, png: bytes | None, text: str) -> None:
    """A chart, so that what is drawn begins at the margin, as the text does."""
    if png is None:
        return
    width = (_WIDTH - 2 * sheet.c_margin) * WIDTH / ROOM
    left = _MARGIN + sheet.c_margin - width * MARGIN / WIDTH
    sheet.image(io.BytesIO(png), x=left, w=width, alt_text=str(writable(text)))
    sheet.ln(2)


def _groups(sheet: FPDF, report: Report, language: Language) -> None:
    if report.groups_withheld:
        for line in reporting.group_lines(report, language):
            _paragraph(sheet, line)
        return
    for attribute in sorted({group.attribute for group in report.groups}):
        groups = [group for group in report.groups if group.attribute == attribute]
        _heading(sheet, language.text("By {attribute}", attribute=attribute))
        _table(sheet, list(_group_rows(groups, report, language)), widths=(70, 28, 28, 48))


def _group_rows(
    groups: Sequence[GroupFigures], report: Report, language: Language
) -> Iterator[Sequence[str]]:
    yield (
        language.text("Group"),
        language.text("Answers"),
        _metric(report),
        language.text("95 % interval"),
    )
    for group in groups:
        if group.figures is None:
            hidden = language.text("not shown")
            yield (group.value, "", "", language.text("no answers") if _open(report) else hidden)
            continue
        yield (
            group.value,
            language.number(group.figures.n),
            reporting.value_of(group.figures, language),
            language.text("{low} to {high}", **reporting.bounds_of(group.figures, language)),
        )


def _rounds(sheet: FPDF, report: Report, png: bytes | None, language: Language) -> None:
    if len(report.history) < 2:  # noqa: PLR2004 - one round is no trend
        return
    if png is not None and sheet.will_page_break(_WIDTH * HEIGHT / ROOM + 20):
        sheet.add_page()
    _heading(sheet, language.text("The last rounds"))
    _picture(sheet, png, report.survey)
    rows: list[Sequence[str]] = [
        (
            language.text("Round"),
            _metric(report),
            language.text("95 % interval"),
            language.text("Answered"),
            language.text("Since the round before"),
        )
    ]
    rows += [
        (
            point.period,
            reporting.value_of(point.figures, language),
            language.text("{low} to {high}", **reporting.bounds_of(point.figures, language)),
            language.text(
                "{answered} of {reached} ({share})",
                answered=language.number(point.participation.answered),
                reached=language.number(point.participation.reached),
                share=language.percent(point.participation.response_rate),
            ),
            comparing.change_of(point, report.scale.metric, language),
        )
        for point in reversed(report.history)
    ]
    _table(sheet, rows, widths=(24, 20, 34, 46, 50))


def _method(sheet: FPDF, report: Report, language: Language) -> None:
    _heading(sheet, language.text("How to read this"))
    lines = [reporting.method(report, language)]
    if report.mode != Mode.IDENTIFIED.value:
        lines.append(
            language.text(
                "Figures describe groups of {k} people or more, and no figures together describe "
                "fewer; groups that could give one away are left out.",
                k=language.number(report.k),
            )
        )
    for line in lines:
        _paragraph(sheet, line, size=_SMALL, colour=_GREY)


def _metric(report: Report) -> str:
    return "NPS" if report.scale.metric is Metric.NPS else "CSAT"


def _open(report: Report) -> bool:
    """Whether every group is shown that has answers."""
    return report.mode == Mode.IDENTIFIED.value


def _heading(sheet: FPDF, text: str) -> None:
    if sheet.will_page_break(30):
        sheet.add_page()
    sheet.ln(3)
    _paragraph(sheet, text, size=_HEADING, bold=True)
    sheet.ln(1)


def _paragraph(
    sheet: FPDF,
    text: str,
    *,
    size: float = _TEXT,
    bold: bool = False,
    colour: tuple[int, int, int] = _INK,
) -> None:
    sheet.set_font(_FAMILY, "B" if bold else "", size)
    sheet.set_text_color(*colour)
    sheet.multi_cell(
        _WIDTH,
        size * _LEADING * _MILLIMETRES,
        str(writable(" ".join(text.split()))),
        align="L",
        new_x="LMARGIN",
        new_y="NEXT",
    )


def _table(sheet: FPDF, rows: Sequence[Sequence[str]], *, widths: tuple[float, ...]) -> None:
    sheet.set_font(_FAMILY, size=_TEXT - 1)
    sheet.set_text_color(*_INK)
    sheet.set_draw_color(*_LINE)
    options: dict[str, Any] = {
        "borders_layout": "HORIZONTAL_LINES",
        "cell_fill_color": None,
        "col_widths": widths,
        "first_row_as_headings": True,
        "headings_style": FontFace(emphasis="", color=_GREY, fill_color=_SHADE),
        "line_height": _ROW,
        "text_align": ("LEFT", *("RIGHT",) * (len(widths) - 1)),
        "width": _WIDTH,
    }
    with sheet.table(**options) as table:
        for cells in rows:
            row = table.row()
            for cell in cells:
                row.cell(str(writable(" ".join(cell.split()))))
