"""What the answers of a round come to, and how a program reads it."""

from survey.report.distribution import Distribution
from survey.report.document import (
    TARGET_RESPONSE_RATE,
    GroupFigures,
    Participation,
    Report,
    RoundPoint,
)
from survey.report.forms import Cell, as_json, as_rows, safe_cell
from survey.report.headline import Band, Change, Figures, band, change, figures
from survey.statistics import Interval, Verdict

__all__ = [
    "TARGET_RESPONSE_RATE",
    "Band",
    "Cell",
    "Change",
    "Distribution",
    "Figures",
    "GroupFigures",
    "Interval",
    "Participation",
    "Report",
    "RoundPoint",
    "Verdict",
    "as_json",
    "as_rows",
    "band",
    "change",
    "figures",
    "safe_cell",
]
