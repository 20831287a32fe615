"""Exceptions for requests that have to wait: the host backs off, or the item is put back."""

from scrapy.exceptions import DropItem


class HostBackoff(Exception):
    """This request has to be made again later; raised where it cannot go back to the scheduler by itself.

    `seconds` until its host may be asked; `tries` is how often it has failed so far; `silent` where the host gave
    no answer at all, `refused` where it has said no for the rest of this run.
    """

    def __init__(
        self, host: str, seconds: float, *, tries: int = 0, silent: bool = False, abandoned: bool = False
    ) -> None:
        super().__init__(f"{host} is left alone for {seconds:.0f} s")
        self.host, self.seconds, self.tries, self.silent, self.abandoned = host, seconds, tries, silent, abandoned


class RequeueItem(DropItem):
    """This image goes back to the dealer, because its host has to be left alone; nothing of it is recorded."""

    def __init__(self, backoff: HostBackoff) -> None:
        super().__init__(str(backoff), log_level="DEBUG")
        self.backoff = backoff
