"""Prints the folder that has the packages of a KFP component; nothing where the environment has them.

They are installed beside the environment, once, so that components with different wishes do not disturb each other.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile


def main(arguments):
    options, wanted = [], []
    for one in arguments:
        (options if one.startswith("-") or (options and options[-1] in _WITH_VALUE) else wanted).append(one)
    missing = [one for one in wanted if not _is_there(one)]
    if not missing:
        return 0
    name = hashlib.sha256("\n".join(sorted(missing) + options).encode()).hexdigest()[:16]
    folder = os.path.join(_place(), name)
    if not os.path.isdir(folder):
        sys.stderr.write("Installing %s\n" % ", ".join(missing))
        fresh = tempfile.mkdtemp(prefix=name, dir=_place())
        line = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", fresh]
        status = subprocess.call(line + options + missing, stdout=sys.stderr)
        if status:
            shutil.rmtree(fresh, ignore_errors=True)
            return status
        try:
            os.rename(fresh, folder)
        except OSError:  # another component was quicker
            shutil.rmtree(fresh, ignore_errors=True)
    sys.stdout.write(folder + "\n")
    return 0


_WITH_VALUE = ("--index-url", "--extra-index-url", "--trusted-host", "--find-links", "-i", "-f")


def _place():
    place = os.path.join(sys.prefix, "longshore-kfp")
    try:
        os.makedirs(place, exist_ok=True)
    except OSError:
        place = os.path.join(tempfile.gettempdir(), "longshore-kfp-%s" % os.getuid())
        os.makedirs(place, exist_ok=True)
    return place


def _is_there(text):
    try:
        from importlib.metadata import version

        try:
            from packaging.requirements import Requirement
        except ImportError:
            from pip._vendor.packaging.requirements import Requirement
        wanted = Requirement(text)
        if wanted.marker and not wanted.marker.evaluate():
            return True
        found = version(wanted.name)
        # A component runs under the KFP that runs the pipeline, whichever compiled it.
        return not wanted.url and (wanted.name == "kfp" or wanted.specifier.contains(found, prereleases=True))
    except Exception:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
