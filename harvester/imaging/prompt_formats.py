"""Parsers for the texts of each generating program. Every value may be of any type; nothing here raises."""

import json
import re
from collections.abc import Mapping
from typing import Any

from harvester.imaging.comfy_graph import parse_graph
from harvester.imaging.infotext import parse_infotext

Texts = Mapping[str, str]
Fields = dict[str, Any]

_HASH_AT_END = re.compile(r"\s+[0-9A-F]{8}$")
_DREAM = re.compile(r'"(.*)"((?: -[A-Za-z]\S*| [^-]\S*)*)', re.DOTALL)
_DREAM_OPTION = re.compile(r" -([A-Za-z])(?:=| )?([^\s-]\S*)")
_FOOOCUS_NAMES = {"base_model", "base_model_name", "metadata_scheme"}
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")


def parse_generation_texts(texts: Texts) -> tuple[str, Fields] | None:
    """The name of the program and its fields; None if no text is from a known program."""
    for parser in (_parse_novelai, _parse_invokeai, _parse_comfyui, _parse_swarm_or_a1111):
        if (parsed := parser(texts)) is not None:
            return parsed
    return None


def _parse_json(text: str | None) -> Any:
    """The value, or None. ComfyUI writes NaN, which is not JSON."""
    if not text or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None


def _parse_json_object(text: str | None) -> Fields:
    return _object(_parse_json(text))


def _parse_novelai(texts: Texts) -> tuple[str, Fields] | None:
    comment = _parse_json_object(texts.get("Comment"))
    if "uc" not in comment and not texts.get("Software", "").startswith("NovelAI"):
        return None
    return "NovelAI", {
        "prompt": _with_characters(comment.get("prompt") or texts.get("Description"), comment.get("v4_prompt")),
        "negative_prompt": _with_characters(comment.get("uc"), comment.get("v4_negative_prompt")),
        "model": _HASH_AT_END.sub("", texts.get("Source", "")),
        "sampler": comment.get("sampler"),
        "seed": comment.get("seed"),
        "steps": comment.get("steps"),
        "cfg": comment.get("scale"),
    }


def _with_characters(text: Any, version_4: Any) -> Any:
    """The prompt with those of its characters, which NovelAI keeps apart since version 4."""
    captions = _object(_object(version_4).get("caption")).get("char_captions")
    characters = [_object(entry).get("char_caption") for entry in captions] if isinstance(captions, list) else []
    texts = [part for part in (text, *characters) if isinstance(part, str) and part.strip()]
    return "\n".join(texts)


def _object(value: Any) -> Fields:
    return value if isinstance(value, dict) else {}


def _parse_invokeai(texts: Texts) -> tuple[str, Fields] | None:
    if "invokeai_metadata" in texts:
        metadata = _parse_json_object(texts["invokeai_metadata"])
        model = _object(metadata.get("model"))
        return "InvokeAI", {
            "prompt": metadata.get("positive_prompt"),
            "negative_prompt": metadata.get("negative_prompt"),
            "model": model.get("name") or model.get("model_name"),
            "sampler": metadata.get("scheduler"),
            "seed": metadata.get("seed"),
            "steps": metadata.get("steps"),
            "cfg": metadata.get("cfg_scale"),
        }
    if "sd-metadata" in texts:
        return "InvokeAI", _parse_old_invokeai(_parse_json_object(texts["sd-metadata"]))
    return ("InvokeAI", _parse_dream(texts["Dream"])) if "Dream" in texts else None


def _parse_old_invokeai(metadata: Fields) -> Fields:
    image = _object(metadata.get("image"))
    prompt = image.get("prompt")
    if isinstance(prompt, list):
        prompt = _object(prompt[0]).get("prompt") if len(prompt) == 1 else None
    others = {"model": metadata.get("model_weights"), "sampler": image.get("sampler"), "seed": image.get("seed")}
    return {**_split_brackets(prompt), "steps": image.get("steps"), "cfg": image.get("cfg_scale"), **others}


