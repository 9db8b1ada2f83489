"""What happens to people: tickets, features and visits, put together."""

from collections.abc import Sequence
from typing import Protocol

from fastapi import APIRouter
from starlette.routing import BaseRoute

from runtime import features, follow_ups, insights, tickets, visits
from runtime.wiring import Product
from scheduler.knocker import Sweep
from webapp.api.keys import Access
from webapp.throttle import Throttle


class Moment(Protocol):
    """One kind of what happens; a module of `runtime` that has these three."""

    def routers(self, product: Product, access: Access, throttle: Throttle) -> Sequence[APIRouter]:
        """What programs call."""
        ...

    def routes(self, product: Product, access: Access, throttle: Throttle) -> Sequence[BaseRoute]:
        """Pages, tried before everything else."""
        ...

    def sweeps(self, product: Product) -> Sequence[Sweep]:
        """What one scheduler does for all."""
        ...


MOMENTS: Sequence[Moment] = (features, tickets, visits, follow_ups, insights)


def routers(product: Product, access: Access, throttle: Throttle) -> Sequence[APIRouter]:
    """What programs call, of every kind."""
    return [one for moment in MOMENTS for one in moment.routers(product, access, throttle)]


def routes(product: Product, access: Access, throttle: Throttle) -> Sequence[BaseRoute]:
    """Pages of every kind."""
    return [one for moment in MOMENTS for one in moment.routes(product, access, throttle)]


def sweeps(product: Product) -> Sequence[Sweep]:
    """What one scheduler does for all, of every kind."""
    return [one for moment in MOMENTS for one in moment.sweeps(product)]
