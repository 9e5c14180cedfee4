"""``python -m hotpatch_kb`` is the command ``hotpatch-kb``."""

import sys

from hotpatch_kb.scraper.cli.main import process

sys.exit(process())
