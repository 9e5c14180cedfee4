"""Engines that judge a fleet by a join with the table of verdicts: DuckDB (extra ``bulk``) and Spark (extra ``spark``).

One reader, that of ``hotpatch_kb.db.fleet.inventory``, normalises whatever comes (``normal``); an engine joins and puts the halves of each line together. So the
bytes are those of the built-in engine.
"""
