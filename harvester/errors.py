"""Exceptions of harvester."""


class HarvesterError(Exception):
    """Base class of all errors that end a command or a run; its text is one sentence for the user."""

    exitcode = 1


class UsageProblem(HarvesterError):
    """A file, an option or an argument is wrong; raised before anything is touched (exit code 2)."""

    exitcode = 2


class CatalogueError(HarvesterError):
    """The catalogue cannot be used: too new, damaged, unreachable; raised when it is opened (exit code 2)."""

    exitcode = 2


class LockedByOther(HarvesterError):
    """Another process holds the lock; raised by `harvester.storage.locks`, before anything is touched (exit code 2).

    `holder` names that process.
    """

    exitcode = 2

    def __init__(self, text: str = "", holder: object = None) -> None:
        super().__init__(text)
        self.holder = holder


class StoreError(HarvesterError):
    """A file could not be written (disk full, no permission); raised by `harvester.storage`, stops the run."""


class SiteBlocked(HarvesterError):
    """A site answers with block pages; never raised, but recorded as the error of a run that stops because of it."""


class SiteChanged(HarvesterError):
    """A site shows pages of unknown kinds; never raised, but recorded as the error of a run that it has stopped."""


class BelowExpectation(HarvesterError):
    """A run ended by itself below expectations; never raised, but recorded as the error of the run."""


class ListingIncomplete(HarvesterError):
    """A listing cannot be continued; raised while a page is requested or parsed. `restart`: its cursor is useless."""

    def __init__(self, detail: str, *, restart: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.restart = restart


class ImageRejected(Exception):
    """An image is broken or not wanted; raised by `harvester.imaging`, turned into the item's status.

    `reason` is one of the words in `harvester.reasons`; `detail` is text for the user.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
