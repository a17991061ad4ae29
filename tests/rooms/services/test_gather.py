"""Material of a task: stored inputs in order, and refusals that say what is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gesso.app import House
from gesso.domain.errors import Refused
from gesso.kit import picture
from gesso.kit.mask import Polarity
from gesso.kit.web import Guard
from gesso.services.gather import Gatherer
from tests.rooms.customer import Customer
from tests.upstream import png

pytestmark = pytest.mark.anyio
GONE = f"00/00/{'0' * 64}.png"  #: What a blob is called that was never stored.


def gatherer(house: House) -> Gatherer:
    return Gatherer(house.blobs, house.reader, Guard(), picture.Limits(), Polarity.LIGHT)


async def test_inputs_come_in_their_order_with_the_parent(small_customer: Customer) -> None:
    house, parent = small_customer.house, (await small_customer.submit()).task
    kept = [(await house.blobs.put(png(n, n), extension="png")).key for n in (4, 5)]
    task = replace(parent, id=parent.id + 1, parent_id=parent.id, order={"pictures": kept})
    manifest = house.catalogue.providers["sandbox"].manifest
    material = await gatherer(house).gather(task, manifest)
    assert material.pictures == [png(4, 4), png(5, 5)]
    assert material.parent is not None
    assert material.parent.id == parent.id
    assert (material.base, material.mask) == (material.parent, None)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"pictures": [GONE]}, "gone"),
        ({"mask": GONE}, "gone"),
        ({"links": ["http://127.0.0.1:1/x.png"]}, "refused"),
        ({"links": ["http://[::1]/x.png"]}, "refused"),
    ],
)
async def test_what_cannot_be_had(
    small_customer: Customer, asked: dict[str, object], said: str
) -> None:
    house = small_customer.house
    task = replace((await small_customer.submit()).task, order=asked)
    manifest = replace(house.catalogue.providers["sandbox"].manifest, reads_links=False)
    with pytest.raises(Refused, match=said):
        await gatherer(house).gather(task, manifest)
