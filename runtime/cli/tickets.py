"""`voxpop ticket`: what helpdesks told of their tickets, and a call to try the webhook with."""

import secrets
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from runtime import clock
from runtime.cli.common import audited, fail, settings_here, show, with_product
from runtime.wiring import Product
from storage.tickets import SqlTickets
from survey.errors import InvalidValue
from survey.tickets import Step, Ticket, TicketState
from webapp.webhooks.app import PATH
from webapp.webhooks.standard import ID, MOMENT, SIGNATURE, sign

app = typer.Typer(help="Tickets of helpdesks: list, sign.", no_args_is_help=True)

_COLUMNS = ("ticket", "state", "since", "resolved", "category", "asked", "asks_at", "why_not")


@app.command("list")
def list_tickets(
    *,
    state: Annotated[
        TicketState | None, typer.Option("--state", help="Only tickets in this state.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the tickets that were told of last: whether anybody is asked, and if not, why."""

    async def work(product: Product) -> list[tuple[object, ...]]:
        about = "all" if state is None else state.value
        await audited(product, "tickets.read", about)
        wanted = None if state is None else state.value
        found = await SqlTickets(product.database).listed(state=wanted, limit=limit)
        return [_row(one) for one in found]

    rows = with_product(work)
    if not rows and not as_json:
        sys.stdout.write("No helpdesk has told of any such ticket.\n")
        return
    show(_COLUMNS, rows, as_json=as_json)


def _row(one: Ticket) -> tuple[object, ...]:
    """Neither the subject nor anybody's name: those are the helpdesk's to show."""
    return (
        one.key,
        one.state.value,
        one.state_at.isoformat(timespec="seconds"),
        None if one.resolved_at is None else one.resolved_at.isoformat(timespec="seconds"),
        one.category,
        one.asked,
        None if one.asks_at is None else one.asks_at.isoformat(timespec="seconds"),
        "is being withdrawn" if one.outcome == Step.WITHDRAW else one.outcome,
    )


@app.command("sign")
def sign_file(
    file: Annotated[Path, typer.Argument(help="The body, as JSON; docs/tickets.md has one.")],
    *,
    event: Annotated[
        str | None, typer.Option("--id", help="What the event is called; a new name if left out.")
    ] = None,
) -> None:
    """Print a curl line that tells this to the webhook, signed; it is good for five minutes."""
    settings = settings_here()
    if not settings.tickets.secrets:
        raise InvalidValue(
            "VOXPOP_TICKETS__SECRETS is not set, so nothing can be signed: it is what the "
            "webhook checks signatures with."
        )
    try:
        body = file.read_bytes()
    except OSError as error:
        fail(f"I can't read {file}: {error.strerror}.")
    moment = str(int(clock.now().timestamp()))
    name = event or f"msg_{secrets.token_hex(12)}"
    headers = {
        "Content-Type": "application/json",
        ID: name,
        MOMENT: moment,
        SIGNATURE: sign(settings.tickets.secrets[0], name=name, moment=moment, body=body),
    }
    said = " ".join(f"-H {shlex.quote(f'{key}: {value}')}" for key, value in headers.items())
    address = shlex.quote(f"{settings.base_url}{PATH}")
    place = shlex.quote(f"@{file}")
    sys.stdout.write(f"curl --fail-with-body {said} --data-binary {place} {address}\n")
