"""Draw a card as PNG, with Pillow alone: its own typeface where the system has no better one."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from hotpatch_kb.db.site import FOLDER
from hotpatch_kb.db.site.cards import Card, Mark

WIDTH, HEIGHT = 1200, 630
_LEFT: Final = 90
_LARGER: Final = 2  # drawn so much larger and made smaller: Pillow's circles have no smooth edges
_COLOURS: Final = 64  # of the palette; a card takes 20 to 40 kB
# Typefaces with Japanese of Windows, macOS and Linux. Without any of them a card is in English.
_JAPANESE: Final = (
    "YuGothB.ttc", "meiryob.ttc", "msgothic.ttc", "ヒラギノ角ゴシック W6.ttc", "NotoSansCJK-Bold.ttc", "NotoSansCJKjp-Bold.otf", "NotoSansJP-Bold.ttf",
    "ipaexg.ttf", "ipag.ttf",
)  # fmt: skip
_LATIN: Final = ("segoeuib.ttf", "DejaVuSans-Bold.ttf", "LiberationSans-Bold.ttf", "NotoSans-Bold.ttf")


@cache
def _tokens() -> dict[str, str]:
    """Return the colours of the dark scheme, from the style sheet: they stand nowhere else."""
    css = (FOLDER / "static" / "site.css").read_text(encoding="utf-8")
    dark = css.partition("prefers-color-scheme: dark")[2].partition("}")[0]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", dark))


def _found(names: tuple[str, ...], size: int) -> ImageFont.FreeTypeFont | None:
    """Return the first typeface of some that this system has, None where it has none of them."""
    return next((font for name in names if (font := _typeface(name, size)) is not None), None)


def _typeface(name: str, size: int) -> ImageFont.FreeTypeFont | None:
    try:
        return ImageFont.truetype(name, size)
    except OSError:  # Pillow's way to say that no folder of the system has it
        return None


@cache
def _font(language: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    named = _found(_JAPANESE if language == "ja" else _LATIN, size * _LARGER)
    return named or ImageFont.load_default(size * _LARGER)


@cache
def writes(language: str) -> bool:
    """Return whether this system has a typeface for a language."""
    return language != "ja" or _found(_JAPANESE, 20) is not None


class _Canvas:
    """A picture in the making; all lengths are those of the finished one."""

    def __init__(self, language: str) -> None:
        self.language, self.colours = language, _tokens()
        self.image = Image.new("RGB", (WIDTH * _LARGER, HEIGHT * _LARGER), self.colours["bg"])
        self.draw = ImageDraw.Draw(self.image)

    def text(self, x: float, y: float, text: str, size: int, colour: str, room: float = WIDTH - 2 * _LEFT, *, smallest: int = 28) -> None:
        """Write a line, smaller where it does not fit, and cut where the smallest does not either. ``y`` is its base."""
        while size > smallest and self.width(text, size) > room:
            size -= 2
        while text and self.width(text, size) > room:
            text = f"{text.removesuffix('...')[:-1].rstrip()}..." if len(text) > 4 else ""
        self.draw.text((x * _LARGER, y * _LARGER), text, font=_font(self.language, size), fill=self.colours[colour], anchor="ls")

    def width(self, text: str, size: int) -> float:
        return self.draw.textlength(text, font=_font(self.language, size)) / _LARGER

    def line(self, x: float, y: float, to: float) -> None:
        self.draw.line([x * _LARGER, y * _LARGER, to * _LARGER, y * _LARGER], fill=self.colours["edge"], width=4 * _LARGER)

    def shape(self, kind: str, x: float, y: float, half: float, *, hollow: bool = False, colour: str | None = None) -> None:
        box = [(x - half) * _LARGER, (y - half) * _LARGER, (x + half) * _LARGER, (y + half) * _LARGER]
        painted = self.colours[colour or kind]
        fill, width = (self.colours["bg"] if hollow else painted), max(2, round(half / 4)) * _LARGER
        if kind == "baseline":
            self.draw.rounded_rectangle(box, radius=half / 3 * _LARGER, fill=fill, outline=painted, width=width)
        else:
            self.draw.ellipse(box, fill=fill, outline=painted, width=width)

    def png(self) -> bytes:
        small = self.image.reduce(_LARGER).quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        out = io.BytesIO()
        small.save(out, "PNG")
        return out.getvalue()


def draw(card: Card, language: str) -> bytes:
    """Return the picture of a card, 1,200 by 630 pixels, as PNG.

    Args:
        card: its contents, in a language that ``writes`` has a typeface for.
        language: of the contents.
    """
    canvas = _Canvas(language)
    for kind, x, y in (("baseline", 0, 0), ("hotpatch", 1, 0), ("hotpatch", 0, 1), ("baseline", 1, 1)):
        canvas.shape(kind, _LEFT + 14 + 34 * x, 66 + 34 * y, 14)
    canvas.text(_LEFT + 84, 98, "hotpatch-kb", 40, "ink")
    canvas.text(_LEFT, 212, card.title, 84, "ink", smallest=44)
    canvas.text(_LEFT, 276, card.what, 42, "due" if card.foot and len(card.runs) == 1 else "ink")
    for place, text in enumerate(card.lines):
        canvas.text(_LEFT, 330 + 46 * place, text, 34, "muted")
    if len(card.runs) == 1:
        _run(canvas, card.runs[0][1], _LEFT, WIDTH - _LEFT, 520, 22)
    for place, (name, marks) in enumerate(card.runs if len(card.runs) > 1 else ()):
        y = 340 + 62 * place
        canvas.text(_LEFT, y + 11, name, 30, "muted", room=410, smallest=20)
        _run(canvas, marks, _LEFT + 430, WIDTH - _LEFT, y, 16)
    if card.foot:
        canvas.text(_LEFT, 596, card.foot, 28, "muted")
    return canvas.png()


def _run(canvas: _Canvas, marks: Sequence[Mark], left: float, right: float, y: float, half: float) -> None:
    """Draw the months of a row: squares restart, circles do not, hollow ones are expected, a frame is the one in question."""
    canvas.line(left, y, right)
    step = (right - left) / len(marks)
    for place, mark in enumerate(marks):
        x = left + step * (place + 0.5)
        if mark.is_framed:
            canvas.shape("baseline", x, y, half * 1.65, hollow=True, colour="due")
        if mark.kind in {"baseline", "hotpatch"}:
            canvas.shape(mark.kind, x, y, half, hollow=mark.is_expected)
        if mark.is_unplanned:
            size = round(half * 1.4)
            canvas.text(x - canvas.width("!", size) / 2, y - half * (1.8 if mark.is_framed else 1.3), "!", size, "due", smallest=size)
