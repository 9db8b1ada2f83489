"""The form at the front desk: what stands in it, and what it comes to."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from pydantic import ValidationError

from survey.language import Language
from survey.visits import LONGEST_BRANCH, Branch, Capture, Staff
from survey.wording import front_desk
from webapp.visits.models import CustomerCreate

_FIELDS = {
    "name": "name",
    "email": "email",
    "mobile": "mobile",
    "purpose_of_visit": "purpose",
    "branch_id": "branch",
    "branch_name": "branch",
    "staff_name": "staff",
}
"""Which field of the form stands for which of what programs send."""
_KEPT = ("branch", "staff")
"""What stays as it was for the next visit."""


class Incomplete(Exception):
    """Something does not fit; the form has the reasons."""

    def __init__(self, form: "Form") -> None:
        super().__init__()
        self.form = form


@dataclass(frozen=True, kw_only=True)
class Form:
    """The form as it is shown.

    Attributes:
        branches: To choose from, each with who works there.
        purposes: Likewise.
        values: What was filled in.
        reasons: Field → why it does not fit.
        once: What this form is known by, so that sent twice it is one visit.
    """

    branches: Sequence[Branch]
    purposes: Sequence[str]
    values: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    once: str = field(default_factory=lambda: uuid4().hex)

    def value(self, name: str) -> str:
        """What stands in a field."""
        return self.values.get(name, "")

    def wrong(self, name: str) -> str:
        """Why a field does not fit; empty if it does."""
        return self.reasons.get(name, "")

    def member(self, branch: Branch, member: Staff) -> str:
        """What the list sends for somebody."""
        return json.dumps([branch.id, member.name], ensure_ascii=False)

    def filled(self, values: Mapping[str, str]) -> "Form":
        """The same with what was sent."""
        try:
            once = UUID(values.get("once", "")).hex
        except ValueError:
            once = self.once
        return replace(self, values=values, once=once)

    def sending(self) -> str:
        """What this very form is known by: with other words in it, it is another one."""
        said = json.dumps(sorted(self.values.items()))
        return hmac.digest(self.once.encode(), said.encode(), hashlib.sha256).hex()

    def for_the_next(self) -> Mapping[str, str]:
        """What the next visit has in common with this one, as far as it is in the lists."""
        return {name: self.value(name) for name in _KEPT if self.value(name)}

    def capture(self, language: Language) -> Capture:
        """What it comes to.

        Raises:
            Incomplete: If something does not fit.
        """
        branch = self._branch()
        staff_branch, staff = self._staff()
        given = {
            "name": self.value("name"),
            "email": self.value("email"),
            "mobile": self.value("mobile"),
            "email_consent": self.value("consent") == "yes",
            "purpose_of_visit": self._purpose(),
            "branch_id": branch.id,
            "branch_name": branch.name,
            "staff_name": staff,
        }
        reasons: dict[str, str] = {}
        try:
            found = CustomerCreate.model_validate(given)
        except ValidationError as error:
            for one in error.errors(include_url=False, include_input=False, include_context=False):
                name = _FIELDS.get(str(one["loc"][0]), str(one["loc"][0]))
                reasons.setdefault(name, front_desk.wrong(name, language))
        else:
            if not staff_branch or staff_branch == branch.id:
                return found.capture()
        if staff_branch and branch.id and staff_branch != branch.id:
            reasons["staff"] = front_desk.elsewhere(staff, branch.name, language)
        raise Incomplete(replace(self, reasons=reasons))

    def _purpose(self) -> str:
        return self.value("other_purpose").strip() or self.value("purpose")

    def _branch(self) -> Branch:
        named = " ".join(self.value("new_branch").split())
        if named:
            known = next((one for one in self.branches if one.name == named), None)
            return known or Branch(id=_id_of(named), name=named)
        # Whoever was chosen says where it was, if nothing else does.
        chosen = self.value("branch") or self._staff()[0]
        known = next((one for one in self.branches if one.id == chosen), None)
        return known or Branch(id="", name="")

    def _staff(self) -> tuple[str, str]:
        """The branch in which somebody works, empty for whoever is new; and their name."""
        named = self.value("new_staff").strip()
        if named:
            return "", named
        for branch in self.branches:
            for member in branch.staff:
                if self.member(branch, member) == self.value("staff"):
                    return branch.id, member.name
        return "", ""


def _id_of(name: str) -> str:
    """A short name for a branch."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return (plain or name)[:LONGEST_BRANCH]


def merged(named: Sequence[Branch], seen: Sequence[Branch]) -> Sequence[Branch]:
    """The branches of the settings and those that came with visits, by name, with all their staff.

    Args:
        named: Those of the settings; their names count.
        seen: Those of the database.
    """
    found = {branch.id: branch for branch in seen}
    for branch in named:
        before = found.get(branch.id, branch)
        staff = {member.name: member for member in (*branch.staff, *before.staff)}
        members = tuple(staff[name] for name in sorted(staff, key=str.casefold))
        found[branch.id] = replace(branch, staff=members)
    return sorted(found.values(), key=lambda branch: branch.name.casefold())
