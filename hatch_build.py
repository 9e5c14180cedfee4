"""Build hooks: the read-only database of the embedded facts and the pages of the documentation that the site shows go into the wheel; links of the README lead somewhere."""

import os
import re
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

# The address of the repository, where a release is built: "https://github.com/<owner>/<name>".
REPOSITORY = "HOTPATCH_KB_REPOSITORY"


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


class Links(MetadataHookInterface):
    """The hook of hatchling that gives the README to the package. An index shows it without the files beside it, so a release has whole addresses."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the README, and the project's addresses where they are known.

        Raises:
            ValueError: the address of the repository is not one of HTTPS.
        """
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        if repository := os.environ.get(REPOSITORY, "").rstrip("/"):
            if not re.fullmatch(r"https://[^\s/]+/\S+", repository):
                raise ValueError(f"expected {REPOSITORY} such as https://github.com/<owner>/<name>, got {repository!r}")
            text = with_addresses(text, repository)
            metadata["urls"] = {
                "Source": repository,
                "Documentation": f"{repository}/tree/HEAD/docs",
                "Changes": f"{repository}/blob/HEAD/CHANGELOG.md",
            }
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def with_addresses(text: str, repository: str) -> str:
    """Return Markdown whose links to files of the project lead into its repository.

    >>> with_addresses("![Home](docs/home.png) [fleet](docs/fleet.md#how) [other](https://example.org/)", "https://github.com/o/n")
    '![Home](https://github.com/o/n/raw/HEAD/docs/home.png) [fleet](https://github.com/o/n/blob/HEAD/docs/fleet.md#how) [other](https://example.org/)'
    """

    def whole(link: re.Match[str]) -> str:
        kind = "raw" if link["sign"] else "blob"
        return f"{link['sign']}[{link['text']}]({repository}/{kind}/HEAD/{link['file']})"

    return re.sub(r"(?P<sign>!?)\[(?P<text>[^\]]*)\]\((?!https?:)(?P<file>[^)#][^)]*)\)", whole, text)
