"""Infotexts and JSON of the other programs with their right answers, everything in them invented."""

import json
from typing import Any

from tests.imaging.generation_files import Case, png, unicode_comment, with_user_comment

_ALL = {"prompt": "a castle", "negative_prompt": "blurry", "model": "mist", "sampler": "Euler a", "seed": "42",
        "steps": "20", "cfg": "7"}  # fmt: skip
_LINE = "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 64x64, Model hash: 0123456789, Model: mist"
_TEXT = f"a castle\nNegative prompt: blurry\n{_LINE}"
_CJK = "黎明时分的城堡,雾,一座山,一条河," * 180
_RESOURCES = ', Civitai resources: [{"type":"checkpoint","modelVersionId":1,"modelName":"fog, Seed: 9"}]'


def _without(*names: str) -> dict[str, str]:
    return {name: value for name, value in _ALL.items() if name not in names}


def _infotext(name: str, text: str, fields: dict[str, str] | None = None) -> Case:
    return Case(name, lambda: png({"parameters": text}), "A1111", _ALL if fields is None else fields)


def _comment(name: str, comment: bytes, fields: dict[str, str] | None = None, file_format: str = "JPEG") -> Case:
    return Case(name, lambda: with_user_comment(comment, file_format), "A1111", _ALL if fields is None else fields)


def _png(name: str, tool: str, fields: dict[str, str], **texts: Any) -> Case:
    chunks = {
        keyword.replace("_", "-") if keyword.startswith("sd_") else keyword: text
        if isinstance(text, str)
        else json.dumps(text)
        for keyword, text in texts.items()
    }
    return Case(name, lambda: png(chunks), tool, fields)


_INVOKE = {"positive_prompt": "a castle", "negative_prompt": "blurry", "scheduler": "euler_a", "seed": 42,
           "steps": 20, "cfg_scale": 7, "generation_mode": "txt2img", "app_version": "4.2.0",
           "model": {"key": "k", "hash": "h", "name": "mist", "base": "sdxl", "type": "main"}}  # fmt: skip
_FROM_INVOKE = _ALL | {"sampler": "euler_a"}
_OLD_IMAGE = {"prompt": [{"prompt": "a castle [blurry]", "weight": 1.0}], "seed": 42, "sampler": "k_lms", "steps": 20,
              "cfg_scale": 7, "type": "txt2img", "height": 64, "width": 64, "variations": []}  # fmt: skip
_OLD_INVOKE = {"model": "stable diffusion", "model_weights": "mist", "app_id": "x", "image": _OLD_IMAGE}
_NOVELAI = {"prompt": "a castle", "uc": "blurry", "sampler": "k_euler", "seed": 42, "steps": 20, "scale": 7}
_NOVELAI_TEXTS = {"Title": "NovelAI generated image", "Description": "a castle", "Software": "NovelAI",
                  "Source": "NovelAI Diffusion V4 37442FCA"}  # fmt: skip
_FROM_NOVELAI = _ALL | {"sampler": "k_euler", "model": "NovelAI Diffusion V4"}
_CHARACTERS = [{"char_caption": "a knight", "centers": [{"x": 0.5, "y": 0.5}]}, {"char_caption": "", "centers": []}]
_V4_PROMPT = {"caption": {"base_caption": "a castle", "char_captions": _CHARACTERS}, "use_order": True}
_SWARM = {"sui_image_params": {"prompt": "a castle", "negativeprompt": "blurry", "model": "mist", "seed": 42,
          "steps": 20, "cfgscale": 7, "sampler": "euler"}, "sui_extra_data": {"date": "2026-01-01"}}  # fmt: skip
_FROM_SWARM = _ALL | {"sampler": "euler"}
_FOOOCUS = {"prompt": "a castle", "negative_prompt": "blurry", "styles": "['Fooocus V2']", "performance": "Speed",
            "steps": 20, "resolution": "(64, 64)", "guidance_scale": 7, "sharpness": 2, "base_model": "mist",
            "base_model_hash": "0123456789", "refiner_model": "None", "sampler": "dpmpp_2m_sde_gpu",
            "scheduler": "karras", "seed": "42", "full_prompt": ["a castle, cinematic"], "version": "Fooocus v2.5.5",
            "metadata_scheme": "fooocus"}  # fmt: skip
