"""`voxpop people consents`, `forget` and `readmit`: what people said, and their erasure."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from runtime.cli.common import audited, fail, show, with_product
from runtime.roster_rules import as_on_roster
from runtime.wiring import Product
from survey.consent import Consent
from survey.rights import Erased


def consents(
    email: Annotated[str, typer.Argument(help="Whose.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List when and how somebody said that they may be asked, or may not; oldest first."""

    async def work(product: Product) -> Sequence[Consent] | None:
        await audited(product, "people.consents_read", "one person")
        person = await product.people.by_email(as_on_roster(email))
        return None if person is None else await product.people.consents(person)

    found = with_product(work)
    if found is None:
        fail(f"Nobody on the roster has the e-mail {email}.")
    show(
        ["at", "survey", "may be asked", "how", "reason"],
        [
            (
                f"{one.at:%Y-%m-%d %H:%M} UTC",
                one.survey or "all",
                "yes" if one.may_ask else "no",
                one.how.value,
                one.reason,
            )
            for one in found
        ],
        as_json=as_json,
    )


def forget(
    email: Annotated[str, typer.Argument(help="Who asked to be forgotten.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Erase somebody for good; answers in open rounds are taken back, counts keep no name."""
    if not yes:
        if not sys.stdin.isatty():
            fail("What is erased stays erased: say --yes where nobody can be asked.", code=2)
        typer.confirm(f"Erase everything about {email}? It stays erased.", abort=True)
    known = as_on_roster(email)

    async def work(product: Product) -> tuple[Erased | None, bool]:
        await audited(product, "people.forgotten", "one person")
        erased = await product.rights.forget_email(known, at=product.clock())
        return erased, known in product.settings.administrators.emails

    erased, administrator = with_product(work)
    if erased is None:
        sys.stdout.write(f"{email} is not on the roster; nothing was erased.\n")
    else:
        sys.stdout.write(
            f"{email} is forgotten. Answers taken back in open rounds: {erased.taken_back}; scores "
            f"that stay in the counts of rounds that are over, without a name: {erased.kept}.\n"
        )
    sys.stdout.write(
        "A roster that names them is passed over; `voxpop people readmit` lifts that, and what was "
        "erased stays erased.\n"
    )
    if administrator:
        sys.stdout.write(
            "They are still named as an administrator, and people are told so: take them out of "
            "VOXPOP_ADMINS.\n"
        )


def readmit(
    email: Annotated[
        str, typer.Argument(help="Who may be on a roster again.", show_default=False)
    ] = "",
    *,
    lost_keys: Annotated[
        bool,
        typer.Option(
            "--lost-keys",
            help="Instead: everybody who was forgotten under a secret key that is not named.",
        ),
    ] = False,
) -> None:
    """Let a roster bring somebody back who was forgotten; what was erased stays erased."""
    if lost_keys == bool(email):
        fail("Give an e-mail, or --lost-keys alone.", code=2)
    if lost_keys:
        _give_up_lost_keys()
        return

    async def work(product: Product) -> bool:
        await audited(product, "people.readmitted", "one person")
        return await product.rights.readmit(as_on_roster(email))

    if not with_product(work):
        fail(f"{email} was not forgotten here: a roster may name them already.")
    sys.stdout.write(f"A roster may name {email} again.\n")


def _give_up_lost_keys() -> None:
    async def work(product: Product) -> int:
        await audited(product, "people.readmitted", "everybody forgotten under lost keys")
        return await product.rights.readmit_unreadable()

    given_up = with_product(work)
    sys.stdout.write(
        f"Given up: {given_up}. A roster may bring back who was forgotten under a lost key; run "
        "`voxpop people forget` for those you know of.\n"
    )
