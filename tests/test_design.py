"""The design: its tokens, computed from the style sheet, and what every page keeps to in a browser (tests/test_browser.py)."""

from __future__ import annotations

import re

import pytest

from hotpatch_kb.db import site

CSS = (site.FOLDER / "static" / "site.css").read_text(encoding="utf-8")
SCHEMES = dict(zip(("light", "dark"), re.findall(r":root \{(.*?)\n\s*\}", CSS, re.DOTALL), strict=True))
GROUNDS = ("bg", "surface", "sunken")
TEXTS = [(text, ground) for text in ("ink", "muted", "link") for ground in GROUNDS]
TEXTS += [(name, f"{name}-bg") for name in ("ok", "due", "bad", "warn", "unk")] + [
    ("due", "surface"),
    ("due", "bg"),
    ("on-accent", "accent"),
]
CODES = {"left_line"}  # of verdicts, which the pages have from the answers
MARKS = ("baseline", "hotpatch", "standard", "edge")


def _luminance(colour: str) -> float:
    """WCAG 2.2's relative luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_has_a_contrast_of_seven_and_marks_of_three(scheme: str) -> None:
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", SCHEMES[scheme]))
    assert {
        pair: _contrast(colours[pair[0]], colours[pair[1]]) for pair in TEXTS if _contrast(colours[pair[0]], colours[pair[1]]) < 7
    } == {}
    assert [mark for mark in MARKS for ground in GROUNDS if _contrast(colours[mark], colours[ground]) < 3] == []


def test_both_schemes_name_the_same_colours() -> None:
    light, dark = (set(re.findall(r"--([\w-]+): #", scheme)) for scheme in SCHEMES.values())
    assert light == dark


def test_no_colour_stands_outside_the_tokens() -> None:
    rest = re.sub(r":root \{.*?\n\s*\}", "", CSS, flags=re.DOTALL)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)|\brgba?\(|\bhsla?\(", rest) == []


def test_no_text_is_smaller_than_fourteen_pixels() -> None:
    sizes = [float(size) for size in re.findall(r"font(?:-size)?:[^;}]*?([0-9.]+)rem", CSS)]
    assert min([*sizes, float(re.search(r"--t0: ([0-9.]+)rem", CSS)[1])]) >= 0.875  # type: ignore[index]
    assert [size for size in re.findall(r"font(?:-size)?:[^;}]*?([0-9.]+)px", CSS) if float(size) < 14] == []


def test_every_class_of_the_style_sheet_is_used() -> None:
    """In a template, a script or what Python writes; Datasette names columns and the editor of SQL its own parts."""
    named = set(re.findall(r"\.([a-zA-Z][\w-]*)", re.sub(r"\{[^{}]*\}", "{}", re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL))))
    named = {name for name in named if not name.startswith(("col-", "cm-", "CodeMirror"))}
    assert len(named) > 100
    texts = [path.read_text(encoding="utf-8") for kind in ("html", "py", "js") for path in site.FOLDER.rglob(f"*.{kind}")]
    used = {word for text in texts for quoted in re.findall(r'"[^"]*"|\'[^\']*\'', text) for word in re.findall(r"[\w-]+", quoted)}
    used |= {name for text in texts for name in re.findall(r"body_class %\}(\w+)", text)}
    assert sorted(named - used - CODES) == []
