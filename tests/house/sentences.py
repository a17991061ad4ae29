"""Reads out of the source code every sentence that the gateway can say to who uses the console.

A sentence is a template: the English text with `{}` for every value put into it. What says one
is a *mouth*: an error class, a function that hands its argument on to one, a field that is shown
(`reason=`, `fail_reason=`). Mouths are found, not listed: from the error classes on, whoever
passes a parameter on to a mouth is one too.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

#: The template of a value that is not known before the gateway runs.
HOLE = "{}"
#: Fields whose text is shown, wherever they are given.
_FIELDS = frozenset({"error", "fail_reason", "message", "reason"})
#: How a parameter is called that is handed on whole to a mouth.
_HANDED = frozenset({"message", "reason"})
#: Attributes that keep what is shown later: how a relayed call ended, why a backend rests.
_KEPT = frozenset({"error", "failure", "reason"})
#: More alternatives than this of one value are a value like any other.
_ALTERNATIVES = 4
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: Which argument of a mouth is said: its place, counted without `self`, and its name.
Place = tuple[int, str]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(slots=True)
class Module:
    """One file of the gateway and what it defines."""

    path: str
    tree: ast.Module
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    functions: dict[str, list[Function]] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index the tree."""
        for node in ast.walk(self.tree):
            self.parents |= {child: node for child in ast.iter_child_nodes(node)}
            if isinstance(node, _FUNCTIONS):
                self.functions.setdefault(node.name, []).append(node)
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.constants[node.targets[0].id] = node.value
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                if node.value is not None:
                    self.constants[node.target.id] = node.value

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what a node stands in, from the inside out."""
        while (above := self.parents.get(node)) is not None:
            yield above
            node = above


@dataclass(frozen=True, slots=True)
class Mute:
    """A message that cannot be told from the code."""

    path: str
    code: str
    line: int


class Unknown(Exception):
    """An expression whose text, or some of its alternatives, only a running gateway knows."""

    def __init__(self, known: frozenset[str] = frozenset()) -> None:
        """Keep the alternatives that are known."""
        super().__init__()
        self.known = known


class Silent(Exception):
    """An expression that hands on what is said, and counted, elsewhere."""


class Reader:
    """Collects sentences from modules."""

    def __init__(
        self,
        modules: Iterable[Module],
        mouths: dict[str, Place],
        plain_errors: frozenset[str] = frozenset(),
    ) -> None:
        """Take the modules, and the mouths that cannot be found from the error classes.

        The ValueErrors of the modules named by `plain_errors` are shown to callers as well.
        """
        self._modules = list(modules)
        self._functions: dict[str, list[tuple[Module, Function]]] = {}
        for module in self._modules:
            for name, found in module.functions.items():
                self._functions.setdefault(name, []).extend((module, one) for one in found)
        self.errors = _error_classes(self._modules)
        self._mouths = {**self.errors, **mouths}
        self._plain_errors = plain_errors
        #: Functions that put a parameter into a sentence: a phrase given to one is said as well.
        self._phrases: dict[tuple[str, str], set[Place]] = {}
        self.sentences: dict[str, set[str]] = {}
        self.mutes: list[Mute] = []

    def read(self) -> None:
        """Read until no new mouth is found."""
        before = -1
        while before != (before := len(self._mouths) + sum(map(len, self._phrases.values()))):
            self.sentences, self.mutes = {}, []
            for module in self._modules:
                for node in ast.walk(module.tree):
                    self._read(module, node)

    def templates(self, module: Module, node: ast.expr) -> set[str]:
        """Return every text that an expression can be; raises Unknown or Silent."""
        return self._resolve(module, node, frozenset())

    # Who says something -----------------------------------------------------------------

    def _read(self, module: Module, node: ast.AST) -> None:
        if isinstance(node, ast.Call) and not _is_log(node):
            for said in self._said(module, node):
                self._hear(module, said)
            self._hear_phrase(module, node)
        elif isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Attribute):
            if target.attr in _KEPT and isinstance(node.value, ast.Constant | ast.JoinedStr):
                self._hear(module, node.value)

    def _said(self, module: Module, call: ast.Call) -> Iterator[ast.expr]:
        """Yield the arguments of a call that are said."""
        name = _callee(call)
        place = self._mouths.get(name)
        if name == "ValueError" and module.path in self._plain_errors:
            place = 0, "message"
        if place is not None and (one := _argument(call, place)) is not None:
            yield one
        elif place is None or place[1] not in _FIELDS:
            yield from (k.value for k in call.keywords if k.arg in _FIELDS)

    def _hear(self, module: Module, node: ast.expr) -> None:
        owner = self._parameter(module, node)
        if owner is not None and owner[1][1] in _HANDED:
            if owner[0].name != "__init__":
                self._mouths.setdefault(owner[0].name, owner[1])
            return
        self.hear(module, node)

    def hear(self, module: Module, node: ast.expr) -> None:
        """Take what an expression says as a sentence, or note that it cannot be told."""
        found: Iterable[str] = ()
        try:
            found = self._resolve(module, node, frozenset())
        except Silent:
            pass
        except Unknown as unknown:
            found = unknown.known
            self.mutes.append(Mute(module.path, ast.unparse(node), node.lineno))
        self._keep(module, node, found)

    def _keep(self, module: Module, node: ast.expr, found: Iterable[str]) -> None:
        for one in found:
            if any(char.isalpha() for char in one.replace(HOLE, "")) and one.isprintable():
                self.sentences.setdefault(one, set()).add(f"{module.path}:{node.lineno}")

    def _hear_phrase(self, module: Module, call: ast.Call) -> None:
        """Hear words that a caller hands to who puts them into a sentence."""
        for place in sorted(self._phrases.get((module.path, _callee(call)), ())):
            given = _argument(call, place)
            if given is None or self._put_in(module, given):
                continue
            try:
                found = self._resolve(module, given, frozenset())
            except (Unknown, Silent):
                continue
            self._keep(module, given, _phrases(found))

    def _put_in(self, module: Module, node: ast.expr) -> bool:
        """Note that a function puts its parameter into a sentence, if a node is one."""
        owner = self._parameter(module, node)
        if owner is None:
            return False
        self._phrases.setdefault((module.path, owner[0].name), set()).add(owner[1])
        return True

    def hear_all(self, path: str, name: str) -> None:
        """Hear every text in a constant of a module, or in what a function makes."""
        module = next(one for one in self._modules if one.path == path)
        roots: list[ast.AST] = [module.constants[name]] if name in module.constants else []
        for function in module.functions.get(name, ()):
            roots += function.body[1:]  # The first is the docstring.
        texts = (ast.Constant, ast.JoinedStr)
        for node in (node for root in roots for node in ast.walk(root)):
            inside = any(isinstance(above, texts) for above in module.around(node))
            if isinstance(node, texts) and not inside:
                with suppress(Unknown, Silent):
                    self._keep(module, node, _phrases(self._resolve(module, node, frozenset())))

    def _parameter(self, module: Module, node: ast.expr) -> tuple[Function, Place] | None:
        """Return the function whose parameter a name is, and which one."""
        if isinstance(node, ast.Subscript):
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        for above in module.around(node):
            if not isinstance(above, _FUNCTIONS):
                continue
            if _assigned(above, node.id):
                return None
            names = [a.arg for a in above.args.posonlyargs + above.args.args]
            names = [name for name in names if name not in {"self", "cls"}]
            if node.id in names:
                return above, (names.index(node.id), node.id)
            if node.id in [a.arg for a in above.args.kwonlyargs]:
                return above, (99, node.id)
        return None

    # What is said -----------------------------------------------------------------------

    def _resolve(self, module: Module, node: ast.expr, seen: frozenset[ast.AST]) -> set[str]:
        if node in seen:
            raise Unknown
        seen |= {node}
        match node:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.Constant(value=None):
                raise Silent
            case ast.Await(value=value):
                return self._resolve(module, value, seen)
            case ast.Call(func=ast.Name(id="scrub"), args=[_, text]):
                return self._resolve(module, text, seen)
            case ast.JoinedStr(values=values):
                return self._joined(module, values, seen)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return self._joined(module, [left, right], seen)
            case ast.IfExp(body=one, orelse=other):
                return self._any(module, [one, other], seen)
            case ast.BoolOp(op=ast.Or(), values=values):
                return self._any(module, values, seen)
            case ast.Subscript(value=value, slice=ast.Slice()):
                return self._resolve(module, value, seen)
            case ast.Name(id=name):
                return self._name(module, node, name, seen)
            case ast.Attribute(value=ast.Name(id=name), attr="message"):
                return self._handed_on(module, node, name)
            case ast.Call(func=ast.Name(id="str"), args=[ast.Name(id=name)]):
                return self._handed_on(module, node, name)
            case ast.Call():
                return self._returned(module, node, seen)
        raise Unknown

    def _any(self, module: Module, nodes: list[ast.expr], seen: frozenset[ast.AST]) -> set[str]:
        found: set[str] = set()
        unknown = False
        for node in nodes:
            try:
                found |= self._resolve(module, node, seen)
            except Silent:
                continue
            except Unknown as failure:
                found |= failure.known
                unknown = True
        if unknown:
            raise Unknown(frozenset(found))
        if not found:
            raise Silent
        return found

    def _joined(self, module: Module, parts: list[ast.expr], seen: frozenset[ast.AST]) -> set[str]:
        pieces = [self._piece(module, part, seen) for part in parts]
        return {"".join(one) for one in itertools.product(*pieces)}

    def _piece(self, module: Module, part: ast.expr, seen: frozenset[ast.AST]) -> set[str]:
        node = part.value if isinstance(part, ast.FormattedValue) else part
        if isinstance(part, ast.Constant):
            return {str(part.value)}
        if self._put_in(module, node):
            return {HOLE}
        try:
            found = self._resolve(module, node, seen)
        except Unknown as unknown:
            self._keep(module, node, _phrases(unknown.known))
            return {HOLE}
        except Silent:
            return {HOLE}
        # Only fixed words are told apart: what is put together is a value like any other.
        fixed = len(found) <= _ALTERNATIVES and not any(HOLE in one for one in found)
        return found if fixed or isinstance(node, ast.Name) else {HOLE}

    def _name(
        self, module: Module, node: ast.expr, name: str, seen: frozenset[ast.AST]
    ) -> set[str]:
        for above in module.around(node):
            if isinstance(above, ast.ExceptHandler) and above.name == name:
                return self._handed_on(module, node, name)
            if isinstance(above, _FUNCTIONS) and (values := _assigned(above, name)):
                return self._any(module, values, seen)
        if name in module.constants:
            return self._resolve(module, module.constants[name], seen)
        raise Unknown

    def _handed_on(self, module: Module, node: ast.expr, name: str) -> set[str]:
        """Raise Silent for the text of a caught error of ours, which is said where it is raised."""
        for above in module.around(node):
            if isinstance(above, ast.ExceptHandler) and above.name == name:
                kinds = above.type.elts if isinstance(above.type, ast.Tuple) else [above.type]
                if all(kind is not None and _last_name(kind) in self.errors for kind in kinds):
                    raise Silent
                raise Unknown
        raise Unknown

    def _returned(self, module: Module, call: ast.Call, seen: frozenset[ast.AST]) -> set[str]:
        """Return what a function of the gateway can return."""
        name = _callee(call)
        known = self._functions.get(name, [])
        found = [one for one in known if one[0] is module] or known
        if len(found) != 1:
            raise Unknown
        home, function = found[0]
        values = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Return) and node.value is not None
        ]
        if not values:
            raise Unknown
        return self._any(home, values, seen)


def load(root: Path, silent: Iterable[str]) -> list[Module]:
    """Read the modules below a folder, without those whose path begins with one of `silent`."""
    paths = sorted(root.rglob("*.py"))
    named = [(one.relative_to(root).as_posix(), one) for one in paths]
    away = tuple(silent)
    return [
        Module(name, ast.parse(one.read_text(encoding="utf-8")))
        for name, one in named
        if not name.startswith(away)
    ]


def _error_classes(modules: list[Module]) -> dict[str, Place]:
    """Return every error class of the gateway with the argument that is its message."""
    classes = {
        node.name: node
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    }

    def is_error(name: str) -> bool:
        if name not in classes:
            return name in {"Exception", "ValueError", "RuntimeError"}
        return any(is_error(_last_name(base)) for base in classes[name].bases)

    def message(name: str) -> Place | None:
        if name not in classes:
            return 0, "message"
        node = classes[name]
        init = next((n for n in node.body if isinstance(n, _FUNCTIONS) and n.name == "__init__"), None)
        if init is None:
            return message(_last_name(node.bases[0]))
        names = [a.arg for a in init.args.args][1:]
        for one in ast.walk(init):
            if isinstance(one, ast.Call) and _callee(one) == "__init__" and one.args:
                given = one.args[0]
                if isinstance(given, ast.Name) and given.id in names:
                    return names.index(given.id), given.id
        return (names.index("message"), "message") if "message" in names else None

    found = {name: message(name) for name in classes if is_error(name)}
    return {name: place for name, place in found.items() if place is not None}


def _phrases(found: Iterable[str]) -> list[str]:
    return [one for one in found if " " in one.strip()]


def _assigned(function: Function, name: str) -> list[ast.expr]:
    """Return what a local variable of a function is set to."""
    found: list[ast.expr] = []
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=own)], value=value) if own == name:
                found.append(value)
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                pairs = zip(names, values, strict=False)
                found += [v for n, v in pairs if isinstance(n, ast.Name) and n.id == name]
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=value):
                found += [value for n in names if isinstance(n, ast.Name) and n.id == name]
            case ast.AnnAssign(target=ast.Name(id=own), value=ast.expr() as value) if own == name:
                found.append(value)
    return found


def _argument(call: ast.Call, place: Place) -> ast.expr | None:
    if any(isinstance(one, ast.Starred) for one in call.args):
        return call.args[0]
    if place[0] < len(call.args):
        return call.args[place[0]]
    return next((k.value for k in call.keywords if k.arg == place[1]), None)


def _callee(call: ast.Call) -> str:
    return _last_name(call.func)


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):
            return _last_name(value)
    return ""


def _is_log(call: ast.Call) -> bool:
    func = call.func
    return isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and (
        func.value.id == "log"
    )
