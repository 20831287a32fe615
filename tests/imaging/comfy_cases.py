"""ComfyUI graphs with their right answers: nodes by their real names and inputs, everything else invented."""

import json

from tests.imaging.generation_files import (
    Case,
    Graph,
    Node,
    base_graph,
    comfy_png,
    encode,
    node,
    sampler,
    to,
    unicode_comment,
    with_user_comment,
)

_ALL = {"prompt": "a castle", "negative_prompt": "blurry", "model": "mist.safetensors", "sampler": "euler",
        "seed": "42", "steps": "20", "cfg": "7.5"}  # fmt: skip
_FLUX = {"prompt": "a castle", "model": "flux.safetensors", "sampler": "euler", "seed": "42", "steps": "20"}


def _without(*names: str) -> dict[str, str]:
    return {name: value for name, value in _ALL.items() if name not in names}


def _case(name: str, graph: Graph, fields: dict[str, str], **texts: str) -> Case:
    return Case(name, lambda: comfy_png(graph, **texts), "ComfyUI", fields)


def _flux(guider: Node, **nodes: Node) -> Graph:
    custom = node("SamplerCustomAdvanced", noise=to("25"), guider=to("22"), sampler=to("16"), sigmas=to("17"),
                  latent_image=to("5"))  # fmt: skip
    flux_nodes = {
        "n3": custom,
        "n4": node("UNETLoader", unet_name="flux.safetensors", weight_dtype="default"),
        "n16": node("KSamplerSelect", sampler_name="euler"),
        "n17": node("BasicScheduler", scheduler="simple", steps=20, denoise=1, model=to("4")),
        "n22": guider,
        "n25": node("RandomNoise", noise_seed=42),
        "n26": node("FluxGuidance", guidance=3.5, conditioning=to("6")),
    }
    return base_graph(**flux_nodes | nodes)


def _text(**nodes: Node) -> Graph:
    """The prompt comes from node 10."""
    return base_graph(n6=encode(to("10")), **nodes)


_PASS = {"model": to("4"), "positive": to("6"), "negative": to("7"), "sampler_name": "euler"}
_TWO_PASSES = base_graph(
    n2=sampler(seed=7, steps=9, denoise=0.5, latent_image=to("11")),
    n11=node("LatentUpscale", samples=to("3"), width=128, height=128),
    n8=node("VAEDecode", samples=to("2"), vae=to("4", 2)),
)
_REFINED = base_graph(
    n2=node("KSamplerAdvanced", add_noise="disable", noise_seed=7, steps=25, cfg=8, start_at_step=20,
            **_PASS | {"positive": to("12"), "model": to("13"), "latent_image": to("3")}),
    n3=node("KSamplerAdvanced", add_noise="enable", noise_seed=42, steps=20, cfg=7.5, latent_image=to("5"), **_PASS),
    n8=node("VAEDecode", samples=to("2"), vae=to("4", 2)),
    n12=encode("fine stones"),
    n13=node("CheckpointLoaderSimple", ckpt_name="refiner.safetensors"),
)  # fmt: skip
_SIDE_BY_SIDE = base_graph(
    n2=sampler(positive=to("12"), seed=7),
    n12=encode("a lake"),
    n13=node("VAEDecode", samples=to("2"), vae=to("4", 2)),
    n14=node("SaveImage", filename_prefix="x", images=to("13")),
)
_UNUSED: Graph = {"1": sampler(positive=to("2"), seed=7), "2": encode("a lake"), **base_graph()}
_CONTROL_NET = node("ControlNetApplyAdvanced", strength=1, start_percent=0, end_percent=1, positive=to("6"),
                    negative=to("7"), control_net=to("11"), image=to("12"))  # fmt: skip
