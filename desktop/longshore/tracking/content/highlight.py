"""Marks the words of code, YAML and the like. One pass of simple expressions per line, linear in its length.

A general highlighter's expressions may take seconds for a hostile line, and hold the interpreter's lock meanwhile.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

# start, length, kind (comment, text, number, word, name, added, removed), in characters of one line
Span = tuple[int, int, str]
_MOST_SPANS = 200
_LONGEST = 2_000

_PYTHON = "and as assert async await break class continue def del elif else except finally for from global if import in is lambda match nonlocal not or pass raise return try while with yield True False None self"
_SCRIPT = "async await break case catch class const continue default delete do else export extends false finally for from function if import in instanceof interface let new null of return static super switch this throw true try type typeof undefined var void while yield"
_C = "auto bool break case catch char class const constexpr continue default delete do double else enum extern false final float fn for func go if impl import int interface let long match mod mut namespace new nil null nullptr package private protected pub public return self short signed sizeof static struct super switch template this throw true try type typedef union unsigned use using var virtual void while"
_SHELL = "case do done elif else esac export fi for function if in local return set source then until while FROM RUN COPY ENV ARG CMD ENTRYPOINT WORKDIR USER EXPOSE"
_SQL = "and as between by case create delete desc distinct drop else end exists from full group having in inner insert into is join left like limit not null on or order outer right select set table then union update values when where with"
_R = "break else FALSE for function if in library NA next NULL repeat return TRUE while"
_DATA = "true false null yes no on off"


@dataclass(frozen=True)
class _Language:
    words: frozenset[str]
    comment: str
    names: bool = False  # `name:` and `name =` at the beginning of a line
    any_case: bool = False


def _language(words: str, comment: str, **more: bool) -> _Language:
    return _Language(frozenset(words.split()), comment, **more)


_LANGUAGES = {
    "python": _language(_PYTHON, "#"),
    "script": _language(_SCRIPT, "//"),
    "c": _language(_C, "//"),
    "shell": _language(_SHELL, "#"),
    "sql": _language(_SQL, "--", any_case=True),
    "r": _language(_R, "#"),
    "yaml": _language(_DATA, "#", names=True),
    "ini": _language(_DATA, "#", names=True),
    "diff": _language("", ""),
}
_SUFFIXES = {
    "python": (".py", ".pyi", ".pyx"),
    "script": (".js", ".ts", ".jsx", ".tsx", ".mjs"),
    "c": (".c", ".h", ".cc", ".cpp", ".hpp", ".cu", ".cuh", ".java", ".kt", ".go", ".rs", ".scala", ".cs", ".swift"),
    "shell": (".sh", ".bash", ".zsh", ".dockerfile"),
    "sql": (".sql",),
    "r": (".r", ".jl"),
    "yaml": (".yaml", ".yml"),
    "ini": (".toml", ".ini", ".cfg", ".conf", ".properties"),
    "diff": (".diff", ".patch"),
}
_BY_SUFFIX = {suffix: language for language, suffixes in _SUFFIXES.items() for suffix in suffixes}
_BY_NAME = {"mlmodel": "yaml", "mlproject": "yaml", "dockerfile": "shell", "makefile": "shell", "dvc.lock": "yaml"}
_BY_NAME |= {"requirements.txt": "ini", ".gitignore": "shell", "conda.yaml": "yaml", "uv.lock": "ini"}
_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|`[^`]*`?)"""
    r"""|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>\d[\w.]*)|(?P<mark>\#|//|--)"""
)
_NAME = re.compile(r"""\s*(?:-\s+)?("[^"]*"|'[^']*'|[\w./@$-]+)\s*(?=[:=])""")


def language_of(path: str) -> str:
    """Give the language that a file's name says, empty where it says none."""
    name = posixpath.basename(path).lower()
    return _BY_NAME.get(name) or _BY_SUFFIX.get(posixpath.splitext(name)[1], "")


def spans(line: str, language: str) -> tuple[Span, ...]:
    """Give what is marked in one line."""
    if language == "diff":
        return _difference(line)
    known = _LANGUAGES.get(language)
    if known is None:
        return ()
    found: list[Span] = []
    start = 0
    line = line[:_LONGEST]
    if known.names and (name := _NAME.match(line)):
        found.append((name.start(1), name.end(1) - name.start(1), "name"))
        start = name.end()
    for token in _TOKEN.finditer(line, start):
        span = _span(token, line, known)
        if span is not None:
            found.append(span)
        if len(found) >= _MOST_SPANS or (span and span[2] == "comment"):
            break
    return tuple(found)


def _span(token: re.Match[str], line: str, language: _Language) -> Span | None:
    kind, begin, end = str(token.lastgroup), token.start(), token.end()
    if kind == "mark":
        if token.group() != language.comment:
            return None
        return begin, len(line) - begin, "comment"
    if kind == "word":
        word = token.group().lower() if language.any_case else token.group()
        if word not in language.words:
            return None
    return begin, end - begin, kind


def _difference(line: str) -> tuple[Span, ...]:
    if line.startswith(("+++", "---", "@@", "diff ", "index ")):
        return ((0, len(line), "comment"),)
    kind = {"+": "added", "-": "removed"}.get(line[:1])
    return ((0, len(line), kind),) if kind else ()
