"""Notebooks, Markdown, HTML, SVG, code: hostile ones are text and images, bounded, and loaded from nowhere."""

from __future__ import annotations

import base64
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.tracking.content import highlight, notebook, safe_html, safe_markdown, safe_svg

PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\nrest").decode()


def book(*cells: object, **more: object) -> str:
    return json.dumps({"cells": list(cells), "metadata": {"language_info": {"name": "python"}}, **more})


def test_that_a_notebook_is_cells_with_their_outputs() -> None:
    text = book(
        {"cell_type": "markdown", "source": ["# Title\n", "words"]},
        {
            "cell_type": "code",
            "execution_count": 3,
            "source": "print(1)",
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": ["1\n"]},
                {"output_type": "stream", "name": "stderr", "text": "careful"},
                {"output_type": "execute_result", "data": {"text/plain": "7", "text/html": "<b>7</b>"}},
                {"output_type": "display_data", "data": {"image/png": PIXEL, "text/plain": "<Figure>"}},
                {"output_type": "error", "traceback": ["\x1b[0;31mValueError\x1b[0m", "no"]},
            ],
        },
    )
    found = notebook.read(text, truncated=False)
    assert found is not None
    assert (found.language, found.cut) == ("python", False)
    title, code = found.cells
    assert (title.kind, title.source, code.number, code.source) == ("markdown", "# Title\nwords", 3, "print(1)")
    assert [(output.kind, output.text) for output in code.outputs] == [
        ("text", "1\n"), ("error", "careful"), ("text", "7"), ("image", ""), ("error", "ValueError\nno"),
    ]  # fmt: skip
    assert code.outputs[3].image.startswith(b"\x89PNG")


def test_that_html_and_scripts_of_a_notebook_are_named_and_not_shown() -> None:
    outputs = [
        {"output_type": "display_data", "data": {"text/html": "<script>steal()</script>"}},
        {"output_type": "display_data", "data": {"application/javascript": "steal()"}},
        {"output_type": "display_data", "data": {"image/svg+xml": "<svg/>"}},
    ]
    found = notebook.read(book({"cell_type": "code", "source": "", "outputs": outputs}), truncated=False)
    assert found is not None
    texts = [output.text for output in found.cells[0].outputs]
    assert texts == [
        "[text/html, not shown]", "[application/javascript, not shown]", "[image/svg+xml, not shown]",
    ]  # fmt: skip


