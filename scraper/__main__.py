"""``python -m scraper`` is the command ``hotpatch-kb``."""

import sys

from scraper.cli import main

sys.exit(main())
