"""What helpdesks tell us of their tickets, each in its own format and with its own signature."""

from webapp.webhooks.app import WebhookParts, webhook_router
from webapp.webhooks.jira import Jira
from webapp.webhooks.standard import Standard
from webapp.webhooks.zammad import Zammad
from webapp.webhooks.zendesk import Zendesk

__all__ = ["Jira", "Standard", "WebhookParts", "Zammad", "Zendesk", "webhook_router"]
