"""gesso's own admin API: JSON below /admin/api/v1, for keys with a role."""
