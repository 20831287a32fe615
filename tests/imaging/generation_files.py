"""Builders of small files with generation data, and the form of a case with its right answer."""

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

_EXIF_IFD, _USER_COMMENT, _MODEL = 0x8769, 0x9286, 0x0110
_ASCII, _LONG, _UNDEFINED = 2, 4, 7

Node = dict[str, Any]
Graph = dict[str, Node]


@dataclass(frozen=True)
class Case:
    """A file and what a person reads in it; a field that is missing is not in the file, or cannot be known."""

    name: str
    make: Callable[[], bytes]
    tool: str
    fields: Mapping[str, str] = field(default_factory=dict)


def picture() -> Image.Image:
    """The pixels do not matter."""
    return Image.new("RGB", (8, 8), "teal")


def png(texts: Mapping[str, str]) -> bytes:
    """A PNG with text chunks; iTXt for texts that are not ASCII."""
    info = PngInfo()
    for keyword, text in texts.items():
        (info.add_text if text.isascii() else info.add_itxt)(keyword, text)
    file = BytesIO()
    picture().save(file, "PNG", pnginfo=info)
    return file.getvalue()


def with_user_comment(comment: bytes, file_format: str = "JPEG", model: str = "") -> bytes:
    """A file with an EXIF UserComment, of the type that EXIF wants, and a Model of four letters or more."""
    text = model.encode() + b"\0"
    tag_count = 2 if model else 1
    text_at = 8 + 2 + 12 * tag_count + 4
    ifd_at = text_at + len(text)
    exif = struct.pack("<2sHIH", b"II", 42, 8, tag_count)
    exif += struct.pack("<HHII", _MODEL, _ASCII, len(text), text_at) if model else b""
    exif += struct.pack("<HHIII", _EXIF_IFD, _LONG, 1, ifd_at, 0) + text
    exif += struct.pack("<HHHIII", 1, _USER_COMMENT, _UNDEFINED, len(comment), ifd_at + 18, 0) + comment
    file = BytesIO()
    picture().save(file, file_format, exif=b"Exif\0\0" + exif)
    return file.getvalue()


def unicode_comment(text: str, codec: str = "utf-16-be") -> bytes:
    """A UserComment as A1111 writes it."""
    return b"UNICODE\0" + text.encode(codec)


def node(class_type: str, **inputs: Any) -> Node:
    """A node of a ComfyUI graph."""
    return {"class_type": class_type, "inputs": inputs}


def to(number: str, output: int = 0) -> list[Any]:
    """A link to an output of a node."""
    return [number, output]


def encode(text: Any) -> Node:
    """The node that makes a conditioning of a prompt."""
    return node("CLIPTextEncode", text=text, clip=to("4", 1))


def base_graph(**changed: Node | None) -> Graph:
    """ComfyUI's first example, with nodes changed, added, or left out (None); keys are `n` and the number."""
    graph: dict[str, Node | None] = {
        "n3": node("KSampler", seed=42, steps=20, cfg=7.5, sampler_name="euler", scheduler="normal", denoise=1,
                   model=to("4"), positive=to("6"), negative=to("7"), latent_image=to("5")),
        "n4": node("CheckpointLoaderSimple", ckpt_name="mist.safetensors"),
        "n5": node("EmptyLatentImage", width=64, height=64, batch_size=1),
        "n6": encode("a castle"),
        "n7": encode("blurry"),
        "n8": node("VAEDecode", samples=to("3"), vae=to("4", 2)),
        "n9": node("SaveImage", filename_prefix="ComfyUI", images=to("8")),
    }  # fmt: skip
    return {number[1:]: made for number, made in (graph | changed).items() if made is not None}


def sampler(**changed: Any) -> Node:
    """The sampler of the first example with inputs changed, or left out (None)."""
    inputs = base_graph()["3"]["inputs"] | changed
    return node("KSampler", **{name: value for name, value in inputs.items() if value is not None})


def comfy_png(graph: Graph, **texts: str) -> bytes:
    """A PNG as ComfyUI saves it; the workflow lists the nodes and links of the graph, as other readers want it."""
    return png({"prompt": json.dumps(graph), "workflow": json.dumps(_workflow(graph)), **texts})


_LINK_TYPES = {"model": "MODEL", "clip": "CLIP", "vae": "VAE", "latent_image": "LATENT", "samples": "LATENT",
               "images": "IMAGE", "text": "STRING", "seed": "INT", "guider": "GUIDER", "noise": "NOISE"}  # fmt: skip


def _workflow(graph: Graph) -> dict[str, Any]:
    links = [
        [number, value[0], value[1], target, slot, _LINK_TYPES.get(name, "CONDITIONING")]
        for number, (target, slot, name, value) in enumerate(
            (target, slot, name, value)
            for target, made in graph.items()
            for slot, (name, value) in enumerate(made["inputs"].items())
            if isinstance(value, list)
        )
    ]
    return {"nodes": [{"id": number, "type": made["class_type"]} for number, made in graph.items()], "links": links}
