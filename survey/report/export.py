"""A round as a file: rows for spreadsheets, JSON for programs, piece by piece.

CSV where names are has a row per answer: `campaign, email, name, attribute_… (as they were when
the round started), score, comment, pressed_at`.

CSV of the others has no row per person. Its rows say by `kind` what they tell:

| kind | tells |
|---|---|
| `invited`, `reached`, `answered`, `pending` | how many `people` |
| `overall` | `people` counted, the `figure` of `metric` (nps or csat) and its 95 % interval |
| `score` | how many `people` gave this `score` |
| `group` | the same as `overall` of those whose `attribute` has this `value`, or `suppressed` |
| `comment` | a `comment`, in an order that tells nothing |

Every text is safe to open in a spreadsheet (`safe_cell`).
"""

import csv
import io
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from survey.errors import InvalidValue
from survey.report.comments import NamedAnswer, RoundComments
from survey.report.document import Report
from survey.report.forms import Cell, as_json, safe_cell
from survey.report.headline import Figures

BOM = "\ufeff"
"""Goes before CSV in a file: without it the commonest spreadsheet garbles every umlaut."""
CSV_TYPE = "text/csv; charset=utf-8"
ROWS_AT_A_TIME = 500
_TIDY = (
    "campaign",
    "kind",
    "attribute",
    "value",
    "score",
    "people",
    "metric",
    "figure",
    "interval_low",
    "interval_high",
    "suppressed",
    "comment",
)


@dataclass(frozen=True, kw_only=True)
class Export:
    """Everything of one round that an administrator may take away.

    Attributes:
        report: Its figures, with the groups of every attribute.
        attributes: The names of the attributes that answers have; none where no names are.
        answers: One by one where names are, read as they are asked for; None elsewhere.
        comments: What may be read of them where no names are; None elsewhere.

    Raises:
        InvalidValue: If it has both answers and comments, or neither.
    """

    report: Report
    attributes: tuple[str, ...] = ()
    answers: AsyncGenerator[NamedAnswer, None] | None = None
    comments: RoundComments | None = None

    def __post_init__(self) -> None:
        """A row per person is only where names are."""
        if (self.answers is None) is (self.comments is None):
            raise InvalidValue(f"{self.report.campaign} is told by answers, or else by comments.")


async def export_csv(export: Export) -> AsyncIterator[str]:
    """The file in pieces, the line of columns first; lines end with CR LF (RFC 4180)."""
    if export.answers is None:
        yield _csv(_tidy(export))
        return
    yield _csv([_answer_columns(export.attributes)])
    async for some in _batches(export.answers):
        yield _csv(_answer_row(export.report.campaign, one, export.attributes) for one in some)


async def export_json(export: Export) -> AsyncIterator[str]:
    """`{report, answers}` where names are, else `{report, comments, comments_withheld}`."""
    report = as_json(export.report)
    if export.answers is None:
        withheld = export.comments.withheld if export.comments else None
        told = list(export.comments.unnamed) if export.comments and withheld is None else None
        whole = {"report": report, "comments": told, "comments_withheld": withheld}
        yield json.dumps(whole, ensure_ascii=False, indent=2) + "\n"
        return
    yield '{\n"report": ' + json.dumps(report, ensure_ascii=False) + ',\n"answers": ['
    between = "\n"
    async for some in _batches(export.answers):
        lines = (json.dumps(as_answer(one), ensure_ascii=False) for one in some)
        yield between + ",\n".join(lines)
        between = ",\n"
    yield "\n]\n}\n"


def comments_csv(comments: RoundComments) -> str:
    """All comments of a round: where names are as rows of answers, else the words alone."""
    if comments.named:
        attributes = tuple(sorted({name for one in comments.named for name in one.attributes}))
        rows = (_answer_row(comments.campaign, one, attributes) for one in comments.named)
        return _csv([_answer_columns(attributes)]) + _csv(rows)
    lines = ([safe_cell(comments.campaign), safe_cell(one)] for one in comments.unnamed)
    return _csv([["campaign", "comment"]]) + _csv(lines)


def as_answer(answer: NamedAnswer) -> Mapping[str, Any]:
    """An answer for programs."""
    return {
        "email": answer.email,
        "name": answer.name,
        "attributes": dict(answer.attributes),
        "score": answer.score,
        "comment": answer.comment,
        "pressed_at": answer.pressed_at.isoformat() if answer.pressed_at else None,
    }


async def _batches(
    answers: AsyncGenerator[NamedAnswer, None],
) -> AsyncIterator[list[NamedAnswer]]:
    some: list[NamedAnswer] = []
    # The transaction behind them ends when the file does, or when nobody reads on.
    async with aclosing(answers):
        async for answer in answers:
            some.append(answer)
            if len(some) == ROWS_AT_A_TIME:
                yield some
                some = []
    if some:
        yield some


def _csv(rows: Iterable[Iterable[Cell]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _answer_columns(attributes: Iterable[str]) -> list[Cell]:
    named = [safe_cell(f"attribute_{name}") for name in attributes]
    return ["campaign", "email", "name", *named, "score", "comment", "pressed_at"]


def _answer_row(campaign: str, answer: NamedAnswer, attributes: Iterable[str]) -> list[Cell]:
    return [
        safe_cell(campaign),
        safe_cell(answer.email),
        safe_cell(answer.name),
        *(safe_cell(answer.attributes.get(name, "")) for name in attributes),
        answer.score,
        safe_cell(answer.comment or ""),
        answer.pressed_at.isoformat() if answer.pressed_at else None,
    ]


def _tidy(export: Export) -> Iterator[list[Cell]]:
    yield list(_TIDY)
    for cells in _told(export):
        row: dict[str, Cell] = {"campaign": safe_cell(export.report.campaign), **cells}
        yield [row.get(column) for column in _TIDY]


def _told(export: Export) -> Iterator[Mapping[str, Cell]]:
    report = export.report
    taking_part = report.participation
    yield {"kind": "invited", "people": taking_part.invited}
    yield {"kind": "reached", "people": taking_part.reached}
    yield {"kind": "answered", "people": taking_part.answered}
    yield {"kind": "pending", "people": report.pending}
    yield {"kind": "overall", **_figures(report, report.figures)}
    if report.figures is not None and report.distribution is not None:
        for mark, people in report.distribution.counts.items():
            yield {"kind": "score", "score": mark, "people": people}
    for group in report.groups:
        about = {"attribute": safe_cell(group.attribute), "value": safe_cell(group.value)}
        yield {"kind": "group", **about, **_figures(report, group.figures)}
    for comment in export.comments.unnamed if export.comments else ():
        yield {"kind": "comment", "comment": safe_cell(comment)}


def _figures(report: Report, figures: Figures | None) -> Mapping[str, Cell]:
    metric = report.scale.metric.value
    if figures is None:
        return {"metric": metric, "suppressed": "yes"}
    return {
        "people": figures.n,
        "metric": metric,
        "figure": figures.value,
        "interval_low": figures.interval.low if figures.interval else None,
        "interval_high": figures.interval.high if figures.interval else None,
        "suppressed": "no",
    }
