"""Accessors for an item of Civitai's image API. Every value may be of any type; invalid values count as absent."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from harvester.items import GenerationMetadata
from harvester.parsing.json_values import dump_json
from harvester.parsing.urls import host_of
from harvester.text import strip_unstorable

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")

_PARAMETERS = re.compile(r"[A-Za-z]+=[^,/]*(,[A-Za-z]+=[^,/]*)*")

_OLD_HOSTS = {"imagecache.civitai.com": "image.civitai.com"}

ORIGINAL = "original=true"

FULL_VIDEO = "original=true,quality=100"
"""For some videos the plain original gives only one still frame (gallery-dl issues 7502 and 7626)."""


def uuid_of(url: str) -> str | None:
    """The UUID in an address, in lower case; None if there is none."""
    uuid = next((part for part in url.split("/") if _UUID.fullmatch(part)), None)
    return uuid.lower() if uuid else None


def original_url(url: str, parameters: str = ORIGINAL) -> str | None:
    """The address of the original file; None if the text is not an http(s) address."""
    if host_of(url) is None:
        return None
    url_parts = urlsplit(url.strip())
    path_parts = url_parts.path.split("/")
    parameters_index = next((index for index, part in enumerate(path_parts) if _PARAMETERS.fullmatch(part)), None)
    uuid_index = next((index for index, part in enumerate(path_parts) if _UUID.fullmatch(part)), None)
    if parameters_index is not None:
        path_parts[parameters_index] = parameters
    elif uuid_index is not None:
        path_parts.insert(uuid_index + 1, parameters)
    host = _OLD_HOSTS.get(url_parts.netloc.lower(), url_parts.netloc)
    return urlunsplit((url_parts.scheme, host, "/".join(path_parts), url_parts.query, ""))


Item = Mapping[str, Any]

REACTIONS = ("cryCount", "laughCount", "likeCount", "dislikeCount", "heartCount", "commentCount")

ALL_REACTIONS = "reactions"
"""The word for the sum of all reactions, without comments."""

MAX_COUNT = 2**53

_MEDIA_TYPES = ("image", "video", "audio")


def unwrap_item(item: Item) -> dict[str, Any]:
    """The item with a flat `meta`; some paths of the API nest it as {"id": …, "meta": …}."""
    meta = item.get("meta")
    is_nested = isinstance(meta, dict) and "meta" in meta and set(meta) <= {"id", "meta"}
    return {**item, "meta": meta["meta"]} if isinstance(meta, dict) and is_nested else dict(item)


def media_type(item: Item) -> str:
    """image, video or audio; in old responses only the extension says which."""
    declared = item.get("type")
    if declared in _MEDIA_TYPES:
        return str(declared)
    extension = str(item.get("url")).rpartition(".")[2].lower()
    return {"mp4": "video", "webm": "video", "mp3": "audio"}.get(extension, "image")


def count_reactions(item: Item, reaction: str) -> int:
    """The number of a reaction, or of all (`reactions`); 0 if it is not given."""
    if reaction == ALL_REACTIONS:
        return sum(count_reactions(item, kind) for kind in REACTIONS if kind != "commentCount")
    stats = item.get("stats")
    number = stats.get(reaction) if isinstance(stats, dict) else None
    return number if type(number) is int and 0 <= number <= MAX_COUNT else 0


def tag_names(item: Item) -> list[str]:
    """The names of its tags."""
    raw_tags = item.get("tags")
    names = [tag.get("name") for tag in raw_tags if isinstance(tag, dict)] if isinstance(raw_tags, list) else []
    return [strip_unstorable(name)[:255] for name in names if isinstance(name, str) and name]


def author(item: Item) -> str | None:
    """The name of the user; None for a deleted one."""
    return _text_or_none(item.get("username"), 255)


def generation_metadata(item: Item) -> GenerationMetadata:
    """The generation metadata of an item with a flat `meta`."""
    meta = item.get("meta") if isinstance(item.get("meta"), dict) else {}
    assert isinstance(meta, dict)
    return GenerationMetadata(
        prompt=_text_or_none(meta.get("prompt")),
        negative_prompt=_text_or_none(meta.get("negativePrompt")),
        model=_text_or_none(model_name(item), 255),
        base_model=_text_or_none(item.get("baseModel") or meta.get("baseModel"), 64),
        sampler=_text_or_none(meta.get("sampler"), 64),
        seed=_text_or_none(meta.get("seed"), 32),
        uuid=uuid_of(str(item.get("url"))),
        cries=count_reactions(item, "cryCount"),
        laughs=count_reactions(item, "laughCount"),
        likes=count_reactions(item, "likeCount"),
        dislikes=count_reactions(item, "dislikeCount"),
        hearts=count_reactions(item, "heartCount"),
        comments=count_reactions(item, "commentCount"),
    )


def model_name(item: Item) -> str | None:
    """The name of the checkpoint, if the generation data has it; an item has no field for it."""
    meta = item.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    name = meta.get("Model")
    if isinstance(name, dict) and len(name) == 1:  # a colon in the name, at which the site's own parser splits
        name = ":".join(str(part) for pair in name.items() for part in pair)
    if isinstance(name, str) and name.strip():
        return name.strip()
    return _find_checkpoint(meta.get("resources"), "model", "name") or _model_version(item, meta)


def creation_day(item: Item) -> str | None:
    """The day of its creation as YYYY-MM-DD."""
    created_at = item.get("createdAt")
    return (
        created_at[:10]
        if isinstance(created_at, str) and re.match(r"[0-9]{4}-[01][0-9]-[0-3][0-9]", created_at)
        else None
    )


def sidecar_files(item: Item) -> dict[str, bytes]:
    """Extension -> sidecar file of the picture: the item as JSON and, if there is one, its prompt as text."""
    if not item:
        return {}
    prompt = _text_or_none(item["meta"].get("prompt")) if isinstance(item.get("meta"), dict) else None
    caption = {"txt": prompt.encode("utf-8", "replace")} if prompt else {}
    return {"json": dump_json(item), **caption}


def _model_version(item: Item, meta: Item) -> str | None:
    checkpoint = _find_checkpoint(meta.get("civitaiResources"), "checkpoint", "modelVersionName")
    versions = item.get("modelVersionIds")
    if checkpoint is None and isinstance(versions, list) and versions and type(versions[0]) is int:
        return f"version {versions[0]}"
    return checkpoint


def _find_checkpoint(resources: Any, resource_type: str, name_field: str) -> str | None:
    for resource in resources if isinstance(resources, list) else ():
        if isinstance(resource, dict) and resource.get("type") == resource_type:
            if isinstance(resource.get(name_field), str) and resource[name_field].strip():
                return str(resource[name_field]).strip()
            if type(resource.get("modelVersionId")) is int:
                return f"version {resource['modelVersionId']}"
    return None


def _text_or_none(value: Any, max_length: int | None = None) -> str | None:
    """A text or a number as text that a database can store; None for other types and empty texts."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    text = strip_unstorable(str(value))[:max_length]
    return text if text.strip() else None
