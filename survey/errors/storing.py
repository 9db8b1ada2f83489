"""What the database did not take."""

from survey.errors.base import VoxpopError


class StorageUnavailable(VoxpopError):
    """The database did not take it; nothing was saved."""

    code = "unavailable"


class NotWritable(StorageUnavailable):
    """The database answers but takes no writes: it is read-only, or its disk is full."""

    code = "not_writable"

    def __init__(self, why: str) -> None:
        super().__init__(f"The database takes no writes just now ({why}), so nothing was saved.")
        self.why = why


class CommitUnknown(StorageUnavailable):
    """The database went away while it was saving: whether it did has to be looked up."""

    code = "commit_unknown"


class SchemaMismatch(VoxpopError):
    """The database's schema is older or newer than this version serves."""

    code = "schema_mismatch"
