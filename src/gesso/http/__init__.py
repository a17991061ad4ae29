"""Plumbing shared by all doors."""
