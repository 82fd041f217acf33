"""What a reader of a job's log gets to see."""

from __future__ import annotations

import dataclasses
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from longshore.errors import Unavailable
from longshore.jobs import masking
from longshore.jobs.log import LogReader, excerpt, without_colours
from longshore.secrets import keyring
from longshore.settings import Home
from longshore.store.records import Job


@pytest.fixture(autouse=True)
def vault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGSHORE_SECRETS_BACKEND", "vault")
    monkeypatch.setenv("LONGSHORE_VAULT_PASSPHRASE", "correct horse")


def job_at(folder: Path, *secrets: str, state: str = "running") -> Job:
    folder.mkdir(exist_ok=True)
    return Job(
        id="j1", kind="run", state=state, title="t", project_id=None, workspace="personal", target="local",
        spec={"secrets": list(secrets)}, position=1, cpus=1, memory_bytes=None, gpus=0, created_at=datetime.now(UTC),
        started_at=None, ended_at=None, exit_code=None, run_ids=(), folder=str(folder), error=None,
        stop_requested=False, progress=None, detail="",
    )  # fmt: skip


def append(job: Job, data: bytes) -> None:
    with (Path(job.folder) / "log").open("ab") as log:
        log.write(data)


def test_that_lines_come_once_they_are_whole(home: Home, tmp_path: Path) -> None:
    job = job_at(tmp_path)
    reader = LogReader(home, job)
    assert reader.read_new() == []
    append(job, b"one\ntw")
    assert reader.read_new() == ["one"]
    assert reader.partial == "tw"
    append(job, b"o\nthree\n")
    assert reader.read_new() == ["two", "three"]


def test_that_a_last_line_without_an_end_is_given_when_the_job_has_ended(home: Home, tmp_path: Path) -> None:
    job = job_at(tmp_path)
    reader = LogReader(home, job)
    append(job, b"one\nlast")
    assert reader.read_new() == ["one"]
    (tmp_path / "status.json").write_text("{}")
    assert reader.read_new() == ["last"]
    assert reader.read_new() == []


def test_that_bytes_that_are_no_utf8_are_shown_as_such(home: Home, tmp_path: Path) -> None:
    job = job_at(tmp_path, state="finished")
    append(job, b"caf\xe9 \xff\xfe\nna\xc3\xafve\n")
    assert LogReader(home, job).read_new() == ["caf� ��", "naïve"]


def test_that_a_character_that_arrives_in_two_pieces_is_whole(home: Home, tmp_path: Path) -> None:
    job = job_at(tmp_path)
    reader = LogReader(home, job)
    append(job, "ü".encode()[:1])
    assert reader.read_new() == []
    append(job, "ü".encode()[1:] + b"\n")
    assert reader.read_new() == ["ü"]


def test_that_a_progress_bar_shows_its_last_state_alone(home: Home, tmp_path: Path) -> None:
    job = job_at(tmp_path, state="finished")
    append(job, b"10%\r50%\r100%\ndone\r\n")
    assert LogReader(home, job).read_new() == ["100%", "done"]


def test_that_the_tail_of_a_long_log_is_given_and_reading_goes_on_behind_it(home: Home, tmp_path: Path) -> None:
    job = job_at(tmp_path)
    append(job, b"".join(b"line %d\n" % number for number in range(2_000_000)))
    reader = LogReader(home, job)
    assert reader.tail(3) == ["line 1999997", "line 1999998", "line 1999999"]
    append(job, b"new\n")
    assert reader.read_new() == ["new"]


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the peak memory")
def test_that_a_line_without_an_end_of_a_hundred_megabytes_needs_little_memory(home: Home, tmp_path: Path) -> None:
    job = job_at(tmp_path, state="finished")
    with (tmp_path / "log").open("wb") as log:
        log.truncate(100_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reader, size = LogReader(home, job), 0
    while lines := reader.read_new():
        size += sum(map(len, lines))
    assert size == 100_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000


def test_that_a_secret_is_masked_even_when_it_arrives_in_pieces(home: Home, tmp_path: Path) -> None:
    keyring.set(home, "secret:TOKEN", "swordfish-1234")
    job = job_at(tmp_path, "TOKEN")
    reader = LogReader(home, job)
    append(job, b"a sword")
    assert reader.read_new() == []
    assert "sword" not in reader.partial
    append(job, b"fish-1234 b\n")
    assert reader.read_new() == ["a *** b"]
    assert LogReader(home, job).tail(1) == ["a *** b"]
    assert [hit.line for hit in reader.search("***")] == ["a *** b"]
    assert not reader.search("swordfish")


def test_that_a_log_is_not_shown_while_its_secret_cannot_be_read(home: Home, tmp_path: Path) -> None:
    job = job_at(tmp_path, "GONE")
    append(job, b"swordfish\n")
    with pytest.raises(Unavailable, match="cannot be shown"):
        LogReader(home, job)


def test_that_an_ended_log_stays_masked_when_the_secret_is_changed(home: Home, tmp_path: Path) -> None:
    keyring.set(home, "secret:TOKEN", "swordfish-1234")
    job = job_at(tmp_path, "TOKEN")
    append(job, b"swordfish-1234\na swordfish-1234 b\n")
    reader = LogReader(home, job)
    assert reader.read_new(15) == ["***"]
    assert masking.mask_log(tmp_path, masking.values_for_log(home, tmp_path, job.spec))
    keyring.set(home, "secret:TOKEN", "another-value")
    assert b"swordfish" not in (tmp_path / "log").read_bytes()
    assert (tmp_path / "log").stat().st_mode & 0o077 == 0
    assert reader.read_new() == ["a *** b"], "a reader in the middle goes on where it was"
    assert LogReader(home, dataclasses.replace(job, state="finished")).read_new() == ["***", "a *** b"]


def test_that_an_excerpt_of_a_long_log_says_what_is_left_out_and_cuts_no_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"".join(b"line %06d\n" % number for number in range(10_000)))
    found = excerpt(log, head_bytes=1000, tail_bytes=1000).decode().splitlines()
    assert found[0] == "line 000000"
    assert found[-1] == "line 009999"
    assert sum("left out" in line for line in found) == 1
    assert all(len(line) == 11 for line in found if line.startswith("line"))


def test_that_colours_can_be_taken_out() -> None:
    assert without_colours("\x1b[1;31mred\x1b[0m \x1b]0;title\x07plain") == "red plain"
