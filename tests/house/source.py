"""The gateway's code as trees, with what `sentences.py` must know of it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef
#: Which argument of a call counts: its place, counted without `self`, and its name.
Place = tuple[int, str]
#: The place of what can only be given by name.
_NAMED = 99


@dataclass(slots=True)
class Module:
    """One file of the gateway and what it defines."""

    path: str
    tree: ast.Module
    nodes: list[ast.AST] = field(default_factory=list)
    calls: list[ast.Call] = field(default_factory=list)
    assigns: list[ast.Assign] = field(default_factory=list)
    functions: dict[str, list[Function]] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    _parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    _locals: dict[Function, dict[str, list[ast.expr]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index the tree."""
        waiting: list[ast.AST] = [self.tree]
        while waiting:
            node = waiting.pop()
            self.nodes.append(node)
            below = list(ast.iter_child_nodes(node))
            waiting.extend(reversed(below))
            self._parents.update(dict.fromkeys(below, node))
            if isinstance(node, FUNCTIONS):
                self.functions.setdefault(node.name, []).append(node)
            elif isinstance(node, ast.Call):
                self.calls.append(node)
            elif isinstance(node, ast.Assign):
                self.assigns.append(node)
        for statement in self.tree.body:
            self.constants |= {name: values[-1] for name, values in _set_by(statement).items()}

    @property
    def name(self) -> str:
        """What an import calls it."""
        return self.path.removesuffix("/__init__.py").removesuffix(".py").rpartition("/")[2]

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what a node stands in, from the inside out."""
        while (above := self._parents.get(node)) is not None:
            yield above
            node = above

    def assigned(self, function: Function, name: str) -> list[ast.expr]:
        """Return what a local variable of a function is set to."""
        if function not in self._locals:
            known = self._locals[function] = {}
            for node in ast.walk(function):
                for one, values in _set_by(node).items():
                    known.setdefault(one, []).extend(values)
        return self._locals[function].get(name, [])

    def parameter(self, node: ast.expr) -> tuple[Function, Place] | None:
        """Return the function whose untouched parameter a name is, and which one."""
        node = node.value if isinstance(node, ast.Subscript) else node
        if not isinstance(node, ast.Name):
            return None
        for above in self.around(node):
            if not isinstance(above, FUNCTIONS):
                continue
            if self.assigned(above, node.id):
                return None
            names = [one.arg for one in above.args.posonlyargs + above.args.args]
            names = [one for one in names if one not in {"self", "cls"}]
            if node.id in names:
                return above, (names.index(node.id), node.id)
            if node.id in [one.arg for one in above.args.kwonlyargs]:
                return above, (_NAMED, node.id)
        return None


def load(root: Path, silent: Iterable[str]) -> list[Module]:
    """Read the modules below a folder, without those whose path begins with one of `silent`."""
    away = tuple(silent)
    named = [(one.relative_to(root).as_posix(), one) for one in sorted(root.rglob("*.py"))]
    return [
        Module(name, ast.parse(path.read_text(encoding="utf-8")))
        for name, path in named
        if not name.startswith(away)
    ]


def error_classes(modules: Iterable[Module]) -> dict[str, Place]:
    """Return every error class of the gateway with the argument that is its message."""
    nodes = (node for module in modules for node in module.nodes)
    classes = {node.name: node for node in nodes if isinstance(node, ast.ClassDef)}

    def is_error(name: str) -> bool:
        if name not in classes:
            return name in {"Exception", "ValueError", "RuntimeError"}
        return any(is_error(last_name(base)) for base in classes[name].bases)

    def message(name: str) -> Place | None:
        if name not in classes:
            return 0, "message"
        found = [n for n in classes[name].body if isinstance(n, FUNCTIONS) and n.name == "__init__"]
        return _message_of(found[0]) if found else message(last_name(classes[name].bases[0]))

    found = {name: message(name) for name in classes if is_error(name)}
    return {name: place for name, place in found.items() if place is not None}


def _message_of(init: Function) -> Place | None:
    """Return which argument a constructor hands to `Exception`; None for a text of its own."""
    names = [one.arg for one in init.args.args][1:]
    for call in ast.walk(init):
        if isinstance(call, ast.Call) and callee(call) == "__init__" and call.args:
            given = call.args[0]
            if isinstance(given, ast.Name) and given.id in names:
                return names.index(given.id), given.id
    return (names.index("message"), "message") if "message" in names else None


def argument(call: ast.Call, place: Place) -> ast.expr | None:
    """Return the argument of a call at a place; the starred one that holds it, if there is one."""
    if any(isinstance(one, ast.Starred) for one in call.args):
        return call.args[0]
    if place[0] < len(call.args):
        return call.args[place[0]]
    return next((one.value for one in call.keywords if one.arg == place[1]), None)


def callee(call: ast.Call) -> str:
    """Return the name of what is called, without what it belongs to."""
    return last_name(call.func)


def last_name(node: ast.expr) -> str:
    """Return `c` of `a.b.c` or of `c[int]`; empty for what has no name."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):
            return last_name(value)
    return ""


def is_log(call: ast.Call) -> bool:
    """Say whether a call writes to the log."""
    func = call.func
    return (
        isinstance(func, ast.Attribute)
        and isinstance(func.value, ast.Name)
        and func.value.id == "log"
    )


def _set_by(node: ast.AST) -> dict[str, list[ast.expr]]:
    """Return the names that a statement sets, with what to; of a call's parts, the call."""
    match node:
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            return {name: [value]}
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return {name: [value]}
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
            pairs = zip(names, values, strict=False)
            return {one.id: [value] for one, value in pairs if isinstance(one, ast.Name)}
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=value):
            return {one.id: [value] for one in names if isinstance(one, ast.Name)}
    return {}
