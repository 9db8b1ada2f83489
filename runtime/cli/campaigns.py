"""`voxpop campaign` and `voxpop remind`: rounds from the command line."""

import sys
from typing import Annotated

import typer

from runtime.cli.common import audited, fail, show, with_product
from runtime.languages import language
from runtime.wiring import Product
from survey.audit import about_round
from survey.campaign import Campaign, Period
from survey.errors import InvalidValue, NobodyToAsk, NotFound
from survey.localtime import zone
from survey.planning import Plan
from survey.states import OPEN_CAMPAIGN, CampaignState
from survey.wording import previews, reminding, rounds

app = typer.Typer(help="Rounds: preview, start, pause, resume, close, list.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="For programs.")]
SurveyName = Annotated[str, typer.Argument(help="The survey's name, such as nps.")]
RoundName = Annotated[
    str, typer.Argument(help="The round, such as nps/2026Q4; nps alone means its open one.")
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="EMAIL,…", help="Only these people, asked recently or not."),
]


def _emails(to: str | None) -> frozenset[str]:
    """Who is named; nobody named is everybody, and naming nobody is a mistake."""
    if to is None:
        return frozenset()
    emails = frozenset(part.strip().lower() for part in to.split(",") if part.strip())
    if not emails:
        fail("--to names nobody: give e-mails, or leave it out to ask the whole audience.", code=2)
    return emails


def _require_platform(product: Product) -> None:
    """Say it once for all, rather than of each person.

    Raises:
        InvalidValue: If nobody could be reached, because neither a chat nor e-mail is switched on.
    """
    if not product.start.platforms:
        raise InvalidValue(
            "No chat is switched on, and no e-mail, so nobody can be reached: "
            "VOXPOP_MATTERMOST__URL and `voxpop mattermost setup` switch Mattermost on, what "
            "`voxpop slack manifest` prints Slack, VOXPOP_EMAIL__SMTP_URL and VOXPOP_EMAIL__FROM "
            "e-mail, VOXPOP_SANDBOX=1 the sandbox."
        )


@app.command()
def preview(survey: SurveyName, to: To = None, *, as_json: Json = False) -> None:
    """Tell who would be asked, who not, and why; nothing is written."""

    async def work(product: Product) -> tuple[Plan, str]:
        await audited(product, "round.previewed", about_round(survey, to=len(_emails(to))))
        plan = await product.start.plan(survey, to=_emails(to))
        _require_platform(product)
        return plan, product.settings.timezone

    plan, timezone = with_product(work)
    left_out = [row for row in previews.who_rows(plan) if row["asked"] == "no"]
    if as_json:
        rows = previews.who_rows(plan)
        show(
            ["email", "name", "asked", "why_not"],
            [tuple(row.values()) for row in rows],
            as_json=True,
        )
        return
    card = previews.preview(plan, language("en"), value="", zone=zone(timezone), startable=False)
    sys.stdout.write(card.text + "\n")
    if left_out:
        sys.stdout.write("\n")
        show(
            ["left_out", "email", "name"],
            [(row["why_not"], row["email"], row["name"]) for row in left_out],
            as_json=False,
        )


@app.command()
def start(
    survey: SurveyName,
    to: To = None,
    *,
    now: Annotated[
        bool, typer.Option("--now", help="Send at once; the sending window is set aside.")
    ] = False,
) -> None:
    """Start a round: fix the audience, plan a message to each."""

    async def work(product: Product) -> Campaign:
        await audited(product, "round.started", about_round(survey, to=len(_emails(to))))
        try:
            return await product.start(survey, to=_emails(to), at_once=now or bool(to))
        except NobodyToAsk:
            _require_platform(product)
            raise

    campaign = with_product(work)
    sys.stdout.write(rounds.started(campaign, language("en")).headline + "\n")
    if now or to:
        sys.stdout.write("The sending window is set aside: messages go out at once.\n")


async def _open_round(product: Product, name: str) -> Campaign:
    """The open round of this name.

    Raises:
        NotFound: The message lists the open ones.
        InvalidPeriod: If what follows the slash names no quarter.
    """
    survey, _, text = name.strip().partition("/")
    period = Period.parse(text) if text else None
    everything = await product.rounds.all()
    still = [known for known in everything if known.state in OPEN_CAMPAIGN]
    for known in still:
        if known.survey.name == survey.lower() and period in {None, known.period}:
            return known
    there = ", ".join(known.name for known in still) or "none"
    raise NotFound(f"No open round is named {name!r}; open is: {there}.")


@app.command()
def pause(campaign: RoundName) -> None:
    """Send nothing for now; answers still count."""

    async def work(product: Product) -> Campaign:
        found = await _open_round(product, campaign)
        await audited(product, "round.paused", found.name)
        return await product.rounds.move(found, CampaignState.PAUSED)

    sys.stdout.write(rounds.paused(with_product(work), language("en")).headline + "\n")


@app.command()
def resume(campaign: RoundName) -> None:
    """Go on with a paused round."""

    async def work(product: Product) -> Campaign:
        found = await _open_round(product, campaign)
        await audited(product, "round.resumed", found.name)
        return await product.rounds.move(found, CampaignState.RUNNING)

    sys.stdout.write(rounds.resumed(with_product(work), language("en")).headline + "\n")


@app.command()
def close(campaign: RoundName) -> None:
    """Close a round: no more answers count, and every message says so."""

    async def work(product: Product) -> Campaign:
        found = await _open_round(product, campaign)
        await audited(product, "round.closed", found.name)
        return await product.close(found)

    sys.stdout.write(rounds.closing(with_product(work), language("en")).text + "\n")


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
        "suspected",
        "reminders",
        "asks_after",
        "closes",
        "next_start",
        "why",
    ]

    async def work(product: Product) -> list[tuple[object, ...]]:
        everything = await product.rounds.all()
        told = await product.figures.participations(everything)
        accounts = await product.rounds.accounts(everything)
        ahead = product.next_rounds()
        next_start = {name: start.isoformat(" ", "minutes") for name, start in ahead}
        rows: list[tuple[object, ...]] = []
        for campaign in everything:
            account, taken = accounts[campaign.id], told[campaign.id]
            reasons = {**account.failed, **account.skipped, **account.put_off}
            why = [f"{n} {reason}" for reason, n in sorted(reasons.items())]
            why += [f"{platform} waits: {reason}" for platform, reason in account.held.items()]
            rows.append(
                (
                    campaign.name,
                    campaign.state.value,
                    taken.invited,
                    taken.reached,
                    taken.answered,
                    sum(account.failed.values()),
                    sum(account.skipped.values()),
                    account.waiting,
                    account.suspected,
                    account.reminders,
                    None if campaign.survey.after is None else campaign.survey.after.value,
                    None if campaign.rolls else f"{campaign.closes_at:%Y-%m-%d %H:%M} UTC",
                    next_start.pop(campaign.survey.name, None),  # beside the newest round only
                    "; ".join(why),
                )
            )
        return rows

    show(columns, with_product(work), as_json=as_json)


def remind(
    campaign: Annotated[
        str, typer.Argument(help="The round, such as nps/2026Q4; all of them if left out.")
    ] = "",
) -> None:
    """Plan the reminders that are due now; the worker sends them."""

    async def work(product: Product) -> int:
        if not campaign:
            await audited(product, "round.reminded", "all open rounds")
            return await product.remind.now()
        found = await _open_round(product, campaign)
        await audited(product, "round.reminded", found.name)
        return await product.remind.now(found)

    sys.stdout.write(reminding.planned(with_product(work), language("en")).headline + "\n")
