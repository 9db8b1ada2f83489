"""`voxpop doctor` on Mattermost: what its bot finds out, as lines of the examination."""

from bot.mattermost import PLATFORM
from bot.mattermost.account import BotAccount
from bot.mattermost.channels import Channels, NotInChannel
from bot.mattermost.checkup import Checkup
from bot.mattermost.client import Client, ServerSays
from bot.mattermost.server_settings import Outcome, Step
from bot.sealing import Seal
from runtime import clock
from runtime.doctor.findings import Finding
from runtime.settings import Settings
from runtime.settings.mattermost import MattermostSettings
from survey.messenger import RecipientUnreachable

NO_TOKEN = Finding(
    name="mattermost",
    fine=False,
    says="VOXPOP_MATTERMOST__TOKEN is not set, so the platform is off",
    mend="run `voxpop mattermost setup`",
)
LEFT_LYING = Finding(
    name="mattermost secrets",
    fine=True,
    mend="VOXPOP_MATTERMOST__ADMIN_TOKEN is set: only the setup needs it, take it out",
)


async def examine_mattermost(settings: Settings, server: MattermostSettings) -> list[Finding]:
    """A line for each thing that must be right."""
    found = [LEFT_LYING] if server.admin_token else []
    if server.token is None:
        return [*found, NO_TOKEN]
    client = Client(server.url, server.token)
    checkup = Checkup(
        client=client,
        seal=Seal(settings.secret_keys),
        callback_url=server.callback_url,
        team=server.team,
        has_command_token=server.command_token is not None,
        clock=clock.now,
    )
    try:
        found += [_finding(step) async for step in checkup()]
        alerted = [one.channel for one in settings.alert_channels if one.platform == PLATFORM]
        return [*found, *[await _alerts(client, name) for name in alerted if name is not None]]
    finally:
        await client.close()


async def _alerts(client: Client, name: str) -> Finding:
    """Whether the bot may post where low marks are told."""
    try:
        channel = await Channels(client).id_of(name)
        bot, _ = await BotAccount(client).me()
        await client.call("GET", f"/channels/{channel}/members/{bot}")
    except RecipientUnreachable as error:
        says = str(error)
    except ServerSays as error:
        says = str(NotInChannel(name)) if error.outcome_known else str(error)
    else:
        return Finding(name="mattermost alerts", fine=True, says=name)
    says, _, mend = says.partition(": ")
    return Finding(name="mattermost alerts", fine=False, says=says, mend=mend or "try again")


def _finding(step: Step) -> Finding:
    return Finding(
        name=f"mattermost {step.name}",
        fine=step.outcome is not Outcome.MISSING,
        says=step.says,
        mend=step.mend,
    )