_CONTROLLED = base_graph(
    n3=sampler(positive=to("10", 0), negative=to("10", 1)),
    n10=_CONTROL_NET,
    n11=node("ControlNetLoader", control_net_name="canny.safetensors"),
    n12=node("LoadImage", image="photo of a house.png"),
)
_EFFICIENT = base_graph(
    n3=sampler(model=to("4", 0), positive=to("4", 1), negative=to("4", 2), latent_image=to("4", 3)),
    n4=node("Efficient Loader", ckpt_name="mist.safetensors", vae_name="Baked VAE", clip_skip=-1, lora_name="None",
            positive="a castle", negative="blurry", token_normalization="none", empty_latent_width=64),
    n6=None,
    n7=None,
)  # fmt: skip
_PIPE = base_graph(
    n3=node("easy kSampler", image_output="Preview", pipe=to("10")),
    n4=node("easy fullLoader", ckpt_name="mist.safetensors", positive="a castle", negative="blurry", batch_size=1),
    n6=None,
    n7=None,
    n10=node("easy preSampling", steps=20, cfg=7.5, sampler_name="euler", scheduler="normal", seed=42, pipe=to("4")),
)
_WAN = base_graph(
    n3=node("WanVideoSampler", steps=20, cfg=7.5, seed=42, scheduler="unipc", model=to("4"), text_embeds=to("6")),
    n4=node("WanVideoModelLoader", model="wan.safetensors", base_precision="bf16"),
    n6=node("WanVideoTextEncode", positive_prompt="a castle", negative_prompt="blurry", t5=to("11")),
    n7=None,
    n9=node("VHS_VideoCombine", frame_rate=16, images=to("8")),
    n11=node("LoadWanVideoT5TextEncoder", model_name="umt5.safetensors"),
)
_KONTEXT = base_graph(
    n3=sampler(positive=to("10"), negative=to("12")),
    n7=None,
    n10=node("FluxGuidance", guidance=2.5, conditioning=to("11")),
    n11=node("ReferenceLatent", conditioning=to("6"), latent=to("5")),
    n12=node("ConditioningZeroOut", conditioning=to("6")),
)
_CIVITAI = {**base_graph(n6=encode(to("99"))), "extraMetadata": json.dumps(
    {"prompt": "a castle", "negativePrompt": "blurry", "steps": 20, "cfgScale": 7.5, "seed": 42, "sampler": "Euler"}
)}  # fmt: skip

