"""`voxpop email`: whether mail goes out, and to which mailboxes none goes any more."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from runtime.cli.common import audited, fail, show, with_product
from runtime.languages import spoken
from runtime.roster_rules import as_on_roster, email_address
from runtime.sample_mail import send_sample
from runtime.wiring import Product
from survey.errors import NotFound
from survey.ports import Suppression
from survey.survey import Survey

app = typer.Typer(help="E-mail: a test, and mailboxes that refuse it.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command("test")
def send_test(
    address: Annotated[str, typer.Argument(help="Where the mail goes.")],
    survey: Annotated[
        str, typer.Option("--survey", help="Which survey's question; the first if left out.")
    ] = "",
    locale: Annotated[
        str, typer.Option("--language", metavar="CODE", help="In which language, such as de.")
    ] = "en",
) -> None:
    """Send a mail as people get it; its links lead nowhere, and nobody is asked."""
    to = _address(address)
    if locale not in spoken():
        fail(f"There is no language {locale!r}; there are: {', '.join(spoken())}.", code=2)

    async def work(product: Product) -> None:
        found = _survey(product, survey.strip().lower())
        await audited(product, "mail.tested", "one mailbox")
        await send_sample(product, to, survey=found, locale=locale)

    with_product(work)
    sys.stdout.write(
        f"A test is on its way to {to}. Look at how it arrives, and in which folder; "
        "`voxpop doctor` tells what else may be wrong.\n"
    )


def _address(text: str) -> str:
    try:
        return email_address(text)
    except ValueError as error:
        fail(f"{text!r} is no e-mail address: {error}", code=2)


def _survey(product: Product, name: str) -> Survey:
    """The survey of this name, or the first one.

    Raises:
        NotFound: If there is none; the message lists those that there are.
    """
    known = product.settings.surveys
    if not name and known:
        return next(iter(known.values()))
    if name not in known:
        raise NotFound(f"There is no survey {name!r}; there are: {', '.join(known) or 'none'}.")
    return known[name]


@app.command()
def suppressed(*, as_json: Json = False) -> None:
    """List the mailboxes to which nothing goes any more, and what their servers said."""

    async def work(product: Product) -> Sequence[Suppression]:
        await audited(product, "mailboxes.listed", "those that refuse our mail")
        return await product.suppressions.all()

    show(
        ["email", "cause", "since", "reason"],
        [
            (one.email, one.cause.value, f"{one.at:%Y-%m-%d %H:%M} UTC", one.reason)
            for one in with_product(work)
        ],
        as_json=as_json,
    )


@app.command()
def release(
    address: Annotated[str, typer.Argument(help="The mailbox that works again.")],
) -> None:
    """Write to a mailbox again, from the next round on; exit 1 if nothing kept it from that."""
    email = as_on_roster(address)

    async def work(product: Product) -> bool:
        await audited(product, "mailboxes.released", "one mailbox")
        return await product.suppressions.release(email)

    if not with_product(work):
        fail(f"{email} is not among the mailboxes that refuse our mail.")
    sys.stdout.write(
        f"{email} gets mail again, from the next round on. Whoever complained has also stopped "
        "all surveys, and only they can lift that.\n"
    )
