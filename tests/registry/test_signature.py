"""Signatures of every shape that MLflow writes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longshore.errors import Invalid
from longshore.registry import references, signature
from longshore.registry.signature import Field


def test_that_tensors_arrays_objects_and_parameters_are_read() -> None:
    found = signature.read(
        {
            "signature": {
                "inputs": json.dumps(
                    [
                        {"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 4]}},
                        {"type": "array", "items": {"type": "string"}, "name": "words", "required": False},
                        {
                            "type": "object",
                            "name": "user",
                            "properties": {
                                "id": {"type": "long"},
                                "tags": {"type": "map", "values": {"type": "string"}},
                            },
                        },
                    ]
                ),
                "outputs": None,
                "params": json.dumps([{"name": "top_k", "type": "long", "default": 5, "shape": None}]),
            }
        }
    )
    assert found is not None
    assert found.inputs == (
        Field("", "tensor(float64)", True, (-1, 4)),
        Field("words", "array(string)", False),
        Field("user", "object(id: long, tags: map(string))"),
    )
    assert found.outputs == ()
    assert found.params == (Field("top_k", "long", False, None, 5),)


@pytest.mark.parametrize("file", [{}, {"signature": None}, {"signature": {"inputs": None, "outputs": None}}])
def test_that_a_model_without_a_signature_has_none(file: dict[str, object]) -> None:
    assert signature.read(file) is None


NAMES = st.text(
    st.characters(blacklist_characters="/:\0", blacklist_categories=("Cs", "Zs", "Cc", "Zl", "Zp")), min_size=1
)


@given(name=NAMES, version=st.integers(1, 10**6))
def test_that_a_reference_by_version_is_read_whatever_the_name(name: str, version: int) -> None:
    assert references.parse(f"model:{name}/{version}") == references.Reference(name, version=str(version))


@given(name=NAMES, alias=st.from_regex(r"[A-Za-z_][\w-]*", fullmatch=True))
def test_that_a_reference_by_alias_is_read_whatever_the_name(name: str, alias: str) -> None:
    assert references.parse(f"{name}@{alias}") == references.Reference(name, alias=alias)


@pytest.mark.parametrize("text", ["", "churn", "churn/", "churn/x", "@champion", "churn@", "/3"])
def test_that_what_names_no_version_is_answered_with_how_to(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        references.parse(text)
    assert "NAME/3" in str(caught.value.hint)


@pytest.mark.parametrize("alias", ["", "v3", "V12", "latest", "Latest", "a b", "a@b", "a/b"])
def test_that_an_alias_that_mlflow_refuses_is_refused_before(alias: str) -> None:
    with pytest.raises(Invalid):
        references.checked_alias(alias)
