"""Where a job can run: one file per target, each with the protocol of `base`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longshore.errors import Invalid

if TYPE_CHECKING:
    from longshore.jobs.targets.base import Target, TargetState
    from longshore.settings import Home

NAMES = ("local", "docker")


def get(name: str) -> Target:
    """Give a target by name.

    Raises: Invalid naming those that there are.
    """
    if name == "local":
        from longshore.jobs.targets.local import LocalTarget

        return LocalTarget()
    if name == "docker":
        from longshore.jobs.targets.docker import DockerTarget

        return DockerTarget()
    raise Invalid(f"There is no target {name!r}.", hint=f"Choose one of {', '.join(NAMES)}.")


def states(home: Home) -> tuple[TargetState, ...]:
    """Tell of every target whether jobs can run there now, with the reason and the fix where not."""
    return tuple(get(name).check(home) for name in NAMES)