def _parse_dream(command: str) -> Fields:
    """The oldest versions kept the command: a prompt in quotation marks, then options."""
    match = _DREAM.fullmatch(command.strip())
    options = dict(_DREAM_OPTION.findall(match[2])) if match else {}
    names = {"sampler": "A", "seed": "S", "steps": "s", "cfg": "C"}
    fields = {name: options.get(letter) for name, letter in names.items()}
    return {**_split_brackets(match[1] if match else None), **fields}


def _split_brackets(prompt: Any) -> Fields:
    """InvokeAI's prompt before version 3: words in square brackets are the negative prompt."""
    if not isinstance(prompt, str):
        return {}
    negative = " ".join(part.strip() for part in _BRACKETS.findall(prompt))
    return {"prompt": " ".join(_BRACKETS.sub(" ", prompt).split()) if negative else prompt, "negative_prompt": negative}


def _parse_comfyui(texts: Texts) -> tuple[str, Fields] | None:
    """The fields of the graph; what it does not tell, of the infotext or Civitai's metadata beside it."""
    infotext = parse_infotext(texts.get("parameters", "")) or {}
    for name in ("prompt", "UserComment", "Make", "Model", "ImageDescription"):
        text = texts.get(name, "")
        graph = _parse_json_object(text[text.find("{") :] if text.lower().startswith("prompt:") else text)
        extra = _parse_civitai(graph.get("extraMetadata"))
        if isinstance(graph.get("prompt"), dict):
            graph = graph["prompt"]
        if any(isinstance(node, dict) and "class_type" in node for node in graph.values()):
            known = {field: value for field, value in parse_graph(graph).items() if value not in (None, "")}
            return "ComfyUI", (infotext or extra) | known
    return ("ComfyUI", infotext) if isinstance(_parse_json_object(texts.get("workflow")).get("nodes"), list) else None


def _parse_civitai(text: Any) -> Fields:
    """What a person entered in Civitai's generator, a JSON text beside the nodes of the graph."""
    metadata = _parse_json_object(text) if isinstance(text, str) else {}
    names = {"negative_prompt": "negativePrompt", "cfg": "cfgScale"}
    fields = ("prompt", "negative_prompt", "sampler", "seed", "steps", "cfg")
    return {name: metadata.get(names.get(name, name)) for name in fields}


def _parse_swarm_or_a1111(texts: Texts) -> tuple[str, Fields] | None:
    for name in ("parameters", "UserComment", "Comment", "ImageDescription", "Model"):
        text = texts.get(name, "")
        metadata = _parse_json_object(text)
        if isinstance(metadata.get("sui_image_params"), dict):
            return "SwarmUI", _parse_swarm(metadata["sui_image_params"])
        if _FOOOCUS_NAMES.intersection(metadata) and {"prompt", "Prompt"}.intersection(metadata):
            return "Fooocus", _parse_fooocus(metadata)
        if not metadata and (fields := parse_infotext(text)) is not None:
            return "A1111", fields
    return None


def _parse_swarm(metadata: Fields) -> Fields:
    swarm_names = {"negative_prompt": "negativeprompt", "cfg": "cfgscale"}
    fields = ("prompt", "negative_prompt", "model", "sampler", "seed", "steps", "cfg")
    return {name: metadata.get(swarm_names.get(name, name)) for name in fields}


def _parse_fooocus(metadata: Fields) -> Fields:
    return {
        "prompt": metadata.get("prompt") or metadata.get("Prompt"),
        "negative_prompt": metadata.get("negative_prompt") or metadata.get("Negative"),
        "model": metadata.get("base_model") or metadata.get("base_model_name"),
        "sampler": metadata.get("sampler") or metadata.get("sampler_name"),
        "seed": metadata.get("seed"),
        "steps": metadata.get("steps"),
        "cfg": metadata.get("cfg") or metadata.get("guidance_scale"),
    }
