"""`voxpop campaign`: preview, start, close, list."""

import sys
from typing import Annotated

import typer

from runtime.cli.common import fail, show, with_product
from runtime.languages import language
from runtime.wiring import Product
from survey.campaign import Campaign, Period
from survey.errors import InvalidValue, NotFound
from survey.planning import Plan
from survey.states import OPEN_CAMPAIGN
from survey.wording import rounds

app = typer.Typer(help="Rounds: preview, start, close, list.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="For programs.")]
SurveyName = Annotated[str, typer.Argument(help="The survey's name, such as nps.")]
To = Annotated[
    str, typer.Option("--to", metavar="EMAIL,…", help="Only these people, asked recently or not.")
]


def _emails(to: str) -> frozenset[str]:
    return frozenset(part.strip().lower() for part in to.split(",") if part.strip())


@app.command()
def preview(survey: SurveyName, to: To = "", *, as_json: Json = False) -> None:
    """Tell who would be asked, who not, and why; nothing is written."""

    async def work(product: Product) -> Plan:
        return await product.start.plan(survey, to=_emails(to))

    plan = with_product(work)
    rows = [
        (reason.value, person.email, person.name)
        for reason, people in plan.left_out.items()
        for person in people
    ]
    if not as_json:
        card = rounds.preview(plan, language("en"), value="")
        sys.stdout.write(card.text + "\n")
    show(["left_out", "email", "name"], rows, as_json=as_json)


@app.command()
def start(
    survey: SurveyName,
    to: To = "",
    *,
    now: Annotated[
        bool, typer.Option("--now", help="Send at once; the sending window is set aside.")
    ] = False,
) -> None:
    """Start a round: fix the audience, plan a message to each."""

    async def work(product: Product) -> Campaign:
        return await product.start(survey, to=_emails(to), at_once=now or bool(to))

    campaign = with_product(work)
    sys.stdout.write(rounds.started(campaign, language("en")).headline + "\n")
    if now or to:
        sys.stdout.write("The sending window is set aside: messages go out at once.\n")


@app.command()
def close(
    campaign: Annotated[str, typer.Argument(help="The round, such as nps/2026Q4.")],
) -> None:
    """Close a round: no more answers count, and every message says so."""
    name, _, period = campaign.partition("/")

    async def work(product: Product) -> Campaign:
        found = [
            known
            for known in await product.rounds.all(name)
            if known.state in OPEN_CAMPAIGN and (not period or known.period == Period.parse(period))
        ]
        if not found:
            everything = [known.name for known in await product.rounds.all()]
            raise NotFound(
                f"No open round is named {campaign!r}; there is: {', '.join(everything) or 'none'}."
            )
        return await product.close(found[0])

    try:
        closing = with_product(work)
    except InvalidValue as error:
        fail(str(error), code=2)
    sys.stdout.write(rounds.closing(closing, language("en")).text + "\n")


@app.command("list")
def list_campaigns(*, as_json: Json = False) -> None:
    """List every round and where its messages stand."""
    columns = [
        "campaign",
        "state",
        "invited",
        "reached",
        "answered",
        "failed",
        "skipped",
        "waiting",
        "closes",
    ]

    async def work(product: Product) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        for campaign in await product.rounds.all():
            told = await product.figures.participation(campaign)
            accounts = await product.rounds.accounts(campaign)
            waiting = sum(accounts.get(state, 0) for state in ("planned", "sending", "unknown"))
            rows.append(
                (
                    campaign.name,
                    campaign.state.value,
                    told.invited,
                    told.reached,
                    told.answered,
                    accounts.get("failed", 0),
                    accounts.get("skipped", 0),
                    waiting,
                    f"{campaign.closes_at:%Y-%m-%d %H:%M} UTC",
                )
            )
        return rows

    show(columns, with_product(work), as_json=as_json)
