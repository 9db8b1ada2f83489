"""What the environment says of platforms, helpdesks and the brand, part by part."""

from runtime.settings.alerts import problems_of_alerts
from runtime.settings.email import problems_of as problems_of_email
from runtime.settings.environment import Environment
from runtime.settings.insights import model_problems
from runtime.settings.mattermost import MattermostSettings
from runtime.settings.slack import API_URL, SlackSettings, problems_of
from runtime.settings.tickets import TicketSettings
from survey.brand import Brand


def mattermost_of(environment: Environment) -> MattermostSettings | None:
    """The Mattermost server; None if there is none."""
    if environment.mattermost__url is None:
        return None
    return MattermostSettings(
        url=environment.mattermost__url,
        token=environment.mattermost__token,
        team=environment.mattermost__team,
        callback_url=environment.mattermost__callback_url or environment.base_url,
        command_token=environment.mattermost__command_token,
        admin_token=environment.mattermost__admin_token,
    )


def slack_of(environment: Environment) -> SlackSettings | None:
    """Slack; None if nothing of it is set."""
    slack = SlackSettings(
        bot_token=environment.slack__bot_token,
        signing_secret=environment.slack__signing_secret,
        app_token=environment.slack__app_token,
        api_url=f"{environment.slack__api_url or API_URL.rstrip('/')}/",
        client_id=environment.slack__client_id,
        client_secret=environment.slack__client_secret,
        base_url=environment.base_url,
    )
    return slack if any(environment.platform("slack").values()) else None


def tickets_of(environment: Environment) -> TicketSettings:
    """With what helpdesks sign what they tell."""
    return TicketSettings(
        secrets=tuple(environment.tickets__secrets or ()),
        zammad_token=environment.tickets__zammad_token,
        zendesk_secret=environment.tickets__zendesk_secret,
        jira_secret=environment.tickets__jira_secret,
    )


def brand_of(environment: Environment) -> Brand:
    """Whose surveys these are."""
    return Brand(
        **{
            name: value
            for name, value in environment.platform("brand").items()
            if value is not None
        }
    )


def platform_problems(environment: Environment | None) -> list[str]:
    """What is set of platforms and does not fit together."""
    if environment is None:
        return []
    problems = problems_of_email(environment.platform("email"))
    problems += model_problems(environment.platform("llm"))
    problems += problems_of_alerts(
        environment.alert_channel or (),
        mattermost=None not in (environment.mattermost__url, environment.mattermost__token),
        slack=environment.slack__bot_token is not None,
        sandbox=environment.sandbox,
    )
    if (slack := slack_of(environment)) is not None:
        problems += problems_of(slack, sandbox=environment.sandbox)
    if environment.mattermost__url is None:
        problems += [
            f"VOXPOP_MATTERMOST__{name.upper()} is set and VOXPOP_MATTERMOST__URL is not: "
            "say which server it is for, such as https://chat.example.org."
            for name, value in environment.platform("mattermost").items()
            if value is not None
        ]
    elif environment.sandbox:
        problems.append(
            "VOXPOP_SANDBOX is set beside VOXPOP_MATTERMOST__URL: the sandbox lets everybody on "
            "this machine be anybody, and is refused beside a real chat. Unset one of them."
        )
    return problems
