"""`[products.KEY]` of `voxpop.toml`: what people use, and when they are asked about it."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from runtime.settings.values import STRICT, Line
from survey.features import FEATURE_KEY, Feature, Product

MOST = 1_000_000
"""The highest threshold."""


def _key(text: str) -> str:
    if FEATURE_KEY.fullmatch(text) is None:
        raise ValueError("a key has 1 to 64 ASCII letters, digits, -, _, . and +")
    return text


Key = Annotated[str, AfterValidator(_key)]
Threshold = Annotated[int, Field(strict=True, ge=1, le=MOST)]
Name = Annotated[Line, Field(min_length=1, max_length=200)]


class FeatureTable(BaseModel):
    """`[products.KEY.features.KEY]`."""

    model_config = STRICT

    name: Name | None = None
    description: Annotated[Line, Field(max_length=2_000)] | None = None
    interaction_threshold: Threshold = 5
    rejection_threshold: Threshold = 3
    ask_in_chat: Annotated[bool, Field(strict=True)] | None = None


class ProductTable(BaseModel):
    """`[products.KEY]`."""

    model_config = STRICT

    name: Name
    ask_in_chat: Annotated[bool, Field(strict=True)] = False
    features: dict[Key, FeatureTable] = {}


Products = dict[Key, ProductTable]


def defined(tables: Mapping[str, ProductTable]) -> tuple[Sequence[Product], Sequence[Feature]]:
    """Products and features of the domain."""
    return [Product(key=key, name=table.name) for key, table in tables.items()], [
        Feature(
            product=product,
            key=key,
            name=feature.name,
            description=feature.description,
            interaction_threshold=feature.interaction_threshold,
            rejection_threshold=feature.rejection_threshold,
            ask_in_chat=table.ask_in_chat if feature.ask_in_chat is None else feature.ask_in_chat,
        )
        for product, table in tables.items()
        for key, feature in table.features.items()
    ]
