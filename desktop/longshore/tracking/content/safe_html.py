"""HTML made harmless: no scripts, no styles, no addresses that anything is loaded from.

Built anew from what a list allows, so that what nobody thought of is left out. Pictures become their words. It comes in
parts, each of which lays out in a few milliseconds: a long page in one part takes seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape, unescape

# What a preview reads of a page, and what of it becomes text.
LONGEST = 128 * 1024
_MOST_TEXT = 64 * 1024
_MOST_ELEMENTS = 4_000
_DEEPEST = 24
# Qt lays a table in a table out several times, so the time doubles with each level; and each row takes longer than the last.
_MOST_TABLES_DEEP, _MOST_ROWS, _MOST_SPAN = 2, 60, 20
_PART, _LONGEST_PART = 1_500, 4_000
_KEPT = frozenset(
    {
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "span",
        "br",
        "hr",
        "b",
        "strong",
        "i",
        "em",
        "u",
        "s",
        "sub",
        "sup",
        "code",
    }
    | {"pre", "kbd", "samp", "blockquote", "ul", "ol", "li", "dl", "dt", "dd", "table", "tr", "td", "th", "a"}
)
# They only part what is in them, as a new part does.
_BOXES = frozenset(
    {
        "div",
        "section",
        "article",
        "main",
        "header",
        "footer",
        "figure",
        "figcaption",
        "center",
        "address",
        "body",
        "form",
    }
)
_EMPTY = frozenset({"br", "hr"})
# Their content is no text for people.
_DROPPED = frozenset(
    {"script", "style", "head", "title", "template", "noscript", "iframe", "object", "embed", "applet", "svg", "math"}
    | {"canvas", "audio", "video", "select", "textarea", "frameset", "noframes", "xmp", "plaintext"}
)
_UNSEEN = frozenset({"head", "title", "style"})
# What is in these is no HTML.
_RAW = frozenset({"script", "style", "title", "textarea", "xmp", "iframe", "noframes"})


_TAG = re.compile(r"""<(/?)([A-Za-z][A-Za-z0-9]{0,20}+)((?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>""")
_ATTRIBUTE = re.compile(r"""([A-Za-z]{1,20}+)\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'>]++)""")
# Behind so many signs that begin no tag, there are none: each was looked through to the end.
_MOST_FAILURES = 200
_LONGEST_ATTRIBUTES = 8_000

# A tag's name and its attributes, or a text with an empty name; the third tells whether the tag ends.
_Token = tuple[str, str, bool]


def harmless(html: str) -> tuple[tuple[str, ...], bool]:
    """Give what can be shown of a page, in parts, and whether something of it was left out."""
    text, cut = _without_declarations(html[:LONGEST])
    builder = _Builder()
    for name, words, ends in _tokens(text):
        if not name:
            builder.text(unescape(words))
        elif ends:
            builder.end(name)
        else:
            builder.start(name, words)
    builder.finish()
    return tuple(builder.parts), builder.cut or cut or len(html) > LONGEST


def _tokens(html: str) -> Iterator[_Token]:
    """Part a page into tags and texts, in time that grows with its length; that of Python's own parser grows faster."""
    place = begun = failures = 0
    while failures < _MOST_FAILURES and (start := html.find("<", place)) >= 0:
        match = _TAG.match(html, start)
        if match is None:
            failures += html[start + 1 : start + 2].isalpha() or html.startswith("</", start)
            place = start + 1
            continue
        if start > begun:
            yield "", html[begun:start], False
        name = match[2].lower()
        yield name, match[3][:_LONGEST_ATTRIBUTES], bool(match[1])
        begun = place = match.end()
        if name in _RAW and not match[1]:
            end = re.compile(f"</{name}", re.IGNORECASE).search(html, place)
            begun = place = end.start() if end else len(html)
    if begun < len(html):
        yield "", html[begun:], False


def _without_declarations(html: str) -> tuple[str, bool]:
    """Leave out comments, declarations and instructions."""
    parts, place = list[str](), 0
    while (start := html.find("<", place)) >= 0:
        if html[start + 1 : start + 2] not in ("!", "?"):
            parts.append(html[place : start + 1])
            place = start + 1
            continue
        parts.append(html[place:start])
        closing = "-->" if html.startswith("<!--", start) else ">"
        end = html.find(closing, start + 2)
        if end < 0:
            return "".join(parts), True
        place = end + len(closing)
    return "".join((*parts, html[place:])), False


class _Builder:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self.cut = False
        self._now: list[str] = []
        self._length = 0
        # Tags that are open, as they were written.
        self._open: list[tuple[str, str]] = []
        self._dropping: list[str] = []
        self._count = self._rows = 0
        self._left = _MOST_TEXT

    def start(self, tag: str, attributes: str) -> None:
        if self._dropping:
            if tag == self._dropping[0]:
                self._dropping.append(tag)
        elif tag in _DROPPED:
            self._dropping.append(tag)
            self.cut = self.cut or tag not in _UNSEEN
        elif tag == "img":
            words = _attributes_of(attributes).get("alt", "").strip()[:200]
            self.text(f"[{words or 'picture'}]")
            self.cut = True
        elif tag in _BOXES:
            self._next_part()
        elif tag in _KEPT:
            self._begin(tag, _attributes_of(attributes) if tag in ("a", "td", "th") else {})

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._has_room(tag):
            self.cut = True
            return
        if tag == "table":
            self._rows = 0
        written = f"<{tag}{_attributes(tag, attributes)}>"
        self._put(written)
        if tag not in _EMPTY:
            self._open.append((tag, written))

    def _has_room(self, tag: str) -> bool:
        self._count += 1
        self._rows += tag == "tr"
        tables = sum(each == "table" for each, _ in self._open) + (tag == "table")
        many = self._count > _MOST_ELEMENTS or self._rows > _MOST_ROWS
        return not many and len(self._open) < _DEEPEST and tables <= _MOST_TABLES_DEEP

    def end(self, tag: str) -> None:
        if self._dropping:
            if tag == self._dropping[0]:
                self._dropping.pop()
        elif tag in _BOXES:
            self._next_part()
        elif any(tag == each for each, _ in self._open):
            self._end(tag)
            if not self._open and self._length > _PART:
                self._next_part()

    def _end(self, tag: str) -> None:
        while self._open:
            last, _ = self._open.pop()
            self._put(f"</{last}>")
            if last == tag:
                return

    def text(self, data: str) -> None:
        if self._dropping or (self._rows > _MOST_ROWS and any(tag == "table" for tag, _ in self._open)):
            return
        shown = data[: max(0, self._left)]
        self._left -= len(shown)
        self.cut = self.cut or len(shown) < len(data)
        for start in range(0, len(shown), _PART):
            self._put(escape(shown[start : start + _PART]))

    def _put(self, text: str) -> None:
        self._now.append(text)
        self._length += len(text)
        if self._length > _LONGEST_PART and not any(tag == "table" for tag, _ in self._open):
            self._next_part()

    def _next_part(self) -> None:
        """Begin another part; what is open goes on in it. A table stays whole."""
        if any(tag == "table" for tag, _ in self._open):
            return
        begun = [written for _, written in self._open]
        if self._now != begun and "".join(self._now).strip():
            self.parts.append("".join((*self._now, *(f"</{tag}>" for tag, _ in reversed(self._open)))))
        self._now, self._length = begun, 0

    def finish(self) -> None:
        while self._open:
            self._end(self._open[-1][0])
        self._next_part()


def _attributes_of(text: str) -> dict[str, str]:
    found = ((match[1].lower(), match[2]) for match in _ATTRIBUTE.finditer(text))
    return {name: unescape(value[1:-1] if value[:1] in ("'", '"') else value) for name, value in found}


def _attributes(tag: str, found: dict[str, str]) -> str:
    kept = []
    if tag in ("td", "th"):
        for name in ("colspan", "rowspan"):
            number = found.get(name, "")
            if number.isascii() and number.isdigit() and len(number) < 6 and int(number) > 1:
                kept.append(f'{name}="{min(int(number), _MOST_SPAN)}"')
    if tag == "a" and (address := found.get("href", "").strip()).lower().startswith(("http://", "https://")):
        kept.append(f'href="{escape(address[:2000])}"')
    return "".join(f" {each}" for each in kept)
