"""``python -m scraper`` is the command ``hotpatch-kb``."""

from scraper.cli import main

main()
