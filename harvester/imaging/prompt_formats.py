"""Parsers for the texts of each generating program. Every value may be of any type; nothing here raises."""

import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

Texts = Mapping[str, str]
Fields = dict[str, Any]

MAX_LINKS_FOLLOWED = 50
"""The most links that are followed in a ComfyUI graph from a sampler to its prompt."""

_MAX_SETTINGS_CHARS = 20_000  # characters


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


def _parse_json_object(text: str | None) -> dict[str, Any]:
    value = _parse_json(text)
    return value if isinstance(value, dict) else {}


def _parse_novelai(texts: Texts) -> tuple[str, Fields] | None:
    comment = _parse_json_object(texts.get("Comment"))
    if "uc" not in comment and not texts.get("Software", "").startswith("NovelAI"):
        return None
    return "NovelAI", {
        "prompt": comment.get("prompt") or texts.get("Description"),
        "negative_prompt": comment.get("uc"),
        "sampler": comment.get("sampler"),
        "seed": comment.get("seed"),
        "steps": comment.get("steps"),
        "cfg": comment.get("scale"),
    }


def _parse_invokeai(texts: Texts) -> tuple[str, Fields] | None:
    if "invokeai_metadata" in texts:
        metadata = _parse_json_object(texts["invokeai_metadata"])
        model = metadata.get("model") if isinstance(metadata.get("model"), dict) else {}
        assert isinstance(model, dict)
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
    return ("InvokeAI", {"prompt": texts["Dream"]}) if "Dream" in texts else None


def _parse_old_invokeai(metadata: Fields) -> Fields:
    image = metadata.get("image") if isinstance(metadata.get("image"), dict) else {}
    assert isinstance(image, dict)
    prompt = image.get("prompt")
    if isinstance(prompt, list) and prompt and isinstance(prompt[0], dict):
        prompt = prompt[0].get("prompt")
    others = {"model": metadata.get("model_weights"), "sampler": image.get("sampler"), "seed": image.get("seed")}
    return {"prompt": prompt, "steps": image.get("steps"), "cfg": image.get("cfg_scale"), **others}


def _parse_comfyui(texts: Texts) -> tuple[str, Fields] | None:
    for name in ("prompt", "UserComment", "Make", "Model", "ImageDescription"):
        text = texts.get(name, "")
        graph = _parse_json_object(text[text.find("{") :] if text.lower().startswith("prompt:") else text)
        if isinstance(graph.get("prompt"), dict):
            graph = graph["prompt"]
        if any(isinstance(node, dict) and "class_type" in node for node in graph.values()):
            return "ComfyUI", _parse_graph(graph)
    return ("ComfyUI", {}) if isinstance(_parse_json_object(texts.get("workflow")).get("nodes"), list) else None


def _parse_graph(graph: Fields) -> Fields:
    """The fields of the first sampler that has a prompt; its links lead to its prompts and its model."""
    fields: Fields = {}
    for node in graph.values():
        inputs = _inputs_of(node)
        if "Sampler" in str(node.get("class_type") if isinstance(node, dict) else "") and "positive" in inputs:
            fields = {
                "prompt": _follow_links(graph, inputs["positive"], _prompt_in),
                "negative_prompt": _follow_links(graph, inputs.get("negative"), _prompt_in),
                "model": _follow_links(graph, inputs.get("model"), _model_in),
                "sampler": inputs.get("sampler_name"),
                "seed": inputs.get("seed", inputs.get("noise_seed")),
                "steps": inputs.get("steps"),
                "cfg": inputs.get("cfg"),
            }
            if fields["prompt"]:
                return fields
    return fields


def _inputs_of(node: Any) -> Fields:
    inputs = node.get("inputs") if isinstance(node, dict) else None
    return inputs if isinstance(inputs, dict) else {}


def _follow_links(graph: Fields, link: Any, extract: Callable[[Fields], str | None]) -> str | None:
    """The first value that `extract` finds on the way back from an input; a link is [node, output]."""
    visited: set[str] = set()
    queue = deque([link])
    while queue and len(visited) < MAX_LINKS_FOLLOWED:
        link = queue.popleft()
        if not (isinstance(link, list) and link) or str(link[0]) in visited:
            continue
        visited.add(str(link[0]))
        inputs = _inputs_of(graph.get(str(link[0])))
        if value := extract(inputs):
            return value
        queue += [value for value in inputs.values() if isinstance(value, list)]
    return None


def _prompt_in(inputs: Fields) -> str | None:
    texts = (inputs.get(name) for name in ("text", "text_g", "prompt", "string", "value", "t5xxl"))
    return next((text for text in texts if isinstance(text, str) and text.strip()), None)


def _model_in(inputs: Fields) -> str | None:
    names = (inputs.get(name) for name in ("ckpt_name", "unet_name", "model_name"))
    return next((name for name in names if isinstance(name, str)), None)


def _parse_swarm_or_a1111(texts: Texts) -> tuple[str, Fields] | None:
    for name in ("parameters", "UserComment", "Comment", "ImageDescription"):
        text = texts.get(name, "")
        metadata = _parse_json_object(text)
        if isinstance(metadata.get("sui_image_params"), dict):
            return "SwarmUI", _parse_swarm(metadata["sui_image_params"])
        if name == "parameters" and "prompt" in metadata:
            return "Fooocus", _parse_fooocus(metadata)
        if (fields := _parse_infotext(text)) is not None:
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


def _parse_infotext(text: str) -> Fields | None:
    """Parse A1111's text: prompt, `Negative prompt: …`, and one line `Steps: 20, Sampler: …, Seed: …`."""
    lines = text.strip().splitlines()
    line_no = next((number for number in range(len(lines) - 1, -1, -1) if lines[number].startswith("Steps: ")), None)
    if line_no is None:
        return None
    settings: Fields = {}
    for part in lines[line_no][:_MAX_SETTINGS_CHARS].split(", "):
        name, _, value = part.partition(": ")
        settings.setdefault(name, value)
    prompt, _, negative = "\n".join(lines[:line_no]).partition("Negative prompt: ")
    return {
        "prompt": prompt.strip(),
        "negative_prompt": negative.strip(),
        "model": settings.get("Model"),
        "sampler": settings.get("Sampler"),
        "seed": settings.get("Seed"),
        "steps": settings.get("Steps"),
        "cfg": settings.get("CFG scale"),
    }
