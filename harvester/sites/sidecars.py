"""Which sites have files laid beside a named picture, and what is in them: it follows from what the catalogue knows."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from harvester.sites import civitai_facts
from harvester.sites.civitai_facts import Item

WRITERS: Mapping[str, Callable[[Item], dict[str, bytes]]] = MappingProxyType({"civitai": civitai_facts.sidecars})
"""Site -> what is laid beside an image of it, by extension, from `images.metadata`."""


def sidecars(site: str, metadata: Item) -> dict[str, bytes]:
    """Extension -> bytes; nothing for most sites."""
    return WRITERS[site](metadata) if site in WRITERS else {}
