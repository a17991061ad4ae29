"""`POST /v1/images/generations` in its asynchronous form, and which models it serves."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from gesso.dialects.apimart import bodies
from gesso.dialects.apimart.hall import Hall
from gesso.dialects.apimart.inputs import MOST, Inputs
from gesso.dialects.apimart.orders import common_of
from gesso.dialects.apimart.prompts import check_version, read_prompt, with_field
from gesso.domain.errors import InvalidOrder, UnknownModel
from gesso.domain.model import STAND_INS
from gesso.domain.order import Order, Selection
from gesso.domain.prompt import Prompt
from gesso.domain.task import Action
from gesso.domain.version import NIJI_NUMBERS, NUMBERS
from gesso.services import compose
from gesso.services.catalogue import Catalogue

#: The general quality words, as time spent painting.
_QUALITIES = {"auto": None, "low": "0.5", "medium": "1", "standard": "1", "high": "2", "hd": "2"}
_FAMILY, _SANDBOX = "midjourney", "sandbox"


@dataclass(frozen=True, slots=True)
class ImageModel:
    """One public model name: the engine behind it and the version flag that it brings."""

    name: str
    channel_id: str = ""  #: Only this channel; empty leaves the choice to the routing.
    flag: str = ""  #: `v` or `niji`.
    number: str = ""


def image_models(catalogue: Catalogue) -> dict[str, ImageModel]:
    """Return every image model that an enabled channel serves, by name."""
    serving = [c for c in catalogue.channels if c.enabled and catalogue.can(c, Action.IMAGINE)]
    if not serving:
        return {}
    found = [ImageModel(_FAMILY)]
    found += [ImageModel(f"{_FAMILY}-v{n}", flag="v", number=n) for n in NUMBERS]
    found += [ImageModel(f"{_FAMILY}-niji{n}", flag="niji", number=n) for n in NIJI_NUMBERS]
    # Names of the OpenAI wire that a painter stands in for, for who wants a task of them.
    found += [ImageModel(name) for name in STAND_INS]
    own = next((c for c in serving if c.provider == _SANDBOX), None)
    if own is not None:
        found.append(ImageModel(_SANDBOX, channel_id=own.id))
    return {model.name: model for model in found}


class Images:
    """Composes orders of the general image form."""

    def __init__(self, hall: Hall, inputs: Inputs, catalogue: Catalogue) -> None:
        """Hold limits, what takes pictures in, and which models there are."""
        self._hall = hall
        self._inputs = inputs
        self._catalogue = catalogue

    async def generate(self, body: bodies.Images) -> Order:
        """Return the order: an edit when there is a mask, else new pictures."""
        model = self._model(body.model)
        most = self._hall.bounds.prompt_chars
        written, wanted = read_prompt(body.prompt, "images", max_chars=most)
        wanted = check_version(_with_options(body, model, wanted))
        common = replace(common_of(body, wanted), selection=Selection(channel_id=model.channel_id))
        pictures = await self._inputs.pictures(
            body.image_urls, at_least=1 if body.mask_url else 0, at_most=MOST, action="images"
        )
        if body.mask_url:
            return compose.edit(
                common,
                Action.EDITS,
                wanted,
                written,
                picture=pictures[0],
                more=pictures[1:],
                mask=await self._inputs.mask(body.mask_url, "mask_url", None),
            )
        links = await self._inputs.links(wanted.image_urls)
        return compose.imagine(common, wanted, written, pictures=pictures, links=links)

    def _model(self, name: str | None) -> ImageModel:
        wanted = (name or "").strip().lower()
        if not wanted:
            raise InvalidOrder("model is required", param="model")
        found = image_models(self._catalogue).get(wanted)
        if found is None:
            raise UnknownModel(f"no channel serves the image model {wanted[:60]}", param="model")
        return found


def check_count(body: bodies.Images) -> int | None:
    """Return how many pictures the caller wants to see; raises InvalidOrder."""
    if body.n is not None and not 1 <= body.n <= 4:
        raise InvalidOrder("n must be 1-4", param="n")
    return body.n


def _with_options(body: bodies.Images, model: ImageModel, wanted: Prompt) -> Prompt:
    if model.flag:
        wanted = with_field(wanted, "model", **{model.flag: model.number})
    ratio = _ratio(body.size)
    if ratio:
        wanted = with_field(wanted, "size", ar=ratio)
    quality = (body.quality or "auto").strip().lower()
    if quality not in _QUALITIES:
        raise InvalidOrder(f"quality must be one of {', '.join(_QUALITIES)}", param="quality")
    wanted = with_field(wanted, "quality", q=_QUALITIES[quality])
    return _with_resolution(body, wanted)


def _with_resolution(body: bodies.Images, wanted: Prompt) -> Prompt:
    resolution = (body.resolution or "1k").strip().lower()
    if resolution == "1k" or "x" in (body.size or "").lower():
        return wanted  # A size in pixels says it already (section 12).
    if resolution == "2k":
        return with_field(wanted, "resolution", hd=True)
    raise InvalidOrder("resolution must be 1k or 2k", param="resolution")


def _ratio(size: str | None) -> str:
    """Return `w:h` of a ratio or of a size in pixels; empty for `auto` and none."""
    text = (size or "").strip().lower()
    if text in {"", "auto"}:
        return ""
    pixels = re.fullmatch(r"([1-9][0-9]{1,4})[x×*]([1-9][0-9]{1,4})", text)
    if pixels is None:
        return text
    wide, high = int(pixels[1]), int(pixels[2])
    common = math.gcd(wide, high)
    return f"{wide // common}:{high // common}"
