"""The APIMart wire: /v1/midjourney, /v1/tasks and what belongs to them (wire/apimart)."""
