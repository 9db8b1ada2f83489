"""SVG to PNG.

The renderer holds Python's global lock for its 0.1 s, so that a thread is no help: whoever serves
others meanwhile runs `main` in a process of its own, SVG in and PNG out.
"""

import sys

import resvg_py

from bot.charts.lettering import FAMILY, font_files, needs_other_fonts

RESOLUTION = 2
"""Pixels of the PNG per pixel of the SVG."""


def png(svg: str) -> bytes:
    """The picture as a PNG of twice its size.

    It looks the same wherever it is drawn: the fonts come with Voxpop. The system's are asked for
    scripts that these do not have; a letter that no font has shows as a box.

    Raises:
        ValueError: If this is no SVG.
    """
    return resvg_py.svg_to_bytes(
        svg_string=svg,
        zoom=RESOLUTION,
        font_family=FAMILY,
        font_files=list(font_files()),
        skip_system_fonts=not needs_other_fonts(svg),
    )


def main() -> None:
    """SVG on standard input, PNG on standard output."""
    sys.stdout.buffer.write(png(sys.stdin.buffer.read().decode()))
