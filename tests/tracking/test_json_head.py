"""The beginning of a JSON text as a document: its whole values, and nothing that was cut."""

from __future__ import annotations

import json

import pytest

from longshore.tracking.json_head import closed


@pytest.mark.parametrize(
    ("head", "value"),
    [
        ("[1, 2, 3", [1, 2]),
        ('{"a": {"b": [1, {"c": 2}, {"d', {"a": {"b": [1, {"c": 2}, {}]}}),
        ('{"a": 1, "text": "brackets ]}, [ and a \\\\" quote', {"a": 1}),
        ('{"a": "whole, [", "b": ', {"a": "whole, ["}),
        ('{"a": [', {"a": []}),
        ("{", {}),
        ('{"a": 1}', {"a": 1}),
    ],
)
def test_that_the_whole_values_of_a_head_are_kept(head: str, value: object) -> None:
    assert json.loads(closed(head)) == value


@pytest.mark.parametrize("head", ["", "12", '"text', "[1}", "]", "[" * 100_000])
def test_that_what_is_no_document_is_refused(head: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        closed(head)


def test_that_every_cut_of_a_document_is_a_document() -> None:
    whole = json.dumps({"runs": [{"name": 'a "b" \\ [', "values": [1, None, True]}, {}], "n": 1.5e9})
    for end in range(1, len(whole)):
        json.loads(closed(whole[:end]))
