"""Reading values and names out of a Python syntax tree without running it."""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from longshore.projects.model import Parameter, ParameterType


class _Unknown:
    """What only running the code could tell."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()

_OPERATORS: dict[type[ast.operator], Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_LARGEST = 10**18


class Module:
    """One parsed file: its constants, imports, functions and classes by name."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.imports = dict(_imports(tree))
        self.functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        self.constants: dict[str, ast.expr] = {}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self.functions[node.name] = node
            elif isinstance(node, ast.ClassDef):
                self.classes[node.name] = node
            elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                # Assigned twice: which one holds can't be known.
                self.constants[name] = _NEVER if name in self.constants else node.value
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
                self.constants[node.target.id] = node.value

    def dotted(self, node: ast.expr | None) -> str:
        """Give the full dotted name that an expression stands for, imports resolved; empty where it is no name."""
        if isinstance(node, ast.Name):
            return self.imports.get(node.id, node.id)
        if isinstance(node, ast.Attribute) and (base := self.dotted(node.value)):
            return f"{base}.{node.attr}"
        return ""

    def value(self, node: ast.expr | None, depth: int = 0) -> Any:
        """Give the value of a constant expression, else UNKNOWN."""
        if node is None or depth > 20:
            return UNKNOWN
        if isinstance(node, ast.Constant):
            return node.value if not isinstance(node.value, bytes) else UNKNOWN
        reader = _READERS.get(type(node))
        return reader(self, node, depth + 1) if reader else UNKNOWN

    def text(self, node: ast.expr | None) -> str:
        """Give a constant string on one line, empty where it is none."""
        found = self.value(node)
        return " ".join(found.split()) if isinstance(found, str) else ""


_NEVER = ast.Name("", ast.Load())


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (top := alias.name.partition(".")[0], top)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _name(module: Module, node: ast.Name, depth: int) -> Any:
    return module.value(module.constants.get(node.id), depth)


def _sequence(module: Module, node: ast.List | ast.Tuple | ast.Set, depth: int) -> Any:
    values = [module.value(one, depth) for one in node.elts]
    if UNKNOWN in values:
        return UNKNOWN
    return tuple(values) if isinstance(node, ast.Tuple) else values


def _mapping(module: Module, node: ast.Dict, depth: int) -> Any:
    keys = [module.value(key, depth) for key in node.keys]
    values = [module.value(value, depth) for value in node.values]
    if UNKNOWN in keys or UNKNOWN in values or not all(isinstance(key, str | int | float) for key in keys):
        return UNKNOWN
    return dict(zip(keys, values, strict=True))


def _unary(module: Module, node: ast.UnaryOp, depth: int) -> Any:
    operand = module.value(node.operand, depth)
    if isinstance(node.op, ast.Not) and operand is not UNKNOWN:
        return not operand
    if isinstance(operand, int | float) and not isinstance(operand, bool):
        if isinstance(node.op, ast.USub):
            return -operand
        if isinstance(node.op, ast.UAdd):
            return operand
    return UNKNOWN


def _binary(module: Module, node: ast.BinOp, depth: int) -> Any:
    left, right = module.value(node.left, depth), module.value(node.right, depth)
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    if isinstance(node.op, ast.Div) and isinstance(left, PurePosixPath):
        return left / str(right)
    numbers = all(isinstance(one, int | float) and abs(one) <= _LARGEST for one in (left, right))
    try:
        if isinstance(node.op, ast.Div) and numbers:
            return left / right
        if isinstance(node.op, ast.Pow) and numbers and abs(right) <= 64:
            return left**right
        adds_text = isinstance(node.op, ast.Add) and type(left) is type(right)
        if type(node.op) in _OPERATORS and (numbers or (adds_text and isinstance(left, str | list | tuple))):
            return _OPERATORS[type(node.op)](left, right)
    except (ArithmeticError, TypeError, ValueError):
        pass
    return UNKNOWN


def _joined(module: Module, node: ast.JoinedStr, depth: int) -> Any:
    parts = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            if part.format_spec or part.conversion != -1:
                return UNKNOWN
            found = module.value(part.value, depth)
        else:
            found = module.value(part, depth)
        if found is UNKNOWN:
            return UNKNOWN
        parts.append(str(found))
    return "".join(parts)


