"""A copy of the database, consistent while everything goes on."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL

from storage.engine import Database
from storage.restored import COPIED
from survey.errors import InvalidValue, StorageUnavailable


async def back_up(database: Database, file: Path) -> int:
    """Write a copy into a new file, readable by its owner alone, and check it.

    SQLite: a database that can be put back as it is. PostgreSQL: what `pg_dump --format=custom`
    writes, for `pg_restore`.

    Returns:
        Its size in bytes.

    Raises:
        InvalidValue: If the file is there already or can't be made, or `pg_dump` is missing.
        StorageUnavailable: If the copy could not be made whole; nothing is left of it then.
    """
    await asyncio.to_thread(_reserve, file)
    try:
        if database.is_sqlite:
            await asyncio.to_thread(_copy, Path(database.url.database or ""), file)
        else:
            await _dump(database.url, file)
    except BaseException:
        await asyncio.to_thread(file.unlink, missing_ok=True)
        raise
    return (await asyncio.to_thread(file.stat)).st_size


def _reserve(file: Path) -> None:
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError as error:
        raise InvalidValue(f"{file} is there already; name a new file.") from error
    except OSError as error:
        raise InvalidValue(f"I can't make {file}: {error.strerror}.") from error


def _copy(path: Path, file: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(file)) as copy,
        ):
            # In one step: in steps it would begin anew whenever somebody writes in between.
            source.backup(copy)
            # One file, not three; and a mark, by which a restored one is known.
            copy.execute("PRAGMA journal_mode = DELETE")
            copy.execute(f"PRAGMA user_version = {COPIED}")
            copy.commit()
            told = [row[0] for row in copy.execute("PRAGMA integrity_check")]
    except sqlite3.Error as error:
        raise StorageUnavailable(f"The backup could not be made: {error}.") from error
    if told != ["ok"]:
        raise StorageUnavailable(f"The database is damaged, and so was its copy: {told[0]}.")


async def _dump(url: URL, file: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise InvalidValue(
            "A backup of PostgreSQL needs pg_dump on the PATH, of the server's version or newer; "
            "on Debian and Ubuntu it comes with postgresql-client."
        )
    await _run(program, "--format=custom", "--no-owner", f"--file={file}", environ=_login(url))
    reader = shutil.which("pg_restore", path=str(Path(program).parent))
    if reader is not None:
        await _run(reader, "--list", str(file), environ={})


def _login(url: URL) -> dict[str, str]:
    """The address and the password as variables, which other users of the machine can't see."""
    query = {name: str(value) for name, value in url.query.items()}
    known = {
        "PGHOST": url.host or query.get("host"),
        "PGPORT": None if url.port is None else str(url.port),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": query.get("ssl") or query.get("sslmode"),
    }
    return {name: str(value) for name, value in known.items() if value}


async def _run(program: str, *words: str, environ: dict[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(
        program,
        *words,
        env={**os.environ, **environ},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    if process.returncode:
        # Its words name hosts and users, never a password.
        reasons = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
        why = " ".join(reasons[-2:]) or f"it ended with {process.returncode}"
        raise StorageUnavailable(f"The backup could not be made: {why}")
