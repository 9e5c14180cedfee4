"""Verdicts for the machines of an inventory.

``inventory`` reads any list of machines, ``assess`` judges each by the table of verdicts, ``formats`` has the output formats, and
``engines`` does the join for large fleets.
"""
