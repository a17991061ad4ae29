"""The APIMart wire: /v1/midjourney, /v1/tasks and what belongs to them (wire/apimart)."""

from gesso.dialects.apimart.hall import Bounds, Hall
from gesso.dialects.apimart.inputs import MAX_BYTES as INPUT_BYTES
from gesso.dialects.apimart.inputs import Inputs
from gesso.dialects.apimart.submits import Services
from gesso.dialects.apimart.uploads import MAX_BYTES as UPLOAD_BYTES

__all__ = ["INPUT_BYTES", "UPLOAD_BYTES", "Bounds", "Hall", "Inputs", "Services"]
