"""Spider for Mastodon posts, from the two files of a data set or from the API of any instance."""

from typing import Any, Self, cast

from scrapy import Spider
from scrapy.crawler import Crawler

from harvester.spider_arguments import SpiderModes, check_argument_names, declared_arguments
from harvester.spiders.mastodon.dataset_spider import DatasetSpider
from harvester.spiders.mastodon.timeline_spider import TimelineSpider


class MastodonSpider(SpiderModes, Spider):
    """Creates the spider of the mode that the arguments choose."""

    name = "mastodon"
    modes = (DatasetSpider, TimelineSpider)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Return the spider of the mode: with `posts` a data set, otherwise the API. Raises UsageProblem."""
        check_argument_names(cls.name, kwargs, declared_arguments(cls))
        is_dataset = "posts" in kwargs or not set(kwargs) & {"accounts", "acct", "hashtag", "timeline", "url"}
        spider_class = DatasetSpider if is_dataset else TimelineSpider
        return cast("Self", spider_class.from_crawler(crawler, *args, **kwargs))
