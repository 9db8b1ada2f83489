"""Pictures of figures, drawn by a process beside this one."""

import asyncio
import sys

import structlog

from survey.language import Language
from survey.report import Report

log = structlog.get_logger()

DRAWING_SECONDS = 20
"""How long a picture may take before a report goes without it."""


class PngCharts:
    """The port `Charts`: each picture is drawn by a process beside this one.

    Drawing holds the interpreter for a tenth of a second, in a thread as well; presses go first.
    """

    async def report(self, report: Report, language: Language) -> bytes | None:
        """See the port."""
        # Templates take as long to load as a command that draws nothing may run.
        from bot.charts import report_svg  # noqa: PLC0415

        return await _drawn(report_svg(report, language))

    async def trend(self, report: Report, language: Language) -> bytes | None:
        """See the port."""
        from bot.charts import trend_svg  # noqa: PLC0415

        svg = trend_svg(report, language)
        return None if svg is None else await _drawn(svg)


async def _drawn(svg: str) -> bytes | None:
    beside = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # what lies in the folder of somebody's settings is no module of ours
        "-c",
        "from bot.charts.raster import main; main()",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # Ctrl+C is ours alone
    )
    try:
        async with asyncio.timeout(DRAWING_SECONDS):
            picture, _ = await beside.communicate(svg.encode())
    except TimeoutError:
        beside.kill()
        await beside.wait()
        picture = b""
    if beside.returncode or not picture:
        log.error("chart_could_not_be_drawn", exit=beside.returncode)
        return None
    return picture
