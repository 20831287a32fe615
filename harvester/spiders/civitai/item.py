"""Accessors for an item of Civitai's image API. Every value may be of any type; invalid values count as absent."""

import re
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from harvester.items import GenerationMetadata
from harvester.parsing.json_values import Json, dump_json
from harvester.parsing.urls import host_of
from harvester.text import strip_unstorable

Item = dict[str, Any]

REACTIONS = ("cryCount", "laughCount", "likeCount", "dislikeCount", "heartCount", "commentCount")

ALL_REACTIONS = "reactions"
"""The word for the sum of all reactions, without comments."""

FULL_VIDEO = "original=true,quality=100"
"""For some videos the plain original gives only one still frame (gallery-dl issues 7502 and 7626)."""

# Both patterns match one whole part of a path.
_UUID_TEXT = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_UUID = re.compile(rf"(?<![^/]){_UUID_TEXT}(?![^/])")
_PARAMETERS = re.compile(r"(?<![^/])[A-Za-z]+=[^,/]*(?:,[A-Za-z]+=[^,/]*)*(?![^/])")

_STORED_FILE = re.compile(rf"(.*/civitai-media-cache/{_UUID_TEXT})/[^/]+")
"""The site's other file host has each rendition under a name of its own (gallery-dl issue 9421, maxurl issue 1595)."""

_OLD_HOSTS = {"imagecache.civitai.com": "image.civitai.com"}


def uuid_of(url: str) -> str | None:
    """The UUID in an address, in lower case; None if there is none."""
    match = _UUID.search(url)
    return match[0].lower() if match else None


def original_url(url: str, parameters: str = "original=true") -> str | None:
    """The address of the original file; None if the text is not an http(s) address."""
    if host_of(url) is None:
        return None
    parts = urlsplit(url.strip())
    if stored := _STORED_FILE.fullmatch(parts.path):
        return urlunsplit(parts._replace(path=f"{stored[1]}/original", fragment=""))
    path, replacements = _PARAMETERS.subn(parameters, parts.path, count=1)
    if not replacements:
        path = _UUID.sub(rf"\g<0>/{parameters}", path, count=1)
    host = _OLD_HOSTS.get(parts.netloc.lower(), parts.netloc)
    return urlunsplit((parts.scheme, host, path, parts.query, ""))


def unwrap_item(item: Item) -> Item:
    """The item with a flat `meta`; some paths of the API nest it as {"id": …, "meta": …}."""
    meta = Json(item)["meta"].object
    return {**item, "meta": meta["meta"]} if "meta" in meta and meta.keys() <= {"id", "meta"} else dict(item)


def media_type(item: Item) -> str:
    """image, video or audio; in old responses only the extension says which."""
    if (declared := item.get("type")) in ("image", "video", "audio"):
        return str(declared)
    extension = str(item.get("url")).rpartition(".")[2].lower()
    return {"mp4": "video", "webm": "video", "mp3": "audio"}.get(extension, "image")


def count_reactions(item: Item, reaction: str) -> int:
    """The number of a reaction, or of all (`reactions`); 0 if it is not given."""
    if reaction == ALL_REACTIONS:
        return sum(count_reactions(item, kind) for kind in REACTIONS if kind != "commentCount")
    number = Json(item)["stats"][reaction].number
    return number if isinstance(number, int) and number >= 0 else 0


def tag_names(item: Item) -> list[str]:
    """The names of its tags."""
    return [name for tag in Json(item)["tags"] if (name := tag["name"].text[:255])]


def author(item: Item) -> str | None:
    """The name of the user; None for a deleted one."""
    return _text_or_none(item.get("username"), 255)


def generation_metadata(item: Item) -> GenerationMetadata:
    """The generation metadata of an item with a flat `meta`."""
    meta = Json(item)["meta"].object
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
    meta = Json(item)["meta"]
    name = meta["Model"].value
    if isinstance(name, dict) and len(name) == 1:  # a colon in the name, at which the site's own parser splits
        name = ":".join(str(part) for pair in name.items() for part in pair)
    if isinstance(name, str) and name.strip():
        return name.strip()
    return (
        _find_checkpoint(meta["resources"], "model", "name")
        or _find_checkpoint(meta["civitaiResources"], "checkpoint", "modelVersionName")
        or _version_name(next(iter(Json(item)["modelVersionIds"]), Json(None)))
    )


def creation_day(item: Item) -> str | None:
    """The day of its creation as YYYY-MM-DD."""
    match = re.match(r"[0-9]{4}-[01][0-9]-[0-3][0-9]", Json(item)["createdAt"].text)
    return match[0] if match else None


def sidecar_files(item: Item) -> dict[str, bytes]:
    """Extension -> sidecar file of the picture: the item as JSON and, if there is one, its prompt as text."""
    if not item:
        return {}
    prompt = _text_or_none(Json(item)["meta"]["prompt"].value)
    caption = {"txt": prompt.encode("utf-8", "replace")} if prompt else {}
    return {"json": dump_json(item), **caption}


def _find_checkpoint(resources: Json, resource_type: str, name_field: str) -> str | None:
    for resource in resources:
        if resource["type"].value == resource_type:
            name = resource[name_field].value
            name = name.strip() if isinstance(name, str) else None
            if found := name or _version_name(resource["modelVersionId"]):
                return found
    return None


def _version_name(version: Json) -> str | None:
    return f"version {version.value}" if type(version.value) is int else None


def _text_or_none(value: Any, max_length: int | None = None) -> str | None:
    """A text or a number as text that a database can store; None for other types and empty texts."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    text = strip_unstorable(str(value))[:max_length]
    return text if text.strip() else None
