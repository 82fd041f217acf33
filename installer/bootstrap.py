"""Brings a fresh machine to a running Longshore, or to its test suite, with Python 3.11 to 3.13 and no more.

    python3 installer/bootstrap.py run     installs what is missing, opens the window on the sample project
    python3 installer/bootstrap.py test    installs what is missing, runs the whole test suite

Standard library alone. Asks no question; a second call finds everything there and is quick.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / ".venv" / ".bootstrap"

# What PySide6 needs on a bare Debian, what a real window needs on top, and what the app and its tests call.
DEBIAN_PACKAGES = [
    "libglib2.0-0",
    "libegl1",
    "libgl1",
    "libxkbcommon0",
    "libdbus-1-3",
    "libfontconfig1",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-keysyms1",
    "libxcb-shape0",
    "libxkbcommon-x11-0",
    "libxcb-image0",
    "libxcb-render-util0",
    "git",
]
DEBIAN_TEST_PACKAGES = ["gnome-keyring", "dbus", "dbus-x11"]

# Each process of the tests has a tracking server or two of its own: about 1 GB.
MOST_TEST_PROCESSES = 8


def main() -> int:
    """Do what the command line asks for and give the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("action", choices=("run", "test"))
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="handed to the window, or to pytest")
    options = parser.parse_args()
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        print(f"Longshore needs Python 3.11, 3.12 or 3.13; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 1
    try:
        install_system_packages(testing=options.action == "test")
        install_environment(find_uv(), testing=options.action == "test")
    except subprocess.CalledProcessError as error:
        print(f"bootstrap: {' '.join(map(str, error.cmd))} failed with status {error.returncode}.", file=sys.stderr)
        return 1
    return run_tests(options.rest) if options.action == "test" else run_window(options.rest)


def install_system_packages(*, testing: bool) -> None:
    """Install Debian's packages that are missing; other systems bring what Qt needs with them."""
    if not sys.platform.startswith("linux") or not shutil.which("dpkg-query"):
        return
    wanted = DEBIAN_PACKAGES + (DEBIAN_TEST_PACKAGES if testing else [])
    if importlib.util.find_spec("ensurepip") is None:  # Debian packs this part of Python by itself
        wanted = [*wanted, "python3-venv"]
    # Since 2024 some of Debian's libraries end in t64 and only provide the old name.
    missing = [name for name in wanted if not is_installed(name) and not is_installed(f"{name}t64")]
    if not missing:
        return
    if os.geteuid() != 0 and not shutil.which("sudo"):
        print(f"bootstrap: these packages are missing: {' '.join(missing)}. Install them as root.", file=sys.stderr)
        return
    root = [] if os.geteuid() == 0 else ["sudo"]
    quiet = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    print(f"bootstrap: installing {' '.join(missing)}", file=sys.stderr)
    subprocess.run([*quiet, "update"], check=True, stdout=sys.stderr)
    subprocess.run([*quiet, "install", "-y", "--no-install-recommends", *missing], check=True, stdout=sys.stderr)


def is_installed(package: str) -> bool:
    """Tell whether dpkg has this package installed."""
    found = subprocess.run(["dpkg-query", "-W", "-f=${Status}", package], capture_output=True, text=True, check=False)
    return found.stdout.endswith("ok installed")


def find_uv() -> list[str]:
    """Give the command of uv; where there is none, install it into a folder beside the environment."""
    if found := shutil.which("uv"):
        return [found]
    folder = ROOT / ".uv"
    program = folder / ("Scripts/uv.exe" if sys.platform == "win32" else "bin/uv")
    if not program.exists():
        print("bootstrap: installing uv", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = program.with_name("python.exe" if sys.platform == "win32" else "python")
        subprocess.run([python, "-m", "pip", "install", "-q", "uv"], check=True, stdout=sys.stderr)
    return [str(program)]


def install_environment(uv: list[str], *, testing: bool) -> None:
    """Bring `.venv` to the lock file with uv; nothing is asked of the index where the lock was installed already."""
    lock = (ROOT / "uv.lock").read_bytes() + (ROOT / "pyproject.toml").read_bytes()
    stamp = f"{hashlib.sha256(lock).hexdigest()} {sys.version_info[:2]}"
    done = STATE.read_text().splitlines() if STATE.exists() else []
    if f"{stamp} dev" in done or (not testing and f"{stamp} app" in done):
        return
    print("bootstrap: installing the locked environment", file=sys.stderr)
    groups = [] if testing else ["--no-dev"]
    command = [*uv, "sync", "--frozen", "--python", sys.executable, *groups]
    subprocess.run(command, check=True, cwd=ROOT, stdout=sys.stderr)
    STATE.write_text(f"{stamp} {'dev' if testing else 'app'}\n")


def program(name: str) -> str:
    """Give the path of a program of the environment."""
    if sys.platform == "win32":
        return str(ROOT / ".venv" / "Scripts" / f"{name}.exe")
    return str(ROOT / ".venv" / "bin" / name)


def run_tests(rest: list[str]) -> int:
    """Run the static checks, then the whole suite."""
    for check in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"], ["lint-imports"]):
        print(f"bootstrap: {' '.join(check)}", file=sys.stderr, flush=True)
        if status := subprocess.run([program(check[0]), *check[1:]], cwd=ROOT, check=False).returncode:
            return status
    command = [program("python"), "-m", "pytest", *shared_out(), *rest]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def shared_out() -> list[str]:
    """Give pytest's options for several processes: many tests wait for others, so one more than there are cores."""
    processes = min((os.cpu_count() or 1) + 1, MOST_TEST_PROCESSES)
    return ["-n", str(processes), "--dist", "loadscope", "--no-loadscope-reorder"]


def run_window(rest: list[str]) -> int:
    """Open the window on the sample project; where there is no display, run the demo and write screenshots."""
    if has_display():
        return subprocess.run([program("longshore"), "gui", "--sample", *rest], check=False).returncode
    print("bootstrap: there is no display here, so the demo runs instead and writes screenshots.", file=sys.stderr)
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    status = subprocess.run([program("longshore"), "demo"], check=False, env=environment).returncode
    folder = ROOT / "screenshots"
    shots = [program("longshore"), "gui", "--screenshots", str(folder)]
    if failed := subprocess.run(shots, check=False, env=environment).returncode:
        return failed
    print(f"bootstrap: the screenshots are in {folder}", file=sys.stderr)
    return status


def has_display() -> bool:
    """Tell whether a window could be shown."""
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


if __name__ == "__main__":
    sys.exit(main())
