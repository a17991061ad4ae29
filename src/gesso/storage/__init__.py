"""All SQL and all bytes on disk; one file per noun; no decisions."""
