"""The product as the bench serves it: everything of a press, nothing beside it."""

import os
from pathlib import Path

from fastapi import FastAPI

from runtime.parts import Part
from runtime.serving import create_server_app
from runtime.settings import Settings, load_settings
from runtime.wiring import put_together

KEY = "the-key-of-the-bench-is-long-enough"
TOML = '[surveys.nps]\nsubject = "Acme"\nmode = "identified"\n'


def settings_for(url: str, folder: Path) -> Settings:
    """Settings on this database."""
    (folder / "voxpop.toml").write_text(TOML)
    environ = {
        "VOXPOP_DATABASE_URL": url,
        "VOXPOP_SECRET_KEY": KEY,
        "VOXPOP_SANDBOX": "1",
        "VOXPOP_EMAIL__SMTP_URL": "smtp://127.0.0.1:25",
        "VOXPOP_EMAIL__FROM": "surveys@example.org",
        "VOXPOP_LOG_LEVEL": "warning",
    }
    return load_settings(environ, folder=folder)


def app() -> FastAPI:
    """The product on the database that the environment names, with or without totals."""
    settings = settings_for(os.environ["BENCH_DATABASE"], Path(os.environ["BENCH_FOLDER"]))
    product = put_together(settings, totals_kept=os.environ.get("BENCH_TOTALS", "1") == "1")
    return create_server_app(product, frozenset({Part.WEB, Part.BOT}))
