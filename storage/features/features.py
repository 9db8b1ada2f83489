"""Products and features: how often they were used, and what came of asking about them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.features import catalogue
from storage.features.counts import Counting
from storage.features.rows import FEATURE, USE, Columns, about_any, find_feature, no_feature, use_of
from storage.features.rows import feature_of_row as feature_in
from storage.features.writes import (
    WAITING,
    keep_feedback,
    leave_question,
    reject,
    settle_answered,
    settle_closed,
    waiting_question,
)
from storage.invitations import Ballots
from storage.ledger import read_candidates
from storage.occasions.met import meet
from storage.occasions.unasked import answer
from storage.tables import erasures, features, interactions, invitations, people
from storage.tombstones import Tombstones
from survey.campaign import Campaign
from survey.errors import CommitUnknown, HasStopped, NotFound, OutOfDate
from survey.features import (
    ANEW_AFTER,
    UNDER_WAY,
    Feature,
    Product,
    Turn,
    Use,
    feature_of,
    occasion_key,
)
from survey.invitation import Invitation
from survey.occasion import Occasion, Trigger
from survey.person import Enrolment
from survey.ports import Contact, Feedback, Given


class SqlFeatures:
    """The port `Features` on a database.

    Args:
        by_email: Platforms, with their workspace, on which everybody has an address who has an
            e-mail.
    """

    def __init__(
        self,
        database: Database,
        ballots: Ballots,
        tombstones: Tombstones,
        *,
        by_email: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._database = database
        self._ballots = ballots
        self._tombstones = tombstones
        self._by_email = by_email
        self._count = Counting(database, tombstones)

    async def define(
        self, products: Sequence[Product], features: Sequence[Feature], *, at: datetime
    ) -> None:
        """See the port."""
        async with self._database.write() as connection:
            await catalogue.define(connection, products, features, at=at)

    async def products(self) -> Sequence[Product]:
        """See the port."""
        async with self._database.read() as connection:
            return await catalogue.read_products(connection)

    async def features(self, products: Sequence[str] = ()) -> Sequence[Feature]:
        """See the port."""
        async with self._database.read() as connection:
            return await catalogue.read_features(connection, products)

    async def feature(self, product: str, feature: str) -> Feature:
        """See the port."""
        async with self._database.read() as connection:
            return (await find_feature(connection, product, feature))[1]

    async def add(self, feature: Feature, *, at: datetime) -> Feature:
        """See the port."""
        async with self._database.write() as connection:
            return await catalogue.add(connection, feature, at=at)

    async def change(
        self, product: str, feature: str, changes: Mapping[str, str | None], *, at: datetime
    ) -> Feature:
        """See the port."""
        async with self._database.write() as connection:
            return await catalogue.change(connection, product, feature, changes, at=at)

    async def of_person(self, product: str, email: str, *, at: datetime) -> Sequence[Use]:
        """See the port."""
        async with self._database.read() as connection:
            if not await catalogue.has_product(connection, product):
                raise NotFound(f"There is no product {product}.")
            rows = await connection.execute(
                select(*FEATURE, *USE)
                .outerjoin(
                    interactions,
                    (interactions.c.feature_id == features.c.id) & (interactions.c.email == email),
                )
                .where(features.c.product_key == product, features.c.active)
                .order_by(features.c.key)
            )
            return [_used(row, email, first=0, at=at) for row in rows.mappings()]

    async def increment(
        self, product: str, feature: str, email: str, *, rested_since: datetime, at: datetime
    ) -> Use:
        """See the port."""
        row = await self._count(product, feature, email, rested_since=rested_since, at=at)
        if row is None:
            raise no_feature(product, feature)
        return _used(row, email, first=1, at=at)

    async def reject(self, product: str, feature: str, email: str, *, at: datetime) -> Use:
        """See the port."""
        async with self._database.write() as connection:
            number, about = await find_feature(connection, product, feature)
            if await self._is_forgotten(connection, email):
                return _unused(about, email, first=0, at=at)
            await leave_question(
                connection, await waiting_question(connection, email, about, at=at), at=at
            )
            return use_of(about, await reject(connection, number, email, at=at))

    async def decline(self, invitation: Invitation, *, at: datetime) -> None:
        """See the port."""
        keys = None if invitation.about is None else feature_of(invitation.about.key)
        if keys is None:
            raise OutOfDate("That question is about no feature.")
        async with self._database.write() as connection:
            with suppress(NotFound):  # it was put out of use since: the question is over with it
                number, _ = await find_feature(connection, *keys, active=False)
                if await leave_question(connection, invitation.id, at=at):
                    await reject(connection, number, invitation.person.email, at=at)

    async def contact(self, survey: str, email: str, *, year_from: datetime) -> Contact:
        """See the port."""
        async with self._database.read() as connection:
            if await self._is_forgotten(connection, email):
                return Contact(forgotten=True)
            found = await read_candidates(
                connection,
                survey,
                platforms=(),
                year_from=year_from,
                timezone=self._ballots.timezone,
                emails=[email],
            )
            return Contact(
                candidate=found[0] if found else None,
                open_question=await _open_question(connection, email),
            )

    async def claim_question(self, use: Use, *, at: datetime) -> Turn:
        """See the port."""
        async with self._database.write() as connection:
            number, _ = await find_feature(connection, use.feature.product, use.feature.key)
            # Their own rows are the lock: of several increments at once one goes first.
            rows = await connection.execute(
                select(interactions.c.feature_id, interactions.c.asked_at)
                .where(interactions.c.email == use.email)
                .order_by(interactions.c.feature_id)
                .with_for_update()
            )
            asked = {row.feature_id: row.asked_at for row in rows if row.asked_at is not None}
            if await _open_question(connection, use.email):
                return Turn.OTHERS
            if any(then > at - UNDER_WAY for then in asked.values()):
                return Turn.OTHERS
            if number in asked and asked[number] > at - ANEW_AFTER:
                return Turn.TRIED
            await connection.execute(
                interactions.update()
                .where(interactions.c.feature_id == number, interactions.c.email == use.email)
                .values(asked_at=at)
            )
            return Turn.MINE

    async def give(self, campaign: Campaign, feature: Feature, feedback: Feedback) -> UUID:
        """See the port."""
        who = Enrolment(email=feedback.email, name="")
        await meet(
            self._database,
            self._tombstones,
            {feedback.email: who},
            source=Trigger.FEATURES,
            by_email=self._by_email,
        )
        kept: UUID | None = None
        try:
            async with self._database.write() as connection:
                if await self._is_forgotten(connection, feedback.email):
                    raise HasStopped(campaign.survey.name)
                number, about = await find_feature(connection, feature.product, feature.key)
                given = Given(
                    occasion=Occasion(
                        key=await _key(connection, about, feedback),
                        who=who,
                        happened_at=feedback.at,
                        groups={"product": about.product, "feature": about.key},
                        details={"subject": about.title},
                    ),
                    score=feedback.rating,
                    comment=feedback.comment,
                    at=feedback.at,
                )
                kept = await answer(
                    connection, campaign, given, self._ballots, shards=self._database.shards
                )
                await keep_feedback(connection, number, kept, feedback)
        except CommitUnknown:
            if kept is None or not await self._stands(kept, at=feedback.at):
                raise
        return kept

    async def settle(self, *, since: datetime, at: datetime) -> int:
        """See the port."""
        settled = 0
        while True:
            async with self._database.write() as connection:
                more = await settle_answered(connection, since=since)
            if not more:
                break
            settled += more
        async with self._database.write() as connection:
            return settled + await settle_closed(connection, since=since, at=at)

    async def _stands(self, number: UUID, *, at: datetime) -> bool:
        async with self._database.read() as connection:
            mine = select(invitations.c.pressed_at).where(invitations.c.id == number)
            return await connection.scalar(mine) == at

    async def _is_forgotten(self, connection: AsyncConnection, email: str) -> bool:
        digests = self._tombstones.digests(email)
        known = select(erasures.c.digest).where(erasures.c.digest.in_(digests)).limit(1)
        return await connection.scalar(known) is not None


async def _key(connection: AsyncConnection, feature: Feature, feedback: Feedback) -> str:
    """Of the question that waits for them, or of an answer of its own."""
    waiting = await waiting_question(connection, feedback.email, feature, at=feedback.at)
    if waiting is not None:
        asked = select(invitations.c.occasion).where(invitations.c.id == waiting)
        return str(await connection.scalar(asked))
    return occasion_key(feature, uuid4().hex)


async def _open_question(connection: AsyncConnection, email: str) -> bool:
    found = await connection.scalar(
        select(invitations.c.id)
        .join(people, people.c.id == invitations.c.person_id)
        .where(
            people.c.email == email,
            about_any(),
            invitations.c.state.in_(WAITING),
        )
        .limit(1)
    )
    return found is not None


def _used(row: Columns, email: str, *, first: int, at: datetime) -> Use:
    about = feature_in(row)
    if row["email"] is None:
        return _unused(about, email, first=first, at=at)
    return use_of(about, row)


def _unused(feature: Feature, email: str, *, first: int, at: datetime) -> Use:
    """Of somebody of whom nothing is kept."""
    return Use(
        feature=feature,
        email=email,
        interaction_count=first,
        total_interaction_count=first,
        rejection_count=0,
        created_at=at,
        updated_at=at,
    )
