"""What a project was launched with last, and launches kept under a name. Secrets are kept by name alone."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from longshore.errors import Invalid, NotFound
from longshore.settings import Home

LONGEST_NAME = 80
# The last values of so many entry points are kept.
_MOST_LAST = 100
_MOST_VALUES, _LONGEST_VALUE = 2_000, 20_000
_SECRET_VARIABLE = re.compile(
    r"(?i)(^|_)(password|passwd|pwd|pass|secrets?|token|(api|access|private)_?key|credentials?)($|_)"
)


@dataclass(frozen=True)
class Preset:
    """All that a launch asks for, as it was typed. Without a name: what an entry point was launched with last."""

    name: str = ""
    entry_point: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)
    target: str = ""
    experiment: str = ""
    env: Mapping[str, str] = field(default_factory=dict, hash=False)
    secrets: tuple[str, ...] = ()
    cpus: str = ""
    memory: str = ""
    timeout: str = ""
    python: str = ""
    as_of: str = ""


@dataclass(frozen=True)
class Kept:
    """A project's presets by name, and its last launches, the latest first."""

    presets: tuple[Preset, ...] = ()
    last: tuple[Preset, ...] = ()

    def named(self, name: str) -> Preset | None:
        """Give the preset of a name; None where there is none."""
        return next((one for one in self.presets if one.name == name), None)

    def last_of(self, entry_point: str) -> Preset | None:
        """Give what an entry point was launched with last; None where it never was."""
        return next((one for one in self.last if one.entry_point == entry_point), None)


def kept(home: Home, project_id: str) -> Kept:
    """Give what is kept of a project; what can't be read is left out."""
    from longshore.store import view_state

    presets = _read_all(view_state.load(home, _key("presets", project_id)))
    named = sorted((one for one in presets if one.name), key=lambda one: one.name.casefold())
    return Kept(tuple(named), _read_all(view_state.load(home, _key("last", project_id))))


def without_secrets(preset: Preset) -> tuple[Preset, tuple[str, ...]]:
    """Give a preset without the values that look like a secret, and the names that those had."""
    withheld = [name for name, value in preset.env.items() if _is_secret(name, value, variable=True)]
    withheld += [name for name, value in preset.parameters.items() if _is_secret(name, value)]
    env = {name: value for name, value in preset.env.items() if name not in withheld}
    parameters = {name: value for name, value in preset.parameters.items() if name not in withheld}
    return replace(preset, env=env, parameters=parameters), tuple(withheld)


def save(home: Home, project_id: str, preset: Preset) -> Preset:
    """Keep a preset, in place of one of its name; gives it without what looks like a secret.

    Raises: Invalid for its name.
    """
    safe, _withheld = without_secrets(replace(preset, name=checked_name(preset.name)))
    _change(home, _key("presets", project_id), lambda all_: [*(one for one in all_ if one.name != safe.name), safe])
    return safe


def rename(home: Home, project_id: str, name: str, new: str) -> Preset:
    """Give a preset another name. Raises: NotFound; Invalid, also where the name is taken."""
    fresh = checked_name(new)
    made: list[Preset] = []

    def changed(presets: list[Preset]) -> list[Preset]:
        if fresh != name and any(one.name == fresh for one in presets):
            raise Invalid(f"There is a preset called {fresh} already.", hint="Choose another name.")
        made.append(replace(_found(presets, name), name=fresh))
        return [made[0] if one.name == name else one for one in presets]

    _change(home, _key("presets", project_id), changed)
    return made[0]


def delete(home: Home, project_id: str, name: str) -> Preset:
    """Forget a preset, and give it: saving it brings it back. Raises: NotFound."""
    gone: list[Preset] = []

    def changed(presets: list[Preset]) -> list[Preset]:
        gone.append(_found(presets, name))
        return [one for one in presets if one.name != name]

    _change(home, _key("presets", project_id), changed)
    return gone[0]


def keep_last(home: Home, project_id: str, preset: Preset) -> None:
    """Remember what an entry point was launched with."""
    safe, _withheld = without_secrets(replace(preset, name=""))

    def changed(last: list[Preset]) -> list[Preset]:
        return [safe, *(one for one in last if one.entry_point != safe.entry_point)][:_MOST_LAST]

    _change(home, _key("last", project_id), changed)


def checked_name(name: str) -> str:
    """Give a preset's name as it is kept. Raises: Invalid."""
    shown = name.strip()
    if not shown:
        raise Invalid("A preset needs a name.", hint="Type one.")
    if len(shown) > LONGEST_NAME or not shown.isprintable():
        raise Invalid(f"A preset's name is one line of at most {LONGEST_NAME} characters.", hint="Shorten it.")
    return shown


def _is_secret(name: str, value: str, *, variable: bool = False) -> bool:
    from longshore.projects.secret_files import holds_secret

    if variable and value and _SECRET_VARIABLE.search(name):
        return True
    return holds_secret(f'{name}="{value}"'.encode("utf-8", "replace"))


def _found(presets: list[Preset], name: str) -> Preset:
    for one in presets:
        if one.name == name:
            return one
    raise NotFound(f"There is no preset called {name}.", hint="It may have been deleted in another window.")


def _key(what: str, project_id: str) -> str:
    return f"launch.{what}/{project_id}"


def _change(home: Home, key: str, changed: Any) -> None:
    from longshore.store import view_state

    view_state.change(home, key, lambda value: [asdict(one) for one in changed(list(_read_all(value)))])


def _read_all(value: Any) -> tuple[Preset, ...]:
    found = []
    for one in value if isinstance(value, list) else ():
        with contextlib.suppress(TypeError, ValueError, AttributeError):
            found.append(_read(one))
    return tuple(found)


def _read(given: Any) -> Preset:
    texts = ("name", "entry_point", "target", "experiment", "cpus", "memory", "timeout", "python", "as_of")
    return Preset(
        **{name: str(given.get(name) or "")[:_LONGEST_VALUE] for name in texts},
        parameters=_texts(given.get("parameters")),
        env=_texts(given.get("env")),
        secrets=tuple(str(name) for name in given.get("secrets") or ()),
    )


def _texts(given: Any) -> dict[str, str]:
    pairs = list((given or {}).items())[:_MOST_VALUES]
    return {str(name): str(value)[:_LONGEST_VALUE] for name, value in pairs}
