"""Which sites have files laid beside a named picture, and what is in them: it follows from what the catalogue knows."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from harvester.sites import civitai_facts
from harvester.sites.civitai_facts import Item

SIDECAR_WRITERS: Mapping[str, Callable[[Item], dict[str, bytes]]] = MappingProxyType(
    {"civitai": civitai_facts.sidecar_files}
)
"""Site -> what is laid beside an image of it, by extension, from `images.metadata`."""


def sidecars_of_site(site: str, metadata: Item) -> dict[str, bytes]:
    """Extension -> bytes; nothing for most sites."""
    return SIDECAR_WRITERS[site](metadata) if site in SIDECAR_WRITERS else {}
