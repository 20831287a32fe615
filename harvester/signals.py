"""Signals of our own, sent through Scrapy's signal manager."""

image_answered = object()
"""The host has answered for an item, well or badly; from now on the item only needs us. Argument: item."""

run_ended = object()
"""The books of the run are closed, in whatever way it ended. Argument: exitcode, that of `scrapy crawl`."""
