"""`voxpop people forget` and `readmit`: erasure, and what lifts its consequence."""

import sys
from typing import Annotated

import typer

from runtime.cli.common import audited, fail, with_product
from runtime.wiring import Product


def forget(
    email: Annotated[str, typer.Argument(help="Who asked to be forgotten.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Erase somebody for good; answers in open rounds are taken back, counts keep no name."""
    if not yes:
        if not sys.stdin.isatty():
            fail("Erasing can't be undone: say --yes where nobody can be asked.", code=2)
        typer.confirm(f"Erase everything about {email}? It can't be undone.", abort=True)

    async def work(product: Product) -> tuple[int, int] | None:
        person = await product.people.by_email(email)
        if person is None:
            return None
        await audited(product, "people.forgotten", "one person")
        erased = await product.rights.forget(person, at=product.clock())
        return erased.taken_back, erased.kept

    done = with_product(work)
    if done is None:
        fail(f"Nobody on the roster has the e-mail {email}.")
    taken_back, kept = done
    sys.stdout.write(
        f"{email} is forgotten. Answers taken back in open rounds: {taken_back}; scores that stay "
        f"in the counts of rounds that are over, without a name: {kept}.\n"
        "A roster that names them is passed over; `voxpop people readmit` lifts that.\n"
    )


def readmit(
    email: Annotated[str, typer.Argument(help="Who may be on a roster again.")],
) -> None:
    """Let a roster bring somebody back who was forgotten; what was erased stays erased."""

    async def work(product: Product) -> bool:
        await audited(product, "people.readmitted", "one person")
        return await product.rights.readmit(email)

    if not with_product(work):
        fail(f"{email} was not forgotten here: a roster may name them already.")
    sys.stdout.write(f"A roster may name {email} again.\n")
