"""A description from a list of operations, for any dialect."""

from __future__ import annotations

import msgspec

from gesso.http.openapi import File, Operation, describe


class Asked(msgspec.Struct):
    prompt: str
    times: int = 1


class Told(msgspec.Struct):
    id: str


class Wrong(msgspec.Struct):
    error: str


class Wanted(msgspec.Struct):
    limit: int = 5
    word: str = ""


def test_bodies_parameters_and_refusals() -> None:
    made = describe(
        [
            Operation(
                "POST", "/x/{task_id:int}", "x", "Do it", Told, Asked, example={"prompt": "a"}
            ),
            Operation("GET", "/x", "x", "List", list[Told], query=Wanted, permission="read"),
            Operation("GET", "/free", "y", "Free", status=204, public=True),
        ],
        title="t",
        version="1",
        error=Wrong,
    )
    post = made["paths"]["/x/{task_id}"]["post"]
    assert [p["name"] for p in post["parameters"]] == ["task_id"]
    content = post["requestBody"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/Asked"}
    assert content["example"] == {"prompt": "a"}
    assert set(post["responses"]) == {"200", "400", "401", "403", "404", "413", "422", "429"}
    listed = made["paths"]["/x"]["get"]
    assert [(p["name"], p["in"], p["required"]) for p in listed["parameters"]] == [
        ("limit", "query", False),
        ("word", "query", False),
    ]
    assert "`read`" in listed["description"]
    free = made["paths"]["/free"]["get"]
    assert free["security"] == []
    assert "content" not in free["responses"]["204"]
    assert set(made["components"]["schemas"]) == {"Asked", "Told", "Wrong"}
    assert [t["name"] for t in made["tags"]] == ["x", "y"]


class Upload(msgspec.Struct):
    file: File
    note: str = ""


class Failure(msgspec.Struct):
    code: int


def test_forms_several_types_and_other_media() -> None:
    both = Operation(
        "POST", "/y", "one", "Either", (Told, list[Told]), (Asked, Told), wire="W",
        error=(Wrong, Failure), refusals=(400,), media=("application/json", "text/event-stream"),
    )  # fmt: skip
    form = Operation("POST", "/z", "two", "Put", form=Upload, wire="W", media=("audio/mpeg",))
    made = describe([both, form], title="t", version="1", error=Wrong)
    post = made["paths"]["/y"]["post"]
    assert len(post["requestBody"]["content"]["application/json"]["schema"]["anyOf"]) == 2
    assert set(post["responses"]["200"]["content"]) == {"application/json", "text/event-stream"}
    envelopes = post["responses"]["400"]["content"]["application/json"]["schema"]["anyOf"]
    assert [one["$ref"].rpartition("/")[2] for one in envelopes] == ["Wrong", "Failure"]
    put = made["paths"]["/z"]["post"]
    assert set(put["requestBody"]["content"]) == {"multipart/form-data"}
    assert made["components"]["schemas"]["Upload"]["properties"]["file"]["format"] == "binary"
    assert set(put["responses"]["200"]["content"]) == {"audio/mpeg"}
    assert made["x-tagGroups"] == [{"name": "W", "tags": ["one", "two"]}]
