"""Pictures of figures: SVG from a template, PNG of the same."""

from bot.charts.chart import report_png, report_svg
from bot.charts.raster import png

__all__ = ["png", "report_png", "report_svg"]
