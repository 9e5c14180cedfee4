"""hotpatch-kb: ``hotpatch_kb.scraper`` reads Microsoft's pages, ``hotpatch_kb.db`` keeps and answers.

Installed, both lie in this folder. In a checkout they lie beside it, so that the two halves are the first thing one sees there. PyPI has
packages named ``db`` and ``scraper``; installed under those names they would overwrite ours.
"""

import os

if not os.path.isdir(os.path.join(__path__[0], "db")):  # noqa: PTH112, PTH118 (pathlib takes 2 ms to import)
    __path__.append(os.path.dirname(__path__[0]))  # noqa: PTH120
