"""Claims as history: checked, corrected, kept as intervals."""
