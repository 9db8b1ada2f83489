"""Pictures of figures: SVG from a template, PNG of the same."""

from bot.charts.chart import report_png, report_svg
from bot.charts.raster import png
from bot.charts.rounds import trend_png, trend_svg

__all__ = ["png", "report_png", "report_svg", "trend_png", "trend_svg"]
