"""Rows of features and of how they are used, into values of the domain."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import features, interactions, invitations
from survey.errors import NotFound
from survey.features import Feature, Use

FEATURE = (
    features.c.product_key,
    features.c.key,
    features.c.name,
    features.c.description,
    features.c.interaction_threshold,
    features.c.rejection_threshold,
    features.c.ask_in_chat,
)
"""What `feature_of_row` reads."""
USE = (
    interactions.c.email,
    interactions.c.interaction_count,
    interactions.c.total_interaction_count,
    interactions.c.rejection_count,
    interactions.c.last_feedback_at,
    interactions.c.asked_at,
    interactions.c.created_at,
    interactions.c.updated_at,
)
"""What `use_of` reads."""

Columns = Mapping[str, Any] | RowMapping
"""What a row says, by column."""


def feature_of_row(row: Columns) -> Feature:
    """The columns `FEATURE`."""
    return Feature(
        product=row["product_key"],
        key=row["key"],
        name=row["name"],
        description=row["description"],
        interaction_threshold=row["interaction_threshold"],
        rejection_threshold=row["rejection_threshold"],
        ask_in_chat=bool(row["ask_in_chat"]),
    )


def use_of(feature: Feature, row: Columns) -> Use:
    """The columns `USE`."""
    return Use(
        feature=feature,
        email=row["email"],
        interaction_count=row["interaction_count"],
        total_interaction_count=row["total_interaction_count"],
        rejection_count=row["rejection_count"],
        last_feedback_at=row["last_feedback_at"],
        asked_at=row["asked_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def of_keys(product: str, feature: str, *, active: bool = True) -> Select[Any]:
    """A feature with its id."""
    found = select(features.c.id, *FEATURE).where(
        features.c.product_key == product, features.c.key == feature
    )
    return found.where(features.c.active) if active else found


async def find_feature(
    connection: AsyncConnection, product: str, feature: str, *, active: bool = True
) -> tuple[int, Feature]:
    """A feature and its id.

    Raises:
        NotFound: If there is none.
    """
    row = (await connection.execute(of_keys(product, feature, active=active))).one_or_none()
    if row is None:
        raise no_feature(product, feature)
    return row.id, feature_of_row(row._mapping)  # noqa: SLF001 - its public name


def no_feature(product: str, feature: str) -> NotFound:
    """There is none of these keys."""
    return NotFound(f"There is no feature {product}/{feature}.")


def about_any() -> ColumnElement[bool]:
    """Of `invitations`: about a feature, whichever."""
    return invitations.c.occasion.startswith("feature:")
