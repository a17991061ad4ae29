"""Figures of gesso, measured side by side with the raw limit of the same machine."""
