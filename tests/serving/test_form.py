"""The form begins with the model's own example and sends what MLflow's protocol takes."""

from __future__ import annotations

import json

import pytest

from longshore.errors import Invalid
from longshore.registry.signature import Field, Signature
from longshore.serving import form

COLUMNS = Signature(
    inputs=(
        Field("rooms", "double"),
        Field("floor", "long"),
        Field("garden", "boolean", required=False),
        Field("city", "string"),
    ),
    outputs=(Field("price", "double"),),
    params=(Field("currency", "string", required=False, default="EUR"),),
)
EXAMPLE = {"dataframe_split": {"columns": ["rooms", "floor", "garden", "city"], "data": [[3.5, 2, True, "Ulm"]]}}


def test_that_each_column_is_a_field_that_begins_with_the_models_own_example() -> None:
    made = form.of_signature(COLUMNS, EXAMPLE)
    assert [(field.name, field.type, field.example) for field in made.fields] == [
        ("rooms", "double", 3.5),
        ("floor", "long", 2),
        ("garden", "boolean", True),
        ("city", "string", "Ulm"),
    ]
    assert json.loads(made.request) == EXAMPLE
    assert made.params[0].example == "EUR"


def test_that_a_model_without_example_is_asked_with_a_blank_row() -> None:
    sent = json.loads(form.of_signature(COLUMNS, None).request)
    assert sent == {"dataframe_split": {"columns": ["rooms", "floor", "garden", "city"], "data": [[0.0, 0, False, ""]]}}


def test_that_a_tensor_model_is_tried_by_the_text_of_a_request() -> None:
    tensor = Signature((Field("", "tensor(float64)", shape=(-1, 3)),), (), ())
    made = form.of_signature(tensor, None)
    assert not made.tabular
    assert json.loads(made.request) == {"inputs": [[0, 0, 0]]}


def test_that_typed_text_is_sent_as_the_columns_type() -> None:
    made = form.of_signature(COLUMNS, EXAMPLE)
    sent = form.request(made, {"rooms": "4", "floor": "-1", "garden": "", "city": " Köln"}, {"currency": "CHF"})
    assert json.loads(sent) == {
        "dataframe_split": {"columns": ["rooms", "floor", "garden", "city"], "data": [[4.0, -1, None, " Köln"]]},
        "params": {"currency": "CHF"},
    }


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("floor", "2.5", "floor is a long"),
        ("rooms", "many", "rooms is a double"),
        ("rooms", "", "rooms is missing"),
        ("garden", "perhaps", "garden is a boolean"),
    ],
)
def test_that_a_wrong_value_is_named_with_the_type_of_its_field(field: str, text: str, said: str) -> None:
    values = {"rooms": "1", "floor": "1", "garden": "true", "city": "Ulm", field: text}
    with pytest.raises(Invalid, match=said):
        form.request(form.of_signature(COLUMNS, EXAMPLE), values)
