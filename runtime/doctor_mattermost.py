"""`voxpop doctor` on Mattermost: what its bot finds out, as lines of the examination."""

from bot.mattermost.checkup import Checkup
from bot.mattermost.client import Client
from bot.mattermost.server_settings import Outcome, Step
from bot.sealing import Seal
from runtime import clock
from runtime.findings import Finding
from runtime.mattermost_settings import MattermostSettings
from runtime.settings import Settings

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
        return [*found, *[_finding(step) async for step in checkup()]]
    finally:
        await client.close()


def _finding(step: Step) -> Finding:
    return Finding(
        name=f"mattermost {step.name}",
        fine=step.outcome is not Outcome.MISSING,
        says=step.says,
        mend=step.mend,
    )
