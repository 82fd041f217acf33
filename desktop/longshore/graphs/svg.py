"""What pictures of graphs have in common as SVG: a page that stands alone, arrows, edges, texts. No script, no font file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from longshore.graphs.layout import EdgePath

MARGIN = 24
# No viewer's font is known here: room for the widest of the usual ones, in ems a letter.
_LETTER = {"bodyStrong": 0.66, "small": 0.58, "mono": 0.62}

Tokens = Mapping[str, Any]
Colors = Mapping[str, str]


def page(title: str, size: tuple[float, float], tokens: Tokens, colors: Colors, body: str) -> str:
    """Give the whole picture around a body whose origin is inside of the margin. Units: pixels."""
    width, height = (round(side + 2 * MARGIN) for side in size)
    stack = ", ".join(tokens["font"]["ui"]["cssStack"])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family={quoteattr(stack)} role="img">\n'
        f"<title>{escaped(title)}</title>\n{_arrow(tokens, colors)}\n"
        f'<rect width="{width}" height="{height}" fill="{colors["bg.sunken"]}"/>\n'
        f'<g transform="translate({MARGIN} {MARGIN})">\n{body}\n</g>\n</svg>'
    )


def _arrow(tokens: Tokens, colors: Colors) -> str:
    size = tokens["node"]["arrow"]
    return (
        f'<defs><marker id="arrow" viewBox="0 0 6 6" refX="6" refY="3" markerWidth="{size}" markerHeight="{size}" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 6 3 0 6z" fill="{colors["edge.default"]}"/>'
        "</marker></defs>"
    )


def edge(path: EdgePath[str], title: str, tokens: Tokens, colors: Colors, dash: str = "") -> str:
    """Draw an edge; its title is what a viewer shows over it."""
    first, *others = (f"{x:.1f} {y:.1f}" for x, y in path.points)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="M{first}C{" ".join(others)}" fill="none" stroke="{colors["edge.default"]}" '
        f'stroke-width="{tokens["node"]["edgeWidth"]}"{dashes} marker-end="url(#arrow)">'
        f"<title>{escaped(title)}</title></path>"
    )


def text(words: str, style: str, fill: str, place: tuple[float, float], width: float, tokens: Tokens) -> str:
    """Write one line in a role of the type scale, cut to the width that it has. Units: pixels."""
    font = tokens["type"][style]
    room = int(width / (font["size"] * _LETTER[style]))
    family = ' font-family="monospace"' if font.get("family") == "mono" else ""
    return (
        f'<text x="{place[0]:g}" y="{place[1]:g}" font-size="{font["size"]}" font-weight="{font["weight"]}" '
        f'fill="{fill}"{family}>{escaped(elided(words, room))}</text>'
    )


def elided(words: str, room: int) -> str:
    """Cut a text in its middle, since names differ at their ends."""
    if len(words) <= room:
        return words
    end = (room - 1) // 2
    return f"{words[: room - 1 - end]}…{words[len(words) - end :]}"


def escaped(words: str) -> str:
    """Escape a text, and leave out what XML cannot hold."""
    return escape("".join(sign if sign.isprintable() else " " for sign in words))
