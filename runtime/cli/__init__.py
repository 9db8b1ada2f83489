"""The command line: `voxpop`."""

from runtime.cli.app import main

__all__ = ["main"]
