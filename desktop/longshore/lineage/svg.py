"""A lineage graph as a picture that stands alone: left to right, in the design's colours, no script, no font file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from longshore.graphs import svg
from longshore.graphs.layout import Box, Layout, layered
from longshore.lineage.graph import Graph, Node
from longshore.settings import resources_dir

_TEXT_LEFT, _TEXT_RIGHT = 50, 10
_WIDER = 40


def to_svg(graph: Graph, theme: str = "light") -> str:
    """Draw the graph; the thing in the middle has the frame of a selection. `theme` is light or dark."""
    tokens = json.loads((resources_dir() / "tokens.json").read_text("utf-8"))
    icons = json.loads((resources_dir() / "icons.json").read_text("utf-8"))["icons"]
    card = tokens["node"]["card"]
    drawn = layered(
        {node.id: (float(card[0] + _WIDER), float(card[1])) for node in graph.nodes},
        [(edge.source, edge.target) for edge in graph.edges],
        column_gap=2.0 * tokens["node"]["columnGap"],
        row_gap=tokens["node"]["rowGap"],
    )
    return _Picture(graph, drawn, tokens, icons, tokens["color"][theme]).text()


class _Picture:
    def __init__(
        self,
        graph: Graph,
        drawn: Layout[str],
        tokens: Mapping[str, Any],
        icons: Mapping[str, str],
        colors: Mapping[str, str],
    ) -> None:
        self.graph = graph
        self.drawn = drawn
        self.tokens = tokens
        self.icons = icons
        self.colors = colors

    def text(self) -> str:
        relations = {(edge.source, edge.target): edge.relation for edge in self.graph.edges}
        edges = [
            svg.edge(path, relations[path.source, path.target], self.tokens, self.colors) for path in self.drawn.edges
        ]
        nodes = [self._node(node, self.drawn.boxes[node.id]) for node in self.graph.nodes]
        title = f"Lineage of {self.graph.node(self.graph.focus).label}"
        size = (self.drawn.width, self.drawn.height)
        return svg.page(title, size, self.tokens, self.colors, "\n".join([*edges, *nodes]))

    def _node(self, node: Node, box: Box) -> str:
        colors, kind = self.colors, self.tokens["nodeKinds"][node.kind]
        focused = node.id == self.graph.focus
        border, stroke = ("edge.focus", 2) if focused else ("border.default", 1)
        radius, stripe, tile = (
            self.tokens["radius"]["lg"],
            self.tokens["node"]["stripe"],
            self.tokens["node"]["iconTile"],
        )
        top = (box.height - tile) / 2
        return (
            f'<g transform="translate({box.x:.1f} {box.y:.1f})">'
            f"<title>{svg.escaped(f'{node.kind}: {node.label} ({node.fact})')}</title>"
            f'<rect width="{box.width:g}" height="{box.height:g}" rx="{radius}" fill="{colors["bg.surface"]}" '
            f'stroke="{colors[border]}" stroke-width="{stroke}"/>'
            f'<path d="M{stripe} 1V{box.height - 1:g}A{stripe + 4} {stripe + 4} 0 0 1 0 {box.height - 8:g}V8'
            f'A{stripe + 4} {stripe + 4} 0 0 1 {stripe} 1z" fill="{colors[kind["color"]]}"/>'
            f'<rect x="12" y="{top:g}" width="{tile}" height="{tile}" rx="6" fill="{colors[kind["tint"]]}"/>'
            f'<g transform="translate(18 {top + 6:g})" fill="none" stroke="{colors[kind["color"]]}" '
            f'stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round">{self.icons[kind["icon"]]}</g>'
            f"{self._line(node.label, 'bodyStrong', 'text.primary', 25, box)}"
            f"{self._line(node.fact, 'small', 'text.secondary', 42, box)}</g>"
        )

    def _line(self, text: str, style: str, color: str, y: int, box: Box) -> str:
        room = box.width - _TEXT_LEFT - _TEXT_RIGHT
        return svg.text(text, style, self.colors[color], (_TEXT_LEFT, y), room, self.tokens)
