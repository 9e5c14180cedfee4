"""JSON Schema (2020-12) of every JSON file of an export. ``index.json`` says which file follows which."""

from __future__ import annotations

from typing import Any, Final

from hotpatch_kb.db.answers.verdicts import VERDICTS

Schema = dict[str, Any]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Final[Schema] = {"type": "string"}
_MAYBE: Final[Schema] = {"type": ["string", "null"]}
_NUMBER: Final[Schema] = {"type": ["integer", "null"]}
_FLAG: Final[Schema] = {"type": ["boolean", "null"]}
_BIT: Final[Schema] = {"enum": [0, 1, None]}
_DAY: Final[Schema] = {"type": ["string", "null"], "pattern": "^[0-9]{4}-[0-9]{2}(-[0-9]{2})?$"}
_KB: Final[Schema] = {"type": ["string", "null"], "pattern": "^KB[0-9]+$"}
_BUILD: Final[Schema] = {"type": ["string", "null"], "pattern": "^[0-9]+\\.[0-9]+$"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_LINES: Final = ("hotpatch", "standard")


def _object(properties: Schema, *, optional: tuple[str, ...] = (), title: str = "", is_open: bool = False) -> Schema:
    """Return the schema of an object that has these properties; others are allowed where ``is_open``."""
    of_title = {"title": title} if title else {}
    required = [name for name in properties if name not in optional]
    return of_title | {"type": "object", "properties": properties, "required": required, "additionalProperties": is_open}


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def _or_null(item: Schema) -> Schema:
    return {"anyOf": [item, {"type": "null"}]}


_OF_RESTART: Final[Schema] = {"month": _DAY, "date": _DAY, "is_expected": _FLAG, "is_unplanned": _FLAG}
_RESTART: Final = _object(_OF_RESTART)
_RELEASED: Final = _object({"kb": _KB, "build": _BUILD, "release_date": _DAY, "classification": _TEXT})
_NEXT: Final = _object(
    _OF_RESTART
    | {"certainty": _TEXT, "unseen_baseline": _or_null(_object({"month": _DAY, "date": _DAY})), "newest_baseline": _or_null(_RELEASED)}
)
_CLASSES: Final = ("baseline", "hotpatch", "component", "cumulative", "preview", "initial")
_VERDICT: Final = _object(
    {
        "verdict": {"enum": list(VERDICTS)}, "reason": _TEXT, "months_behind": _NUMBER, "next_kb": _KB, "next_needs_restart": _FLAG,
        "rejoins_month": _DAY, "newer_out_of_band": _TEXT,
    }
)  # fmt: skip
_MATCH: Final = _object(
    {
        "product": _TEXT, "kb": _KB, "build": _BUILD, "release_date": _DAY, "classification": {"enum": list(_CLASSES)}, "cadence": _MAYBE,
        "restart_required": _FLAG, "in_hotpatch_line": _FLAG, "baseline": _or_null(_object({"kb": _KB, "build": _BUILD, "release_date": _DAY})),
        "companions": _list(_TEXT), "latest": _or_null(_RELEASED), "next_restart": _or_null(_RESTART), "data_until": _DAY, "sources": _list(_TEXT),
        "verdict": _or_null(_VERDICT), "by_line": _or_null({"type": "object", "additionalProperties": _or_null(_VERDICT)}),
    },
    is_open=True,
)  # fmt: skip
_LOOKUP: Final = _object(
    {
        "query": _TEXT, "status": {"enum": ["found", "ambiguous", "not_found"]}, "matches": _list(_MATCH), "decided_by": _list(_TEXT),
        "nearest": {"type": "array"}, "valid_until": _DAY,
    },
    title="What a build or a KB is, as hotpatch-kb lookup answers", is_open=True,
)  # fmt: skip
_CVE: Final = _object(
    {
        "cve": {"type": "string", "pattern": "^CVE-[0-9]{4}-[0-9]+$"},
        "fixed_by": _list(
            _object(
                {
                    "product": _TEXT, "kb": _KB, "build": _BUILD, "release_date": _DAY, "classification": _MAYBE, "in_hotpatch_line": _FLAG,
                    "in_standard_line": _FLAG, "severity": _MAYBE, "source_month": _DAY,
                }
            )
        ),
        "left_open": _list(_object({"product": _TEXT, "month": _DAY, "hotpatch_kb": _KB, "lcu_kb": _KB, "companion_kb": _KB})),
        "unlisted": _list(
            _object(
                {
                    "product": _TEXT, "kb": _KB, "cve": _TEXT, "severity": _MAYBE, "build": _BUILD, "source_month": _DAY, "kind": _TEXT, "note": _TEXT,
                }
            )
        ),
    },
    title="The releases that fix a CVE, and the hotpatches that leave it open",
)  # fmt: skip
_YEAR: Final = _list(
    _object(
        {
            "product": _TEXT, "month": _DAY, "planned_type": _MAYBE, "planned_by": _MAYBE, "type": _MAYBE, "expected_type": _TEXT,
            "is_unplanned": _FLAG, "release_date": _DAY, "expected_date": _DAY, "kb": _KB, "build": _BUILD, "changed_on": _DAY,
            "changed_after": _DAY, "subject": _TEXT, "data_until": _DAY,
        }
    )
)  # fmt: skip
_LATEST: Final = _object({"name": _BUILD, "date": _DAY, "kb": _KB, "classification": _TEXT, "link": _MAYBE, "missing_evidence": _MAYBE})
_SHORT: Final[Schema] = {
    "name": _TEXT, "label": _TEXT, "family": {"enum": ["server", "client"]}, "buildNumber": _NUMBER, "releaseDate": _DAY, "isEol": _FLAG, "eolFrom": _DAY,
    "hotpatchFrom": _DAY, "hotpatchUntil": _DAY, "latest": _object({line: _or_null(_LATEST) for line in _LINES}, optional=_LINES),
    "nextRestart": _object({line: _or_null(_NEXT) for line in _LINES}), "dataUntil": _object(dict.fromkeys(_LINES, _DAY), optional=_LINES),
}  # fmt: skip
_RELEASE: Final = _object(
    {
        "kb": _KB, "build": _BUILD, "release_date": _DAY, "month": _DAY, "cadence": _MAYBE, "classification": {"enum": list(_CLASSES)},
        "in_hotpatch_line": _BIT, "in_standard_line": _BIT, "restart_required": _BIT, "is_unplanned": _FLAG, "is_public_preview": _FLAG,
        "is_expired": _FLAG, "baseline_kb": _KB, "baseline_build": _BUILD, "gone_since": _MAYBE, "article_url": _MAYBE,
    }
)  # fmt: skip
_PRODUCT: Final = _object(
    _SHORT
    | {
        "isEoas": _FLAG, "eoasFrom": _DAY, "valid_until": _DAY, "releases": _list(_RELEASE),
        "lifecycle": _list(_object({"edition_group": _TEXT, "kind": _TEXT, "end_date": _DAY, "source_url": _TEXT, "is_reported": {"type": "boolean"}})),
    },
    title="A product: its latest releases, the next restart, its support and its releases",
)  # fmt: skip
_UNTIL: Final = _list(_object({"product": _TEXT, "line": {"enum": list(_LINES)}, "data_until": _DAY}))
_MADE: Final = {"made_at": _TEXT, "judged_on": _DAY, "valid_until": _DAY}
_INDEX: Final = _object(
    {
        "schema_version": {"const": 1}, "program": _TEXT, **_MADE, "data_until": _UNTIL, "counts": {"type": "object", "additionalProperties": _COUNT},
        "database": _object({"path": _TEXT, "schema": _TEXT}),
        "files": _list(
            _object(
                {"path": _TEXT, "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "bytes": _COUNT, "schema": _MAYBE},
                optional=("schema",),
            )
        ),
    },
    title="What an export has: its files with their hashes, and how far its data reaches",
)  # fmt: skip

SCHEMAS: Final[dict[str, Schema]] = {
    "index": _INDEX,
    "timestamp": _object({"last_check": _TEXT, "last_change": _MAYBE, "update_hash": _TEXT}, title="When pages were read last, and a hash of all facts"),
    "all": _object({"schema_version": {"const": 1}, **_MADE, "data_until": _UNTIL, "products": _list(_PRODUCT), "calendar": _YEAR}, title="Every product and its calendar"),
    "products": _list(_object(_SHORT)),
    "product": _PRODUCT,
    "lookup": _LOOKUP,
    "cve": _CVE,
    "calendar": _YEAR,
    "datapackage": {"type": "object", "required": ["resources"], "title": "A Data Package, see https://datapackage.org"},
}  # fmt: skip


def schema_file(name: str) -> Schema:
    """Return a schema as its file has it."""
    return {"$schema": _DIALECT, "$id": f"schemas/{name}.schema.json"} | SCHEMAS[name]
