"""Mattermost, as one platform: what goes out, what comes in, and how it is set up."""

PLATFORM = "mattermost"
WORKSPACE = ""
"""There is one server, and its account ids are its own."""
