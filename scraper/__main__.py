"""``python -m scraper`` is the command ``hotpatch-kb``."""

import sys

from scraper.command import main

sys.exit(main())