def _call(module: Module, node: ast.Call, depth: int) -> Any:
    name = module.dotted(node.func)
    arguments = [module.value(one, depth) for one in node.args]
    if UNKNOWN in arguments or node.keywords:
        return UNKNOWN
    try:
        if name in _CALLS:
            return _CALLS[name](*arguments)
    except (TypeError, ValueError, OverflowError):
        pass
    return UNKNOWN


def _short_range(*bounds: int) -> Any:
    found = range(*bounds)
    return list(found) if len(found) <= 1000 else UNKNOWN


_CALLS: dict[str, Any] = {
    "float": float,
    "int": int,
    "str": str,
    "bool": bool,
    "list": list,
    "tuple": tuple,
    "sorted": sorted,
    "range": _short_range,
    "pathlib.Path": PurePosixPath,
    "pathlib.PurePath": PurePosixPath,
    "os.path.join": lambda *parts: str(PurePosixPath(*parts)),
}


def _attribute(module: Module, node: ast.Attribute, depth: int) -> Any:
    """Read a member of an enumeration of this file, as its value."""
    name = module.dotted(node)
    if name in ("math.inf", "numpy.inf"):
        return float("inf")
    owner, _, member = name.removesuffix(".value").rpartition(".")
    if owner in module.classes:
        return enum_members(module, module.classes[owner], depth).get(member, UNKNOWN)
    return UNKNOWN


def enum_members(module: Module, node: ast.ClassDef, depth: int = 0) -> dict[str, Any]:
    """Give an enumeration's members and values, empty where the class is none."""
    if not any(module.dotted(base).rpartition(".")[2].endswith(("Enum", "Flag")) for base in node.bases):
        return {}
    members: dict[str, Any] = {}
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            value = module.value(statement.value, depth)
            name = statement.targets[0].id
            automatic = isinstance(statement.value, ast.Call)
            members[name] = name.lower() if value is UNKNOWN and automatic else value
    return members


_READERS: dict[type[ast.expr], Any] = {
    ast.Name: _name,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Set: _sequence,
    ast.Dict: _mapping,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.JoinedStr: _joined,
    ast.Call: _call,
    ast.Attribute: _attribute,
}


def keywords(call: ast.Call) -> dict[str, ast.expr]:
    """Give a call's keyword arguments."""
    return {one.arg: one.value for one in call.keywords if one.arg}


def plain(value: Any) -> Any:
    """Make a value fit for JSON; None where it was not known."""
    if value is UNKNOWN or value is ...:
        return None
    if isinstance(value, PurePosixPath):
        return str(value)
    if isinstance(value, list | tuple | set):
        return [plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    return value if isinstance(value, bool | int | float | str) or value is None else str(value)


_TYPES: dict[str, ParameterType] = {
    "int": "int",
    "float": "float",
    "complex": "str",
    "str": "str",
    "bool": "bool",
    "pathlib.Path": "path",
    "pathlib.PurePath": "path",
    "pathlib.PosixPath": "path",
    "os.PathLike": "path",
    "argparse.FileType": "path",
    "open": "path",
}


def type_named(name: str) -> ParameterType | None:
    """Give the parameter type for a dotted type name, None for one that is not known."""
    return _TYPES.get(name)


def type_of_value(value: Any) -> ParameterType:
    """Guess a parameter's type from its default."""
    if isinstance(value, list | tuple | set):
        return "list"
    if isinstance(value, PurePosixPath):
        return "path"
    return _TYPES.get(type(value).__name__, "str")


def converted(value: Any, kind: ParameterType) -> Any:
    """Turn a text default into the type that the parser would make of it."""
    if not isinstance(value, str) or kind not in ("int", "float"):
        return value
    try:
        return int(value) if kind == "int" else float(value)
    except ValueError:
        return value


def walk_in_order(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree in the order of the source text."""
    for child in ast.iter_child_nodes(node):
        yield child
        yield from walk_in_order(child)


def is_main_guard(node: ast.stmt) -> bool:
    """Tell whether a statement is `if __name__ == "__main__":`."""
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Compare):
        return False
    sides = [node.test.left, *node.test.comparators]
    named = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
    return named and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)


def parameter(name: str, kind: ParameterType, **rest: Any) -> Parameter:
    """Make a Parameter with its default fit for JSON."""
    rest["default"] = plain(rest.get("default"))
    rest["choices"] = tuple(str(plain(one)) for one in rest.get("choices") or ())
    if rest["choices"] and kind != "list":
        rest["item"], kind = kind, "choice"
    return Parameter(name, kind, **rest)
