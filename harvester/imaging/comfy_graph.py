"""Reader of a ComfyUI graph: what its sampler was given, right or not at all.

A graph is `{id: {"class_type": …, "inputs": {name: value or [id, output]}}}`, as ComfyUI writes it under `prompt`
(https://docs.comfy.org/development/api-development/workflow-json-format). Thousands of node classes exist. A value is
taken only from nodes whose meaning is known or follows from their inputs; if any other node stands between, the field
stays empty: a text before a random choice, a translation or a description by a model is not the prompt.
"""

from collections.abc import Callable, Iterator
from typing import Any

from harvester.imaging.comfy_start import find_first_samplers

Fields = dict[str, Any]

MAX_LOOKUPS, MAX_DEPTH = 1000, 100
"""The most nodes that are looked up in a graph, and the most of them in a row."""

_MAX_TEXT = 20_000  # characters
_PARTS = ("guider", "text_embeds", "pipe", "noise", "sampler", "sigmas")
"""Inputs of a sampler that lead to a node with further settings of it, the most specific first."""

_ROLES = {
    "positive": ("positive", "conditioning", "positive_prompt"),
    "negative": ("negative", "neg_conditioning", "negative_prompt"),
}
_ENCODED = ("text", "text_g", "clip_g", "text_l", "clip_l", "t5xxl", "llama", "prompt", "user_prompt", "bert", "mt5xl")
_CONSTANT = ("value", "string", "text", "prompt", "positive", "negative", "")
_MODELS = ("ckpt_name", "base_ckpt_name", "unet_name", "gguf_name", "model_name", "model_path")
_JOINING = ("concat", "combine", "average")
_PASSING = ("reroute", "showtext", "showanything", "preview", "display")
_SEPARATORS = ("delimiter", "separator")


class _UnknownValue(Exception):
    """The value depends on a node of unknown meaning, on chance, or on too many nodes."""


def parse_graph(graph: Fields) -> Fields:
    """The fields of the sampler that began the picture; of several such samplers those on which they agree."""
    readings = [_SamplerReader(graph).read(sampler) for sampler in find_first_samplers(graph)]
    first, *others = readings or [{}]
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}


