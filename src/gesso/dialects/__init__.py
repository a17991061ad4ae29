"""Thin translations of customer-side wire formats."""
