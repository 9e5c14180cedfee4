"""Bytes from the network, and their archive."""
