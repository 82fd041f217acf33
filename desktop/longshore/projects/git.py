"""The state of a project's git repository, and its capture with a run. Nothing that the repository configures is run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from longshore.errors import Unavailable
from longshore.projects.model import GitState

# A repository's own configuration could name programs to run on `git status`: fsmonitor, hooks, filters.
_SAFE = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "core.quotePath=false")
# In a partial clone, git would fetch what it misses, by whatever program the repository names for that.
_OFFLINE = tuple(
    part
    for name in ("protocol", *(f"protocol.{each}" for each in ("file", "ext", "ssh", "git", "http", "https")))
    for part in ("-c", f"{name}.allow=never")
)
_TIMEOUT_S = 30.0


def program() -> str | None:
    """Give the git program, None where there is none."""
    return shutil.which("git")


def state(path: Path) -> GitState | None:
    """Tell branch, commit, changed and untracked files of the repository that holds the folder; None outside of one.

    Raises: Unavailable if git refuses to read it.
    """
    if not top_folder(path):
        return None
    if program() is None:
        from longshore.projects.git_without_program import state_without_program

        return state_without_program(path)
    return read_state(*ask(path, *STATE))


@dataclass(frozen=True)
class Question:
    """One call of git."""

    arguments: tuple[str, ...]
    may_fail: bool = False
    stdout: int = subprocess.PIPE


_STATUS = "status --porcelain=v2 --branch -z --untracked-files=all --ignore-submodules=dirty -- ."
STATE = (
    Question(tuple(_STATUS.split())),
    Question(("rev-parse", "--show-toplevel", "--show-prefix")),
    Question(("config", "--get-regexp", r"^remote\..*\.url$"), may_fail=True),  # fails where there is none
)


def ask(path: Path, *questions: Question) -> list[bytes]:
    """Call git several times at once: the answers take as long as the slowest, not as their sum.

    Raises: Unavailable with git's own words.
    """
    processes = [_start(path, one) for one in questions]
    answers = [_answer(process) for process in processes]
    for question, process, (_, said) in zip(questions, processes, answers, strict=True):
        if process.returncode and not question.may_fail:
            raise refusal(said.decode("utf-8", "replace"))
    return [found for found, _ in answers]


def top_folder(path: Path) -> Path | None:
    """Find the work tree's top folder, without a process."""
    for folder in (path, *path.parents):
        if (folder / ".git").exists():
            return folder
    return None


def _start(path: Path, question: Question) -> subprocess.Popen[bytes]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    command = [program() or "git", *_SAFE, *_OFFLINE, *_filters_off(path), *question.arguments]
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    return subprocess.Popen(
        command,
        cwd=path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=question.stdout,
        stderr=subprocess.PIPE,
        creationflags=flags,
    )


def _filters_off(path: Path) -> list[str]:
    """Switch off the filters that the repository's own configuration names; the person's own (git-lfs) stay."""
    top = top_folder(path)
    try:
        text = (top / ".git" / "config").read_text("utf-8", errors="replace") if top else ""
    except OSError:
        text = "[include]"  # a linked work tree or a submodule: its configuration lies elsewhere
    if re.search(r"(?i)\[include", text):
        names = _filters_by_git(path)
    else:
        names = re.findall(r'(?im)^\s*\[filter\s+"([^"\n]+)"\]', text)
    return [
        part
        for name in names
        if name != "lfs"
        for key in ("clean", "smudge", "process")
        for part in ("-c", f"filter.{name}.{key}=")
    ]


def _filters_by_git(path: Path) -> list[str]:
    """Let git read a configuration that includes other files; reading runs nothing."""
    command = [program() or "git", "config", "--local", "--includes", "--name-only", "--get-regexp", r"^filter\."]
    done = subprocess.run(command, cwd=path, capture_output=True, check=False, timeout=_TIMEOUT_S)
    keys = done.stdout.decode("utf-8", "replace").splitlines()
    return list(dict.fromkeys(key.removeprefix("filter.").rpartition(".")[0] for key in keys))


def _answer(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    try:
        found, said = process.communicate(timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return b"", f"it took longer than {_TIMEOUT_S:.0f} s".encode()
    return found or b"", said


def refusal(said: str) -> Unavailable:
    """Turn git's words into an error with a next step."""
    if "dubious ownership" in said:
        return Unavailable(
            "Git refuses this repository, because it belongs to somebody else.",
            hint="If you trust it: git config --global --add safe.directory FOLDER.",
            details=said,
        )
    return Unavailable(
        f"Git can't read this repository: {(said.strip().splitlines() or ['no reason given'])[0]}.",
        hint="Try `git status` in the folder.",
        details=said,
    )


@dataclass
class _Status:
    commit: str = ""
    branch: str = ""
    ahead: int | None = None
    behind: int | None = None
    dirty: list[str] = field(default_factory=list)
    untracked: list[str] = field(default_factory=list)


def read_state(status: bytes, where: bytes, remotes: bytes) -> GitState:
    """Read the answers of the three commands that `state` starts."""
    found = _read_status(status.decode("utf-8", "surrogateescape").split("\0"))
    top, _, prefix = where.decode("utf-8", "surrogateescape").partition("\n")
    prefix = prefix.strip("\n")
    urls = dict(line.split(" ", 1) for line in remotes.decode("utf-8", "replace").splitlines() if " " in line)
    remote = urls.get("remote.origin.url") or next(iter(urls.values()), "")
    return GitState(
        branch=found.branch,
        commit=found.commit,
        dirty_files=tuple(_clean(name, prefix) for name in found.dirty),
        untracked=tuple(_clean(name, prefix) for name in found.untracked),
        remote=without_credentials(remote),
        ahead=found.ahead,
        behind=found.behind,
        root=top,
    )


def _clean(name: str, prefix: str) -> str:
    # Names that are not UTF-8 are shown, not lost, and fit into JSON.
    return name.removeprefix(prefix).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _read_status(records: list[str]) -> _Status:
    found = _Status()
    waiting = iter(records)
    for record in waiting:
        kind, _, rest = record.partition(" ")
        if kind == "#":
            _read_header(found, rest)
        elif kind == "1":
            found.dirty.append(rest.split(" ", 7)[7])
        elif kind == "2":
            found.dirty.append(rest.split(" ", 8)[8])
            next(waiting, None)  # a rename's old name is a record of its own
        elif kind == "u":
            found.dirty.append(rest.split(" ", 9)[9])
        elif kind == "?":
            found.untracked.append(rest)
    return found


def _read_header(found: _Status, text: str) -> None:
    key, _, value = text.partition(" ")
    if key == "branch.oid":
        found.commit = "" if value == "(initial)" else value
    elif key == "branch.head":
        found.branch = "" if value == "(detached)" else value
    elif key == "branch.ab":
        ahead, behind = value.split()
        found.ahead, found.behind = int(ahead), -int(behind)


def without_credentials(url: str) -> str:
    """Take a password or token out of a remote's address."""
    return re.sub(r"(?<=://)[^/@]+@", "", url)
