"""Hand-written stand-ins for the ports of low marks and of spans, on the store in memory."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from survey.analytics import LowMark, Sending
from survey.campaign import Campaign
from survey.delivery import MessageRef
from survey.errors import NotFound
from survey.follow_ups import FollowUp, FollowUpState
from survey.invitation import Invitation
from survey.person import Address, Person
from survey.ports import Counted, Found
from tests.fakes import Store


@dataclass(frozen=True)
class FakeFollowUps:
    """In memory.

    Attributes:
        kept: By invitation.
        alerted: Which invitation was told where, in order.
        changed: Which message was pressed, in order.
    """

    store: Store
    kept: dict[UUID, FollowUp] = field(default_factory=dict)
    alerted: list[tuple[UUID, Address]] = field(default_factory=list)
    changed: list[MessageRef | None] = field(default_factory=list)

    async def find(self, channels: Sequence[Address], *, since: datetime, at: datetime) -> Found:
        self.store.read("find")
        opened = reopened = 0
        for asked in self.store.invitations.values():
            if not asked.alerts or asked.pressed_at is None or asked.pressed_at < since:
                continue
            mark, before = asked.response.score or 0, self.kept.get(asked.id)
            if before is None:
                self.kept[asked.id] = FollowUp(
                    invitation=asked, state=FollowUpState.OPEN, mark=mark, opened_at=at
                )
                opened += 1
            else:
                self.kept[asked.id] = before.fallen(mark, at=at)
                if self.kept[asked.id].state is before.state:
                    continue
                reopened += 1
            self.alerted.extend((asked.id, channel) for channel in channels)
        return Found(opened=opened, reopened=reopened)

    async def show(self, invitation_id: UUID) -> FollowUp:
        self.store.read("show_follow_up")
        if invitation_id not in self.kept:
            raise NotFound("Nobody looks after that answer.")
        return replace(self.kept[invitation_id], invitation=self._now(invitation_id))

    async def change(
        self,
        invitation_id: UUID,
        rule: Callable[[FollowUp], FollowUp],
        *,
        at: datetime,  # noqa: ARG002
        message: MessageRef | None = None,
    ) -> FollowUp:
        after = rule(await self.show(invitation_id))
        self.store.write("change_follow_up", after.state)
        self.kept[invitation_id] = after
        self.changed.append(message)
        return after

    async def all(
        self,
        states: Collection[FollowUpState],
        *,
        taken_by: Person | None = None,
        after: tuple[datetime, UUID] | None = None,
        limit: int,
    ) -> Sequence[FollowUp]:
        self.store.read("all_follow_ups")
        meant = [
            await self.show(number)
            for number, one in self.kept.items()
            if one.state in states
            and (taken_by is None or (one.taken_by is not None and one.taken_by.id == taken_by.id))
            and (after is None or (one.opened_at, number) > after)
        ]
        meant.sort(key=lambda one: (one.opened_at, one.invitation.id))
        return meant[:limit]

    async def count(self, states: Collection[FollowUpState]) -> int:
        return sum(one.state in states for one in self.kept.values())

    def _now(self, number: UUID) -> Invitation:
        return self.store.invitations[number]


@dataclass(frozen=True)
class FakeSpans:
    """Everybody whom the store asks was asked in the span, and got it."""

    store: Store

    async def count(
        self, campaigns: Sequence[Campaign], *, since: datetime, until: datetime, by: str | None
    ) -> Counted:
        self.store.read("count")
        asked = self._of(campaigns)
        answered = [one for one in asked if one.response.score is not None]
        marks: dict[int, int] = {}
        groups: dict[str, dict[int, int]] = {}
        for one in answered:
            if one.pressed_at is None or not since <= one.pressed_at < until:
                continue
            mark = one.response.score or 0
            marks[mark] = marks.get(mark, 0) + 1
            for name, value in one.person.attributes.items():
                if name == by:
                    of_group = groups.setdefault(value, {})
                    of_group[mark] = of_group.get(mark, 0) + 1
        return Counted(
            marks=marks,
            sending=Sending(scheduled=len(asked), sent=len(asked), answered=len(answered)),
            attributes=tuple(sorted({name for one in asked for name in one.person.attributes})),
            groups=groups,
        )

    async def low_marks(
        self,
        campaigns: Sequence[Campaign],
        *,
        highest: int,
        since: datetime,
        until: datetime,
        before: tuple[datetime, UUID] | None = None,  # noqa: ARG002
        limit: int,
    ) -> Sequence[LowMark]:
        found = [
            one
            for one in self._of(campaigns)
            if one.response.score is not None
            and one.response.score <= highest
            and one.pressed_at is not None
            and since <= one.pressed_at < until
        ]
        return [LowMark(invitation=one, follow_up=None) for one in found][:limit]

    def _of(self, campaigns: Sequence[Campaign]) -> list[Invitation]:
        ids = {campaign.id for campaign in campaigns}
        return [one for one in self.store.invitations.values() if one.campaign.id in ids]
