"""One module per source: its pages, rendered from facts, each with one shape or one fault of the real ones."""