def test_that_the_head_of_a_notebook_is_a_notebook_too() -> None:
    text = book(*({"cell_type": "code", "source": f"x = {n}", "outputs": []} for n in range(100)))
    found = notebook.read(text[: len(text) // 2], truncated=True)
    assert found is not None
    assert found.cut
    assert [cell.source for cell in found.cells[:3]] == ["x = 0", "x = 1", "x = 2"]


@pytest.mark.parametrize(
    "document",
    [
        {"cells": [7, None, "x", {"cell_type": 3, "source": {"a": 1}, "outputs": [1, {}, {"data": 7}]}]},
        {"cells": [{"cell_type": "code", "outputs": [{"data": {"image/png": "***"}}]}], "metadata": 7},
        {"cells": [{"cell_type": "code", "outputs": [{"output_type": "stream", "text": 12}]}]},
        {"cells": [{"cell_type": "code", "source": ["x" * 100_000] * 30}]},
    ],
)
def test_that_a_notebook_of_wrong_types_is_read_all_the_same(document: dict[str, object]) -> None:
    found = notebook.read(json.dumps(document), truncated=False)
    assert found is not None
    assert sum(len(cell.source) for cell in found.cells) <= 400_000


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": 7}', "[" * 100_000, '{"cells":' * 5_000])
def test_that_what_is_no_notebook_is_none(text: str) -> None:
    assert notebook.read(text, truncated=False) is None


def test_that_a_notebooks_images_are_not_more_than_a_preview_takes() -> None:
    image = {"output_type": "display_data", "data": {"image/png": "A" * (3 << 20)}}
    found = notebook.read(book(*({"cell_type": "code", "outputs": [image] * 3} for _ in range(5))), truncated=False)
    assert found is not None
    assert found.cut
    assert sum(len(output.image) for cell in found.cells for output in cell.outputs) <= 12 << 20


ALLOWED = re.compile(r"</?(h[1-6]|p|span|br|hr|b|strong|i|em|u|s|sub|sup|code|pre|kbd|samp|blockquote|ul|ol|li|dl|dt|dd"
                     r'|table|tr|td( (?:col|row)span="\d+")*|th( (?:col|row)span="\d+")*|a( href="https?://[^"<>]*")?)>')  # fmt: skip


def harmless(html: str) -> str:
    parts, _ = safe_html.harmless(html)
    for part in parts:
        assert "<" not in ALLOWED.sub("", part), part
    return "".join(parts)


def test_that_scripts_styles_and_addresses_are_left_out_of_html() -> None:
    page = (
        "<html><head><title>t</title><style>p{}</style><link rel=stylesheet href=file:///a.css></head><body onload=x()>"
        "<h1 style='background:url(http://x/y)' onclick=z()>Head</h1><script>alert('<p>no</p>')</script>"
        "<p>Some <b>words</b> &amp; <a href='javascript:x()'>a</a> <a href='https://mlflow.org/?a=1&b=2'>link</a>"
        "<img src='file:///etc/passwd' alt='a plot'><iframe src='http://x'>inner</iframe></p><svg><p>x</p></svg>"
    )
    found = harmless(page)
    assert found == (
        "<h1>Head</h1><p>Some <b>words</b> &amp; <a>a</a> "
        '<a href="https://mlflow.org/?a=1&amp;b=2">link</a>[a plot]</p>'
    )


@pytest.mark.parametrize(
    "html",
    [
        "<table><tr><td>" * 5_000 + "x", "<ul><li>" * 5_000, "<" * 100_000, "<!--" * 20_000, "<? " * 20_000,
        "<![CDATA[" * 10_000, "<a href='" * 20_000, "&#x;&#99999999;&lt" * 3_000, "<p>" * 100_000, "</p>" * 50_000,
        "<table>" + "<tr><td colspan=99999>x</td></tr>" * 5_000, "x" * 300_000, "<scr<script>ipt>alert(1)</scr</script>ipt>",
    ],
)  # fmt: skip
def test_that_hostile_html_becomes_little_and_comes_in_small_parts(html: str) -> None:
    harmless(html)
    parts, _ = safe_html.harmless(html)
    assert sum(map(len, parts)) < 600_000
    assert all(part.count("<tr>") <= 60 and len(part) < 30_000 for part in parts)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="<>/!-=\"'&; abptdrsciuvl:#\n", max_size=200))
def test_that_no_html_brings_in_what_is_not_allowed(html: str) -> None:
    harmless(html)


def test_that_markdown_comes_whole_and_in_parts() -> None:
    text = "\n".join(f"# Head {n}\n\nwords words words\n\n```python\nx = {n}\n\ny = 1\n```\n" for n in range(300))
    parts, cut = safe_markdown.parts(text)
    assert not cut
    assert "\n".join(parts).rstrip("\n") == text.rstrip("\n")
    assert len(parts) > 5
    assert all(part.count("```") % 2 == 0 for part in parts), "no part ends inside of code"


def test_that_a_long_piece_of_code_is_parted_into_code() -> None:
    parts, _ = safe_markdown.parts("```python\n" + "x = 1\n" * 500 + "```\n")
    assert len(parts) > 5
    assert all(part.startswith("```python\n") and part.rstrip().endswith("```") for part in parts)


@pytest.mark.parametrize(
    "text",
    ["> " * 5_000 + "x", "- " * 5_000 + "x", "[" * 50_000, "|" + "a|" * 20_000, "|a|\n|-|\n" + "|1|\n" * 9_000,
     "*a _b " * 10_000, "\n".join("  " * n + "- x" for n in range(400)), "word\n" * 50_000],
)  # fmt: skip
def test_that_hostile_markdown_is_bounded(text: str) -> None:
    parts, cut = safe_markdown.parts(text)
    assert sum(map(len, parts)) <= safe_markdown.LONGEST + 1_000
    for part in parts:
        assert part.count("\n|") <= 62
        assert all(re.match(r"(\s*(>|[-+*]\s)){9}", line) is None for line in part.split("\n"))
    del cut


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'
BOMB = "".join(
    f'<g id="g{n}">' + f'<use xlink:href="#g{n - 1}"/>' * 10 + "</g>" if n else '<g id="g0"><path d="M0 0"/></g>'
    for n in range(9)
)


def test_that_a_plot_as_matplotlib_writes_it_is_drawn() -> None:
    head = b'<?xml version="1.0" encoding="utf-8" standalone="no"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"\n "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n'
    body = SVG.format(
        '<defs><path id="m" d="M0 0"/><clipPath id="c"/></defs><g clip-path="url(#c)"><use xlink:href="#m"/></g>'
    )
    assert safe_svg.problem(head + body.encode()) is None
    assert safe_svg.problem(SVG.format(f'<image href="data:image/png;base64,{PIXEL}"/>').encode()) is None


@pytest.mark.parametrize(
    ("inside", "why"),
    [
        ("<script>x</script>", "script"),
        ('<image href="file:///etc/passwd"/>', "elsewhere"),
        ('<image xlink:href="//host/share/a.png"/>', "elsewhere"),
        ('<image href="data:image/svg+xml;base64,AA"/>', "elsewhere"),
        ('<use href="other.svg#x"/>', "elsewhere"),
        ('<rect fill="url(http://x/y)"/>', "elsewhere"),
        ("<style>@import 'x.css';</style>", "elsewhere"),
        ("<style>a{fill:url( 'file:///x')}</style>", "elsewhere"),
        ("<foreignObject/>", "page"),
        (BOMB + '<use xlink:href="#g8"/>', "too often"),
        ('<g id="a"><use xlink:href="#a"/></g><use xlink:href="#a"/>', "too often"),
        ("<g>" * 500 + "</g>" * 500, "too many"),
        ("<g/>" * 60_000, "too many"),
        ("<g>", "no whole XML"),
    ],
)
def test_that_a_drawing_that_loads_or_grows_is_not_drawn(inside: str, why: str) -> None:
    assert why in (safe_svg.problem(SVG.format(inside).encode()) or "")


def test_that_a_drawing_with_entities_or_packed_is_not_drawn() -> None:
    entities = b'<!DOCTYPE svg [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><svg>&b;</svg>'
    assert "entities" in (safe_svg.problem(entities) or "")
    assert safe_svg.problem(b"\x1f\x8b\x08<svg") is not None
    assert "style sheet" in (safe_svg.problem(b'<?xml-stylesheet href="a.css"?><svg/>') or "")


def marked(line: str, language: str) -> list[tuple[str, str]]:
    return [(line[start : start + length], kind) for start, length, kind in highlight.spans(line, language)]


def test_that_words_strings_numbers_and_comments_are_marked() -> None:
    assert marked("def f(x='a # b'): return 3.5  # done", "python") == [
        ("def", "word"), ("'a # b'", "text"), ("return", "word"), ("3.5", "number"), ("# done", "comment"),
    ]  # fmt: skip
    assert marked("  - name: 'x'  # y", "yaml") == [("name", "name"), ("'x'", "text"), ("# y", "comment")]
    assert marked("SELECT a -- b", "sql") == [("SELECT", "word"), ("-- b", "comment")]
    assert marked("+added", "diff") == [("+added", "added")]
    assert highlight.language_of("src/Train.PY") == "python"
    assert highlight.language_of("model/MLmodel") == "yaml"
    assert highlight.language_of("notes.txt") == ""


@pytest.mark.parametrize(
    "line", ["'" * 50_000, '"\\' * 50_000, "a" * 100_000, "1." * 50_000, "- " * 50_000, "/" * 50_000]
)
def test_that_a_hostile_line_is_marked_a_little(line: str) -> None:
    assert all(len(highlight.spans(line, language)) <= 200 for language in ("python", "yaml", "c", "diff"))
