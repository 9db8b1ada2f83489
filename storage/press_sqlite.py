"""The press on SQLite: the same in steps, in one immediate transaction."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from storage.instants import SQLITE_FORMAT
from storage.press import Compiled, SqliteStatements


async def press_on_sqlite(
    connection: Any, statements: SqliteStatements, values: dict[str, Any], *, totals_kept: bool
) -> Mapping[str, Any] | None:
    """Make a press (or an undo), all of it or nothing.

    Args:
        connection: The driver's own.
        statements: What is run.
        values: As for PostgreSQL.
        totals_kept: Whether the totals are brought up to date.

    Returns:
        What the reply needs; None means: ask why not.
    """
    values |= {
        "invitation": values["invitation"].hex,
        "at": values["at"].astimezone(UTC).strftime(SQLITE_FORMAT),
        "new_score": values["score"],
    }
    await connection.execute("BEGIN IMMEDIATE")
    try:
        row = await _steps(connection, statements, values, totals_kept=totals_kept)
        await connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            await connection.execute("ROLLBACK")
        raise
    return row


async def _steps(
    connection: Any, statements: SqliteStatements, values: dict[str, Any], *, totals_kept: bool
) -> Mapping[str, Any] | None:
    async def run(statement: Compiled) -> Mapping[str, Any] | None:
        # One call, because each is a trip to the database's thread and back.
        rows = await connection.execute_fetchall(statement.text, statement.arguments(values))
        return dict(zip(statement.columns, rows[0], strict=True)) if rows else None

    asked = await run(statements.asked)
    if asked is None:
        return None
    values |= {"cohort": asked["cohort"], "new_state": asked["state"]}
    await run(statements.mark)
    answer = await run(statements.answer)
    if answer is None:
        return None
    if totals_kept and answer["previous"] != answer["score"]:
        for score, by in ((answer["score"], 1), (answer["previous"], -1)):
            if score is not None:
                values |= {"counted_score": score, "by": by}
                await run(statements.count)
    return {**asked, **answer}
