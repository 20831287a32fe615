"""Search for the samplers of a ComfyUI graph that began the saved picture."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MAX_SAMPLERS, MAX_LINKS = 20, 20_000
"""Graphs with more of them are not searched."""

_LATENT = ("latent_image", "latent", "samples", "image", "pixels")
_GUIDANCE = ("positive", "conditioning", "guider", "text_embeds", "pipe")
_SAVING, _SHOWING = ("save", "videocombine"), ("preview",)


def find_first_samplers(graph: Mapping[str, Any]) -> list[str]:
    """Ids of the samplers that lead to a saved picture and do not go on with the latent image of another sampler.

    So of two passes the first one counts, and nodes that nothing saves do not. There are several if they run side by
    side. None if the graph is too large.
    """
    links = {number: _links_of(node) for number, node in graph.items()}
    samplers = [number for number, node in graph.items() if _is_sampler(node)]
    if len(samplers) > MAX_SAMPLERS or sum(map(len, links.values())) > MAX_LINKS:
        return []
    saving, showing = (
        [number for number, node in graph.items() if any(word in _class_of(node) for word in words)]
        for words in (_SAVING, _SHOWING)
    )
    used = _find_ancestors(links, saving or showing)
    if saving or used.intersection(samplers):
        samplers = [number for number in samplers if number in used]
    return [
        number
        for number in samplers
        if not _find_ancestors(links, _links_of(graph[number], _LATENT)).intersection(samplers)
    ]


def _is_sampler(node: Any) -> bool:
    return "sampler" in _class_of(node) and any(name in _inputs_of(node) for name in _GUIDANCE)


def _class_of(node: Any) -> str:
    return str(node.get("class_type")).lower() if isinstance(node, dict) else ""


def _inputs_of(node: Any) -> Mapping[str, Any]:
    inputs = node.get("inputs") if isinstance(node, dict) else None
    return inputs if isinstance(inputs, dict) else {}


def _links_of(node: Any, names: Iterable[str] | None = None) -> list[str]:
    """Ids of the nodes that the inputs of a node are linked to."""
    inputs = _inputs_of(node)
    values = inputs.values() if names is None else [inputs.get(name) for name in names]
    return [str(value[0]) for value in values if isinstance(value, list) and len(value) == 2]


def _find_ancestors(links: Mapping[str, Sequence[str]], starts: Iterable[str]) -> set[str]:
    """The starts and everything that they depend on."""
    ancestors: set[str] = set()
    queue = list(starts)
    while queue:
        if (number := queue.pop()) not in ancestors:
            ancestors.add(number)
            queue += links.get(number, ())
    return ancestors
