"""Hand-written stand-ins for what is set aside, mailboxes and keys, on `tests.fakes.Store`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from survey.campaign import Campaign
from survey.card import Subject
from survey.consent import How
from survey.errors import InvalidValue, OutOfDate
from survey.ports import Cause, Key, Role, SetAside, Suppression, Suspicion
from survey.states import COUNTED, InvitationState
from tests.fakes import FakePeople, Store

_BY_ITSELF = {Suspicion.ONE_PRESS, Suspicion.SEVERAL}


@dataclass(frozen=True)
class FakeDoubtful:
    store: Store

    async def keep(
        self,
        subject: Subject,
        score: int,
        *,
        why: Suspicion,
        at: datetime,
        counts_at: datetime | None = None,
    ) -> Suspicion:
        self.store.read("keep")
        found = self.store.invitations.get(subject.invitation_id)
        if found is None or found.campaign.id != subject.campaign_id:
            raise OutOfDate("That invitation is not known here.")
        mine = [pair for pair in self.store.aside if pair[0].subject == subject]
        others = [pair for pair in self.store.aside if pair[0].subject != subject]
        rest = [pair for pair in mine if pair[0].score != score]
        followed = any(one.why in _BY_ITSELF for one, _ in rest)
        if counts_at is not None and followed:
            why, counts_at = Suspicion.SEVERAL, None
            rest = [
                (replace(one, why=why), None) if one.why in _BY_ITSELF else (one, when)
                for one, when in rest
            ]
        elif counts_at is None:
            rest = [(one, None) for one, _ in rest]
        elif any(when is None for _, when in mine):
            counts_at = None
        self.store.write("keep", why)
        kept = SetAside(id=uuid4(), subject=subject, score=score, at=at, why=why)
        self.store.aside = [*others, *rest, (kept, counts_at)]
        return why

    async def drop(self, subject: Subject) -> int:
        self.store.write("drop", subject)
        before = len(self.store.aside)
        self.store.aside = [pair for pair in self.store.aside if pair[0].subject != subject]
        return before - len(self.store.aside)

    async def ripe(self, *, at: datetime, limit: int) -> Sequence[SetAside]:
        self.store.read("ripe")
        due = [
            one
            for one, when in self.store.aside
            if when is not None and when <= at and self._stands(one, at=at)
        ]
        return sorted(due, key=lambda one: one.at)[:limit]

    async def waiting(self, campaign: Campaign) -> Sequence[SetAside]:
        self.store.read("waiting")
        latest = {
            one.subject: one
            for one, _ in sorted(self.store.aside, key=lambda pair: pair[0].at)
            if one.subject.campaign_id == campaign.id and self._unanswered(one)
        }
        return sorted(latest.values(), key=lambda one: one.at)

    async def told(self, campaigns: Sequence[Campaign]) -> Mapping[int, Mapping[Suspicion, int]]:
        self.store.read("told")
        return {
            known.id: Counter(
                one.why
                for one, _ in self.store.aside
                if one.subject.campaign_id == known.id and self._unanswered(one)
            )
            for known in campaigns
        }

    def _unanswered(self, one: SetAside) -> bool:
        found = self.store.invitations[one.subject.invitation_id]
        later = found.pressed_at is not None and found.pressed_at >= one.at
        return found.state not in COUNTED and not later

    def _stands(self, one: SetAside, *, at: datetime) -> bool:
        found = self.store.invitations[one.subject.invitation_id]
        return self._unanswered(one) and found.campaign.takes_answers(at)


@dataclass(frozen=True)
class FakeSuppressions:
    """Mails that may come back stand in `Store.mails`, by Message-ID's name and mailbox."""

    store: Store

    async def find(self, email: str) -> Suppression | None:
        self.store.read("suppressed")
        return self.store.suppressions.get(email.strip().lower())

    async def all(self) -> Sequence[Suppression]:
        self.store.read("suppressed")
        return [self.store.suppressions[email] for email in sorted(self.store.suppressions)]

    async def refused(self, email: str, *, reason: str, at: datetime) -> None:
        self.store.write("refused", email)
        self._suppress(email, Cause.BOUNCED, reason, at)

    async def returned(
        self,
        name: str,
        email: str,
        *,
        cause: Cause,
        reason: str,
        at: datetime,
        for_good: bool = True,
    ) -> bool:
        self.store.read("returned")
        known = self.store.mails.get((name, email.strip().lower()))
        if known is None:
            return False
        found = self.store.invitations[known.id]
        if ("returned", name) in self.store.writes:
            return True
        self.store.write("returned", name)
        if for_good:
            self._suppress(email, cause, reason, at)
        if cause is Cause.COMPLAINED:
            await FakePeople(self.store).opt_out(
                found.person, survey=None, at=at, how=How.COMPLAINT
            )
        elif found.state in {InvitationState.PENDING, InvitationState.SENT}:
            gone = replace(found, state=InvitationState.UNDELIVERABLE)
            self.store.invitations[found.id] = gone
        return True

    async def release(self, email: str) -> bool:
        self.store.write("release", email)
        return self.store.suppressions.pop(email.strip().lower(), None) is not None

    def _suppress(self, email: str, cause: Cause, reason: str, at: datetime) -> None:
        mailbox = email.strip().lower()
        line = Suppression(email=mailbox, cause=cause, reason=" ".join(reason.split()), at=at)
        self.store.suppressions.setdefault(mailbox, line)


@dataclass(frozen=True)
class FakeKeys:
    """A key is `key-of-` and its name."""

    store: Store

    async def make(self, name: str, role: Role, *, at: datetime) -> str:
        self.store.read("make_key")
        if name in self.store.keys:
            raise InvalidValue(f"There is a key {name} already.")
        self.store.keys[name] = Key(name=name, role=role, mark=f"key-of-{name}"[:8], made_at=at)
        return f"key-of-{name}"

    async def find(self, key: str) -> Key | None:
        self.store.read("find_key")
        found = self.store.keys.get(key.removeprefix("key-of-"))
        good = found is not None and key.startswith("key-of-") and found.revoked_at is None
        return found if good else None

    async def revoke(self, name: str, *, at: datetime) -> bool:
        self.store.read("revoke_key")
        found = self.store.keys.get(name)
        if found is None or found.revoked_at is not None:
            return False
        self.store.keys[name] = replace(found, revoked_at=at)
        return True

    async def all(self) -> Sequence[Key]:
        self.store.read("all_keys")
        return [self.store.keys[name] for name in sorted(self.store.keys)]
