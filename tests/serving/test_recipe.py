"""What a model declares becomes an image whose costly layer is shared by all that declare the same."""

from __future__ import annotations

import pytest

from longshore.serving import recipe

BASE = ("python:3.11-slim", "sha256:base")


def content(requirements: str, **changes: object) -> str:
    values = {"base": BASE[0], "base_id": BASE[1], "python": "3.11", "requirements": requirements, "files": {}}
    return recipe.recipe(**(values | changes)).content  # type: ignore[arg-type]


def test_that_what_the_scoring_server_needs_is_added_and_pins_are_kept() -> None:
    complete = recipe.completed("pandas==2.2.0\nmlflow==3.1.0\n# a comment\n", "3.1.0").split()
    assert complete == ["pandas==2.2.0", "mlflow==3.1.0", "fastapi", "uvicorn"]


def test_that_a_model_without_mlflow_in_its_requirements_gets_the_mlflow_that_saved_it() -> None:
    assert "mlflow-skinny==3.17.2" in recipe.completed("scikit-learn==1.9\n", "3.17.2").split()


@pytest.mark.parametrize("line", ["mlflow-skinny==3.17.2", "mlflow_skinny>=3", "MLflow[extras]==3.17.2"])
def test_that_mlflow_is_recognised_however_it_is_written(line: str) -> None:
    assert "mlflow-skinny==1" not in recipe.completed(line, "1")


def test_that_two_models_with_the_same_requirements_share_their_image() -> None:
    assert content("pandas==2.2.0") == content("pandas==2.2.0")


@pytest.mark.parametrize(
    "change", [{"python": "3.12"}, {"base_id": "sha256:newer"}, {"files": {"constraints.txt": b"numpy<3"}}]
)
def test_that_another_python_base_or_constraint_makes_another_image(change: dict[str, object]) -> None:
    assert content("pandas==2.2.0", **change) != content("pandas==2.2.0")


def test_that_files_named_by_the_requirements_are_found_and_those_outside_the_model_are_not() -> None:
    named = "-c constraints.txt\n-r more/list.txt\n./wheels/a-1.0.whl\n-c ../../etc/passwd\npandas @ https://x/y.whl\n"
    assert recipe.local_files(named) == ("constraints.txt", "more/list.txt", "wheels/a-1.0.whl")


def test_that_the_python_is_the_minor_version_that_saved_the_model() -> None:
    assert recipe.python_minor({"flavors": {"python_function": {"python_version": "3.12.4"}}}) == "3.12"
    assert recipe.python_minor({}) == ""


def test_that_the_pip_part_of_a_conda_file_counts() -> None:
    conda = {"dependencies": ["python=3.11", "pip", {"pip": ["pandas==2.2.0", "skops"]}]}
    assert recipe.conda_requirements(conda) == "pandas==2.2.0\nskops"


def test_that_a_label_with_quotes_and_dollars_stays_one_label() -> None:
    line = recipe.labelled("FROM x\n", {"longshore.model": 'a "b" $HOME/1', "a": "b"}).splitlines()[-1]
    assert line == r'LABEL a="b" longshore.model="a \"b\" \$HOME/1"'
