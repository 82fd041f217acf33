"""Runs a notebook with papermill; what it prints is the run's log, and the executed notebook is kept beside it."""

import json
import os
import sys


def main():
    """Take the notebook and its parameters as JSON."""
    import papermill

    source, parameters = sys.argv[1], json.loads(sys.argv[2])
    events = os.environ.get("LONGSHORE_EVENTS")
    target = os.path.join(os.path.dirname(events), "notebook.ipynb") if events else None
    try:
        # Whatever kernel it was written with: this environment's is the project's.
        papermill.execute_notebook(
            source, target, parameters, kernel_name="python3", cwd=os.path.dirname(source) or ".",
            progress_bar=False, log_output=False, stdout_file=sys.stdout, stderr_file=sys.stderr,
        )  # fmt: skip
    except papermill.PapermillExecutionError as error:
        print("Cell %s failed: %s: %s" % (error.exec_count, error.ename, error.evalue), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
