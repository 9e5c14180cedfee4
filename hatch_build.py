"""Build hook: makes the read-only database of the embedded facts and ships it in the wheel."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SeedDatabase(BuildHookInterface[Any]):
    """Writes ``db/seed/seed.db``; in an editable install it lies in the source tree, ignored by git."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Runs before a wheel is built."""
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
