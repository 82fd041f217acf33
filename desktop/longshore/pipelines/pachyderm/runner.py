"""The command of a job that runs Pachyderm pipelines: a process of ours in the project's folder, watched as any other job.

It is a process under the job's supervisor, and not work of the agent, so that log, stop, limits and the agent's death are
dealt with as for every job; each datum is a container that it removes, whatever happens.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import LongshoreError
from longshore.pipelines.pachyderm.work import DONE, FAILED, Work
from longshore.settings import open_home, resources_dir

if TYPE_CHECKING:
    from longshore.containers.images import ImageInfo
    from longshore.pipelines.datums import Datum
    from longshore.projects.adapters.pachyderm.spec import Spec

_STOPPED = 143


def main(arguments: Sequence[str]) -> int:
    """Run what the command line asks for, in the current folder; gives the exit status."""
    parser = argparse.ArgumentParser(prog="longshore pachyderm-run")
    parser.add_argument("name")
    parser.add_argument("--home", required=True)
    for option in ("--only", "--from", "--to"):
        parser.add_argument(option, default="")
    parser.add_argument("--resume", action="store_true")
    given = parser.parse_args(arguments)
    try:
        work = Work(open_home(Path(given.home)), Path.cwd(), given.name)
        chosen = part(work.specs, only=given.only, start=getattr(given, "from"), end=given.to)
        with work.alone():
            whole = not given.resume and len(chosen) == len(work.specs)
            return Runner(work).run(chosen, ticks=whole)
    except LongshoreError as error:
        _say(error)
        return 1


def part(specs: Mapping[str, Spec], *, only: str = "", start: str = "", end: str = "") -> list[Spec]:
    """Give the pipelines to run: one, or one with all after it, or one with all before it.

    Raises: Invalid for a repo, which does nothing.
    """
    from longshore.errors import Invalid

    for name in (only, start, end):
        if name and name not in specs:
            raise Invalid(f"{name} is a repo: there is nothing in it to run.", hint=f"Choose of {', '.join(specs)}.")
    if only:
        return [specs[only]]
    wanted = set(specs)
    if start:
        after = {start}
        for one in specs.values():
            after |= {one.name} if after & set(one.repos) else set()
        wanted &= after
    if end:
        before = {end}
        for one in reversed(list(specs.values())):
            before |= set(one.repos) if one.name in before else set()
        wanted &= before
    return [one for name, one in specs.items() if name in wanted]


class Runner:
    """One run."""

    def __init__(self, work: Work) -> None:
        """Reach the engine. Raises: Unavailable."""
        from longshore.containers import engine as engines
        from longshore.containers.run import HOME_LABEL

        sys.path.insert(0, str(resources_dir() / "frameworks"))
        self._events: Any = importlib.import_module("longshore_events")
        self._work = work
        self._engine = engines.find(work.home)
        self._engine.host_route()  # its containers must see this computer's folders
        job = os.environ.get("LONGSHORE_JOB") or Path(os.environ.get("LONGSHORE_EVENTS", "none/none")).parent.name
        self._labels = {HOME_LABEL: work.home.id, "longshore.kind": "datum", "longshore.job": job}
        self._labels["longshore.pachyderm"] = str(work.folder)
        self._stopping = threading.Event()
        self._print = threading.Lock()

    def run(self, chosen: Sequence[Spec], *, ticks: bool) -> int:
        """Run pipelines one after the other, each when those before it are done; gives the exit status."""
        self._remove_containers()
        for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
            if number := getattr(signal, name, None):
                signal.signal(number, self._stop)
        self._begin(chosen, ticks)
        failed: set[str] = set()
        for step in chosen:
            if failed & set(step.repos):
                failed.add(step.name)
                self._events.step(step.name, "skipped", run=False)
            elif not self._step(step):
                failed.add(step.name)
            if self._stopping.is_set():
                return _STOPPED
        return 1 if failed else 0

    def _begin(self, chosen: Sequence[Spec], ticks: bool) -> None:
        made = {step.name for step in chosen}
        for step in chosen:
            for leaf in step.input.leaves:
                if leaf.op == "cron":
                    if ticks or not self._work.clock(step, leaf).is_dir():
                        self._work.tick(step, leaf)
                elif leaf.repo not in made:
                    self._work.root(step, leaf)  # what is missing is said before anything runs
                    if leaf.repo not in self._work.specs:
                        self._events.step(leaf.repo, "done", run=False)

    def _stop(self, *_signal: object) -> None:
        """Say that no other datum begins, and end those that run; a second thread, since a handler must not wait."""
        self._stopping.set()
        threading.Thread(target=self._remove_containers, name="stop", daemon=True).start()

    def _remove_containers(self) -> None:
        """Remove this run's containers, and those that a killed run of these pipelines left."""
        from longshore.containers import run

        mine = {"longshore.kind": "datum", "longshore.pachyderm": self._labels["longshore.pachyderm"]}
        with contextlib.suppress(LongshoreError):
            for one in run.listing(self._engine, self._work.home, mine):
                run.remove(self._engine, one.id)

    def _step(self, step: Spec) -> bool:
        """Run one pipeline's datums and commit what they made; tells whether that went well."""
        try:
            roots = self._work.roots(step)
            datums = self._work.datums(step, roots)
            new = [one for one in datums if not self._skips(step, one, roots)]
            self._log(f"{step.name}: {len(datums)} datums, {len(new)} to run, {len(datums) - len(new)} skipped")
            if new and not self._run_all(step, new, roots):
                return False
            if self._stopping.is_set():
                return False
            outs = {one.id: self._work.place(step.name, one.id) / "out" for one in datums}
            self._work.output(step.name).commit(outs, {one.id: [str(piece) for piece in one.pieces] for one in datums})
            self._work.keep_only(step.name, datums)
        except (LongshoreError, OSError) as error:
            _say(error)
            self._events.step(step.name, "failed", error=str(error), run=False)
            return False
        if not datums:
            self._events.step(step.name, "done", run=False)
        return True

    def _skips(self, step: Spec, datum: Datum, roots: Mapping[str, Path]) -> bool:
        if step.every_job or self._work.result(step.name, datum.id).get("state") != DONE:
            return False
        # Thousands of runs that did nothing would hide those that did.
        self._events.step(step.name, "cached", _short(datum), run=False, inputs=self._inputs(roots, datum))
        return True

    def _run_all(self, step: Spec, new: Sequence[Datum], roots: Mapping[str, Path]) -> bool:
        from longshore.containers import images

        image = images.ensure(self._engine, step.transform.image, progress=self._log)
        workers = max(1, min(step.parallelism, _cores(step), len(new)))
        with ThreadPoolExecutor(workers, thread_name_prefix=step.name) as pool:
            return all(list(pool.map(lambda one: self._datum(step, one, image, roots), new)))

    def _datum(self, step: Spec, datum: Datum, image: ImageInfo, roots: Mapping[str, Path]) -> bool:
        from longshore.pipelines.pachyderm.container import Ended

        if self._stopping.is_set():
            return False
        task, mark = _short(datum), f"[{step.name} {_short(datum)}]"
        place, work = self._work.place(step.name, datum.id), self._work.folder / "work" / step.name / datum.id
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        inputs = self._inputs(roots, datum)
        self._events.step(step.name, "running", task, log_mark=mark, inputs=inputs, label=_label(datum))
        began, ended, tries = time.monotonic(), Ended(None, "It was not tried."), 0
        with (place / "log.txt").open("wb") as log:
            while tries < step.tries and ended.error and not self._stopping.is_set():
                tries += 1
                ended = self._try(step, datum, image, roots, work, log, mark)
                if ended.error and not self._stopping.is_set():
                    self._log(f"{mark} {ended.error} Try {tries} of {step.tries}.")
        if self._stopping.is_set() and ended.error:
            shutil.rmtree(work, ignore_errors=True)
            return False  # nothing is told: it was stopped
        done = not ended.error
        if done:
            (work / "out").replace(place / "out")
        facts = {"seconds": round(time.monotonic() - began, 3), "tries": tries, "error": ended.error}
        self._work.note(step.name, datum, state=DONE if done else FAILED, exit_code=ended.code, **facts)
        shutil.rmtree(work, ignore_errors=True)
        self._tell_end(step, datum, place / "out", ended.error)
        return done

    def _try(
        self, step: Spec, datum: Datum, image: ImageInfo, roots: Mapping[str, Path], folder: Path, log: Any, mark: str
    ) -> Any:
        from longshore.pipelines.pachyderm.container import DatumContainer, Ended

        def tell(line: bytes) -> None:
            log.write(line + b"\n")
            log.flush()
            self._log(line, mark)

        try:
            return DatumContainer(self._engine, self._labels, image, step, folder).run(datum, roots, tell)
        except (LongshoreError, OSError) as error:
            return Ended(None, str(error))

    def _tell_end(self, step: Spec, datum: Datum, out: Path, error: str) -> None:
        from longshore.pipelines.pachyderm.repos import files_in

        if error:
            self._events.step(step.name, "failed", _short(datum), error=error)
            return
        if numbers := self._events.numbers_in_file(str(out / "metrics.json")):
            self._events.metrics(step.name, numbers, _short(datum))
        # Absolute, so that they are never taken for files of the project.
        made = [f"/pfs/{step.name}/{path.relative_to(out).as_posix()}" for path in files_in(out)]
        self._events.step(step.name, "done", _short(datum), outputs=made[:200])

    def _inputs(self, roots: Mapping[str, Path], datum: Datum) -> list[str]:
        """Give what a datum reads: files of the project by their path in it, others as the container sees them."""
        found = []
        for piece in datum.pieces:
            root = None if piece.repo in self._work.specs else roots.get(piece.repo)
            if root and root.is_relative_to(self._work.project):
                found.append((root / piece.path.strip("/")).relative_to(self._work.project).as_posix())
            else:
                found.append(f"/pfs/{piece.name}{piece.path}")
        return found[:200]

    def _log(self, text: str | bytes, mark: str = "") -> None:
        line = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
        with self._print:
            sys.stdout.buffer.write((f"{mark} ".encode() if mark else b"") + line + b"\n")
            sys.stdout.buffer.flush()


def _cores(step: Spec) -> int:
    """Give how many of its datums this computer's cores can do at once."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return int(cores // step.cpus) if step.cpus else cores


def _short(datum: Datum) -> str:
    return datum.id[:8]


def _label(datum: Datum) -> str:
    return ", ".join(str(piece) for piece in datum.pieces[:3]) + ("…" if len(datum.pieces) > 3 else "")


def _say(error: Exception) -> None:
    sys.stderr.write(f"{error}\n")
    if hint := getattr(error, "hint", ""):
        sys.stderr.write(f"{hint}\n")
    sys.stderr.flush()
