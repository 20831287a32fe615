"""One family of exceptions: everything harvester itself raises on purpose."""


class HarvesterError(Exception):
    """Root of the family; its text is one sentence meant for the user."""

    exitcode = 1


class UsageProblem(HarvesterError):
    """A file, an option or an argument is wrong; raised before anything is touched (exit code 2)."""

    exitcode = 2


class CatalogueError(HarvesterError):
    """The catalogue cannot be used: too new, damaged, unreachable; raised when it is opened (exit code 2)."""

    exitcode = 2


class LockedByOther(HarvesterError):
    """Another process is at work there; raised by `harvester.storage.locks`, before anything is touched (exit code 2).

    `holder` says which.
    """

    exitcode = 2

    def __init__(self, text: str = "", holder: object = None) -> None:
        super().__init__(text)
        self.holder = holder


class StoreError(HarvesterError):
    """Bytes could not be kept (disk full, no permission); raised by the blob store, ends the run."""


class SiteBlocked(HarvesterError):
    """A site answers with block pages; raised nowhere, but what a run that ends for it says and exits with."""


class BelowExpectation(HarvesterError):
    """A run that ended by itself did less than was expected of it; raised nowhere, but what it says and exits with."""


class ListingIncomplete(HarvesterError):
    """A listing cannot be walked on; raised where a page is asked for or read. `restart`: its cursor is of no use."""

    def __init__(self, detail: str, *, restart: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.restart = restart


class ImageRejected(Exception):
    """One image cannot or shall not be kept; raised by `harvester.imaging`, turned into the item's status.

    `reason` is one of the words in `harvester.reasons`; `detail` is for a person to read.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
