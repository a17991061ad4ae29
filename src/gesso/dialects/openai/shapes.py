"""Requests and answers of the OpenAI wire, as they are described.

What is relayed goes through untaken apart, so these types name the fields that gesso reads and
those that callers use most; every other field is taken and handed on. What gesso itself
answers (errors, models, receipts, prices) is encoded from the types here.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from gesso.http.openapi import File

# What gesso answers ---------------------------------------------------------------------


class OpenAIFault(msgspec.Struct):
    """The `error` object of a refusal."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(msgspec.Struct):
    """The envelope of every refusal."""

    error: OpenAIFault


class Model(msgspec.Struct):
    """One model."""

    id: str
    object: str
    created: int
    owned_by: str


class ModelNames(msgspec.Struct):
    """The models that a key may use."""

    object: str
    data: list[Model]


class CallUsage(msgspec.Struct):
    """What a call used; `estimated` where no upstream told it."""

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    characters: int
    audio_ms: int
    pictures: int
    estimated: bool


class CallReceipt(msgspec.Struct):
    """What a call used and what it cost, in US dollars as text."""

    id: str
    object: str
    model: str
    state: str
    price_key: str
    charged_usd: str
    usage: CallUsage


class PriceList(msgspec.Struct):
    """Every price in US dollars as text; `per` says for how many of its unit."""

    currency: str
    per: dict[str, str]
    models: dict[str, dict[str, str]]
    tasks: dict[str, str]


# What is relayed ------------------------------------------------------------------------


class ChatBody(msgspec.Struct, kw_only=True):
    """A chat; fields that are not named here go to the upstream as they come."""

    model: str
    messages: list[dict[str, Any]]
    stream: bool | UnsetType | None = UNSET
    stream_options: dict[str, Any] | UnsetType | None = UNSET
    max_tokens: int | UnsetType | None = UNSET
    max_completion_tokens: int | UnsetType | None = UNSET
    n: int | UnsetType | None = UNSET
    temperature: float | UnsetType | None = UNSET
    tools: list[dict[str, Any]] | UnsetType | None = UNSET
    tool_choice: str | dict[str, Any] | UnsetType | None = UNSET
    response_format: dict[str, Any] | UnsetType | None = UNSET


class CompletionBody(msgspec.Struct, kw_only=True):
    """A text to go on with."""

    model: str
    prompt: str | list[Any] | UnsetType = UNSET
    stream: bool | UnsetType | None = UNSET
    max_tokens: int | UnsetType | None = UNSET
    n: int | UnsetType | None = UNSET


class ResponseBody(msgspec.Struct, kw_only=True):
    """An input, or the next one after `previous_response_id`."""

    model: str
    input: str | list[Any] | UnsetType = UNSET
    instructions: str | UnsetType | None = UNSET
    previous_response_id: str | UnsetType | None = UNSET
    stream: bool | UnsetType | None = UNSET
    max_output_tokens: int | UnsetType | None = UNSET


class EmbeddingBody(msgspec.Struct, kw_only=True):
    """Texts to be made into vectors."""

    model: str
    input: str | list[Any]
    dimensions: int | UnsetType = UNSET
    encoding_format: str | UnsetType = UNSET


class ModerationBody(msgspec.Struct, kw_only=True):
    """Texts to be judged."""

    model: str
    input: str | list[Any]


class SpeechBody(msgspec.Struct, kw_only=True):
    """A text to be spoken."""

    model: str
    input: str
    voice: str | UnsetType = UNSET
    response_format: str | UnsetType = UNSET
    speed: float | UnsetType = UNSET


class PictureBody(msgspec.Struct, kw_only=True):
    """Pictures to be made; `async` asks for a task instead of the pictures."""

    prompt: str
    model: str | UnsetType = UNSET
    n: int | UnsetType | None = UNSET
    size: str | UnsetType | None = UNSET
    quality: str | UnsetType | None = UNSET
    response_format: str | UnsetType | None = UNSET
    output_format: str | UnsetType | None = UNSET
    output_compression: int | UnsetType | None = UNSET
    stream: bool | UnsetType | None = UNSET
    partial_images: int | UnsetType | None = UNSET
    deferred: bool | UnsetType | None = msgspec.field(name="async", default=UNSET)


class VariationForm(msgspec.Struct, kw_only=True):
    """A picture to be varied; numbers are text in a form."""

    image: File
    model: str | UnsetType = UNSET
    n: str | UnsetType = UNSET
    size: str | UnsetType = UNSET
    response_format: str | UnsetType = UNSET


class EditForm(VariationForm, kw_only=True):
    """A picture to be changed, where the mask is transparent if there is one."""

    prompt: str
    mask: File | UnsetType = UNSET


class RecordingForm(msgspec.Struct, kw_only=True):
    """A recording to be written down."""

    file: File
    model: str
    language: str | UnsetType = UNSET
    prompt: str | UnsetType = UNSET
    response_format: str | UnsetType = UNSET


class TokenUsage(msgspec.Struct, kw_only=True):
    """Tokens that were read and written."""

    prompt_tokens: int
    total_tokens: int
    completion_tokens: int | UnsetType = UNSET


class Completion(msgspec.Struct, kw_only=True):
    """An answer in whole; with `stream` it comes as events, `[DONE]` at their end."""

    id: str
    object: str
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: TokenUsage | UnsetType | None = UNSET


class ModelResponse(msgspec.Struct, kw_only=True):
    """An answer of the responses API."""

    id: str
    object: str
    output: list[dict[str, Any]] | UnsetType = UNSET


class Embeddings(msgspec.Struct, kw_only=True):
    """Vectors in the order of the texts."""

    object: str
    data: list[dict[str, Any]]
    model: str
    usage: TokenUsage | UnsetType = UNSET


class Moderations(msgspec.Struct, kw_only=True):
    """Judgements in the order of the texts."""

    id: str
    model: str
    results: list[dict[str, Any]]


class MadePicture(msgspec.Struct, kw_only=True):
    """A picture, as a link or as base64."""

    url: str | UnsetType | None = UNSET
    b64_json: str | UnsetType | None = UNSET
    revised_prompt: str | UnsetType | None = UNSET


class MadePictures(msgspec.Struct, kw_only=True):
    """The pictures that were made."""

    created: int
    data: list[MadePicture]


class Transcript(msgspec.Struct, kw_only=True):
    """What was said; `verbose_json` adds times, other formats are text."""

    text: str
