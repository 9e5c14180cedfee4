"""Claims become answers: schema, loading, resolution, lookup, the site. Opens no socket."""

__version__ = "0.1.0"
