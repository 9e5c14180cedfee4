"""First contact with the real sites: a crawl that writes nothing, and a file of the pages that could not be read, for a bug report."""
