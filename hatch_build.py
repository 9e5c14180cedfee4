"""Build hook: make the read-only database of the embedded facts and put it into the wheel, with the pages of the documentation that the site shows."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SeedDatabase(BuildHookInterface[Any]):
    """The hook of hatchling that writes ``db/seed/seed.db`` into the source tree, where git ignores it; an editable install reads it there."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Write the database before a wheel is built."""
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root))
        try:
            from hotpatch_kb.db.facts.seed import build_seed_database  # noqa: PLC0415
        finally:
            sys.path.remove(str(root))
        build_seed_database(root / "db" / "seed" / "seed.db")
        build_data["artifacts"].append("/db/seed/seed.db")
        for name in ("questions.md", "questions.ja.md", "offline.md", "offline.ja.md"):
            page = root / "docs" / name
            if page.exists():  # the site shows it, and in a checkout reads it where it is
                build_data["force_include"][str(page)] = f"hotpatch_kb/db/site/{name}"
