"""Runs DVC's own command line and tells each stage's state. Started by the interpreter that has DVC."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import longshore_events as events

del sys.path[0]


def main():
    """Watch every stage that DVC reproduces, and hand over to DVC."""
    # DVC starts the stages' commands through a shell: `python` is to be the project's there, not this one.
    from dvc.cli import main as dvc
    from dvc.stage import Stage

    reproduce, run = Stage.reproduce, Stage.run

    def watched_run(self, *args, **kwargs):
        if not kwargs.get("dry"):
            events.step(_name(self), "running", inputs=_paths(self.deps), parameters=_parameters(self))
        return run(self, *args, **kwargs)

    def watched(self, *args, **kwargs):
        if self.is_data_source or kwargs.get("dry"):
            return reproduce(self, *args, **kwargs)
        name = _name(self)
        try:
            result = reproduce(self, *args, **kwargs)
        except BaseException as error:
            events.step(name, "failed", error=_reason(error))
            raise
        facts = {"outputs": _paths(self.outs), "metrics": _metrics(self)}
        events.step(name, "cached" if result is None else "done", parameters=_parameters(self), **facts)
        return result

    Stage.run, Stage.reproduce = watched_run, watched
    events.pipeline("running", name="dvc")
    return dvc(sys.argv[1:])


def _name(stage):
    # DVC addresses a stage of the top folder's file by its name alone.
    return stage.addressing.rpartition(":")[2]


def _paths(entries):
    return [entry.def_path for entry in entries if type(entry).__name__ != "ParamsDependency"]


def _parameters(stage):
    found = {}
    for entry in stage.deps:
        if type(entry).__name__ == "ParamsDependency":
            prefix = "" if entry.def_path == "params.yaml" else f"{entry.def_path}:"
            try:
                values = entry.read_params()
            except Exception:
                continue
            found.update({prefix + str(key): events.shown(value) for key, value in values.items()})
    return found


def _metrics(stage):
    found = {}
    for out in stage.outs:
        if out.metric:
            found.update(events.numbers_in_file(out.fs_path))
    return found


def _reason(error):
    cause = error.__cause__ or error
    return str(cause) or type(cause).__name__


if __name__ == "__main__":
    sys.exit(main())
