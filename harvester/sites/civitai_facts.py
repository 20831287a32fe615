"""What one item of Civitai's image API says. Every value may be of any type: what does not make sense is nothing."""

import re
from collections.abc import Mapping
from typing import Any

from harvester.items import Generated
from harvester.sites.civitai_media import uuid_of
from harvester.sites.strictjson import written
from harvester.text import storable

Item = Mapping[str, Any]

REACTIONS = ("cryCount", "laughCount", "likeCount", "dislikeCount", "heartCount", "commentCount")
SUM = "reactions"
"""All of them but comments."""

LARGEST = 2**53
_MEDIA = ("image", "video", "audio")


def unwrapped(item: Item) -> dict[str, Any]:
    """The item with its `meta` flat: some paths of the API answer {"id": …, "meta": …} in its place."""
    meta = item.get("meta")
    nested = isinstance(meta, dict) and "meta" in meta and set(meta) <= {"id", "meta"}
    return {**item, "meta": meta["meta"]} if isinstance(meta, dict) and nested else dict(item)


def media_type(item: Item) -> str:
    """image, video or audio; old answers say it by the extension only."""
    said = item.get("type")
    if said in _MEDIA:
        return str(said)
    ending = str(item.get("url")).rpartition(".")[2].lower()
    return {"mp4": "video", "webm": "video", "mp3": "audio"}.get(ending, "image")


def count(item: Item, reaction: str) -> int:
    """How many of a reaction there are, or of all (`reactions`); 0 where it is not said."""
    if reaction == SUM:
        return sum(count(item, kind) for kind in REACTIONS if kind != "commentCount")
    stats = item.get("stats")
    number = stats.get(reaction) if isinstance(stats, dict) else None
    return number if type(number) is int and 0 <= number <= LARGEST else 0


def tags(item: Item) -> list[str]:
    """The names of its tags."""
    listed = item.get("tags")
    names = [tag.get("name") for tag in listed if isinstance(tag, dict)] if isinstance(listed, list) else []
    return [storable(name)[:255] for name in names if isinstance(name, str) and name]


def author(item: Item) -> str | None:
    """The name of the user; None for one that was deleted."""
    return _text(item.get("username"), 255)


def generated(item: Item) -> Generated:
    """How the picture was made, from an item with flat `meta`."""
    meta = item.get("meta") if isinstance(item.get("meta"), dict) else {}
    assert isinstance(meta, dict)
    return Generated(
        prompt=_text(meta.get("prompt")),
        negative_prompt=_text(meta.get("negativePrompt")),
        model=_text(model(item), 255),
        base_model=_text(item.get("baseModel") or meta.get("baseModel"), 64),
        sampler=_text(meta.get("sampler"), 64),
        seed=_text(meta.get("seed"), 32),
        uuid=uuid_of(str(item.get("url"))),
        cries=count(item, "cryCount"),
        laughs=count(item, "laughCount"),
        likes=count(item, "likeCount"),
        dislikes=count(item, "dislikeCount"),
        hearts=count(item, "heartCount"),
        comments=count(item, "commentCount"),
    )


def model(item: Item) -> str | None:
    """The name of the checkpoint, as far as it is said; an item has no field for it."""
    meta = item.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    said = meta.get("Model")
    if isinstance(said, dict) and len(said) == 1:  # a colon in the name, taken apart by the site's own reader
        said = ":".join(str(part) for pair in said.items() for part in pair)
    if isinstance(said, str) and said.strip():
        return said.strip()
    return _checkpoint(meta.get("resources"), "model", "name") or _version(item, meta)


def day(item: Item) -> str | None:
    """The day it was made, as YYYY-MM-DD."""
    made = item.get("createdAt")
    return made[:10] if isinstance(made, str) and re.match(r"[0-9]{4}-[01][0-9]-[0-3][0-9]", made) else None


def sidecars(item: Item) -> dict[str, bytes]:
    """Extension -> what lies beside the picture: the item as JSON and, where there is one, its prompt as text."""
    if not item:
        return {}
    prompt = _text(item["meta"].get("prompt")) if isinstance(item.get("meta"), dict) else None
    caption = {"txt": prompt.encode("utf-8", "replace")} if prompt else {}
    return {"json": written(item), **caption}


def _version(item: Item, meta: Item) -> str | None:
    used = _checkpoint(meta.get("civitaiResources"), "checkpoint", "modelVersionName")
    versions = item.get("modelVersionIds")
    if used is None and isinstance(versions, list) and versions and type(versions[0]) is int:
        return f"version {versions[0]}"
    return used


def _checkpoint(resources: Any, kind: str, name: str) -> str | None:
    for resource in resources if isinstance(resources, list) else ():
        if isinstance(resource, dict) and resource.get("type") == kind:
            if isinstance(resource.get(name), str) and resource[name].strip():
                return str(resource[name]).strip()
            if type(resource.get("modelVersionId")) is int:
                return f"version {resource['modelVersionId']}"
    return None


def _text(value: Any, longest: int | None = None) -> str | None:
    """A text or a number as a text a database takes; None for everything else and for nothing."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    text = storable(str(value))[:longest]
    return text if text.strip() else None
