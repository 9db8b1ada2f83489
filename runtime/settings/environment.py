"""What stands in the environment, each by itself."""

from typing import Annotated, Literal

from pydantic import Field

from runtime.settings.alerts import AlertChannels
from runtime.settings.insights import ArchiveUrl
from runtime.settings.tables import Strict
from runtime.settings.values import (
    Admins,
    BrandName,
    ClientId,
    Color,
    DatabaseUrl,
    Email,
    Handle,
    ImapUrl,
    Keys,
    Lower,
    Networks,
    Origins,
    PictureAddress,
    Rate,
    SmtpUrl,
    Token,
    WebAddress,
    WebhookSecrets,
    WrittenAddress,
    Zone,
)


class Environment(Strict):
    """The environment, without its prefix and in lower case; what is unset is None."""

    config: str | None = None
    database_url: DatabaseUrl = "sqlite:///voxpop.db"
    base_url: WebAddress = "http://localhost:8000"
    secret_key: Keys | None = None
    erasures: str | None = None
    admins: Admins | None = None
    timezone: Zone | None = None
    sandbox: Annotated[bool, Field(strict=False)] = False
    metrics_token: Token | None = None
    backstage__url: WebAddress | None = None
    backstage__token: Token | None = None
    mattermost__url: WebAddress | None = None
    mattermost__token: Token | None = None
    mattermost__team: Handle | None = None
    mattermost__callback_url: WebAddress | None = None
    mattermost__command_token: Token | None = None
    mattermost__admin_token: Token | None = None
    slack__bot_token: Token | None = None
    slack__signing_secret: Token | None = None
    slack__app_token: Token | None = None
    slack__api_url: WebAddress | None = None
    slack__client_id: ClientId | None = None
    slack__client_secret: Token | None = None
    email__smtp_url: SmtpUrl | None = None
    email__fallback_smtp_url: SmtpUrl | None = None
    email__sendgrid_key: Token | None = None
    email__sendgrid_url: WebAddress | None = None
    email__from: WrittenAddress | None = None
    email__reply_to: Email | None = None
    email__return_path: Email | None = None
    email__bounces_imap_url: ImapUrl | None = None
    email__sendgrid_webhook_key: Token | None = None
    alert_channel: AlertChannels | None = None
    brand__name: BrandName | None = None
    brand__logo_url: PictureAddress | None = None
    brand__color: Color | None = None
    tickets__secrets: WebhookSecrets | None = None
    tickets__zammad_token: Token | None = None
    tickets__zendesk_secret: Token | None = None
    tickets__jira_secret: Token | None = None
    archive_url: ArchiveUrl | None = None
    llm__base_url: WebAddress | None = None
    llm__api_key: Token | None = None
    llm__model: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    llm__timeout_seconds: Annotated[float, Field(strict=False, ge=1, le=60)] = 8
    llm__budget: Annotated[int, Field(strict=False, ge=1, le=10_000_000)] = 1_000
    trusted_proxies: Networks | None = None
    cors_origins: Origins | None = None
    api__limit: Rate = "600/minute"
    log_format: Literal["console", "json"] | None = None
    log_level: Annotated[Literal["debug", "info", "warning", "error", "critical"], Lower] = "info"

    def platform(self, name: str) -> dict[str, str | None]:
        """What is set of one platform, by what stands behind its `__`."""
        prefix = f"{name}__"
        return {
            field.removeprefix(prefix): getattr(self, field)
            for field in type(self).model_fields
            if field.startswith(prefix)
        }
