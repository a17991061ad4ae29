"""Schema steps, applied in order by `storage.migrate`."""
