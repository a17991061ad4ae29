"""The words of paging, for those who may not look into the storage."""

from __future__ import annotations

from gesso.storage.paging import Slice

__all__ = ["Slice"]
