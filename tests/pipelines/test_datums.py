"""Datums: globs, cross, union, join and group as Pachyderm has them; a datum's id is what it reads and what is done with it."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from longshore.errors import Invalid
from longshore.pipelines.datums import Datum, datums, matches, replaced
from longshore.projects.adapters.pachyderm.spec import Input, Transform

DO = Transform("an-image", ("python3", "main.py"))
REPO = {"/a.csv": "1", "/b.csv": "2", "/deep/c.csv": "3", "/deep/more/d.txt": "4"}


def pfs(repo: str, glob: str, **more: object) -> Input:
    return replace(Input("pfs", repo, repo, glob), **more)  # type: ignore[arg-type]


def shown(found: tuple[Datum, ...]) -> list[str]:
    return [" ".join(str(piece) for piece in one.pieces) for one in found]


@pytest.mark.parametrize(
    ("glob", "paths"),
    [
        ("/", ["/"]),
        ("/*", ["/a.csv", "/b.csv", "/deep"]),
        ("*", ["/a.csv", "/b.csv", "/deep"]),
        ("/*/*", ["/deep/c.csv", "/deep/more"]),
        ("/**", ["/a.csv", "/b.csv", "/deep", "/deep/c.csv", "/deep/more", "/deep/more/d.txt"]),
        ("/**.csv", ["/a.csv", "/b.csv", "/deep/c.csv"]),
        ("/a*", ["/a.csv"]),
        ("/deep/", ["/deep"]),
        ("/?.csv", ["/a.csv", "/b.csv"]),
        ("/[!a].csv", ["/b.csv"]),
        ("/[a-b].csv", ["/a.csv", "/b.csv"]),
        ("/{a,deep/c}.csv", ["/a.csv", "/deep/c.csv"]),
        ("/!(a).csv", ["/b.csv"]),
        ("/@(a|b).csv", ["/a.csv", "/b.csv"]),
        ("/nothing", []),
    ],
)
def test_that_a_glob_means_what_pachyderm_says(glob: str, paths: list[str]) -> None:
    assert [path for path, _groups in matches(glob, REPO)] == paths


@pytest.mark.parametrize("glob", ["/(a", "/[a", "/{a", "/a\\"])
def test_that_a_glob_that_is_none_is_refused(glob: str) -> None:
    with pytest.raises(Invalid, match="glob"):
        matches(glob, REPO)


def test_that_an_empty_repo_has_no_datums() -> None:
    assert datums(pfs("r", "/"), {"r": {}}, DO) == ()


def test_that_groups_of_a_glob_make_the_key_of_a_join() -> None:
    assert replaced("$2-${1}-$3", ("x", "y")) == "y-x-"
    left, right = {"/1-a.txt": "h", "/2-a.txt": "h", "/3-a.txt": "h"}, {"/x/a_1": "h", "/y/b_1": "h", "/z/a_9": "h"}
    joined = Input("join", inputs=(
        pfs("left", "/(*)-*.txt", join_on="$1"), pfs("right", "/*/*_(*)", join_on="$1"),
    ))  # fmt: skip
    assert shown(datums(joined, {"left": left, "right": right}, DO)) == [
        "left/1-a.txt right/x/a_1", "left/1-a.txt right/y/b_1",
    ]  # fmt: skip
    outer = replace(joined, inputs=(replace(joined.inputs[0], outer_join=True), joined.inputs[1]))
    assert shown(datums(outer, {"left": left, "right": right}, DO)) == [
        "left/1-a.txt right/x/a_1", "left/1-a.txt right/y/b_1", "left/2-a.txt", "left/3-a.txt",
    ]  # fmt: skip


def test_that_a_group_holds_all_of_one_key_from_every_repo() -> None:
    tests, people = {"/T1_p1": "h", "/T2_p1": "h", "/T3_p2": "h"}, {"/p1": "h", "/p3": "h"}
    grouped = Input("group", inputs=(
        pfs("tests", "/*_(*)", group_by="$1"), pfs("people", "/(*)", group_by="$1"),
    ))  # fmt: skip
    assert shown(datums(grouped, {"tests": tests, "people": people}, DO)) == [
        "tests/T1_p1 tests/T2_p1 people/p1", "tests/T3_p2", "people/p3",
    ]  # fmt: skip


def test_that_too_many_datums_are_refused_before_they_are_made() -> None:
    many = {f"/{number}": "h" for number in range(1000)}
    with pytest.raises(Invalid, match="1,000,000 datums"):
        datums(Input("cross", inputs=(pfs("a", "/*"), pfs("b", "/*"))), {"a": many, "b": many}, DO)


names = some.text("abcxyz.-_ä", min_size=1, max_size=4).filter(lambda name: name not in (".", ".."))
paths = some.lists(names, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))


def _as_repo(found: dict[str, str]) -> dict[str, str]:
    """Nothing is a file and a folder at once."""
    return {path: hash_ for path, hash_ in found.items() if not any(other.startswith(path + "/") for other in found)}


repositories = some.dictionaries(paths, some.sampled_from("1234"), max_size=8).map(_as_repo)
globs = some.sampled_from(["/", "/*", "/**", "/a*", "/*/*", "/[a-x]*", "/(*)", "/{a,b}*"])
sides = some.tuples(globs, repositories)


@given(sides, sides)
def test_that_cross_multiplies_and_union_adds(
    first: tuple[str, dict[str, str]], second: tuple[str, dict[str, str]]
) -> None:
    one, two = pfs("one", first[0]), pfs("two", second[0])
    repos = {"one": first[1], "two": second[1]}
    left, right = datums(one, repos, DO), datums(two, repos, DO)
    crossed = datums(Input("cross", inputs=(one, two)), repos, DO)
    assert [each.pieces for each in crossed] == [a.pieces + b.pieces for a, b in itertools.product(left, right)]
    assert datums(Input("union", inputs=(one, two)), repos, DO) == left + right


@given(sides)
def test_that_ids_are_unique_and_do_not_depend_on_the_order_of_files(side: tuple[str, dict[str, str]]) -> None:
    found = datums(pfs("r", side[0]), {"r": side[1]}, DO)
    assert len({one.id for one in found}) == len(found)
    turned = dict(reversed(side[1].items()))
    assert datums(pfs("r", side[0]), {"r": turned}, DO) == found


@given(repositories, paths, some.sampled_from("56"))
def test_that_a_change_makes_new_only_the_datum_that_holds_it(repo: dict[str, str], path: str, hash_: str) -> None:
    changed = _as_repo({**repo, path: hash_})
    top = "/" + path.split("/")[1]
    before = {one.pieces[0].path: one.id for one in datums(pfs("r", "/*"), {"r": repo}, DO)}
    after = {one.pieces[0].path: one.id for one in datums(pfs("r", "/*"), {"r": changed}, DO)}
    if path in changed:
        assert after[top] != before.get(top)
    assert {name: id_ for name, id_ in after.items() if name != top} == {
        name: id_ for name, id_ in before.items() if name != top
    }


@given(repositories)
def test_that_another_transform_or_another_name_makes_every_datum_new(repo: dict[str, str]) -> None:
    ids = {one.id for one in datums(pfs("r", "/*"), {"r": repo}, DO)}
    for other in (replace(DO, image="b"), replace(DO, stdin=("x",)), replace(DO, env={"A": "1"})):
        assert not ids & {one.id for one in datums(pfs("r", "/*"), {"r": repo}, other)}
    assert not ids & {one.id for one in datums(replace(pfs("r", "/*"), name="s"), {"r": repo}, DO)}


@given(sides, sides)
def test_that_joined_keys_are_the_same_and_nothing_is_joined_twice(
    first: tuple[str, dict[str, str]], second: tuple[str, dict[str, str]]
) -> None:
    inputs = (pfs("one", "/(?)**", join_on="$1"), pfs("two", "/(?)**", join_on="$1"))
    repos = {"one": first[1], "two": second[1]}
    found = datums(Input("join", inputs=inputs), repos, DO)
    assert all(a.path[1] == b.path[1] for a, b in (one.pieces for one in found))
    left, right = (matches("/(?)**", repo) for repo in repos.values())
    assert len(found) == sum(a[1] == b[1] for a in left for b in right)
