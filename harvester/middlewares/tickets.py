"""Tickets: requests that carry owed images from the catalogue through Scrapy's scheduler, without a network.

A page is requested to learn about images. What the catalogue owes is known already, yet it shall take the same way as
any page, so that back-pressure, priorities and JOBDIR apply to it. So it travels as a request of its own.
"""

from collections.abc import Callable, Sequence
from typing import Any

from scrapy import Request
from scrapy.http import Response

WORK_REQUEST_URL = "about:owed"


def work_request(rows: Sequence[int], callback: Callable[..., Any]) -> Request:
    """A request whose callback is called with `rows`, the catalogue's numbers of the images to work on."""
    kwargs = {"rows": list(rows)}
    return Request(WORK_REQUEST_URL, callback=callback, cb_kwargs=kwargs, dont_filter=True, meta={"dont_cache": True})


class WorkRequestMiddleware:
    """Answers tickets on the spot; stands before every other downloader middleware."""

    def process_request(self, request: Request) -> Response | None:
        """A ticket is its own answer."""
        return Response(request.url) if request.url == WORK_REQUEST_URL else None
