"""Slack, as one platform: what goes out, what comes in, and how it is set up."""

PLATFORM = "slack"
WORKSPACE_AT_HOME = ""
"""The workspace of our own token; those that installed us go by their team id (`T…`)."""
