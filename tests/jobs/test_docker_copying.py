"""What of a project goes into a container, and what comes back: without an engine, on real folders and archives."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from longshore.errors import Cancelled, NotFound
from longshore.jobs.targets import packing
from longshore.jobs.targets.bringing_back import BringingBack, Brought
from longshore.progress import CancelToken

OWNER = 10001


def write(folder: Path, **files: str) -> Path:
    """Write files by name; a `__` stands for a slash, a `_dot_` for a dot."""
    for name, content in files.items():
        file = folder / name.replace("__", "/").replace("_dot_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return folder


def packed(project: Path) -> tuple[packing.Packing, dict[str, tarfile.TarInfo], tarfile.TarFile]:
    found = packing.look(project)
    raw = b"".join(found.archive("project", OWNER, CancelToken(), []))
    archive = tarfile.open(fileobj=io.BytesIO(raw))  # noqa: SIM115
    return found, {member.name.removeprefix("project/"): member for member in archive}, archive


class Container:
    """A container's folder as the engine shows it: a list of touched paths, archives of them, their state."""

    def __init__(self, folder: Path, project: Path) -> None:
        self.folder, self.asked, self.read = folder, list[str](), list[str]()
        self.packing, _, archive = packed(project)
        folder.mkdir()
        # Debian's Python 3.11.2 knows no filters yet; from 3.12 on, one must be named.
        archive.extractall(folder, **({"filter": "tar"} if hasattr(tarfile, "tar_filter") else {}))
        self.inside = folder / "project"

    def paths(self) -> list[str]:
        return ["/project", *(f"/project/{path.relative_to(self.inside)}" for path in self.inside.rglob("*"))]

    @contextlib.contextmanager
    def archive_of(self, path: str) -> Iterator[Iterator[bytes]]:
        self.read.append(path)
        source = self.folder / path.lstrip("/")
        if not os.path.lexists(source):
            raise NotFound(path)
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
            archive.add(source, arcname=source.name, filter=_whole_seconds)
        raw = buffer.getvalue()
        yield iter([raw[at : at + 1000] for at in range(0, len(raw), 1000)])

    def state_of(self, path: str) -> tuple[int, int] | None:
        self.asked.append(path)
        status = (self.folder / path.lstrip("/")).stat()
        return status.st_size, int(status.st_mtime)

    def bring_back(self, project: Path, aside: Path, *, only_aside: bool = False) -> Brought:
        bringing = BringingBack(project, self.packing.manifest, "/project", aside, only_aside=only_aside)
        return bringing.run(self.paths(), self.archive_of, self.state_of)


def _whole_seconds(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mtime = int(entry.mtime)
    return entry


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path / "work", main_dot_py="print(1)", data__a_dot_csv="x\n1\n")


@pytest.fixture
def aside(tmp_path: Path) -> Path:
    return tmp_path / "outputs"


def test_that_secrets_environments_and_caches_stay_behind_and_all_else_goes_in(project: Path) -> None:
    write(
        project,
        _dot_env="PASSWORD=x",
        conf__credentials_dot_json="{}",
        _dot_git__config="[core]",
        mine__pyvenv_dot_cfg="home = /usr",
        mine__bin__python="",
        pkg__mod_dot_pyc="",
        _dot_hidden="seen",
        secrets_dot_py="def f(): ...",
    )
    (project / "pkg" / "__pycache__").mkdir()
    _, members, _ = packed(project)
    assert set(members) == {".hidden", "conf", "data", "data/a.csv", "main.py", "pkg", "secrets.py"}


def test_that_every_file_belongs_to_the_runs_user_who_may_write_it(project: Path) -> None:
    (project / "run.sh").write_text("#!/bin/sh\n")
    (project / "run.sh").chmod(0o555)
    _, members, _ = packed(project)
    assert {(member.uid, member.gid) for member in members.values()} == {(OWNER, OWNER)}
    assert members["run.sh"].mode & 0o700 == 0o700
    assert members["main.py"].mode & 0o600 == 0o600


def test_that_a_link_inside_stays_a_link_and_one_that_leads_out_becomes_what_it_leads_to(
    project: Path, tmp_path: Path
) -> None:
    outside = write(tmp_path / "elsewhere", big_dot_csv="far\n", _dot_aws__credentials="key")
    (project / "latest.csv").symlink_to("data/a.csv")
    (project / "far").symlink_to(outside, target_is_directory=True)
    (project / "key.txt").symlink_to(outside / ".aws" / "credentials")
    (project / "round").symlink_to(project, target_is_directory=True)
    _, members, archive = packed(project)
    assert (members["latest.csv"].issym(), members["latest.csv"].linkname) == (True, "data/a.csv")
    content = archive.extractfile(members["far/big.csv"])
    assert content is not None
    assert content.read() == b"far\n"
    assert not {name for name in members if "credentials" in name or name == "key.txt"}
    assert members["round"].issym()


