"""`voxpop campaign suspected`: answers that may be a robot's."""

import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from runtime.cli.common import audited, show, with_product
from runtime.wiring import Product
from survey.campaign import Campaign, Period
from survey.errors import NotFound
from survey.ports import Suspicion
from survey.usecases.count_doubtful import CountDoubtful


def suspected(
    campaign: Annotated[
        str, typer.Argument(help="The round, such as nps/2026Q4; nps alone means its latest.")
    ],
    *,
    count: Annotated[
        bool,
        typer.Option("--count", help="Count them, but where the person has answered themselves."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Tell how many answers by mail are kept aside, and why; what they say is never told."""

    async def work(product: Product) -> tuple[str, Mapping[Suspicion, int], int]:
        found = await _round(product, campaign)
        if count:
            await audited(product, "round.suspected_counted", found.name)
            counting = CountDoubtful(
                answers=product.answers, doubtful=product.doubtful, clock=product.clock
            )
            return found.name, {}, await counting.all_of(found)
        await audited(product, "round.suspected_read", found.name)
        told = await product.doubtful.told([found])
        return found.name, told.get(found.id, {}), 0

    name, told, counted = with_product(work)
    if count:
        sys.stdout.write(f"{name}: {counted} that were kept aside count from now on.\n")
        return
    if not (any(told.values()) or as_json):
        sys.stdout.write(f"{name}: none is kept aside.\n")
        return
    show(
        ["campaign", "answers", "why"],
        [(name, told[why], why.value) for why in Suspicion if told.get(why)],
        as_json=as_json,
    )


async def _round(product: Product, name: str) -> Campaign:
    """The round of this name, open or closed.

    Raises:
        NotFound: If there is none.
        InvalidPeriod: If what follows the slash names no quarter.
    """
    survey, _, text = name.strip().partition("/")
    period = Period.parse(text) if text else None
    for known in await product.rounds.all(survey.lower()):  # the latest first
        if period in {None, known.period}:
            return known
    raise NotFound(f"There is no round named {name!r}.")
