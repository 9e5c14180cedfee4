"""Verdicts for an inventory."""
