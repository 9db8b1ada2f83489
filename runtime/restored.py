"""What is done before anything is sent from a database that is a restored backup."""

import structlog

from runtime.wiring import Product
from storage.restored import mark, settle, was_restored
from survey.audit import Entry

log = structlog.get_logger()


async def settle_restored(product: Product, *, told: bool = False) -> tuple[int, int] | None:
    """Replay erasures, and let messages be looked up that may have gone out since the backup.

    It can be done again: if it is interrupted, the next start does all of it.

    Args:
        product: On which database.
        told: Whether an operator says that it was restored; else the database is looked at.

    Returns:
        How many people were forgotten again and how many messages will be looked up; None if the
        database is the one that it was.

    Raises:
        StorageUnavailable: If the database or the journal of erasures is away.
    """
    if not told and not await was_restored(product.database):
        await mark(product.database)
        return None
    at = product.clock()
    forgotten = await product.rights.replay(at=at)
    looked_up = await settle(product.database, at=at, told=told)
    about = f"{looked_up} messages to look up, {forgotten} people forgotten again"
    entry = Entry(at=at, actor="voxpop", action="database.restored", about=about)
    await product.audit.append(entry)
    log.warning("database_restored", looked_up=looked_up, forgotten=forgotten)
    return forgotten, looked_up
