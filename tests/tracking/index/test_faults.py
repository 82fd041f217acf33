"""Damaged files, killed writers, readers beside writers: an index is whole, or it is named as broken."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from longshore.errors import LongshoreError
from longshore.tracking.index import columns, files, parts, segments
from longshore.tracking.index.frame import Frame
from longshore.tracking.index.manifest import IndexBroken
from tests.support.index_writer import BASE, rows
from tests.support.made_index import make_index


@contextmanager
def writer(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a process that writes without end, and kill it at the end of the block."""
    command = [sys.executable, "-m", "tests.support.index_writer", str(folder), "ever"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def told(process: subprocess.Popen[str], times: int = 1) -> int:
    """Wait for that many writes and give the number of the last."""
    assert process.stdout and process.stderr
    for _ in range(times):
        line = process.stdout.readline()
        assert line, process.stderr.read()
    return int(line)


def opened(folder: Path) -> Frame:
    return Frame([parts.open_folder(folder, "1", "one")])


def check_whole(frame: Frame) -> int:
    """Check that a state is the one that one write left, and give that write's number."""
    assert frame.broken == ()
    (each,) = frame.opened
    assert each.manifest is not None
    write = int(each.manifest.source["write"])
    ids = frame.run_ids.to_pylist()
    assert len(set(ids)) == len(ids)
    assert set(ids) == {f"{number:08}" for number in [*range(BASE), *range(BASE + 2, BASE + write + 1)]}
    written = frame.numbers(columns.metric("write")).values
    assert written.max() == write
    for column in (columns.param("write"), columns.tag("write")):
        assert [float(text or "nan") for text in frame.texts(column).decoded(range(len(frame)))] == written.tolist()  # type: ignore[arg-type]
    return write


def test_that_readers_see_one_whole_state_after_another_while_a_writer_merges(folder: Path) -> None:
    with writer(folder) as process:
        told(process)
        seen = []
        frame = opened(folder)
        until = time.monotonic() + 4
        while time.monotonic() < until:
            seen += [check_whole(opened(folder)), check_whole(frame)]
            frame = frame.refreshed()
        last = told(process)
    assert seen[0::2] == sorted(seen[0::2])
    assert len(set(seen)) > 20
    assert last > 0


def test_that_a_reader_keeps_its_state_when_its_files_are_gone(folder: Path) -> None:
    with writer(folder) as process:
        told(process, 3)
        frame = opened(folder)
        before = check_whole(frame)
        told(process, 30)
    assert not {segment.file for segment in frame.opened[0].manifest.segments} <= {
        file.name for file in folder.iterdir()
    }  # type: ignore[union-attr]
    assert check_whole(frame) == before
    shutil.rmtree(folder)
    assert frame.value(0, "run_id") == frame.run_ids[0].as_py()
    assert len(frame.refreshed()) == 0


def test_that_a_writer_killed_at_any_moment_leaves_what_it_told_and_the_next_goes_on(folder: Path) -> None:
    chance = random.Random(7)
    last = 0
    for _ in range(8):
        with writer(folder) as process:
            last = told(process, chance.randint(1, 12))
            time.sleep(chance.random() * 0.03)
        assert check_whole(opened(folder)) >= last
    with segments.writing(folder, wait_s=0.5):
        manifest = segments.read_manifest(folder)
        assert manifest is not None
        write = int(manifest.source["write"]) + 1
        # What the killed ones left beside goes with the next write.
        (folder / "000999-stray.arrow").write_bytes(b"half of a file")
        segments.append(
            folder, [rows([BASE + write], write)], as_of=1, complete=True, expected=None, source={"write": write}
        )
    assert check_whole(opened(folder)) == write
    names = {segment.file for segment in opened(folder).opened[0].manifest.segments}  # type: ignore[union-attr]
    assert {file.name for file in folder.iterdir()} == names | {"manifest.json", "lock"}


def test_that_deleting_the_folder_under_a_writer_does_no_harm(folder: Path) -> None:
    for _ in range(4):
        with writer(folder) as process:
            told(process, 5)
            shutil.rmtree(folder, ignore_errors=True)
            time.sleep(0.05)
            frame = opened(folder)
            assert len(frame) == 0 or frame.opened[0].broken is None
        shutil.rmtree(folder, ignore_errors=True)
    with writer(folder) as process:
        assert told(process) == 1
    assert check_whole(opened(folder)) >= 1


def everything(frame: Frame) -> None:
    """Read all that is there."""
    names = {name for part in frame.parts for name in part.table.column_names}
    for name in sorted(names):
        if name not in (columns.DATASETS, columns.MODELS):
            column = frame.column(name)
            if hasattr(column, "decoded"):
                column.decoded(frame.natural)
    frame.rows(frame.natural)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    make_index(folder, runs=400, chunk=150)
    everything(opened(folder))
    return folder


def damaged(whole: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    return sorted(folder.glob("*.arrow"))[0]


def test_that_a_file_cut_short_anywhere_is_named_and_can_be_filled_again(whole: Path, folder: Path) -> None:
    size = damaged(whole, folder).stat().st_size
    for length in (0, 1, 8, 100, size // 2, size - 8, size - 1):
        file = damaged(whole, folder)
        with file.open("rb+") as opened_file:
            opened_file.truncate(length)
        assert opened(folder).broken == ("1",)
        with pytest.raises(IndexBroken):
            segments.verify(folder)
    make_more = [rows([1], 1)]
    segments.replace_all(folder, make_more, as_of=1, complete=True, expected=1, source={})
    assert (len(opened(folder)), opened(folder).broken) == (1, ())


def test_that_one_wrong_byte_anywhere_is_found(whole: Path, folder: Path) -> None:
    chance = random.Random(3)
    for _ in range(60):
        file = damaged(whole, folder)
        content = bytearray(file.read_bytes())
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        file.write_bytes(content)
        assert opened(folder).broken == ("1",)


READ = """
import random, sys
from pathlib import Path
from longshore.tracking.index import files
from longshore.tracking.index.manifest import IndexBroken
from tests.tracking.index.test_faults import damaged, everything, opened
files._VERIFIED_BYTES = -1
whole, folder = Path(sys.argv[1]), Path(sys.argv[2])
chance = random.Random(11)
found = 0
for turn in range(250):
    file = damaged(whole, folder)
    content = bytearray(file.read_bytes())
    for _ in range(chance.choice([1, 4, 400])):
        content[chance.randrange(len(content))] = chance.randrange(256)
    file.write_bytes(content)
    frame = opened(folder)
    try:
        everything(frame)
    except IndexBroken:
        found += 1
    found += bool(frame.broken)
print(found)
"""


def test_that_damage_in_a_file_too_large_for_a_checksum_never_ends_the_process(whole: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", READ, str(whole), str(tmp_path / "copy")],
        capture_output=True, text=True, timeout=250, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) > 50


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b"\x00" * 400, b'{"format": 1}', b"[" * 100_000,
     b'{"format": 1, "segments": [{"file": "../../x.arrow", "rows": 1, "size_bytes": 1, "crc32": 0}], "as_of": 1,'
     b' "complete": true, "expected": null, "source": {}}'],
)  # fmt: skip
def test_that_a_damaged_manifest_is_named_and_leads_nowhere(whole: Path, folder: Path, content: bytes) -> None:
    damaged(whole, folder)
    (folder / "manifest.json").write_bytes(content)
    assert opened(folder).broken == ("1",)
    with pytest.raises(IndexBroken):
        segments.append(folder, [rows([1], 1)], as_of=1, complete=True, expected=None, source={})


def test_that_an_index_of_another_version_is_named(whole: Path, folder: Path) -> None:
    damaged(whole, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"format": 99}))
    with pytest.raises(IndexBroken, match="its format is 99"):
        segments.read_manifest(folder)


