"""Reads small values out of Metaflow's datastore without running what a pickle may hold."""

import io
import pickle

_NUMBERS = ("int", "float")
_LARGEST = 20000
_SCALARS = {("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar"), ("numpy", "dtype")}


class _Plain(pickle.Unpickler):
    """Numbers, texts, lists and dictionaries alone, and NumPy's numbers."""

    def find_class(self, module, name):
        if (module, name) in _SCALARS:
            return super().find_class(module, name)
        raise pickle.UnpicklingError("no plain value")


def small(datastore, names):
    """Give the values of small artifacts by name; those that are more than plain values are left out."""
    wanted = {}
    for name in names:
        try:
            info = datastore._info[name]
            if info.get("size", 0) <= _LARGEST and "pickle" in str(info.get("encoding", "")):
                wanted.setdefault(datastore._objects[name], []).append(name)
        except Exception:
            continue
    found = {}
    try:
        for key, blob in datastore._ca_store.load_blobs(list(wanted)):
            try:
                value = _Plain(io.BytesIO(blob)).load()
            except Exception:
                continue
            for name in wanted[key]:
                found[name] = value
    except Exception:
        pass
    return found


def made(datastore, parents):
    """Give the names of what a task set itself: what its parents did not have, or had otherwise."""
    try:
        return [
            name
            for name, key in datastore._objects.items()
            if not name.startswith("_") and name != "name" and all(one.get(name) != key for one in parents)
        ]
    except Exception:
        return []
