"""`voxpop audit` and `voxpop admin`: who asked for what, and who may."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from runtime.cli.common import audited, fail, operator, show, with_product, write_json
from runtime.roster_rules import as_on_roster
from runtime.wiring import Product
from survey.audit import Line, Verification
from survey.ports import Pin

app = typer.Typer(help="Administrators and their accounts.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="For programs.")]


def audit(
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many lines, the latest first.")] = 20,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check the whole log; exit 1 if a line does not fit.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Who asked for what, the latest first."""
    if verify:
        _verify(as_json=as_json)
        return

    async def work(product: Product) -> Sequence[Line]:
        await audited(product, "audit.read", "the audit log")
        return await product.audit.latest(limit)

    lines = with_product(work)
    show(
        ["number", "at", "actor", "action", "about", "digest"],
        [
            (
                line.number,
                f"{line.entry.at:%Y-%m-%d %H:%M:%S} UTC",
                line.entry.actor,
                line.entry.action,
                line.entry.about,
                line.digest if as_json else f"{line.digest[:12]}…",
            )
            for line in lines
        ],
        as_json=as_json,
    )


def _verify(*, as_json: bool) -> None:
    async def work(product: Product) -> Verification:
        return await product.audit.verify()

    found = with_product(work)
    if as_json:
        told = {"count": found.count, "head": found.head, "broken_at": found.broken_at}
        write_json({"whole": found.whole, **told})
    elif found.whole:
        sys.stdout.write(
            f"The audit log is whole: {found.count} entries, the last with the digest "
            f"{found.head or '(none)'}.\n"
            "Whether lines were cut off at its end, the log outside tells: the last event "
            "audit_entry there has the same number and digest.\n"
        )
    if not found.whole:
        fail(
            f"Entry {found.broken_at} of the audit log does not fit: it was changed or put in, "
            "something before it was taken out, or it was written under a secret key that "
            f"VOXPOP_SECRET_KEY does not name any more. Whole up to entry {found.count}, digest "
            f"{found.head or '(none)'}."
        )


@app.command("list")
def list_administrators(*, as_json: Json = False) -> None:
    """List administrators, the accounts they are tied to, and who else claims to be them."""

    async def work(product: Product) -> list[tuple[object, ...]]:
        named = product.settings.administrators
        pins: dict[str, list[Pin]] = {}
        for pin in await product.pins.all():
            pins.setdefault(pin.email, []).append(pin)
        rows: list[tuple[object, ...]] = []
        for email in [*named.emails, *sorted(pins.keys() - set(named.emails))]:
            rows += [
                (
                    email,
                    email in named.emails,
                    _account(pin, pin.address.user_id),
                    f"{pin.pinned_at:%Y-%m-%d %H:%M} UTC",
                    pin.claimed_by and _account(pin, pin.claimed_by),
                )
                for pin in pins.get(email, [])
            ] or [(email, True, None, None, None)]
        return rows + [(None, True, account, None, None) for account in named.accounts]

    show(
        ["email", "administrator", "account", "since", "claimed_by"],
        with_product(work),
        as_json=as_json,
    )


@app.command()
def confirm(
    email: Annotated[str, typer.Argument(help="Whose account has changed.")],
    account: Annotated[
        str,
        typer.Argument(
            metavar="ACCOUNT", help="The account that claims it, as `voxpop admin list` shows it."
        ),
    ],
) -> None:
    """Tie an administrator's e-mail to the account that claims it now."""
    platform, sign, user_id = account.strip().partition(":")
    if not (platform and sign and user_id):
        fail(f"{account!r} is no account: write it as `voxpop admin list` shows it.", code=2)

    async def work(product: Product) -> Sequence[Pin]:
        return await product.pins.confirm(
            as_on_roster(email),
            platform=platform,
            user_id=user_id,
            actor=operator(),
            at=product.clock(),
        )

    confirmed = with_product(work)
    if not confirmed:
        fail(
            f"{account} is not what claims {email} at this moment: there is nothing to confirm. "
            "`voxpop admin list` shows who is tied to what, and who claims to be them."
        )
    for pin in confirmed:
        sys.stdout.write(f"{pin.email} is {_account(pin, pin.address.user_id)} from now on.\n")


def _account(pin: Pin, user_id: str) -> str:
    return f"{pin.address.platform}:{user_id}"
