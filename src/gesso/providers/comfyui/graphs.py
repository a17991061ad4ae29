"""From a plan to ComfyUI's graph: a template with placeholders, filled. Pure.

A template is a workflow in the API's format: node id → class_type and inputs. A value that
is one placeholder, such as `"{{seed}}"`, becomes the thing itself; inside a longer text it
is written out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from gesso.domain.channel import Channel
from gesso.domain.errors import Refused
from gesso.upstream import option
from gesso.upstream.diffusion import Plan, Work

_MARK = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_IN = "JSON of the workflow (API format) for"
ABOUT: Mapping[Work, str] = {
    Work.TEXT: f"{_IN} new pictures; empty takes the built-in one.",
    Work.IMAGE: f"{_IN} pictures from one picture; empty takes the built-in one.",
    Work.MASK: f"{_IN} repainting under a mask; empty takes the built-in one.",
    Work.ENLARGE: f"{_IN} larger pictures; empty takes the built-in one.",
}
Graph = dict[str, dict[str, Any]]


def _node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def _sampled(denoise: Any, **more: dict[str, Any]) -> Graph:
    return {
        "model": _node("CheckpointLoaderSimple", ckpt_name="{{model}}"),
        "words": _node("CLIPTextEncode", text="{{prompt}}", clip=["model", 1]),
        "unwanted": _node("CLIPTextEncode", text="{{negative}}", clip=["model", 1]),
        **more,
        "sampler": _node(
            "KSampler",
            model=["model", 0],
            positive=["words", 0],
            negative=["unwanted", 0],
            latent_image=["latent", 0],
            seed="{{seed}}",
            steps="{{steps}}",
            cfg="{{cfg}}",
            sampler_name="{{sampler}}",
            scheduler="{{scheduler}}",
            denoise=denoise,
        ),
        "pixels": _node("VAEDecode", samples=["sampler", 0], vae=["model", 2]),
        "save": _node("SaveImage", images=["pixels", 0], filename_prefix="gesso/{{reference}}"),
    }


_LOAD = _node("LoadImage", image="{{image}}")
_ENCODE = _node("VAEEncode", pixels=["image", 0], vae=["model", 2])
_SCALE: dict[str, Any] = {
    "upscale_method": "lanczos",
    "width": "{{width}}",
    "height": "{{height}}",
    "crop": "disabled",
}
_SAVE = _node("SaveImage", images=["scaled", 0], filename_prefix="gesso/{{reference}}")
_EMPTY = _node("EmptyLatentImage", width="{{width}}", height="{{height}}", batch_size="{{count}}")
BUILT_IN: Mapping[Work, Graph] = {
    Work.TEXT: _sampled(1.0, latent=_EMPTY),
    Work.IMAGE: _sampled(
        "{{denoise}}",
        image=_LOAD,
        encoded=_ENCODE,
        latent=_node("RepeatLatentBatch", samples=["encoded", 0], amount="{{count}}"),
    ),
    Work.MASK: _sampled(
        "{{denoise}}",
        image=_LOAD,
        encoded=_ENCODE,
        mask=_node("LoadImageMask", image="{{mask}}", channel="red"),
        masked=_node("SetLatentNoiseMask", samples=["encoded", 0], mask=["mask", 0]),
        latent=_node("RepeatLatentBatch", samples=["masked", 0], amount="{{count}}"),
    ),
    Work.ENLARGE: {
        "image": _LOAD,
        "scaled": _node("ImageScale", image=["image", 0], **_SCALE),
        "save": _SAVE,
    },
}
_BY_MODEL: Graph = {
    "image": _LOAD,
    "upscaler": _node("UpscaleModelLoader", model_name="{{upscale_model}}"),
    "larger": _node("ImageUpscaleWithModel", upscale_model=["upscaler", 0], image=["image", 0]),
    "scaled": _node("ImageScale", image=["larger", 0], **_SCALE),
    "save": _SAVE,
}


def check(channel: Channel, plan: Plan) -> None:
    """Raise Refused before anything is sent when this plan has no graph that can do it."""
    own = _own(channel, plan.work)
    if own is not None:
        return
    if plan.work is not Work.ENLARGE and not option.text(channel, "model"):
        raise Refused("the channel needs its option model: a checkpoint of the upstream")
    if plan.seamless:
        raise Refused("the built-in workflows cannot --tile; a workflow with {{tile}} can")


def write(channel: Channel, plan: Plan, files: Mapping[str, str], reference: str) -> Graph:
    """Return the graph of a plan; `files` are the server's names of `image` and `mask`.

    Raises Refused when the operator's template cannot be used.
    """
    values = {
        "prompt": plan.words,
        "negative": plan.unwanted,
        "width": plan.size[0],
        "height": plan.size[1],
        "seed": plan.seed,
        "steps": plan.steps,
        "cfg": plan.cfg,
        "denoise": plan.denoise,
        "count": plan.count,
        "tile": plan.seamless,
        "model": option.text(channel, "model"),
        "sampler": option.text(channel, "sampler", "euler"),
        "scheduler": option.text(channel, "scheduler", "normal"),
        "upscale_model": option.text(channel, "upscale_model"),
        "reference": reference,
        **files,
    }
    built_in = BUILT_IN[plan.work]
    if plan.work is Work.ENLARGE and values["upscale_model"]:
        built_in = _BY_MODEL
    filled: Graph = fill(_own(channel, plan.work) or built_in, values)
    return filled


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """Return a template with its placeholders replaced; raises Refused for an unknown one."""
    if isinstance(template, dict):
        return {name: fill(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [fill(value, values) for value in template]
    if not isinstance(template, str):
        return template
    whole = _MARK.fullmatch(template)
    if whole:
        return _value(whole[1], values)
    return _MARK.sub(lambda mark: str(_value(mark[1], values)), template)


def _value(name: str, values: Mapping[str, Any]) -> Any:
    if name not in values:
        known = ", ".join(sorted(values))
        raise Refused(f"the channel's workflow has {{{{{name}}}}}; here there are {known}")
    return values[name]


def _own(channel: Channel, work: Work) -> Graph | None:
    name = f"workflow_{work}"
    value = channel.options.get(name)
    if value in (None, "", {}):
        return None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise Refused(f"the channel's option {name} is not JSON") from None
    nodes = value.values() if isinstance(value, dict) else [None]
    if not all(isinstance(node, dict) and "class_type" in node for node in nodes):
        raise Refused(
            f"the channel's option {name} is no workflow of the API's format; "
            "export it with Save (API Format)"
        )
    graph: Graph = dict(value)
    return graph
