"""`voxpop run` and `voxpop demo`."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from runtime import logs
from runtime.cli.common import fail, settings_here
from runtime.parts import ALL_PARTS, Part
from runtime.restored import settle_restored
from runtime.settings import load_settings
from runtime.wiring import put_together
from storage.schema import require_current

Port = Annotated[int, typer.Option(min=0, max=65535, help="Where to listen.")]


def run(
    *,
    only: Annotated[
        str, typer.Option(metavar="PART,…", help="Some of web, bot, worker, scheduler.")
    ] = "",
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Port = 8000,
) -> None:
    """Serve and work: everything in one process, or parts for several machines."""
    # What serves takes longer to load than most commands to run.
    from runtime.serving import create_server_app, listen, serve, work  # noqa: PLC0415

    parts = _parts(only)
    settings = settings_here(chatty=True)
    for notice in settings.notices:
        sys.stderr.write(f"{notice}\n")
    product = put_together(settings)
    if not parts & {Part.WEB, Part.BOT}:

        async def until_stopped() -> None:
            await require_current(product.database)
            await settle_restored(product)
            await work(product, parts)

        asyncio.run(until_stopped())
        return
    sock = listen(host, port)

    async def prepare() -> None:
        await require_current(product.database)
        await settle_restored(product)
        await product.let_go()

    asyncio.run(prepare())
    address = f"http://{host}:{sock.getsockname()[1]}"
    serve(
        create_server_app(product, parts),
        sock,
        announce=lambda: _say(f"Voxpop answers on {address}"),
    )


def demo(
    *,
    port: Port = 8000,
    people: Annotated[
        int, typer.Option(min=12, max=500, help="How many people have a conversation to look at.")
    ] = 14,
) -> None:
    """Try it: a sandbox chat in the browser, with sample people and a running round."""
    # The same.
    from runtime import demo as demonstration  # noqa: PLC0415
    from runtime.serving import create_server_app, listen, serve  # noqa: PLC0415

    folder = Path.cwd()
    wrote = demonstration.write_settings(folder)
    usual = {"VOXPOP_LOG_LEVEL": "warning", "VOXPOP_ALERT_CHANNEL": "sandbox:#alerts"}
    quiet = {**usual, **os.environ, "VOXPOP_SANDBOX": "1"}
    settings = load_settings(quiet, folder=folder)
    if "nps" not in settings.surveys:
        fail("voxpop.toml here defines no survey nps: start the demo in an empty folder.")
    logs.configure(settings.log_format, settings.log_level)
    sock = listen("127.0.0.1", port)
    product = put_together(settings)

    async def prepare() -> None:
        await require_current(product.database)
        await demonstration.seed(product, shown=people)
        await product.let_go()

    asyncio.run(prepare())
    address = f"http://localhost:{sock.getsockname()[1]}/sandbox"
    lines = [
        "",
        f"  Voxpop's sandbox: {address}",
        "",
        "  Pick a person and press a number; then pick Ada and type /nps report.",
        "  Farid has a question about a ticket: give it a 1, and Ada sees it in #alerts.",
        "  Ctrl+C stops it; start it again, and everything is still there.",
    ]
    if wrote:
        lines.append(
            "  Its settings are in voxpop.toml, its data in voxpop.db; delete both to reset."
        )
    serve(create_server_app(product), sock, announce=lambda: _say("\n".join([*lines, ""])))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parts(only: str) -> frozenset[Part]:
    if not only:
        return ALL_PARTS
    chosen = set()
    for word in only.split(","):
        try:
            chosen.add(Part(word.strip().lower()))
        except ValueError:
            fail(f"There is no part {word.strip()!r}: use {', '.join(Part)}.", code=2)
    return frozenset(chosen)
