"""The site map of this wire: one table from which routes and their description are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gesso.dialects.openai import shapes
from gesso.dialects.openai.door import Handler
from gesso.domain.relay import Endpoint as Relayed
from gesso.http.openapi import Operation

_MODELS, _PICTURES, _AUDIO = "OpenAI: models", "OpenAI: pictures", "OpenAI: audio"
_BOOKS = "OpenAI: lists and prices"
_STORED = "/v1/responses/{response_id}"
_EVENTS = ("application/json", "text/event-stream")
_SOUNDS = ("audio/mpeg", "audio/opus", "audio/aac", "audio/flac", "audio/wav", "audio/pcm")
_TEXTS = ("application/json", "text/plain", "text/vtt", "text/event-stream")
#: Refusals of what is read, and of what is relayed or painted.
_READS = (400, 401, 403, 404, 429)
_CALLS = (400, 401, 403, 404, 409, 413, 422, 429, 502, 503, 504)
_HELLO = {"role": "user", "content": "Hello!"}
_ABOUT = (
    "Fields beside those named go to the upstream as they come, and so do its own refusals (4xx). "
    "`x-gesso-call` names the call, for `GET /v1/calls/{call_id}`. Takes `Idempotency-Key`."
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route of this wire; `shown` is its path in the description, where it differs."""

    method: str
    path: str
    tag: str
    summary: str
    answer: Any
    body: Any = None
    example: Any = None
    form: Any = None
    media: tuple[str, ...] = ("application/json",)
    refusals: tuple[int, ...] = _READS
    shown: str = ""
    description: str = ""
    public: bool = False

    @property
    def operation(self) -> Operation:
        """Return how this route is documented."""
        return Operation(
            method=self.method,
            path=self.shown or self.path,
            tag=self.tag,
            wire="OpenAI",
            summary=self.summary,
            answer=self.answer,
            body=self.body,
            form=self.form,
            media=self.media,
            refusals=self.refusals,
            error=shapes.OpenAIError,
            example=self.example,
            description=self.description,
            public=self.public,
        )


#: Tag, summary, body, answer, what it offers beside JSON, and a body that works.
_Row = tuple[str, str, Any, Any, tuple[str, ...], Any]
_JSON: Mapping[Relayed, _Row] = {
    Relayed.CHAT: (
        _MODELS, "Chat with a model, or with a painter", shapes.ChatBody, shapes.Completion,
        _EVENTS, {"model": "sandbox-chat", "messages": [_HELLO]},
    ),
    Relayed.COMPLETIONS: (
        _MODELS, "Go on with a text", shapes.CompletionBody, shapes.Completion, _EVENTS,
        {"model": "sandbox-chat", "prompt": "Once upon a time"},
    ),
    Relayed.RESPONSES: (
        _MODELS, "Answer an input", shapes.ResponseBody, shapes.ModelResponse, _EVENTS,
        {"model": "sandbox-chat", "input": "Hello!"},
    ),
    Relayed.EMBEDDINGS: (
        _MODELS, "Make vectors of texts", shapes.EmbeddingBody, shapes.Embeddings,
        _EVENTS[:1], {"model": "sandbox-embedding", "input": "a red fox"},
    ),
    Relayed.MODERATIONS: (
        _MODELS, "Judge texts", shapes.ModerationBody, shapes.Moderations, _EVENTS[:1],
        {"model": "sandbox-moderation", "input": "a red fox"},
    ),
    Relayed.IMAGES: (
        _PICTURES, "Make pictures", shapes.PictureBody, shapes.MadePictures, _EVENTS,
        {"model": "gpt-image-1", "prompt": "a red fox", "size": "1024x1024"},
    ),
    Relayed.SPEECH: (
        _AUDIO, "Speak a text", shapes.SpeechBody, None, (*_SOUNDS, "text/event-stream"),
        {"model": "sandbox-speech", "input": "Hello!", "voice": "alloy"},
    ),
}  # fmt: skip
_FORMS: Mapping[Relayed, tuple[str, str, Any, Any, tuple[str, ...]]] = {
    Relayed.IMAGE_EDITS: (
        _PICTURES, "Change a picture", shapes.EditForm, shapes.MadePictures, _EVENTS,
    ),
    Relayed.IMAGE_VARIATIONS: (
        _PICTURES, "Vary a picture", shapes.VariationForm, shapes.MadePictures, _EVENTS,
    ),
    Relayed.TRANSCRIPTIONS: (
        _AUDIO, "Write a recording down", shapes.RecordingForm, shapes.Transcript, _TEXTS,
    ),
    Relayed.TRANSLATIONS: (
        _AUDIO, "Write a recording down in English", shapes.RecordingForm, shapes.Transcript,
        _TEXTS,
    ),
}  # fmt: skip


def relayed_table(handlers: Mapping[Relayed, Handler]) -> list[tuple[Endpoint, Handler]]:
    """Return what is relayed or painted, with who serves it."""
    found = []
    for relayed, handler in handlers.items():
        if relayed in _JSON:
            tag, summary, body, answer, media, example = _JSON[relayed]
            form = None
        else:
            tag, summary, form, answer, media = _FORMS[relayed]
            body = example = None
        one = Endpoint(
            "POST", f"/v1/{relayed}", tag, summary, answer, body=body, form=form, media=media,
            example=example, refusals=_CALLS, description=_ABOUT,
        )  # fmt: skip
        found.append((one, handler))
    return found


def stored_table(handler: Handler) -> list[tuple[Endpoint, Handler]]:
    """Return what is asked of a stored response, at the upstream that made it."""
    rest = _STORED + "/{rest:path}"
    rows = [
        Endpoint("GET", _STORED, _MODELS, "A stored response", shapes.ModelResponse,
                 refusals=_CALLS, media=_EVENTS),
        Endpoint("DELETE", _STORED, _MODELS, "Delete a stored response", dict[str, Any],
                 refusals=_CALLS),
        Endpoint("POST", rest, _MODELS, "Cancel a response", shapes.ModelResponse,
                 refusals=_CALLS, shown=_STORED + "/cancel"),
        Endpoint("GET", rest, _MODELS, "The inputs of a stored response", dict[str, Any],
                 refusals=_CALLS, shown=_STORED + "/input_items"),
    ]  # fmt: skip
    return [(row, handler) for row in rows]


def book_table(
    models: Handler, model: Handler, receipt: Handler, prices: Handler, *, public_prices: bool
) -> list[tuple[Endpoint, Handler]]:
    """Return the lists of models and prices, and the receipts of calls."""
    return [
        (Endpoint("GET", "/v1/models", _BOOKS, "The models that a key may use",
                  shapes.ModelNames), models),
        (Endpoint("GET", "/v1/models/{model:path}", _BOOKS, "One model", shapes.Model), model),
        (Endpoint("GET", "/v1/calls/{call_id}", _BOOKS, "What a call used and cost",
                  shapes.CallReceipt), receipt),
        (Endpoint("GET", "/pricing.json", _BOOKS, "The price list", shapes.PriceList,
                  public=public_prices), prices),
    ]  # fmt: skip
