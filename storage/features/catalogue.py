"""Which products and features there are: by the settings, and by what programs made."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.features.rows import FEATURE, feature_of_row, no_feature
from storage.tables import features, products
from survey.errors import FeatureExists, NotFound
from survey.features import Feature, Product, in_words


async def define(
    connection: AsyncConnection,
    named: Sequence[Product],
    theirs: Sequence[Feature],
    *,
    at: datetime,
) -> None:
    """Bring the tables to what the settings name; always in one order, for others may do so too."""
    keys = sorted(product.key for product in named)
    await connection.execute(
        products.update()
        .where(products.c.active, products.c.key.not_in(keys))
        .values(active=False, updated_at=at)
    )
    await connection.execute(
        features.update()
        .where(
            features.c.active,
            ~features.c.by_program,
            tuple_(features.c.product_key, features.c.key).not_in(
                sorted((feature.product, feature.key) for feature in theirs)
            )
            if theirs
            else features.c.active,
        )
        .values(active=False, updated_at=at)
    )
    if named:
        await _define_products(connection, sorted(named, key=lambda one: one.key), at=at)
    if theirs:
        ordered = sorted(theirs, key=lambda one: (one.product, one.key))
        await _define_features(connection, ordered, at=at)


async def _define_products(
    connection: AsyncConnection, named: Sequence[Product], *, at: datetime
) -> None:
    fresh = _insert(connection)(products).values(
        [
            {"key": one.key, "name": one.name, "active": True, "created_at": at, "updated_at": at}
            for one in named
        ]
    )
    await connection.execute(
        fresh.on_conflict_do_update(
            index_elements=["key"],
            set_={"name": fresh.excluded.name, "active": True, "updated_at": at},
            where=or_(products.c.name != fresh.excluded.name, ~products.c.active),
        )
    )


async def _define_features(
    connection: AsyncConnection, theirs: Sequence[Feature], *, at: datetime
) -> None:
    fresh = _insert(connection)(features).values([_row(one, at=at) for one in theirs])
    same = ("interaction_threshold", "rejection_threshold", "ask_in_chat")
    kept = {
        name: func.coalesce(fresh.excluded[name], features.c[name])
        for name in ("name", "description")
    }
    changed = [features.c[name] != fresh.excluded[name] for name in same]
    changed += [features.c[name].is_distinct_from(value) for name, value in kept.items()]
    await connection.execute(
        fresh.on_conflict_do_update(
            index_elements=["product_key", "key"],
            set_={
                **{name: fresh.excluded[name] for name in same},
                **kept,
                "active": True,
                "by_program": False,
                "updated_at": at,
            },
            where=or_(~features.c.active, features.c.by_program, *changed),
        )
    )


def _row(feature: Feature, *, at: datetime) -> dict[str, Any]:
    return {
        "product_key": feature.product,
        "key": feature.key,
        "name": feature.name,
        "description": feature.description,
        "interaction_threshold": feature.interaction_threshold,
        "rejection_threshold": feature.rejection_threshold,
        "ask_in_chat": feature.ask_in_chat,
        "active": True,
        "by_program": False,
        "created_at": at,
        "updated_at": at,
    }


async def add(connection: AsyncConnection, feature: Feature, *, at: datetime) -> Feature:
    """See the port `Features`."""
    if not await has_product(connection, feature.product):
        raise NotFound(f"There is no product {feature.product}.")
    row = {**_row(feature, at=at), "name": feature.name or in_words(feature.key)}
    row["by_program"] = True
    fresh = _insert(connection)(features).values(row)
    made = await connection.execute(
        fresh.on_conflict_do_update(
            index_elements=["product_key", "key"],
            set_={name: fresh.excluded[name] for name in row if name != "created_at"},
            where=~features.c.active,
        ).returning(*FEATURE)
    )
    found = made.one_or_none()
    if found is None:
        raise FeatureExists(feature.product, feature.key)
    return feature_of_row(found._mapping)  # noqa: SLF001 - its public name


async def change(
    connection: AsyncConnection,
    product: str,
    feature: str,
    changes: Mapping[str, str | None],
    *,
    at: datetime,
) -> Feature:
    """See the port `Features`."""
    changed = await connection.execute(
        features.update()
        .where(features.c.product_key == product, features.c.key == feature, features.c.active)
        .values(**changes, updated_at=at)
        .returning(*FEATURE)
    )
    found = changed.one_or_none()
    if found is None:
        raise no_feature(product, feature)
    return feature_of_row(found._mapping)  # noqa: SLF001 - its public name


async def has_product(connection: AsyncConnection, product: str) -> bool:
    """Whether there is such a product, in use."""
    known = select(products.c.key).where(products.c.key == product, products.c.active)
    return await connection.scalar(known) is not None


async def read_products(connection: AsyncConnection) -> list[Product]:
    """Those in use, by name."""
    rows = await connection.execute(
        select(products.c.key, products.c.name)
        .where(products.c.active)
        .order_by(products.c.name, products.c.key)
    )
    return [Product(key=row.key, name=row.name) for row in rows]


async def read_features(connection: AsyncConnection, of: Sequence[str]) -> list[Feature]:
    """Those in use, of these products or of all, by product and key."""
    found = (
        select(*FEATURE)
        .join(products, products.c.key == features.c.product_key)
        .where(features.c.active, products.c.active)
        .order_by(features.c.product_key, features.c.key)
    )
    rows = await connection.execute(found.where(features.c.product_key.in_(of)) if of else found)
    return [feature_of_row(row) for row in rows.mappings()]


def _insert(connection: AsyncConnection) -> Any:
    return sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
