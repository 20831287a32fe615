"""Generation data in files: each program's way of writing it, and files that were made to hurt."""

import json
import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from harvester.imaging.embedded import GENERATION_FIELDS, MAX_RAW_CHARS, read_generation_data
from harvester.imaging.text_chunks import MAX_TEXT_BYTES, read_texts

INFOTEXT = (
    "a castle, <lora:mist:0.6>\nat dawn\nNegative prompt: blurry\n"
    'Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 64x64, Model: mist, Lora hashes: "a: b, Seed: 9"'
)
FROM_INFOTEXT = {"prompt": "a castle, <lora:mist:0.6>\nat dawn", "negative_prompt": "blurry", "model": "mist",
                 "sampler": "Euler a", "seed": "42", "steps": "20", "cfg": "7"}  # fmt: skip
GRAPH = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 42, "steps": 20, "cfg": float("nan"), "sampler_name": "euler",
          "model": ["10", 0], "positive": ["8", 0], "negative": ["7", 0]}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "mist.safetensors"}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a castle", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}},
    "8": {"class_type": "ConditioningCombine", "inputs": {"conditioning_1": ["6", 0], "conditioning_2": ["6", 0]}},
    "10": {"class_type": "LoraLoader", "inputs": {"model": ["4", 0]}},
}  # fmt: skip
FROM_GRAPH = {"prompt": "a castle", "negative_prompt": "blurry", "model": "mist.safetensors", "sampler": "euler",
              "seed": "42", "steps": "20"}  # fmt: skip
NOVELAI = {"prompt": "a castle", "uc": "blurry", "sampler": "k_euler", "seed": 42, "steps": 28, "scale": 5.5}
INVOKEAI = {"positive_prompt": "a castle", "negative_prompt": "blurry", "seed": 42, "scheduler": "euler", "steps": 30,
            "cfg_scale": 7.5, "model": {"name": "mist"}}  # fmt: skip
OLD_INVOKEAI = {"model_weights": "mist", "image": {"prompt": [{"prompt": "a castle", "weight": 1}], "seed": 42,
                "sampler": "k_lms", "steps": 50, "cfg_scale": 7.5}}  # fmt: skip
SWARM = {"sui_image_params": {"prompt": "a castle", "negativeprompt": "blurry", "model": "mist", "seed": 42,
         "steps": 20, "cfgscale": 7, "sampler": "euler"}}  # fmt: skip


def _picture() -> Image.Image:
    return Image.new("RGB", (8, 8), "teal")


def _png(texts: dict[str, str], *, packed: bool = False) -> bytes:
    info = PngInfo()
    for keyword, text in texts.items():
        (info.add_text if text.isascii() else info.add_itxt)(keyword, text, zip=packed)
    file = BytesIO()
    _picture().save(file, "PNG", pnginfo=info)
    return file.getvalue()


def _with_exif(file_format: str, tags: dict[int, Any], comment: bytes | None = None) -> bytes:
    exif = Image.Exif()
    exif.update(tags)
    if comment is not None:
        exif.get_ifd(0x8769)[0x9286] = comment
    file = BytesIO()
    _picture().save(file, file_format, exif=exif)
    return file.getvalue()


def _tool_and_fields(data: bytes) -> tuple[str, dict[str, str]]:
    metadata = read_generation_data(data)
    assert metadata is not None
    return metadata["tool"], {name: metadata[name] for name in GENERATION_FIELDS if name in metadata}