def test_that_a_file_that_shrinks_while_it_is_read_does_not_break_the_archive(project: Path) -> None:
    (project / "log.txt").write_text("x" * 10_000)
    found = packing.look(project)
    (project / "log.txt").write_text("short")
    raw = b"".join(found.archive("project", OWNER, CancelToken(), []))
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        assert archive.getmember("project/log.txt").size == 10_000
        assert archive.getmember("project/main.py").size == len("print(1)")


def test_that_copying_in_can_be_cancelled(project: Path) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        list(packing.look(project).archive("project", OWNER, token, []))


def test_that_only_what_is_new_or_changed_comes_back(project: Path, tmp_path: Path, aside: Path) -> None:
    untouched = (project / "main.py").stat().st_mtime_ns
    container = Container(tmp_path / "container", project)
    write(container.inside, out__model_dot_bin="m", data__a_dot_csv="x\n2\n", pkg__m_dot_pyc="")
    brought = container.bring_back(project, aside)
    assert (sorted(brought.written), brought.aside, brought.refused) == (["data/a.csv", "out/model.bin"], [], [])
    assert (project / "data/a.csv").read_text() == "x\n2\n"
    assert (project / "main.py").stat().st_mtime_ns == untouched
    assert not aside.exists()


def test_that_a_change_within_the_second_of_the_launch_that_keeps_the_size_is_seen(
    project: Path, tmp_path: Path, aside: Path
) -> None:
    (project / "counter").write_text("1")
    container = Container(tmp_path / "container", project)
    (container.inside / "counter").write_text("2")
    assert container.bring_back(project, aside).written == ["counter"]
    assert (project / "counter").read_text() == "2"


def test_that_what_somebody_changed_made_or_removed_here_meanwhile_is_left_and_the_runs_is_put_beside(
    project: Path, tmp_path: Path, aside: Path
) -> None:
    (project / "gone.txt").write_text("here")
    container = Container(tmp_path / "container", project)
    for name in ("main.py", "new.txt", "gone.txt", "same.txt"):
        (container.inside / name).write_text("by the run")
    time.sleep(0.01)
    write(project, main_dot_py="by me", new_dot_txt="by me", same_dot_txt="by the run")
    (project / "gone.txt").unlink()
    brought = container.bring_back(project, aside)
    assert (brought.written, sorted(brought.aside)) == ([], ["gone.txt", "main.py", "new.txt"])
    assert {(project / name).read_text() for name in ("main.py", "new.txt")} == {"by me"}
    assert not (project / "gone.txt").exists()
    assert {(aside / name).read_text() for name in brought.aside} == {"by the run"}
    assert not (aside / "same.txt").exists()


def test_that_a_local_secret_that_never_went_in_is_not_overwritten(project: Path, tmp_path: Path, aside: Path) -> None:
    (project / ".env").write_text("mine")
    container = Container(tmp_path / "container", project)
    (container.inside / ".env").write_text("theirs")
    assert container.bring_back(project, aside).aside == [".env"]
    assert (project / ".env").read_text() == "mine"


def test_that_nothing_is_written_outside_of_the_project(project: Path, tmp_path: Path, aside: Path) -> None:
    outside = write(tmp_path / "elsewhere", keep_dot_txt="mine")
    container = Container(tmp_path / "container", project)
    (container.inside / "away").symlink_to("../../elsewhere", target_is_directory=True)
    (container.inside / "fine").symlink_to("data/a.csv")
    (container.inside / "sub").mkdir()
    (container.inside / "sub" / "keep.txt").write_text("by the run")
    (project / "sub").symlink_to(outside, target_is_directory=True)
    brought = container.bring_back(project, aside)
    assert brought.refused == ["away"]
    assert brought.written == ["fine"]
    assert brought.aside == ["sub/keep.txt"]
    assert (outside / "keep.txt").read_text() == "mine"
    assert not os.path.lexists(project / "away")


def test_that_a_new_file_in_a_folder_that_here_is_a_link_to_elsewhere_is_put_beside(
    project: Path, tmp_path: Path, aside: Path
) -> None:
    outside = write(tmp_path / "elsewhere", keep_dot_txt="mine", deep__keep_dot_txt="mine")
    (project / "far").symlink_to(outside, target_is_directory=True)
    container = Container(tmp_path / "container", project)
    # What the link leads to was copied in as a folder, so the run may well write into it.
    write(container.inside, far__new_dot_txt="by the run", far__deep__new_dot_txt="by the run", far__made__x="run")
    (container.inside / "far" / "link").symlink_to("new.txt")
    brought = container.bring_back(project, aside)
    assert (brought.written, brought.refused) == ([], ["far/link"])
    assert sorted(brought.aside) == ["far/deep/new.txt", "far/made/x", "far/new.txt"]
    assert (aside / "far/new.txt").read_text() == "by the run"
    assert sorted(path.name for path in outside.rglob("*")) == ["deep", "keep.txt", "keep.txt"], "nothing new there"


