"""`voxpop feature`: the features that people are asked about."""

from typing import Annotated

import typer

from runtime.cli.common import show, with_product
from runtime.features import define, features_of
from runtime.wiring import Product

app = typer.Typer(help="Features that people are asked about.", no_args_is_help=True)


@app.callback()
def features() -> None:
    """Features that people are asked about."""


@app.command("list")
def list_features(
    *,
    of: Annotated[
        list[str] | None, typer.Option("--product", help="Only those of this product.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the features in use: those that the settings name, and those that programs made."""

    async def work(product: Product) -> list[tuple[object, ...]]:
        await define(product)
        return [
            (
                feature.product,
                feature.key,
                feature.title,
                feature.interaction_threshold,
                feature.rejection_threshold,
                feature.ask_in_chat,
            )
            for feature in await features_of(product).features(of or ())
        ]

    columns = ["product", "feature", "name", "interactions", "rejections", "asks_in_chat"]
    show(columns, with_product(work), as_json=as_json)
