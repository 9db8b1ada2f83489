"""`voxpop followup`: low marks that somebody looks after."""

from collections.abc import Sequence
from typing import Annotated

import typer

from runtime.cli.common import audited, show, with_product
from runtime.wiring import Product
from survey.follow_ups import WAITING, FollowUp, FollowUpState
from survey.wording import happened

app = typer.Typer(help="Low marks that somebody looks after.", no_args_is_help=True)

COLUMNS = ("id", "survey", "state", "score", "email", "about", "opened_at", "taken_by", "note")
SHOWN = 10_000


@app.callback()
def follow_ups() -> None:
    """Low marks that somebody looks after."""


@app.command("list")
def list_follow_ups(
    *,
    state: Annotated[
        FollowUpState | None, typer.Option(help="Those in this state; all but done if left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """What waits for somebody, the longest first."""

    async def work(product: Product) -> Sequence[FollowUp]:
        await audited(product, "follow_ups.read", "low marks")
        states = WAITING if state is None else {state}
        return await product.looking_after.follow_ups.all(states, limit=SHOWN)

    show(COLUMNS, [_row(found) for found in with_product(work)], as_json=as_json)


def _row(found: FollowUp) -> tuple[object, ...]:
    invitation = found.invitation
    score = invitation.response.score
    return (
        str(invitation.id),
        invitation.campaign.survey.name,
        found.state.value,
        found.mark if score is None else score,
        invitation.person.email,
        happened.named(invitation),
        found.opened_at.isoformat(timespec="seconds"),
        None if found.taken_by is None else found.taken_by.email,
        found.note or None,
    )
