"""The front hall: builds every object once and hands it on. Only this room knows all others."""

from gesso.app.house import House, check_public, open_house
from gesso.app.web import build_web
from gesso.app.work import running_worker

__all__ = ["House", "build_web", "check_public", "open_house", "running_worker"]
