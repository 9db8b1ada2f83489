"""Whether two addresses are of the same server."""

from urllib.parse import SplitResult

PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int]


def origin_of(url: SplitResult) -> Origin | None:
    """Scheme, host and port; None for what is no address of HTTP, or names a user."""
    try:
        port = url.port
    except ValueError:
        return None
    if url.scheme not in PORTS or not url.hostname or "@" in url.netloc:
        return None
    return url.scheme, url.hostname, port or PORTS[url.scheme]
