"""When the overall figures may move while a round runs."""

from collections.abc import Mapping
from dataclasses import dataclass

from survey.errors import InvalidValue

K_DEFAULT = 5
K_FLOOR = 3

_SHARE = 20  # while the round runs a step brings one twentieth of those counted: 5 %


@dataclass(frozen=True, kw_only=True)
class Pending:
    """People whose answers differ from what the figures tell of them.

    People who were moved twice are frozen for this campaign and are not among them.

    Attributes:
        new: Never in the figures, and now with a score.
        changed: In the figures since one step, and now with another score.
        undone: In the figures since one step, and now without a score; by that step.
    """

    new: int
    changed: int
    undone: Mapping[int, int]


@dataclass(frozen=True, kw_only=True)
class Step:
    """What the next step folds into the figures: all new and changed people, and these undone.

    Attributes:
        folds_undone_from: The steps whose undone people leave the figures now.
        people: How many people this step describes; at least k.
    """

    folds_undone_from: frozenset[int]
    people: int


def next_step(
    pending: Pending, *, steady: Mapping[int, int], counted: int, k: int, last: bool = False
) -> Step | None:
    """Judge whether the overall figures may move now, and with whom.

    A step needs k people. While the round runs it also needs 5 % of those counted, which lets a
    million people come in about 200 steps. Undone people leave only if k steady ones stay behind
    at the step at which they came; else the figures go on telling their old score.

    Args:
        pending: Who waits.
        steady: By step, those who came or changed with it and are still counted: `steady_people`.
        counted: People in the figures now.
        k: The smallest group that may be described.
        last: Whether the round has closed and this is the last step.

    Raises:
        InvalidValue: If k lies below the floor, or a number of people below zero.
    """
    check_k(k)
    if min(pending.new, pending.changed, counted, *pending.undone.values()) < 0:
        raise InvalidValue("A number of people is never below zero.")
    leaving = {
        step: people
        for step, people in pending.undone.items()
        if people and steady.get(step, 0) - people >= k
    }
    people = pending.new + pending.changed + sum(leaving.values())
    enough = k if last else max(k, -(-counted // _SHARE))
    if people < enough:
        return None
    return Step(folds_undone_from=frozenset(leaving), people=people)


def check_k(k: int) -> None:
    """Refuse a group size below the floor.

    Raises:
        InvalidValue: If k is less than `K_FLOOR`.
    """
    if k < K_FLOOR:
        raise InvalidValue(f"Groups of fewer than {K_FLOOR} people are never shown (k = {k}).")