@pytest.mark.parametrize(
    ("texts", "tool", "fields"),
    [
        ({"parameters": INFOTEXT}, "A1111", FROM_INFOTEXT),
        ({"parameters": INFOTEXT.replace("castle", "城")}, "A1111",
         FROM_INFOTEXT | {"prompt": "a 城, <lora:mist:0.6>\nat dawn"}),
        ({"prompt": json.dumps(GRAPH), "workflow": "{}"}, "ComfyUI", FROM_GRAPH),
        ({"workflow": '{"nodes": []}'}, "ComfyUI", {}),
        ({"Software": "NovelAI", "Comment": json.dumps(NOVELAI)}, "NovelAI",
         {"prompt": "a castle", "negative_prompt": "blurry", "sampler": "k_euler", "seed": "42", "steps": "28",
          "cfg": "5.5"}),
        ({"invokeai_metadata": json.dumps(INVOKEAI)}, "InvokeAI",
         {"prompt": "a castle", "negative_prompt": "blurry", "model": "mist", "sampler": "euler", "seed": "42",
          "steps": "30", "cfg": "7.5"}),
        ({"sd-metadata": json.dumps(OLD_INVOKEAI)}, "InvokeAI",
         {"prompt": "a castle", "model": "mist", "sampler": "k_lms", "seed": "42", "steps": "50", "cfg": "7.5"}),
        ({"parameters": json.dumps(SWARM)}, "SwarmUI",
         {"prompt": "a castle", "negative_prompt": "blurry", "model": "mist", "sampler": "euler", "seed": "42",
          "steps": "20", "cfg": "7"}),
        ({"parameters": '{"prompt": "a castle", "base_model": "mist", "seed": "42"}'}, "Fooocus",
         {"prompt": "a castle", "model": "mist", "seed": "42"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("packed", [False, True])
def test_each_program_is_read_from_png(texts: dict[str, str], tool: str, fields: dict[str, str], packed: bool) -> None:
    """Plain and compressed text chunks."""
    assert _tool_and_fields(_png(texts, packed=packed)) == (tool, fields)


@pytest.mark.parametrize("file_format", ["JPEG", "WEBP", "PNG"])
@pytest.mark.parametrize(
    "comment",
    [
        b"UNICODE\0" + INFOTEXT.encode("utf-16-be"),
        b"UNICODE\0" + INFOTEXT.encode("utf-16-le"),
        b"ASCII\0\0\0" + INFOTEXT.encode(),
        b"\0\0\0\0\0\0\0\0" + INFOTEXT.encode(),
        INFOTEXT.encode(),
    ],
)
def test_the_user_comment_is_read_whatever_its_encoding(file_format: str, comment: bytes) -> None:
    """EXIF of JPEG, WebP and PNG; UTF-16 of either order, ASCII, undefined, no prefix at all."""
    assert _tool_and_fields(_with_exif(file_format, {0x013B: "ai"}, comment)) == ("A1111", FROM_INFOTEXT)


def test_comfyui_in_exif() -> None:
    """WebP files carry the graph in Model and Make; files made on Civitai in UserComment, with extra data."""
    tags = {0x0110: "prompt:" + json.dumps(GRAPH), 0x010F: "workflow:{}"}
    assert _tool_and_fields(_with_exif("WEBP", tags)) == ("ComfyUI", FROM_GRAPH)
    comment = b"UNICODE\0" + json.dumps({**GRAPH, "extraMetadata": "{}"}).encode("utf-16-be")
    assert _tool_and_fields(_with_exif("JPEG", {}, comment)) == ("ComfyUI", FROM_GRAPH)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no picture",
        _png({}),
        _png({"Software": "GIMP", "Comment": "made with care"}),
        _with_exif("JPEG", {0x010F: "Farsite Cameras", 0x0110: "F-1"}),
        _png({"sd-metadata": "", "Comment": "[" * 100_000}),
    ],
)
def test_pictures_without_generation_data_have_none(data: bytes) -> None:
    """Cameras and painting programs are no generators, and neither is broken JSON."""
    assert read_generation_data(data) is None


def test_long_texts_are_left_out() -> None:
    """What was understood is kept, the raw text only up to a size; its length is given."""
    workflow = json.dumps({"nodes": ["x" * MAX_RAW_CHARS]})
    metadata = read_generation_data(_png({"prompt": json.dumps(GRAPH), "workflow": workflow}))
    assert metadata is not None
    assert metadata["left_out"] == {"workflow": len(workflow)}
    assert list(metadata["raw"]) == ["prompt"]


def test_a_text_that_unpacks_to_gigabytes_is_not_unpacked() -> None:
    """One megabyte of zeros would be a gigabyte; it is left out, at once."""
    body = b"parameters\0\0" + zlib.compress(bytes(MAX_TEXT_BYTES + 1), 9)
    png = _png({})
    bomb = png[:33] + struct.pack(">I", len(body)) + b"zTXt" + body + bytes(4) + png[33:]
    assert read_texts(bomb) == {}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ({"parameters": "a castle at dawn"}, "parameters"),
        ({"prompt": "{"}, "prompt"),
        ({"invokeai_workflow": "[" * 1000}, "invokeai_workflow"),
    ],
)
def test_texts_that_are_not_understood_are_kept(text: dict[str, str], kept: str) -> None:
    """Without a tool, as nobody knows which it was; a camera's name beside them is not kept."""
    assert read_generation_data(_png({**text, "Software": "GIMP"})) == {"raw": {kept: text[kept]}}


