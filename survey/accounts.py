"""Where a round's messages stand: an account of everybody who was to be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """Each invited person is in exactly one of the first four.

    Attributes:
        sent: How many have the question.
        waiting: How many messages are still to go out, those of unknown outcome among them.
        put_off: How many of them were tried and not taken for the moment, by what was said.
        failed: How many could not be reached, by reason.
        skipped: How many were not written to after all, by reason.
        reminders: How many reminders went out.
        held: Platforms by which nothing goes out just now, and why.
        suspected: How many answers are kept aside, as programs may have given them.
    """

    sent: int = 0
    waiting: int = 0
    put_off: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    reminders: int = 0
    held: Mapping[str, str] = field(default_factory=dict)
    suspected: int = 0