def test_that_a_link_that_appears_while_the_run_is_brought_back_leads_nothing_out(
    project: Path, tmp_path: Path, aside: Path
) -> None:
    outside = write(tmp_path / "elsewhere", keep_dot_txt="mine")
    container = Container(tmp_path / "container", project)
    write(container.inside, out__a_dot_txt="by the run")
    (project / "out").symlink_to(outside, target_is_directory=True)
    assert container.bring_back(project, aside).aside == ["out/a.txt"]
    assert sorted(path.name for path in outside.iterdir()) == ["keep.txt"]


def test_that_a_link_that_leads_nowhere_is_not_written_through(project: Path, tmp_path: Path, aside: Path) -> None:
    container = Container(tmp_path / "container", project)
    write(container.inside, fresh_dot_txt="by the run", gone__new_dot_txt="by the run", soon__new_dot_txt="by the run")
    (project / "soon").symlink_to("not there yet")
    (project / "fresh.txt").symlink_to(tmp_path / "not there yet.txt")
    (project / "gone").symlink_to(tmp_path / "nowhere", target_is_directory=True)
    brought = container.bring_back(project, aside)
    assert (brought.written, sorted(brought.aside)) == ([], ["fresh.txt", "gone/new.txt", "soon/new.txt"])
    assert not (tmp_path / "not there yet.txt").exists()
    assert not (tmp_path / "nowhere").exists()


def test_that_one_file_that_has_no_place_keeps_none_of_the_others_back(
    project: Path, tmp_path: Path, aside: Path
) -> None:
    container = Container(tmp_path / "container", project)
    write(container.inside, taken__a_dot_txt="by the run", z_dot_txt="by the run")
    write(project, taken="a file here")
    write(aside, taken="a file of an earlier try")
    brought = container.bring_back(project, aside)
    assert (brought.written, brought.aside, brought.refused) == (["z.txt"], [], ["taken/a.txt"])


@pytest.mark.skipif(sys.platform == "win32", reason="an agent is forked here")
def test_that_what_a_killed_agent_left_of_a_half_brought_file_does_not_stay(
    project: Path, tmp_path: Path, aside: Path
) -> None:
    container = Container(tmp_path / "container", project)
    write(container.inside, big_dot_bin="the whole of it")
    agent = os.fork()
    if not agent:  # killed in the middle of the first file
        shutil.copyfileobj = lambda source, output, _: (output.write(b"half"), output.flush(), os.kill(os.getpid(), 9))
        container.bring_back(project, aside)
        os._exit(0)
    os.waitpid(agent, 0)
    assert len(list(project.iterdir())) == 3, "half of it is there"
    assert container.bring_back(project, aside).written == ["big.bin"]
    assert sorted(path.name for path in project.iterdir()) == ["big.bin", "data", "main.py"]


def test_that_an_archive_with_paths_that_climb_is_refused(project: Path, tmp_path: Path, aside: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("project/../../evil.txt", "project/good.txt"):
            entry = tarfile.TarInfo(name)
            entry.size = 1
            archive.addfile(entry, io.BytesIO(b"x"))

    bringing = BringingBack(project, {}, "/project", aside)
    brought = bringing.run(
        ["/project", "/project/good.txt"], lambda _: contextlib.nullcontext(iter([buffer.getvalue()])), lambda _: None
    )
    assert (brought.written, brought.refused) == (["good.txt"], ["../../evil.txt"])
    assert not (tmp_path / "evil.txt").exists()


def test_that_large_data_that_the_run_only_read_is_not_copied_back(project: Path, tmp_path: Path, aside: Path) -> None:
    for number in range(3):
        with (project / "data" / f"big{number}.bin").open("wb") as file:
            file.truncate(30_000_000)
    container = Container(tmp_path / "container", project)
    (container.inside / "result.txt").write_text("done")
    (container.inside / "data" / "big1.bin").write_bytes(b"smaller")
    brought = container.bring_back(project, aside)
    assert sorted(brought.written) == ["data/big1.bin", "result.txt"]
    assert "/project/data/big1.bin" in container.read
    assert not {"/project", "/project/data", "/project/data/big0.bin"} & set(container.read)


def test_that_a_late_return_leaves_the_project_alone(project: Path, tmp_path: Path, aside: Path) -> None:
    container = Container(tmp_path / "container", project)
    (container.inside / "late.txt").write_text("late")
    brought = container.bring_back(project, aside, only_aside=True)
    assert (brought.written, brought.aside) == ([], ["late.txt"])
    assert not (project / "late.txt").exists()