def test_that_a_missing_or_foreign_file_is_named(whole: Path, folder: Path, tmp_path: Path) -> None:
    import pyarrow as pa

    damaged(whole, folder).unlink()
    assert "missing" in (opened(folder).opened[0].broken or "")
    file = damaged(whole, folder)
    foreign = pa.table({"run_id": ["a"], "lifecycle": ["active"], "unknown": [1]})
    segment = files.write(folder, 99, foreign, None)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["segments"][0] = vars(segment)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert "does not know" in (opened(folder).opened[0].broken or "")
    assert file.exists()


def test_that_a_full_disk_is_told_and_the_last_state_stays(whole: Path, folder: Path) -> None:
    resource = pytest.importorskip("resource")
    damaged(whole, folder)
    code = (
        "import resource, signal, sys, pathlib\n"
        "from longshore.errors import Unavailable\n"
        "from tests.support.made_index import make_index\n"
        "import pyarrow.compute\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "try:\n    make_index(pathlib.Path(sys.argv[1]), runs=5000)\n"
        "except Unavailable as error:\n    print(error.hint)\n"
    )
    assert resource
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert "Make room" in done.stdout
    assert len(opened(folder)) == 400
    with pytest.raises(LongshoreError):
        segments.append(folder / "manifest.json", [], as_of=1, complete=True, expected=None, source={})
