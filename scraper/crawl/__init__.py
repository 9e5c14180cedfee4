"""Runs: what is read, when, and what comes of it."""
