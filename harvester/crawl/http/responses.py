"""Answers as plain data, for what knows no Scrapy; and what the site of a crawl says of them."""

from collections.abc import Callable

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from harvester.crawl.contract import spider_of
from harvester.parsing.responses import PageStatus, SiteResponse

PageClassifier = Callable[[Request, Response], PageStatus | None]
"""What the answer to a page request is; None for what is no page, or where the spider does not say."""


def header_dict(response: Response) -> dict[str, str]:
    """Return the headers: names in lower case; several of one name joined with commas (RFC 9110, section 5.3)."""
    return {
        name.decode("latin-1").lower(): b", ".join(values).decode("latin-1")
        for name, values in response.headers.items()
        if values
    }


def page_classifier(crawler: Crawler) -> PageClassifier:
    """Asks the spider's `classify` about the answers to requests whose meta says `page`."""
    classify = spider_of(crawler).classify

    def judge(request: Request, response: Response) -> PageStatus | None:
        if not request.meta.get("page"):
            return None
        return classify(SiteResponse(response.url, response.status, header_dict(response), response.body))

    return judge


PAGE_STATUS = "verdict"
"""Key in a request's meta: what its answer was found to be."""
