"""What the answers of a round come to, and how a program reads it."""

from survey.report.comments import GROUPS_OF_K, NamedAnswer, RoundComments, Withheld
from survey.report.distribution import Distribution
from survey.report.document import (
    TARGET_RESPONSE_RATE,
    GroupFigures,
    Participation,
    Report,
    RoundPoint,
)
from survey.report.export import (
    BOM,
    CSV_TYPE,
    Export,
    as_answer,
    comments_csv,
    export_csv,
    export_json,
)
from survey.report.forms import Cell, as_json, as_rows, safe_cell
from survey.report.headline import Band, Change, Figures, band, change, figures
from survey.statistics import Interval, Verdict

__all__ = [
    "BOM",
    "CSV_TYPE",
    "GROUPS_OF_K",
    "TARGET_RESPONSE_RATE",
    "Band",
    "Cell",
    "Change",
    "Distribution",
    "Export",
    "Figures",
    "GroupFigures",
    "Interval",
    "NamedAnswer",
    "Participation",
    "Report",
    "RoundComments",
    "RoundPoint",
    "Verdict",
    "Withheld",
    "as_answer",
    "as_json",
    "as_rows",
    "band",
    "change",
    "comments_csv",
    "export_csv",
    "export_json",
    "figures",
    "safe_cell",
]
