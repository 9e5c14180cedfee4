"""Pages become claims: fetching, archiving, the sources, and the command."""
