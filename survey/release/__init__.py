"""The release gate: no combination of released figures describes fewer than k people."""

from survey.release.groups import Movement, shown_groups, steady_people
from survey.release.steps import K_DEFAULT, K_FLOOR, Pending, Step, next_step

__all__ = [
    "K_DEFAULT",
    "K_FLOOR",
    "Movement",
    "Pending",
    "Step",
    "next_step",
    "shown_groups",
    "steady_people",
]
