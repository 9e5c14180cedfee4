"""Answers from facts."""
