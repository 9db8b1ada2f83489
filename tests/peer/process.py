"""The product in a process that was forked, to be told what to do, and killed."""

from typing import Any

import aiohttp

from tests.peer.product import Options, run
from tests.started import forked


class Product:
    """One process of the product, forked from a parent that has imported everything."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.options.control.unlink(missing_ok=True)
        self.process = forked(run, options)

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.process.close()

    def stop(self, *, seconds: float) -> bool:
        """Ask it to end, as an operator does; whether it has within so many seconds."""
        self.process.terminate()
        self.process.join(seconds)
        return not self.alive

    async def tell(self, what: str, **body: Any) -> bool | None:
        """Whether it says that it is done; None if it says nothing any more."""
        connector = aiohttp.UnixConnector(str(self.options.control))
        limit = aiohttp.ClientTimeout(total=5)
        try:
            async with (
                aiohttp.ClientSession("http://product", connector=connector, timeout=limit) as http,
                http.post(f"/{what}", json=body) as answer,
            ):
                return bool((await answer.json())["ok"])
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None
