"""Spider for Mastodon posts, from the two files of a data set or from the API of any instance."""

from typing import Any, Self, cast

from scrapy import Spider
from scrapy.crawler import Crawler

from harvester.spider_arguments import check_argument_names
from harvester.spiders.mastodon.dataset_spider import DatasetSpider
from harvester.spiders.mastodon.timeline_spider import TimelineSpider

ARGUMENTS = {
    "posts": "`user_posts.json` of a data set",
    "accounts": "`accounts_labeled.csv` of the data set; without `posts`, a CSV file with the accounts to walk",
    "acct": "accounts to walk: user@host, separated by commas",
    "hashtag": "a hashtag to walk, at the instance",
    "timeline": "public or local: a timeline to walk, at the instance",
    "url": "the address of an account, a post, a hashtag, a list or a timeline",
    "instance": "the server to ask: a host or a base URL",
    "since": "only posts from this day onwards, UTC",
    "until": "only posts up to this day, UTC",
    "boosts": "1: also boosted posts, as posts of their authors; 0 by default",
    "replies": "0: no replies to others; 1 by default",
    "max_posts": "the most posts with pictures of each account, hashtag or timeline",
    "collect_only": "1: write user_posts.json and accounts.csv, fetch no picture",
    "output": "folder for the pictures, the status file and the log",
    "format": "jpeg, rgb or original; jpeg by default",
    "retry": "earlier failures to try again: failed (the temporary ones), all or none; failed by default",
}


class MastodonSpider(Spider):
    """Creates the spider of the mode that the arguments choose."""

    name = "mastodon"

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """The spider of the mode: with `posts` a data set, otherwise the API. Raises UsageProblem."""
        check_argument_names(cls.name, kwargs, ARGUMENTS)
        is_dataset = "posts" in kwargs or not set(kwargs) & {"accounts", "acct", "hashtag", "timeline", "url"}
        spider_class = DatasetSpider if is_dataset else TimelineSpider
        return cast("Self", spider_class.from_crawler(crawler, *args, name=cls.name, **kwargs))
