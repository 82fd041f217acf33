"""Where things are and how the app behaves: the home folder, the settings and their defaults.

Standard library alone, since the window reads it before its first frame (pydantic-settings would cost 0.2 s there).
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longshore.errors import Invalid, Unavailable


@dataclass(frozen=True)
class Home:
    """One user's folder: the local database, the personal workspace, jobs, caches. Two homes never see each other."""

    path: Path
    # Eight hex digits, written once; containers, images and keyring entries carry it.
    id: str

    @property
    def database(self) -> Path:
        """The local SQLite database."""
        return self.path / "longshore.db"

    @property
    def tracking(self) -> Path:
        """The personal workspace's `mlflow.db` and artifacts."""
        return self.path / "tracking"

    @property
    def jobs(self) -> Path:
        """One folder per job."""
        return self.path / "jobs"

    @property
    def index(self) -> Path:
        """The run index and other caches that are rebuilt at will."""
        return self.path / "index"

    @property
    def environments(self) -> Path:
        """The projects' environments, by content."""
        return self.path / "environments"

    @property
    def logs(self) -> Path:
        """Logs of the agent, of the tracking server and of the window."""
        return self.path / "logs"

    @property
    def settings_file(self) -> Path:
        """The person's settings."""
        return self.path / "settings.json"


@dataclass(frozen=True)
class Settings:
    """What a person may change; each has a default that works."""

    theme: str = "system"  # system, light, dark
    font: str = "inter"  # inter, system
    text_size_percent: int = 100  # 90 to 150
    reduced_motion: bool = False
    notifications: bool = True
    grace_s: float = 10.0  # between the polite stop and the kill
    queue_cpus: float | None = None  # None: cores minus one, at least one
    queue_memory_bytes: int | None = None  # None: what the machine has
    agent_idle_s: float = 900.0
    keep_jobs_days: float = 90.0  # ended jobs whose log their run holds; 0: for ever
    keep_images_days: float = 30.0  # images of environments since their last run; 0: for ever
    docker_host: str = ""  # empty: found
    job_image: str = "python:3.11-slim"  # base of the images that jobs and models run in
    proxy_image: str = ""  # an HAProxy image; empty: built once from job_image with Debian's haproxy
    bind_address: str = "127.0.0.1"
    trust: str = "ask"  # whose code may run: of folders that the person trusts (ask), or of every one (always)


def default_home_path() -> Path:
    """Give LONGSHORE_HOME, or the platform's user data folder."""
    if given := os.environ.get("LONGSHORE_HOME"):
        return Path(given).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("Longshore", appauthor=False))


def open_home(path: Path | None = None) -> Home:
    """Open the home folder, made with owner-only rights where it is missing.

    Raises: Unavailable if it can't be made or read.
    """
    folder = (path or default_home_path()).expanduser().absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Home(folder, _home_id(folder / "home.json"))
    except (OSError, ValueError) as error:
        raise Unavailable(
            f"The home folder {folder} cannot be used: {error}.",
            hint="Choose another with --home or LONGSHORE_HOME, or make it writable.",
        ) from error


def _home_id(file: Path) -> str:
    try:
        return str(json.loads(file.read_text("utf-8"))["id"])
    except FileNotFoundError:
        pass
    except (KeyError, json.JSONDecodeError) as error:
        raise ValueError(f"{file.name} is damaged ({error})") from error
    import secrets

    # Two processes may start at once: the first link wins and both read the same id.
    fresh = file.with_name(f"home.{os.getpid()}.{secrets.token_hex(4)}.json")
    fresh.write_text(json.dumps({"id": secrets.token_hex(4)}), "utf-8")
    try:
        os.link(fresh, file)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        if not file.exists():
            fresh.replace(file)
    fresh.unlink(missing_ok=True)
    return str(json.loads(file.read_text("utf-8"))["id"])


def load_settings(home: Home) -> Settings:
    """Read the person's settings; unknown keys and wrong types fall back to the defaults."""
    try:
        found = json.loads(home.settings_file.read_text("utf-8"))
    except (OSError, json.JSONDecodeError):
        return Settings()
    if not isinstance(found, dict):
        return Settings()
    known = {field.name: field for field in dataclasses.fields(Settings)}
    return Settings(**{key: value for key, value in found.items() if key in known and _fits(key, value)})


def save_settings(home: Home, **changes: Any) -> Settings:
    """Change some settings, atomically, and give them all.

    Raises: Invalid for a name or a value that is not one.
    """
    for key, value in changes.items():
        if key not in Settings.__dataclass_fields__:
            raise Invalid(f"There is no setting {key!r}.")
        if not _fits(key, value):
            raise Invalid(f"{value!r} is not a value for the setting {key!r}.")
    settings = dataclasses.replace(load_settings(home), **changes)
    fresh = home.settings_file.with_suffix(f".{os.getpid()}.tmp")
    fresh.write_text(json.dumps(dataclasses.asdict(settings), indent=2), "utf-8")
    fresh.replace(home.settings_file)
    return settings


_CHOICES: dict[str, tuple[str, ...]] = {
    "theme": ("system", "light", "dark"),
    "font": ("inter", "system"),
    "trust": ("ask", "always"),
}


def _fits(key: str, value: object) -> bool:
    if key in _CHOICES:
        return value in _CHOICES[key]
    if key == "text_size_percent":
        return isinstance(value, int) and 90 <= value <= 150
    default = getattr(Settings(), key)
    if isinstance(default, bool):
        return isinstance(value, bool)
    if default is None:
        return value is None or (isinstance(value, int | float) and value > 0)
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return isinstance(value, type(default))


def resources_dir() -> Path:
    """Give the folder of icons, fonts and templates: in a checkout, in a wheel, in a frozen app."""
    package = Path(__file__).resolve().parent
    frozen = getattr(sys, "_MEIPASS", None)
    for folder in ([Path(frozen) / "resources"] if frozen else []) + [
        package / "resources",
        package.parents[1] / "resources",
    ]:
        if (folder / "tokens.json").is_file():
            return folder
    raise Unavailable(
        "Longshore's resources folder is missing from this installation.",
        hint="Install Longshore again.",
    )


def self_command(*arguments: str) -> list[str]:
    """Give the command line that starts this app again with other arguments, frozen or not."""
    if getattr(sys, "frozen", False):
        return [sys.executable, *arguments]
    return [sys.executable, "-m", "longshore", *arguments]
