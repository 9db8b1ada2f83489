"""A chat in the browser: a platform like any other, for trying everything without a chat server."""
