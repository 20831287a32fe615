"""What the texts of each generating program mean. Every value may be of any type; nothing here raises."""

import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

Texts = Mapping[str, str]
Found = dict[str, Any]

DEEPEST = 50
"""Links followed in a ComfyUI graph from a sampler to its prompt."""

_SETTINGS_LINE = 20_000  # characters


def read(texts: Texts) -> tuple[str, Found] | None:
    """The program's name and what it says; None where no text is one of a known program."""
    for reader in (_novelai, _invokeai, _comfyui, _swarm_or_a1111):
        if (found := reader(texts)) is not None:
            return found
    return None


def _json(text: str | None) -> Any:
    """The value, or None. ComfyUI writes NaN, which is no JSON."""
    if not text or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None


def _object(text: str | None) -> dict[str, Any]:
    value = _json(text)
    return value if isinstance(value, dict) else {}


def _novelai(texts: Texts) -> tuple[str, Found] | None:
    comment = _object(texts.get("Comment"))
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


def _invokeai(texts: Texts) -> tuple[str, Found] | None:
    if "invokeai_metadata" in texts:
        told = _object(texts["invokeai_metadata"])
        model = told.get("model") if isinstance(told.get("model"), dict) else {}
        assert isinstance(model, dict)
        return "InvokeAI", {
            "prompt": told.get("positive_prompt"),
            "negative_prompt": told.get("negative_prompt"),
            "model": model.get("name") or model.get("model_name"),
            "sampler": told.get("scheduler"),
            "seed": told.get("seed"),
            "steps": told.get("steps"),
            "cfg": told.get("cfg_scale"),
        }
    if "sd-metadata" in texts:
        return "InvokeAI", _old_invokeai(_object(texts["sd-metadata"]))
    return ("InvokeAI", {"prompt": texts["Dream"]}) if "Dream" in texts else None


def _old_invokeai(told: Found) -> Found:
    image = told.get("image") if isinstance(told.get("image"), dict) else {}
    assert isinstance(image, dict)
    prompt = image.get("prompt")
    if isinstance(prompt, list) and prompt and isinstance(prompt[0], dict):
        prompt = prompt[0].get("prompt")
    names = {"model": told.get("model_weights"), "sampler": image.get("sampler"), "seed": image.get("seed")}
    return {"prompt": prompt, "steps": image.get("steps"), "cfg": image.get("cfg_scale"), **names}


def _comfyui(texts: Texts) -> tuple[str, Found] | None:
    for name in ("prompt", "UserComment", "Make", "Model", "ImageDescription"):
        text = texts.get(name, "")
        graph = _object(text[text.find("{") :] if text.lower().startswith("prompt:") else text)
        if isinstance(graph.get("prompt"), dict):
            graph = graph["prompt"]
        if any(isinstance(node, dict) and "class_type" in node for node in graph.values()):
            return "ComfyUI", _graph(graph)
    return ("ComfyUI", {}) if isinstance(_object(texts.get("workflow")).get("nodes"), list) else None


def _graph(graph: Found) -> Found:
    """Of the first sampler that has a prompt; its prompts and its model are found along its links."""
    found: Found = {}
    for node in graph.values():
        inputs = _inputs(node)
        if "Sampler" in str(node.get("class_type") if isinstance(node, dict) else "") and "positive" in inputs:
            found = {
                "prompt": _along(graph, inputs["positive"], _prompt),
                "negative_prompt": _along(graph, inputs.get("negative"), _prompt),
                "model": _along(graph, inputs.get("model"), _model),
                "sampler": inputs.get("sampler_name"),
                "seed": inputs.get("seed", inputs.get("noise_seed")),
                "steps": inputs.get("steps"),
                "cfg": inputs.get("cfg"),
            }
            if found["prompt"]:
                return found
    return found


def _inputs(node: Any) -> Found:
    inputs = node.get("inputs") if isinstance(node, dict) else None
    return inputs if isinstance(inputs, dict) else {}


def _along(graph: Found, link: Any, wanted: Callable[[Found], str | None]) -> str | None:
    """The first value of its kind on the way back from an input; a link is [node, output]."""
    seen: set[str] = set()
    ahead = deque([link])
    while ahead and len(seen) < DEEPEST:
        link = ahead.popleft()
        if not (isinstance(link, list) and link) or str(link[0]) in seen:
            continue
        seen.add(str(link[0]))
        inputs = _inputs(graph.get(str(link[0])))
        if value := wanted(inputs):
            return value
        ahead += [value for value in inputs.values() if isinstance(value, list)]
    return None


def _prompt(inputs: Found) -> str | None:
    texts = (inputs.get(name) for name in ("text", "text_g", "prompt", "string", "value", "t5xxl"))
    return next((text for text in texts if isinstance(text, str) and text.strip()), None)


def _model(inputs: Found) -> str | None:
    names = (inputs.get(name) for name in ("ckpt_name", "unet_name", "model_name"))
    return next((name for name in names if isinstance(name, str)), None)


def _swarm_or_a1111(texts: Texts) -> tuple[str, Found] | None:
    for name in ("parameters", "UserComment", "Comment", "ImageDescription"):
        text = texts.get(name, "")
        told = _object(text)
        if isinstance(told.get("sui_image_params"), dict):
            return "SwarmUI", _swarm(told["sui_image_params"])
        if name == "parameters" and "prompt" in told:
            return "Fooocus", _fooocus(told)
        if (found := _infotext(text)) is not None:
            return "A1111", found
    return None


def _swarm(told: Found) -> Found:
    names = {"negative_prompt": "negativeprompt", "cfg": "cfgscale"}
    kept = ("prompt", "negative_prompt", "model", "sampler", "seed", "steps", "cfg")
    return {name: told.get(names.get(name, name)) for name in kept}


def _fooocus(told: Found) -> Found:
    return {
        "prompt": told.get("prompt") or told.get("Prompt"),
        "negative_prompt": told.get("negative_prompt") or told.get("Negative"),
        "model": told.get("base_model") or told.get("base_model_name"),
        "sampler": told.get("sampler") or told.get("sampler_name"),
        "seed": told.get("seed"),
        "steps": told.get("steps"),
        "cfg": told.get("cfg") or told.get("guidance_scale"),
    }


def _infotext(text: str) -> Found | None:
    """Prompt, then `Negative prompt: …`, then one line `Steps: 20, Sampler: …, Seed: …`."""
    lines = text.strip().splitlines()
    at = next((number for number in range(len(lines) - 1, -1, -1) if lines[number].startswith("Steps: ")), None)
    if at is None:
        return None
    settings: Found = {}
    for part in lines[at][:_SETTINGS_LINE].split(", "):
        name, _, value = part.partition(": ")
        settings.setdefault(name, value)
    prompt, _, negative = "\n".join(lines[:at]).partition("Negative prompt: ")
    return {
        "prompt": prompt.strip(),
        "negative_prompt": negative.strip(),
        "model": settings.get("Model"),
        "sampler": settings.get("Sampler"),
        "seed": settings.get("Seed"),
        "steps": settings.get("Steps"),
        "cfg": settings.get("CFG scale"),
    }
