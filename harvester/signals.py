"""Signals of our own, sent through Scrapy's signal manager."""

image_answered = object()
"""The host has answered for an item, well or badly; from now on the item only needs us. Argument: item."""
