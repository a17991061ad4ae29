"""Like texts lie close, whatever the size."""

from __future__ import annotations

import numpy as np
import pytest

from gesso.sandbox_models.embedding import embed


@pytest.mark.parametrize("size", [1, 16, 256, 3072])
def test_length_is_one(size: int) -> None:
    for text in ("a red fox", "", "!!", "你好"):
        found = embed(text, size)
        assert found.shape == (size,)
        assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)


def test_like_texts_are_close() -> None:
    fox = embed("a red fox in the snow", 256)
    foxes = embed("red foxes in snow", 256)
    tax = embed("quarterly revenue report", 256)
    assert float(fox @ foxes) > 0.4
    assert float(fox @ tax) < 0.3
    assert np.array_equal(fox, embed("a red fox in the snow", 256))
