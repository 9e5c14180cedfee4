"""Facts from claims."""
