"""What `voxpop doctor` tells."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the examination."""

    name: str
    fine: bool
    says: str = ""
    mend: str = ""
