"""Judge a fleet with the tables of an export, in pandas: host, verdict, next_kb, reason. As duckdb.sql, where each step is explained.

python recipes/pandas_join.py fleet.csv > judged.csv
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

KBS_ALONE = re.compile(r"\s*(?:(?:kb[ -]?)?[0-9]{6,7}(?:[\s,;|]+|$))*", re.IGNORECASE)
BUILD = re.compile(r"(?:10\.0\.)?[0-9]{5}(?:\.[0-9]{1,5})?")


def judge(fleet: Any, tables: Path, today: str) -> Any:
    """Return the verdicts of a fleet, in its order.

    Args:
        fleet: host, product, build, line, kbs, edition.
        tables: the folder ``tables`` of an export.
        today: ISO date; after the last day on which the verdicts hold nothing is current.
    """

    def read(name: str) -> Any:
        return pd.read_parquet(tables / f"{name}.parquet")

    def spelled(column: str) -> Any:
        return rows[column].str.replace(r"\s+", " ", regex=True).str.strip(" ").str.lower()

    rows = fleet.fillna("").astype(str).reset_index(drop=True)
    rows["stated"] = rows.pop("build").str.strip(" ")
    rows["line"] = rows["line"].map(lambda text: "".join(letter for letter in text.lower() if letter.isalnum()))
    rows["product"], rows["edition"] = spelled("product"), spelled("edition")
    rows = rows.merge(read("build_aliases"), how="left", left_on="stated", right_on="alias")
    rows["line"] = rows["line"].map(dict(read("line_aliases").itertuples(index=False, name=None))).fillna("")
    products, editions = read("product_aliases").set_index("alias"), read("edition_aliases").set_index("alias")["edition"]
    rows["product_key"] = rows["product"].map(products["product_key"])
    rows["edition"] = rows["edition"].map(editions).where(rows["edition"] != "", rows["product"].map(products["edition"]))
    found = rows[["build", "kbs"]].assign(kb=rows["kbs"].str.findall("[0-9]+")).explode("kb").dropna(subset=["kb", "build"])
    found["kb"] = found["kb"].map(lambda text: int(text) if len(text) < 10 else -1).astype("int64")
    found = found.reset_index(names="number").merge(read("deciding_kbs"), on=["build", "kb"])
    rows["deciding"] = found.groupby("number")["word"].agg(lambda words: " ".join(sorted(set(words))))
    rows["deciding"] = rows["deciding"].fillna("")
    rows = rows.merge(read("product_choices"), how="left", on=["build", "product_key"])
    rows["products"] = rows["products"].fillna("")
    keys = ["build", "products", "line", "deciding", "edition"]
    machines = read("machines").set_index(keys)["outcome"].to_dict()
    asked = list(rows[keys].itertuples(index=False, name=None))
    rows["outcome"] = pd.array([machines.get(own, machines.get((*own[:4], ""))) for own in asked], dtype="Int64")
    rows = rows.merge(read("outcomes")[["outcome", "verdict", "next_kb", "reason", "valid_until"]], how="left", on="outcome")
    said = [_said(row, today) for row in rows.astype(object).where(rows.notna(), None).to_dict("records")]
    return pd.DataFrame(said, columns=["host", "verdict", "next_kb", "reason"])


def _said(row: dict[str, Any], today: str) -> tuple[Any, ...]:
    is_known = row["product_key"] not in {None, "other"} and row["edition"] is not None
    next_kb = row["next_kb"] if is_known else None
    if not row["stated"]:
        return row["host"], "unknown", None, "no build is stated"
    if row["product_key"] == "other":
        return row["host"], "unknown", None, "not covered"
    if row["deciding"] and not KBS_ALONE.fullmatch(row["kbs"]):
        return row["host"], "unknown", None, "its KBs have other words or signs beside them"
    if row["verdict"] == "current" and today > row["valid_until"]:
        return row["host"], "unknown", next_kb, f"the verdicts of this export held until {row['valid_until']}"
    if row["product_key"] is None:
        return row["host"], "unknown", None, "the table product_aliases does not have the name of its system"
    if row["edition"] is None:
        is_build = row["build"] is not None or BUILD.fullmatch(row["stated"])
        return row["host"], "unknown" if is_build else "invalid", None, "the table edition_aliases does not have its edition"
    if row["verdict"] is None:
        return (
            row["host"],
            "unknown" if BUILD.fullmatch(row["stated"]) else "invalid",
            None,
            "the table build_aliases does not have its build",
        )
    return row["host"], row["verdict"], next_kb, row["reason"]


if __name__ == "__main__":
    machines_of = pd.read_csv(sys.argv[1], dtype=str, keep_default_na=False)
    judged = judge(machines_of, Path(__file__).parent.parent / "tables", datetime.now(UTC).date().isoformat())
    judged.to_csv(sys.stdout, index=False)
