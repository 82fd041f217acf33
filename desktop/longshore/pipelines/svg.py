"""A pipeline as a picture that stands alone: top to bottom, each step with its command and state, in the design's colours."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from longshore.graphs import svg
from longshore.graphs.layout import Box
from longshore.pipelines import graph, state
from longshore.pipelines.events import CACHED, DONE, FAILED, RUNNING, SKIPPED
from longshore.pipelines.state import QUEUED, STOPPED, PipelineState
from longshore.projects.pipeline import Pipeline
from longshore.settings import resources_dir

_TONES = {DONE: "success", CACHED: "success", FAILED: "danger", RUNNING: "info"}
_WORDS = {
    DONE: "Done",
    CACHED: "Cached",
    FAILED: "Failed",
    RUNNING: "Running",
    SKIPPED: "Skipped",
    QUEUED: "Queued",
    STOPPED: "Stopped",
}
_LEFT = 12


def to_svg(
    pipeline: Pipeline,
    seen: PipelineState,
    *,
    facts: Mapping[str, str] | None = None,
    unfolded: Iterable[str] = (),
    theme: str = "light",
) -> str:
    """Draw the pipeline as it stands. `facts`: a line for each node, by its id; `theme` is light or dark."""
    tokens = json.loads((resources_dir() / "tokens.json").read_text("utf-8"))
    card = (float(tokens["node"]["stage"][0]), float(tokens["node"]["stage"][1]))
    drawn = graph.draw(pipeline, card, (tokens["node"]["rowGap"], 52.0), unfolded)
    colors = tokens["color"][theme]
    parts = [_frame(one, tokens, colors) for one in drawn.frames]
    parts += [svg.edge(path, f"{path.source} before {path.target}", tokens, colors) for path in drawn.edges]
    for node in drawn.nodes:
        found = state.worst(seen.of(step.name).state for step in node.steps)
        parts.append(_node(node, found, (facts or {}).get(node.id, ""), drawn.boxes[node.id], tokens, colors))
    return svg.page(f"Pipeline {pipeline.name}", (drawn.width, drawn.height), tokens, colors, "\n".join(parts))


def _frame(frame: graph.Frame, tokens: Mapping[str, Any], colors: Mapping[str, str]) -> str:
    box = frame.box
    words = svg.text(frame.title, "small", colors["text.secondary"], (12, 16), box.width - 24, tokens)
    return (
        f'<g transform="translate({box.x:.1f} {box.y:.1f})"><rect width="{box.width:g}" height="{box.height:g}" rx="10" '
        f'fill="{colors["bg.window"]}" stroke="{colors["border.default"]}"/>{words}</g>'
    )


def _node(
    node: graph.Node, found: str, fact: str, box: Box, tokens: Mapping[str, Any], colors: Mapping[str, str]
) -> str:
    tone, word = _TONES.get(found, "neutral"), _WORDS.get(found, "")
    border = colors["danger.solid" if found == FAILED else "border.default"]
    pill = 7 * len(word) + 14 if word else 0
    room = box.width - 2 * _LEFT
    tip = f"{node.title}: {word or 'not run'}"
    command = node.step.command if not node.is_group else f"{len(node.steps)} steps"
    mark = (
        f'<rect x="{box.width - 10 - pill:g}" y="9" width="{pill}" height="20" rx="10" fill="{colors[f"{tone}.subtle"]}"/>'
        + svg.text(word, "small", colors[f"{tone}.text"], (box.width - 3 - pill, 23), pill + 8, tokens)
        if word
        else ""
    )
    return (
        f'<g transform="translate({box.x:.1f} {box.y:.1f})">'
        f"<title>{svg.escaped(tip)}</title>"
        f'<rect width="{box.width:g}" height="{box.height:g}" rx="{tokens["radius"]["lg"]}" '
        f'fill="{colors["bg.surface"]}" stroke="{border}"/>'
        f"{svg.text(node.title, 'bodyStrong', colors['text.primary'], (_LEFT, 24), room - pill, tokens)}{mark}"
        f"{svg.text(command, 'mono', colors['text.secondary'], (_LEFT, 44), room, tokens)}"
        f"{svg.text(fact, 'small', colors['text.secondary'], (_LEFT, 63), room, tokens)}</g>"
    )
