"""What can be set about visits: where they take place, and what people come for."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from runtime.settings.values import STRICT
from survey.visits import LONGEST, LONGEST_BRANCH, Branch, Staff

Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST, strict=True)
]


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("that has signs in it that nobody can see")
    return text


Line = Annotated[Words, AfterValidator(_printable)]


class _Table(BaseModel):
    model_config = STRICT


class BranchTable(_Table):
    """`[branches.ID]`: a place that customers visit."""

    name: Line
    staff: Annotated[list[Line], Field(max_length=500)] = []


class VisitsTable(_Table):
    """`[visits]`: what the form at the front desk offers, and when customers are asked."""

    purposes: Annotated[list[Line], Field(max_length=50)] = []
    ask_at_capture: bool = False


BranchId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_BRANCH, strict=True),
    AfterValidator(_printable),
]
Branches = dict[BranchId, BranchTable]


def branches_of(tables: Mapping[str, BranchTable]) -> dict[str, Branch]:
    """The branches of the domain, by id."""
    return {
        branch_id: Branch(
            id=branch_id,
            name=table.name,
            staff=tuple(Staff(id=None, name=name) for name in dict.fromkeys(table.staff)),
        )
        for branch_id, table in tables.items()
    }
