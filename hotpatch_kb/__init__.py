"""hotpatch-kb: ``hotpatch_kb.scraper`` reads Microsoft's pages, ``hotpatch_kb.db`` keeps what they state and answers from it.

Installed, both are in this folder. In a checkout they are beside it, so that the two halves are the first thing a reader sees. They are not
installed under the names ``db`` and ``scraper``, since PyPI has packages of those names, which would overwrite ours.
"""

import os

if not os.path.isdir(os.path.join(__path__[0], "db")):  # noqa: PTH112, PTH118 (pathlib takes 2 ms to import)
    __path__.append(os.path.dirname(__path__[0]))  # noqa: PTH120
