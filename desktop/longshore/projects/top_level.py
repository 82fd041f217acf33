"""What running a Python file does at its top level, beyond defining things: told from its text, never by running it."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable
from enum import IntEnum

from longshore.projects.arguments.syntax import is_main_guard


class Does(IntEnum):
    """How much a file does when it is run."""

    NOTHING = 0  # it imports, defines, sets things up
    COMPUTES = 1  # it keeps what a call gave: a script, or a module that prepares something
    ACTS = 2  # it calls, loops, raises: a script


# Calls that set a process up, as modules do too, by their last name.
_SETS_UP = frozenset(
    {
        "append", "insert", "extend", "update", "add", "setdefault", "register", "mkdir", "makedirs", "seed",
        "manual_seed", "manual_seed_all", "set_seed", "seed_everything", "filterwarnings", "simplefilter",
        "basicConfig", "dictConfig", "fileConfig", "captureWarnings", "disable", "setLevel", "addHandler", "addFilter",
        "use", "set_theme", "set_style", "set_palette", "set_context", "set_option", "set_printoptions",
        "set_verbosity", "load_dotenv", "setlocale", "set_start_method", "set_tracking_uri", "set_registry_uri",
        "set_float32_matmul_precision", "set_num_threads", "include_router", "add_middleware", "add_typer",
    }
)  # fmt: skip
# Calls whose value is a definition rather than a result; classes (a capital first) and what Python itself offers too.
_DEFINES = frozenset(
    {
        "getLogger", "get_logger", "namedtuple", "compile", "field", "partial", "lru_cache", "cache", "wraps",
        "getenv", "get", "join", "dirname", "abspath", "realpath", "expanduser", "resolve", "absolute", "joinpath",
        "basename", "normpath", "with_name", "with_suffix", "split", "strip", "lower", "upper", "format", "replace",
        "keys", "values", "items", "copy", "fromkeys", "device", "is_available", "cpu_count", "now", "today", "time",
        "version", "import_module", "find_spec", "local", "defaultdict", "dtype", "struct", "itemgetter", "attrgetter",
        "cwd", "home", "uname", "system", "python_version", "timedelta", "dedent",
    }
)  # fmt: skip
_DOES = frozenset({"open", "input", "print", "exec", "eval", "breakpoint", "help"})
_BUILT_IN = frozenset(dir(builtins)) - _DOES


def does(tree: ast.Module) -> Does:
    """Tell how much running a parsed file does."""
    return _all_of(tree.body)


def has_main(tree: ast.Module) -> bool:
    """Tell whether a file says itself that it may be started."""
    return any(is_main_guard(node) for node in tree.body)


def imports(source: str, name: str) -> bool:
    """Tell whether a file imports a module of this name, or something out of it."""
    if name not in source:
        return False
    return re.search(rf"^[ \t]*(?:import|from)[ \t][^\n]*\b{re.escape(name)}\b", source, re.M) is not None


def _all_of(body: Iterable[ast.stmt]) -> Does:
    return max((_does(node) for node in body), default=Does.NOTHING)


def _does(node: ast.stmt) -> Does:
    match node:
        case ast.Expr(value=value):
            return _of_expression(value)
        case ast.For() | ast.AsyncFor() | ast.While() | ast.Raise() | ast.Match():
            return Does.ACTS
        case ast.If() if is_main_guard(node):
            return Does.ACTS
        case ast.If():
            return _all_of([*node.body, *node.orelse])
        case ast.Try() | ast.TryStar():
            handlers = [part for one in node.handlers for part in one.body if not isinstance(part, ast.Raise)]
            return _all_of([*node.body, *handlers, *node.orelse, *node.finalbody])
        case ast.With() | ast.AsyncWith():
            return _all_of(node.body)
        case ast.Assign(targets=targets, value=value):
            return Does.NOTHING if all(map(_is_constant, targets)) else _of_value(value)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            return Does.NOTHING if _is_constant(target) else _of_value(value)
        case ast.AugAssign(value=value) | ast.Assert(test=value):
            return _of_value(value)
    return Does.NOTHING


def _of_expression(value: ast.expr) -> Does:
    match value:
        case ast.Constant() | ast.Name():
            return Does.NOTHING
        case ast.Call(func=called) if _last_name(called) in _SETS_UP:
            return Does.NOTHING
    return Does.ACTS


def _of_value(value: ast.expr) -> Does:
    calls = (node for node in ast.walk(value) if isinstance(node, ast.Call | ast.Await))
    if isinstance(value, ast.Lambda) or all(
        isinstance(one, ast.Call) and _defines(_last_name(one.func)) for one in calls
    ):
        return Does.NOTHING
    return Does.COMPUTES


def _is_constant(target: ast.expr) -> bool:
    """Tell a module's own name: SEED, _cache, __version__; X and y are data."""
    return isinstance(target, ast.Name) and _is_own_name(target.id)


def _is_own_name(name: str) -> bool:
    return name.startswith("_") or (len(name) > 1 and name.isupper())


def _last_name(called: ast.expr) -> str:
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


def _defines(name: str) -> bool:
    return name[:1].isupper() or name in _DEFINES or name in _BUILT_IN or name in _SETS_UP


_LIBRARIES = ("argparse", "click", "typer", "fire")
_READS_ARGUMENTS = re.compile(rf"^[ \t]*(?:import|from)[ \t]+(?:{'|'.join(_LIBRARIES)})\b", re.M)
_TEXT = re.compile(r"^[rRuU]?(\"{3}|'{3}).*?\1", re.M | re.S)
# Lines at the left margin that do more than import, define, decorate, comment, or close what was opened above.
_LINE = re.compile(r"^(?!(?:import|from|def|async def|class|pass|if TYPE_CHECKING)\b)[A-Za-z_0-9(\[{+~*-][^\n]*", re.M)
_ASSIGNS = re.compile(r"^([A-Za-z_]\w*)(?:[ \t]*:[^=\n]+)?[ \t]*=(?!=)([^\n]*)")
_CALLED = re.compile(r"(\w+)[ \t]*\(")


def may_read_arguments(source: str) -> bool:
    """Tell whether a file imports one of the libraries whose command lines can be read."""
    return any(name in source for name in _LIBRARIES) and _READS_ARGUMENTS.search(source) is not None


def may_start(source: str) -> bool:
    """Tell from a file's text whether it is worth to be parsed, which costs a hundred times as much."""
    if may_read_arguments(source):
        return True
    return any(not _is_plain(match[0]) for match in _LINE.finditer(_TEXT.sub("", source)))


def _is_plain(line: str) -> bool:
    assigned = _ASSIGNS.match(line)
    if assigned is None:
        return False
    if _is_own_name(assigned[1]):
        return True
    value = assigned[2].rstrip()
    return not value.endswith(("[", "{", "(", "\\")) and all(map(_defines, _CALLED.findall(value)))
