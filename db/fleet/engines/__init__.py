"""Judge a large fleet with DuckDB (extra ``bulk``) or Spark (extra ``spark``).

``normal_form`` writes any inventory as plain tables of text: parts with a row per machine (number, key of its verdict, first half of its
output line), and a table with the second half of the line for each key. An engine joins the two and sorts by number, so it needs no rule
of ours, and its output has the bytes of the built-in engine.
"""
