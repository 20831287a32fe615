"""Exceptions for requests that have to wait: the host is backing off, or the item is requeued."""

from scrapy.exceptions import DropItem


class HostBackoff(Exception):
    """Raised when a request has to be made again later and cannot go back to the scheduler by itself.

    `seconds`: until the host may be asked. `tries`: how often the request has failed so far. `silent`: the host gave
    no answer at all. `abandoned`: nothing more is requested from the host in this run.
    """

    def __init__(
        self, host: str, seconds: float, *, tries: int = 0, silent: bool = False, abandoned: bool = False
    ) -> None:
        super().__init__(f"Backing off from {host} for {seconds:.0f} s")
        self.host, self.seconds, self.tries, self.silent, self.abandoned = host, seconds, tries, silent, abandoned


class RequeueItem(DropItem):
    """Raised when an image goes back to the fair queue because its host is backing off; nothing is recorded."""

    def __init__(self, backoff: HostBackoff) -> None:
        super().__init__(str(backoff), log_level="DEBUG")
        self.backoff = backoff