class _SamplerReader:
    """Follows the links of one graph back from a sampler."""

    def __init__(self, graph: Fields) -> None:
        self._graph = graph
        self._lookups = 0
        self._depth = 0

    def read(self, sampler: str) -> Fields:
        """All fields; None for those that are not known."""
        inputs = self._merge_parts([sampler, 0])
        makers: dict[str, Callable[[], Any]] = {
            "prompt": lambda: self._prompt_of(inputs, "positive"),
            "negative_prompt": lambda: self._prompt_of(inputs, "negative"),
            "model": lambda: self._model_in(inputs),
            "sampler": lambda: self._scalar(inputs.get("sampler_name"), "sampler_name"),
            "seed": lambda: self._seed(inputs),
            "steps": lambda: self._scalar(inputs.get("steps"), "steps"),
            "cfg": lambda: self._scalar(inputs.get("cfg"), "cfg"),
        }
        fields: Fields = {}
        for name, make in makers.items():
            self._lookups = self._depth = 0
            try:
                fields[name] = make()
            except _UnknownValue:
                fields[name] = None
        return fields

    def _node(self, link: Any) -> tuple[str, Fields, Any]:
        """The class in lower case, the inputs, and the number of the output. Raises _UnknownValue."""
        self._lookups += 1
        node = self._graph.get(str(link[0])) if isinstance(link, list) and len(link) == 2 else None
        if not isinstance(node, dict) or self._lookups > MAX_LOOKUPS or self._depth > MAX_DEPTH:
            raise _UnknownValue
        inputs = node.get("inputs")
        class_type = str(node.get("class_type")).lower().replace(" ", "")
        return class_type, inputs if isinstance(inputs, dict) else {}, link[1]

    def _merge_parts(self, link: Any) -> Fields:
        """The inputs of a sampler and of the nodes that hold further settings of it; the nearer ones win."""
        try:
            _, inputs, _ = self._node(link)
        except _UnknownValue:
            return {}
        merged = dict(inputs)
        self._depth += 1
        for name in _PARTS:
            for key, value in self._merge_parts(inputs.get(name)).items():
                merged.setdefault(key, value)
        self._depth -= 1
        return merged

    def _prompt_of(self, inputs: Fields, role: str) -> str | None:
        if "cond1" in inputs and role == "positive":  # DualCFGGuider
            texts = [*self._texts(inputs["cond1"], role), *self._texts(inputs.get("cond2"), role)]
        else:
            value = next((inputs[name] for name in _ROLES[role] if name in inputs), None)
            texts = [] if value is None else self._texts(value, role)
        return "\n".join(dict.fromkeys(filter(None, map(str.strip, texts))))

    def _texts(self, value: Any, role: str) -> list[str]:
        """The texts of a conditioning, in order; none if it is zeroed out."""
        if isinstance(value, str):
            return [value[:_MAX_TEXT]]
        class_type, inputs, output = self._node(value)
        if "zeroout" in class_type:
            return []
        self._depth += 1
        texts = [text for source in self._sources(class_type, inputs, output, role) for text in source]
        self._depth -= 1
        return texts

    def _sources(self, class_type: str, inputs: Fields, output: Any, role: str) -> Iterator[list[str]]:
        own = next((inputs[name] for name in (role, f"{role}_prompt") if name in inputs), None)
        conditionings = [value for name, value in inputs.items() if name.startswith("cond") and isinstance(value, list)]
        encoded = self._encoded(inputs) if "encode" in class_type else []
        if own is not None:
            if isinstance(own, list) and output == ("negative", "positive").index(role):
                raise _UnknownValue  # the output of the other role was linked, or the node counts in another way
            yield self._texts(own, role)
        elif encoded or conditionings:
            yield from ([self._text(value)] for value in encoded)
            if len(conditionings) > 1 and not any(word in class_type for word in _JOINING):
                raise _UnknownValue
            yield from (self._texts(value, role) for value in conditionings)
        else:
            ((_, value),) = inputs.items() if len(inputs) == 1 else [("", None)]
            if not isinstance(value, list):
                raise _UnknownValue
            yield self._texts(value, role)

    @staticmethod
    def _encoded(inputs: Fields) -> list[Any]:
        names = ("populated_text",) if "populated_text" in inputs else _ENCODED
        return [inputs[name] for name in names if name in inputs]

    def _text(self, value: Any) -> str:
        """A text, also of nodes that hold or join texts."""
        if isinstance(value, str):
            return value[:_MAX_TEXT]
        class_type, inputs, _ = self._node(value)
        self._depth += 1
        text = self._text_of_node(class_type, inputs)
        self._depth -= 1
        return text

    def _text_of_node(self, class_type: str, inputs: Fields) -> str:
        if "populated_text" in inputs:  # wildcards after the choice; `wildcard_text` is before it
            return self._text(inputs["populated_text"])
        if "concat" in class_type:
            return self._concatenate(inputs)
        links = [part for part in inputs.values() if isinstance(part, list)]
        if len(links) == 1 and any(word in class_type for word in _PASSING):
            return self._text(links[0])
        ((name, part),) = inputs.items() if len(inputs) == 1 else [("", None)]
        if isinstance(part, str) and name.lower() in _CONSTANT:
            return self._text(part)
        raise _UnknownValue

    def _concatenate(self, inputs: Fields) -> str:
        separators = [self._text(inputs[name]) for name in _SEPARATORS if name in inputs]
        parts = [self._text(part) for name, part in inputs.items() if name not in (*_SEPARATORS, "clean_whitespace")]
        if "clean_whitespace" in inputs:  # the node of the WAS suite, which leaves out empty texts
            is_clean = str(inputs["clean_whitespace"]).lower() == "true"
            parts = list(filter(None, map(str.strip, parts) if is_clean else parts))
        return "".join(separators).replace("\\n", "\n").join(parts)[:_MAX_TEXT]

    def _scalar(self, value: Any, name: str) -> Any:
        """A number or a name, also of a node that holds nothing else or has an input of that name."""
        if value is None or isinstance(value, (str, int, float)):
            return value
        class_type, inputs, _ = self._node(value)
        self._depth += 1
        links = [part for part in inputs.values() if isinstance(part, list)]
        numbers = [part for part in inputs.values() if isinstance(part, (int, float)) and not isinstance(part, bool)]
        if any(key.lower().startswith(("min", "max")) for key in inputs):  # a random number, of which the seed is known
            raise _UnknownValue
        if name in inputs:
            part = inputs[name]
        elif len(numbers) == 1 and not links:
            part = numbers[0]
        elif len(links) == 1 and any(word in class_type for word in _PASSING):
            part = links[0]
        else:
            raise _UnknownValue
        found = self._scalar(part, name)
        self._depth -= 1
        return found

    def _seed(self, inputs: Fields) -> Any:
        name = "noise_seed" if "noise_seed" in inputs else "seed"
        seed = self._scalar(inputs.get(name), "seed")
        return None if isinstance(seed, (int, float)) and seed < 0 else seed  # -1 stands for a random one

    def _model_in(self, inputs: Fields) -> Any:
        """The name of a file: of the loader at the end of the links named `model`."""
        link = inputs.get("model")
        if isinstance(link, str):
            return link
        for name in _MODELS if link is None else ():
            value = inputs.get(name)
            value = value.get("content") if isinstance(value, dict) else value
            if value is not None:
                return self._scalar(value, name)
        if link is None and len(inputs) == 1:
            link = next(iter(inputs.values()))
        _, inputs, _ = self._node(link)
        self._depth += 1
        model = self._model_in(inputs)
        self._depth -= 1
        return model
