"""Hand-written stand-ins for the audit log, pins and rights, on the store of `tests.fakes`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from survey.audit import NOTHING_YET, Chain, Entry, Line, Verification, plain, somebody
from survey.errors import NotFound
from survey.invitation import Invitation, Response
from survey.localtime import local_date
from survey.person import Address, Person
from survey.ports import Pin
from survey.rights import Asked, Erased, Held, Sent, Standing
from survey.states import COUNTED, OPEN_CAMPAIGN, InvitationState
from tests.fakes import Store

CHAIN = Chain(["a key for tests"])


@dataclass(frozen=True)
class FakeAuditLog:
    store: Store

    async def append(self, entry: Entry) -> None:
        self.store.read("append")
        last = self.store.audited[-1] if self.store.audited else None
        self.store.audited.append(CHAIN.after(last, entry))

    async def latest(self, limit: int) -> Sequence[Line]:
        self.store.read("latest")
        return self.store.audited[::-1][:limit]

    async def verify(self) -> Verification:
        return CHAIN.verified(self.store.audited, after=NOTHING_YET)


@dataclass(frozen=True)
class FakePins:
    store: Store

    async def present(self, email: str, address: Address, *, at: datetime) -> Pin:
        self.store.read("present")
        key = (email, address.platform, address.workspace)
        if key not in self.store.pins:
            self.store.pins[key] = Pin(email=email, address=address, pinned_at=at)
            await self._note(email, "administrator.pinned", address, at)
        pin = self.store.pins[key]
        if address.user_id not in {pin.address.user_id, pin.claimed_by}:
            self.store.pins[key] = replace(pin, claimed_by=address.user_id)
            await self._note(email, "administrator.claimed", address, at)
        return self.store.pins[key]

    async def all(self) -> Sequence[Pin]:
        return [self.store.pins[key] for key in sorted(self.store.pins)]

    async def confirm(
        self, email: str, *, platform: str, user_id: str, actor: str, at: datetime
    ) -> Sequence[Pin]:
        confirmed = []
        for key, pin in self.store.pins.items():
            if (pin.email, key[1], pin.claimed_by) == (email, platform, user_id):
                address = replace(pin.address, user_id=user_id)
                self.store.pins[key] = Pin(email=email, address=address, pinned_at=at)
                confirmed.append(self.store.pins[key])
                await self._note(actor, "administrator.confirmed", address, at)
        return confirmed

    async def _note(self, actor: str, action: str, address: Address, at: datetime) -> None:
        about = plain(f"{address.platform}:{address.user_id}")
        entry = Entry(at=at, actor=actor, action=action, about=about)
        await FakeAuditLog(self.store).append(entry)


def _asked(found: Invitation) -> Asked:
    return Asked(
        campaign=found.campaign.name,
        mode=found.campaign.survey.mode.value,
        state=found.state.value,
        asked_at=found.campaign.started_at,
        messages=(Sent(kind="initial", platform="chat", at=found.campaign.started_at),),
        answered_at=found.pressed_at,
        score=found.response.score,
        previous_score=found.response.previous,
        comment=found.response.comment,
    )


@dataclass(frozen=True)
class FakeRights:
    store: Store

    async def snooze(self, person: Person, *, until: date) -> None:
        self.store.write("snooze", (person.email, until))
        self.store.snoozes[person.id] = until

    async def held(self, person: Person) -> Held:
        self.store.read("held")
        if person not in self.store.people.values():
            raise NotFound("There is nobody of this number on the roster.")
        mine = [found for found in self.store.invitations.values() if found.person == person]
        return Held(
            email=person.email,
            name=person.name,
            timezone=person.timezone,
            locale=person.locale,
            language=self.store.chosen.get(person.id),
            attributes=person.attributes,
            addresses=tuple(at for at, who in self.store.people.items() if who == person),
            opt_outs=tuple(sorted(name for who, name in self.store.stops if who == person.id)),
            consents=tuple(self.store.consents.get(person.id, ())),
            snoozed_until=self.store.snoozes.get(person.id),
            rounds=tuple(_asked(found) for found in mine),
            audit_entries=sum(
                line.entry.actor in {person.email, somebody(person.id)}
                for line in self.store.audited
            ),
        )

    async def standing(self, person: Person, *, at: datetime, latest: int) -> Standing:
        self.store.read("standing")
        until = self.store.snoozes.get(person.id)
        over = [
            found
            for found in self.store.invitations.values()
            if found.person.id == person.id
            and found.campaign.state not in OPEN_CAMPAIGN
            and found.state in COUNTED
        ]
        over.sort(key=lambda found: found.campaign.started_at, reverse=True)
        return Standing(
            opt_outs=tuple(sorted(name for who, name in self.store.stops if who == person.id)),
            snoozed_until=until if until and until > local_date(at, person.zone) else None,
            answered=tuple(replace(_asked(found), messages=()) for found in over[:latest]),
        )

    async def forget(self, person: Person, *, at: datetime) -> Erased:
        self.store.write("forget", person.email)
        self.store.people = {
            address: who for address, who in self.store.people.items() if who != person
        }
        self.store.tombstones.add(person.email)
        self.store.consents.pop(person.id, None)
        self.store.suppressions.pop(person.email, None)
        theirs = {found.id for found in self.store.invitations.values() if found.person == person}
        self.store.aside = [
            pair for pair in self.store.aside if pair[0].subject.invitation_id not in theirs
        ]
        taken_back = kept = 0
        for key, found in self.store.invitations.items():
            if found.person != person:
                continue
            scored = found.response.score is not None
            if found.campaign.takes_answers(at):
                taken_back += scored
                gone = replace(found, state=InvitationState.WITHDRAWN, response=Response())
            else:
                kept += scored
                gone = replace(found, response=Response(score=found.response.score))
            self.store.invitations[key] = gone
        return Erased(taken_back=taken_back, kept=kept)

    async def forget_email(self, email: str, *, at: datetime) -> Erased | None:
        self.store.tombstones.add(email)
        known = {person.email: person for person in self.store.people.values()}
        return await self.forget(known[email], at=at) if email in known else None

    async def readmit_unreadable(self) -> int:
        return 0

    async def forgotten(self, emails: Iterable[str]) -> set[str]:
        return {email for email in emails if email.strip().lower() in self.store.tombstones}

    async def readmit(self, email: str) -> bool:
        known = email.strip().lower() in self.store.tombstones
        self.store.tombstones.discard(email.strip().lower())
        return known
