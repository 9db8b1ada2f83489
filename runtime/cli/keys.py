"""`voxpop key`: the keys with which programs call us."""

import re
import sys
from typing import Annotated

import typer

from runtime.cli.common import audited, fail, show, with_product
from runtime.wiring import Product
from survey.errors import InvalidValue
from survey.ports import Role

app = typer.Typer(help="Keys with which programs call the HTTP interface.", no_args_is_help=True)

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

Name = Annotated[str, typer.Argument(help="What it is called: its program, such as crm.")]


@app.command()
def create(
    name: Name,
    *,
    role: Annotated[
        Role, typer.Option(help="ingest makes links, admin reads figures as well, owner all.")
    ],
) -> None:
    """Make a key, and print it this once."""
    if not _NAME.fullmatch(name):
        fail(
            f"{name!r} is no name of a key: lower-case letters, digits, dots, - and _, at most 64.",
            code=2,
        )

    async def work(product: Product) -> str:
        # Noted before it is done, so what can't be done is found out before.
        if any(key.name == name for key in await product.keys.all()):
            raise InvalidValue(
                f"There is a key {name} already, or was one; names are not used twice, so that "
                "the audit log always means one key. `voxpop key list` shows them."
            )
        await audited(product, "key.made", f"{name} ({role.value})")
        return await product.keys.make(name, role, at=product.clock())

    key = with_product(work)
    sys.stdout.write(f"{key}\n")
    # On the error stream, so that the key alone can go into a file.
    sys.stderr.write(
        f"That is the key {name} of the role {role.value}. Keep it now: only a digest of it is "
        "stored, and it is not shown again.\n"
    )


@app.command()
def revoke(name: Name) -> None:
    """Make a key worthless, at once."""

    async def work(product: Product) -> bool:
        if not any(key.name == name and key.revoked_at is None for key in await product.keys.all()):
            return False
        await audited(product, "key.revoked", name)
        return await product.keys.revoke(name, at=product.clock())

    if not with_product(work):
        fail(f"No key {name} opens anything; `voxpop key list` shows those there are.")
    sys.stdout.write(f"The key {name} opens nothing any more.\n")


@app.command("list")
def list_keys(
    *, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """List the keys, revoked ones among them; what a key consists of is nowhere to be seen."""

    async def work(product: Product) -> list[tuple[object, ...]]:
        return [
            (
                key.name,
                key.role.value,
                f"{key.mark}…",
                f"{key.made_at:%Y-%m-%d %H:%M} UTC",
                key.revoked_at and f"{key.revoked_at:%Y-%m-%d %H:%M} UTC",
            )
            for key in await product.keys.all()
        ]

    show(["name", "role", "begins", "made", "revoked"], with_product(work), as_json=as_json)