_FROM_FOOOCUS = _ALL | {"sampler": "dpmpp_2m_sde_gpu"}
_RUINED = {"Prompt": "a castle", "Negative": "blurry", "steps": 20, "cfg": 7, "width": 64, "height": 64, "seed": 42,
           "sampler_name": "dpmpp_2m", "scheduler": "karras", "base_model_name": "mist", "base_model_hash": "01",
           "software": "RuinedFooocus"}  # fmt: skip

INFOTEXT_CASES = [
    _infotext("A1111", _TEXT),
    _infotext("A1111: no negative prompt", f"a castle\n{_LINE}", _without("negative_prompt")),
    _infotext("A1111: several lines", f"a castle,\nat dawn\nNegative prompt: blurry,\ndark\n{_LINE}",
              _ALL | {"prompt": "a castle,\nat dawn", "negative_prompt": "blurry,\ndark"}),
    _infotext("A1111: empty prompt", f"Negative prompt: blurry\n{_LINE}", _without("prompt")),
    _infotext("A1111: hashes in quotation marks before the seed", _TEXT.replace(
        "Seed: 42", 'Lora hashes: "fog: 01, Seed: 9, Model: fog", Seed: 42')),
    _infotext("A1111: model with a comma", _TEXT.replace("Model: mist", 'Model: "mist, v2"'),
              _ALL | {"model": "mist, v2"}),
    _infotext("A1111: a prompt about steps", f"Steps: 12 of stone, a castle\n{_LINE}",
              _without("negative_prompt") | {"prompt": "Steps: 12 of stone, a castle"}),
    _infotext("A1111: a prompt that quotes the word",
              f"a sign, Negative prompt: none\nNegative prompt: blurry\n{_LINE}",
              _ALL | {"prompt": "a sign, Negative prompt: none"}),
    _infotext("A1111: a template behind the settings", f"{_TEXT}\nTemplate: a {{castle|lake}}"),
    _infotext("A1111: line ends of Windows", _TEXT.replace("\n", "\r\n")),
    _infotext("A1111 in one line", _TEXT.replace("\n", " ")),
    _infotext("A1111 with a byte order mark", "\ufeff" + _TEXT),
    _infotext("Forge with Flux", "a castle\nSteps: 20, Sampler: Euler, Schedule type: Simple, CFG scale: 1, "
              "Distilled CFG Scale: 3.5, Seed: 42, Size: 64x64, Model hash: 01, Model: flux1-dev-nf4, Version: f2.0.1, "
              "Module 1: ae, Module 2: t5xxl", {"prompt": "a castle", "model": "flux1-dev-nf4", "sampler": "Euler",
              "seed": "42", "steps": "20", "cfg": "1"}),
    _infotext("Forge: second pass", _TEXT + ", Hires upscale: 2, Hires steps: 9, Hires CFG Scale: 4, Hires sampler: "
              'DDIM, Hires prompt: "a tower, Seed: 7"'),
    _infotext("SD.Next", "a castle\nNegative prompt: blurry\nSteps: 20, Size: 64x64, Seed: 42, Sampler: Euler a, CFG "
              "scale: 7, Model: mist, Model hash: 01, App: SD.Next, Version: 1a2b, Operations: txt2img"),
    _comment("Civitai's JPEG", unicode_comment(_TEXT + _RESOURCES)),
    _comment("Forge's WebP in UTF-16-LE", unicode_comment(_TEXT, "utf-16-le"), file_format="WEBP"),
    # DiffusionToolkit#71, #253
    _comment("long Chinese prompt in UTF-16-LE", unicode_comment(_TEXT.replace("a castle", _CJK), "utf-16-le"),
             _ALL | {"prompt": _CJK}),
    _comment("long Chinese prompt in UTF-16-BE", unicode_comment(_TEXT.replace("a castle", _CJK), "utf-16-be"),
             _ALL | {"prompt": _CJK}),
    # ambit#195, exif-py#206
    _comment("UTF-16-LE with a byte order mark", unicode_comment("\ufeff" + _TEXT, "utf-16-le")),
    _comment("UTF-16-BE with a byte order mark", unicode_comment("\ufeff" + _TEXT, "utf-16-be")),
    # Exiv2#1279
    _comment("UTF-8 called UNICODE", unicode_comment(_TEXT.replace("a castle", "ein Schloß, 城"), "utf-8"),
             _ALL | {"prompt": "ein Schloß, 城"}),
    _comment("UTF-8 with a byte order mark", b"\xef\xbb\xbf" + _TEXT.encode()),
    _comment("one line, called ASCII", b"ASCII\0\0\0" + _TEXT.replace("\n", " ").encode()),
    _png("InvokeAI 4", "InvokeAI", _FROM_INVOKE, invokeai_metadata=_INVOKE),
    _png("InvokeAI 3", "InvokeAI", _FROM_INVOKE,
         invokeai_metadata=_INVOKE | {"model": {"model_name": "mist", "base_model": "sdxl"}}),
    _png("InvokeAI 5 with Flux", "InvokeAI",
         {"prompt": "a castle", "model": "flux", "seed": "42", "steps": "20"},
         invokeai_metadata={"positive_prompt": "a castle", "seed": 42, "steps": 20, "guidance": 4,
                            "model": {"name": "flux", "base": "flux"}}),
    _png("InvokeAI 2", "InvokeAI", _ALL | {"sampler": "k_lms"}, sd_metadata=_OLD_INVOKE,
         Dream='"a castle [blurry]" -s 20 -S 42 -W 64 -H 64 -C 7.0 -A k_lms'),
    _png("InvokeAI 1", "InvokeAI", _without("negative_prompt", "model") | {"sampler": "k_lms", "cfg": "7.0"},
         Dream='"a castle" -s 20 -S 42 -W 64 -H 64 -C 7.0 -A k_lms'),
    _png("NovelAI", "NovelAI", _FROM_NOVELAI, **_NOVELAI_TEXTS, Comment=_NOVELAI),
    _png("NovelAI, first version", "NovelAI", _FROM_NOVELAI | {"model": "Stable Diffusion"},
         **_NOVELAI_TEXTS | {"Source": "Stable Diffusion 1D44365E"},
         Comment={name: value for name, value in _NOVELAI.items() if name != "prompt"}),
    _png("NovelAI with characters", "NovelAI", _FROM_NOVELAI | {"prompt": "a castle\na knight"},
         **_NOVELAI_TEXTS, Comment=_NOVELAI | {"v4_prompt": _V4_PROMPT}),
    _png("SwarmUI", "SwarmUI", _FROM_SWARM, parameters=_SWARM),
    Case("SwarmUI's JPEG", lambda: with_user_comment(unicode_comment(json.dumps(_SWARM), "utf-16-le")), "SwarmUI",
         _FROM_SWARM),
    Case("StableSwarmUI's Model", lambda: with_user_comment(b"", model=json.dumps(_SWARM)), "SwarmUI", _FROM_SWARM),
    _png("Fooocus", "Fooocus", _FROM_FOOOCUS, parameters=_FOOOCUS, fooocus_scheme="fooocus"),
    Case("Fooocus's JPEG", lambda: with_user_comment(json.dumps(_FOOOCUS).encode()), "Fooocus", _FROM_FOOOCUS),
    _png("RuinedFooocus", "Fooocus", _ALL | {"sampler": "dpmpp_2m"}, parameters=_RUINED),
    _infotext("Fooocus in A1111's form", _TEXT + ", Version: Fooocus v2.5.5"),
]  # fmt: skip
