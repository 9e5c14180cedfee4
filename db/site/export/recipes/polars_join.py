"""Judge a fleet with the tables of an export, in polars: host, verdict, next_kb, reason. As duckdb.sql, where each step is explained.

python recipes/polars_join.py fleet.csv > judged.csv
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

KBS_ALONE = r"^(?i)\s*(?:(?:kb[ -]?)?[0-9]{6,7}(?:[\s,;|]+|$))*$"
BUILD = r"^(?:10\.0\.)?[0-9]{5}(?:\.[0-9]{1,5})?$"


def judge(fleet: Any, tables: Path, today: str) -> Any:
    """Return the verdicts of a fleet, in its order, as a lazy frame: host, verdict, next_kb, reason.

    Args:
        fleet: a lazy frame of texts: host, product, build, line, kbs, edition.
        tables: the folder ``tables`` of an export.
        today: ISO date; after the last day on which the verdicts hold nothing is current.
    """

    def read(name: str) -> Any:
        return pl.scan_parquet(tables / f"{name}.parquet")

    def spelled(column: str) -> Any:
        return pl.col(column).str.replace_all(r"\s+", " ").str.strip_chars(" ").str.to_lowercase()

    rows = fleet.with_columns(pl.all().fill_null("")).with_row_index("number")
    rows = rows.with_columns(
        pl.col("build").str.strip_chars(" ").alias("stated"), spelled("product"), spelled("edition").alias("edition_name"),
        pl.col("line").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]", "").alias("word"),
    ).drop("build", "line", "edition")  # fmt: skip
    rows = rows.join(read("build_aliases").rename({"alias": "stated"}), on="stated", how="left")
    rows = rows.join(read("line_aliases").rename({"alias": "word"}), on="word", how="left")
    rows = rows.join(read("product_aliases").rename({"alias": "product", "edition": "of_product"}), on="product", how="left")
    rows = rows.join(read("edition_aliases").rename({"alias": "edition_name"}), on="edition_name", how="left")
    rows = rows.with_columns(
        pl.when(pl.col("edition_name") == "").then("of_product").otherwise("edition").alias("edition"), pl.col("line").fill_null("")
    )
    kbs = (
        rows.select("number", "build", pl.col("kbs").str.extract_all("[0-9]+").alias("kb"))
        .explode("kb")
        .with_columns(pl.col("kb").cast(pl.Int64, strict=False))
    )
    words = (
        kbs.join(read("deciding_kbs"), on=["build", "kb"])
        .group_by("number")
        .agg(pl.col("word").unique().sort().str.join(" ").alias("deciding"))
    )
    rows = rows.join(words, on="number", how="left").join(read("product_choices"), on=["build", "product_key"], how="left")
    rows = rows.with_columns(pl.col("deciding", "products").fill_null(""))
    keys = ["build", "products", "line", "deciding"]
    machines = read("machines")
    usual = machines.filter(pl.col("edition") == "").drop("edition").rename({"outcome": "usual"})
    rows = rows.join(usual, on=keys, how="left").join(machines.filter(pl.col("edition") != ""), on=[*keys, "edition"], how="left")
    rows = rows.with_columns(pl.coalesce("outcome", "usual").alias("outcome"))
    outcomes = read("outcomes").select("outcome", "verdict", "next_kb", "reason", "valid_until")
    return _told(rows.join(outcomes, on="outcome", how="left"), today)


def _told(rows: Any, today: str) -> Any:
    is_other, has_product, has_edition = (
        pl.col("product_key") == "other",
        pl.col("product_key").is_not_null(),
        pl.col("edition").is_not_null(),
    )
    is_known = has_product & has_edition & ~is_other.fill_null(value=False)
    words = (pl.col("deciding") != "") & ~pl.col("kbs").str.contains(KBS_ALONE)
    late = ((pl.col("verdict") == "current") & (pl.lit(today) > pl.col("valid_until"))).fill_null(value=False)
    is_build = pl.col("stated").str.contains(BUILD) | (pl.col("stated") == "") | ~has_product | is_other
    verdict: Any = pl.when(words | late).then(pl.lit("unknown")).when(is_known & pl.col("verdict").is_not_null()).then("verdict")
    reason: Any = pl.when(pl.col("stated") == "").then(pl.lit("no build is stated")).when(is_other).then(pl.lit("not covered"))
    reason = reason.when(words).then(pl.lit("its KBs have other words or signs beside them"))
    reason = reason.when(late).then(pl.lit("the verdicts of this export held until ") + pl.col("valid_until"))
    reason = reason.when(~has_product).then(pl.lit("the table product_aliases does not have the name of its system"))
    reason = reason.when(~has_edition).then(pl.lit("the table edition_aliases does not have its edition"))
    reason = reason.when(pl.col("reason").is_null()).then(pl.lit("the table build_aliases does not have its build")).otherwise("reason")
    unread = pl.when(is_build | (~has_edition & pl.col("build").is_not_null())).then(pl.lit("unknown")).otherwise(pl.lit("invalid"))
    return rows.sort("number").select(
        "host",
        verdict.otherwise(unread).alias("verdict"),
        pl.when(is_known & ~words).then("next_kb").alias("next_kb"),
        reason.alias("reason"),
    )


if __name__ == "__main__":
    machines_of = pl.scan_csv(sys.argv[1], infer_schema=False)
    judged = judge(machines_of, Path(__file__).parent.parent / "tables", datetime.now(UTC).date().isoformat())
    judged.collect().write_csv(sys.stdout)
