"""Code that several parsers share."""
