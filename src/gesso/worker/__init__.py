"""Loops without judgement: they take work and call services."""