COMFY_CASES = [
    _case("first example", base_graph(), _ALL),
    _case("cfg is NaN", base_graph(n3=sampler(cfg=float("nan"))), _without("cfg")),
    # Infinite Image Browsing, PR 962
    _case("ConditioningZeroOut as negative", base_graph(n7=node("ConditioningZeroOut", conditioning=to("6"))),
          _without("negative_prompt")),
    _case("FluxGuidance, ReferenceLatent, ConditioningZeroOut", _KONTEXT, _without("negative_prompt")),
    # stable-diffusion-prompt-reader#82
    _case("ConditioningConcat", base_graph(
        n3=sampler(positive=to("10")), n11=encode("at dawn"),
        n10=node("ConditioningConcat", conditioning_to=to("6"), conditioning_from=to("11"))),
        _ALL | {"prompt": "a castle\nat dawn"}),
    _case("ConditioningCombine in ConditioningCombine", base_graph(
        n3=sampler(positive=to("10")), n11=encode("at dawn"), n13=encode("in mist"),
        n10=node("ConditioningCombine", conditioning_1=to("12"), conditioning_2=to("13")),
        n12=node("ConditioningCombine", conditioning_1=to("6"), conditioning_2=to("11"))),
        _ALL | {"prompt": "a castle\nat dawn\nin mist"}),
    _case("ConditioningAverage of the negative prompt", base_graph(
        n3=sampler(negative=to("10")), n11=encode("dark"),
        n10=node("ConditioningAverage", conditioning_to_strength=0.5, conditioning_to=to("7"),
                 conditioning_from=to("11"))), _ALL | {"negative_prompt": "blurry\ndark"}),
    # Comfy-Org/ComfyUI#6915
    _case("SamplerCustomAdvanced with BasicGuider",
          _flux(node("BasicGuider", model=to("4"), conditioning=to("26"))), _FLUX),
    _case("SamplerCustomAdvanced with CFGGuider",
          _flux(node("CFGGuider", cfg=7.5, model=to("4"), positive=to("6"), negative=to("7"))),
          _FLUX | {"negative_prompt": "blurry", "cfg": "7.5"}),
    _case("SamplerCustomAdvanced with DualCFGGuider",
          _flux(node("DualCFGGuider", cfg_conds=7.5, cfg_cond2_negative=2, model=to("4"), cond1=to("6"),
                     cond2=to("11"), negative=to("7")), n11=encode("at dawn")),
          _FLUX | {"prompt": "a castle\nat dawn", "negative_prompt": "blurry"}),
    _case("CLIPTextEncodeFlux", _flux(
        node("BasicGuider", model=to("4"), conditioning=to("27")),
        n27=node("CLIPTextEncodeFlux", clip_l="castle", t5xxl="a castle on a hill", guidance=3.5, clip=to("11"))),
        _FLUX | {"prompt": "castle\na castle on a hill"}),
    _case("noise whose seed is linked", _flux(
        node("BasicGuider", model=to("4"), conditioning=to("26")),
        n25=node("RandomNoise", noise_seed=to("27")), n27=node("PrimitiveInt", value=42)), _FLUX),
    _case("SamplerCustom", base_graph(
        n3=node("SamplerCustom", add_noise=True, noise_seed=42, cfg=7.5, sampler=to("10"), sigmas=to("11"),
                latent_image=to("5"), **{k: v for k, v in _PASS.items() if k != "sampler_name"}),
        n10=node("KSamplerSelect", sampler_name="euler"),
        n11=node("KarrasScheduler", steps=20, sigma_max=14, sigma_min=0.03, rho=7)), _ALL),
    # Infinite Image Browsing, PR 933: `wildcard_text` is what stood there before the choice
    _case("ImpactWildcardEncode", base_graph(n6=node(
        "ImpactWildcardEncode", wildcard_text="a {castle|lake}", populated_text="a castle", mode=True, seed=7,
        model=to("4"), clip=to("4", 1))), _ALL),
    _case("ImpactWildcardProcessor", _text(n10=node(
        "ImpactWildcardProcessor", wildcard_text="a {castle|lake}", populated_text="a castle", seed=7)), _ALL),
    # comfyui-prompt-reader-node#33
    _case("linked seed", base_graph(n3=sampler(seed=to("10")), n10=node("Seed (rgthree)", seed=42)), _ALL),
    _case("linked steps, cfg and sampler", base_graph(
        n3=sampler(steps=to("10"), cfg=to("11"), sampler_name=to("12")), n10=node("PrimitiveInt", value=20),
        n11=node("FloatConstant", value=7.5), n12=node("Sampler Selector", sampler_name="euler")), _ALL),
    _case("seed from a random number", base_graph(
        n3=sampler(seed=to("10")), n10=node("Random Number", number_type="integer", minimum=0, maximum=99, seed=7)),
        _without("seed")),
    _case("ControlNetApplyAdvanced", _CONTROLLED, _ALL),
    _case("CLIPTextEncodeSDXL, both texts the same", base_graph(n6=node(
        "CLIPTextEncodeSDXL", width=64, height=64, text_g="a castle", text_l="a castle", clip=to("4", 1))), _ALL),
    _case("CLIPTextEncodeSDXL, two texts", base_graph(n6=node(
        "CLIPTextEncodeSDXL", width=64, height=64, text_g="a castle", text_l="at dawn", clip=to("4", 1))),
        _ALL | {"prompt": "a castle\nat dawn"}),
    _case("TextEncodeQwenImageEdit", base_graph(
        n6=node("TextEncodeQwenImageEdit", prompt="a castle", clip=to("4", 1), vae=to("4", 2), image=to("12")),
        n12=node("LoadImage", image="house.png")), _ALL),
    _case("PrimitiveStringMultiline", _text(n10=node("PrimitiveStringMultiline", value="a castle")), _ALL),
    _case("ShowText between", _text(n10=node("ShowText|pysssss", text=to("11"), text_0="a lake, shown before"),
                                    n11=node("String Literal", string="a castle")), _ALL),
    _case("StringConcatenate", _text(
        n10=node("StringConcatenate", string_a="a castle, ", string_b=to("11"), delimiter=""),
        n11=node("PrimitiveString", value="at dawn")), _ALL | {"prompt": "a castle, at dawn"}),
    _case("Text Concatenate", _text(
        n10=node("Text Concatenate", delimiter=", ", clean_whitespace="true", text_a=to("11"), text_b=to("12"),
                 text_c=to("13")),
        n11=node("Text Multiline", text=" a castle "), n12=node("Text Multiline", text=""),
        n13=node("Text Multiline", text="at dawn")), _ALL | {"prompt": "a castle, at dawn"}),
    _case("prompt from a describing model", _text(
        n10=node("Florence2Run", text_input="describe", task="caption", seed=7, image=to("12")),
        n12=node("LoadImage", image="house.png")), _without("prompt")),
    _case("prompt from a random choice", _text(n10=node("DPRandomGenerator", text="a {castle|lake}", seed=7)),
          _without("prompt")),
    _case("prompt from a switch", base_graph(
        n3=sampler(positive=to("10")), n11=encode("a lake"),
        n10=node("CR Conditioning Input Switch", Input=1, conditioning1=to("6"), conditioning2=to("11"))), _ALL),
    _case("two passes, the second one listed first", {"2": _TWO_PASSES["2"], **_TWO_PASSES}, _ALL),
    _case("base and refiner", {"2": _REFINED["2"], **_REFINED}, _ALL),
    _case("two pictures from one graph", _SIDE_BY_SIDE, _without("prompt", "seed")),
    _case("a sampler that nothing uses, listed first", _UNUSED, _ALL),
    _case("LoraLoader and FreeU before the model", base_graph(
        n3=sampler(model=to("10")), n10=node("FreeU_V2", b1=1.3, b2=1.4, s1=0.9, s2=0.2, model=to("11")),
        n11=node("LoraLoader", lora_name="fog.safetensors", strength_model=1, model=to("4"), clip=to("4", 1))), _ALL),
    _case("two models merged", base_graph(
        n3=sampler(model=to("10")), n10=node("ModelMergeSimple", ratio=0.5, model1=to("4"), model2=to("11")),
        n11=node("CheckpointLoaderSimple", ckpt_name="fog.safetensors")), _without("model")),
    _case("Efficient Loader", _EFFICIENT, _ALL),
    _case("easy kSampler with a pipe", _PIPE, _ALL),
    _case("WanVideoSampler", _WAN, _ALL | {"sampler": "unipc", "model": "wan.safetensors"}),
    _case("Reroute", base_graph(n3=sampler(positive=to("10")), n10=node("Reroute", **{"": to("6")})), _ALL),
    _case("infotext beside a graph that does not tell", _text(n10=node("OllamaGenerate", prompt="invent", seed=7)),
          _ALL, parameters="a castle\nNegative prompt: blurry\nSteps: 20, Sampler: euler, Seed: 42, Model: mist"),
    Case("Civitai's generator", lambda: with_user_comment(unicode_comment(json.dumps(_CIVITAI))), "ComfyUI", _ALL),
    Case("WebP with the graph in Model",
         lambda: with_user_comment(b"", "WEBP", "prompt:" + json.dumps(base_graph())), "ComfyUI", _ALL),
]  # fmt: skip
"""What a value that is missing means: the graph does not have it, or its text is decided while the graph runs."""