def _graph_of(nodes: dict[str, Any]) -> dict[str, Any]:
    sampler = {"positive": ["0", 0], "negative": ["0", 0], "model": ["0", 0], "seed": 1}
    return nodes | {"x": {"class_type": "KSampler", "inputs": sampler}}


def _chain(length: int, *names: str) -> dict[str, Any]:
    return {
        str(n): {"class_type": "ConditioningCombine", "inputs": {name: [str(n + 1), 0] for name in names}}
        for n in range(length)
    }


@pytest.mark.parametrize(
    ("nodes", "fields"),
    [
        (_chain(50_000, "conditioning_1"), {}),
        (_chain(900, "conditioning_1"), {"seed": "1"}),
        (_chain(60, "conditioning_1", "conditioning_2"), {"seed": "1"}),
        ({"0": {"class_type": "Reroute", "inputs": {"": ["0", 0]}}}, {"seed": "1"}),
        ({"0": {"class_type": "Concat", "inputs": {"text": ["x", 0], "conditioning": ["x", 0]}}}, {"seed": "1"}),
        ({"0": {"class_type": 7, "inputs": [1]}}, {"seed": "1"}),
    ],
)
def test_endless_graphs_are_abandoned(nodes: dict[str, Any], fields: dict[str, str]) -> None:
    """A graph of fifty thousand nodes, a long chain, 2**60 paths, links in circles, nodes of wrong types."""
    assert _tool_and_fields(_png({"prompt": json.dumps(_graph_of(nodes))})) == ("ComfyUI", fields)


HEADS = st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"\xff\xd8\xff\xe1\0\x40Exif\0\0II*\0\x08\0\0\0",
                         b"RIFF\0\0\0\0WEBPEXIF\x40\0\0\0MM\0*\0\0\0\x08", b""])  # fmt: skip


@given(head=HEADS, rest=st.binary(max_size=300))
def test_no_bytes_raise(head: bytes, rest: bytes) -> None:
    """Whatever stands behind a good beginning."""
    read_generation_data(head + rest)


@given(at=st.integers(0, 600), byte=st.integers(0, 255), end=st.integers(1, 700))
def test_no_damage_raises(at: int, byte: int, end: int) -> None:
    """A good file with one byte changed, cut somewhere."""
    for data in (
        _with_exif("JPEG", {0x010F: "x"}, b"UNICODE\0" + INFOTEXT.encode("utf-16-be")),
        _png({"parameters": INFOTEXT}),
    ):
        damaged = bytearray(data)
        damaged[at % len(damaged)] = byte
        read_generation_data(bytes(damaged[:end]))


@given(
    st.dictionaries(
        st.sampled_from(["parameters", "prompt", "Comment", "invokeai_metadata", "sd-metadata", "Software"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["prompt", "uc", "inputs", "class_type", "positive", "model", "image", "a"]), inner
                )
            ),
        ).map(json.dumps),
    )
)
def test_no_values_raise(texts: dict[str, str]) -> None:
    """Any JSON where a program writes its own; what comes out can be stored as JSON."""
    json.dumps(read_generation_data(_png(texts)), allow_nan=False)
