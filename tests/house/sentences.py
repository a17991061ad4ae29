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
from dataclasses import dataclass

from tests.house.source import (
    Function,
    Module,
    Place,
    argument,
    callee,
    error_classes,
    is_log,
    last_name,
)

#: The template of a value that is not known before the gateway runs.
HOLE = "{}"
#: Fields whose text is shown: heard where they are given, and not again where they are read.
_FIELDS = frozenset({"error", "fail_reason", "message", "reason", "remark"})
#: How a parameter is called that is handed on whole to a mouth.
_HANDED = frozenset({"message", "reason"})
#: Attributes that keep what is shown later: how a relayed call ended, why a backend rests.
_KEPT = frozenset({"error", "failure", "reason"})
#: More alternatives than this of one value are a value like any other.
_ALTERNATIVES = 4
_TEXTS = (ast.Constant, ast.JoinedStr)
Nodes = frozenset[ast.AST]


@dataclass(frozen=True, slots=True)
class Mute:
    """A message that cannot be told from the code."""

    path: str
    code: str
    line: int


class Unknown(Exception):
    """An expression whose text, or some of its alternatives, only a running gateway knows."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        """Keep the alternatives that are known."""
        super().__init__()
        self.known = frozenset(known)


class Silent(Unknown):
    """The same, where the rest is heard elsewhere: it is handed on, or there is none."""


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
        self._errors = error_classes(self._modules)
        self._mouths = {**self._errors, **mouths}
        self._plain_errors = plain_errors
        #: The modules of the functions that are mouths, by the name of each.
        self._homes: dict[str, set[str]] = {}
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
                self._read(module)

    def hear_all(self, path: str, name: str) -> None:
        """Hear every text in a constant of a module, or in what a function makes."""
        module = next(one for one in self._modules if one.path == path)
        roots: list[ast.AST] = [module.constants[name]] if name in module.constants else []
        for function in module.functions.get(name, ()):
            roots += function.body[1:]  # The first is the docstring.
        for node in (node for root in roots for node in ast.walk(root)):
            inside = any(isinstance(above, _TEXTS) for above in module.around(node))
            if isinstance(node, _TEXTS) and not inside:
                with suppress(Unknown):
                    self._keep(module, node, _phrases(self._resolve(module, node, frozenset())))

    # Who says something -----------------------------------------------------------------

    def _read(self, module: Module) -> None:
        for call in module.calls:
            if not is_log(call):
                for said in self._said(module, call):
                    self._hear(module, said)
                self._hear_phrases(module, call)
        for assign in module.assigns:
            target = assign.targets[0]
            kept = isinstance(target, ast.Attribute) and target.attr in _KEPT
            if kept and isinstance(assign.value, _TEXTS):
                self._hear(module, assign.value)

    def _said(self, module: Module, call: ast.Call) -> Iterator[ast.expr]:
        """Yield the arguments of a call that are said."""
        name = callee(call)
        place = self._mouths.get(name) if self._is_meant(call) else None
        if name == "__init__":
            place = self._above(module, call)
        if name == "ValueError" and module.path in self._plain_errors:
            place = 0, "message"
        if place is not None and (one := argument(call, place)) is not None:
            yield one
        elif place is None or place[1] not in _FIELDS:
            yield from (one.value for one in call.keywords if one.arg in _FIELDS)

    def _is_meant(self, call: ast.Call) -> bool:
        """Say whether a call is of the function that was found, not of a namesake elsewhere."""
        homes = self._homes.get(callee(call))
        if homes is None or isinstance(call.func, ast.Name):
            return True
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        return isinstance(owner, ast.Name) and owner.id in {"self", *homes}

    def _above(self, module: Module, call: ast.Call) -> Place | None:
        """Return what `super().__init__` says in an error class that words its own message."""
        kinds = [one for one in module.around(call) if isinstance(one, ast.ClassDef)]
        return self._errors.get(last_name(kinds[0].bases[0])) if kinds and kinds[0].bases else None

    def _hear(self, module: Module, node: ast.expr) -> None:
        """Take what an expression says as a sentence, or note that it cannot be told."""
        owner = module.parameter(node)
        if owner is not None and owner[1][1] in _HANDED:
            if owner[0].name != "__init__":
                name = owner[0].name
                if self._mouths.setdefault(name, owner[1]) is owner[1] or name in self._homes:
                    self._homes.setdefault(name, set()).add(module.name)
            return
        found: Iterable[str] = ()
        try:
            found = self._resolve(module, node, frozenset())
        except Silent as silent:
            found = silent.known
        except Unknown as unknown:
            found = unknown.known
            self.mutes.append(Mute(module.path, ast.unparse(node), node.lineno))
        self._keep(module, node, found)

    def _hear_phrases(self, module: Module, call: ast.Call) -> None:
        """Hear words that a caller hands to who puts them into a sentence."""
        for place in sorted(self._phrases.get((module.path, callee(call)), ())):
            given = argument(call, place)
            if given is not None and not self._put_in(module, given):
                with suppress(Unknown):
                    self._keep(module, given, _phrases(self._resolve(module, given, frozenset())))

    def _put_in(self, module: Module, node: ast.expr) -> bool:
        """Note that a function puts its parameter into a sentence, if a node is one."""
        owner = module.parameter(node)
        if owner is None:
            return False
        self._phrases.setdefault((module.path, owner[0].name), set()).add(owner[1])
        return True

    def _keep(self, module: Module, node: ast.expr, found: Iterable[str]) -> None:
        for one in found:
            if any(char.isalpha() for char in one.replace(HOLE, "")) and one.isprintable():
                self.sentences.setdefault(one, set()).add(f"{module.path}:{node.lineno}")

    # What is said -----------------------------------------------------------------------

    def _resolve(self, module: Module, node: ast.expr, seen: Nodes) -> set[str]:
        """Return every text that an expression can be; raises Unknown, or Silent."""
        if node in seen:
            raise Unknown
        seen |= {node}
        match node:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.JoinedStr(values=parts):
                return self._joined(module, parts, seen)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return self._joined(module, [left, right], seen)
            case ast.IfExp(body=one, orelse=other):
                return self._any(module, [one, other], seen)
            case ast.BoolOp(op=ast.Or(), values=values):
                return self._any(module, values, seen)
            case ast.Name(id=name):
                return self._name(module, node, name, seen)
        return self._handed_on(module, node, seen)

    def _handed_on(self, module: Module, node: ast.expr, seen: Nodes) -> set[str]:
        """Return what an expression takes from elsewhere."""
        match node:
            case ast.Constant(value=None):
                raise Silent
            case ast.Attribute(attr=name) if name in _FIELDS:
                raise Silent
            case ast.Await(value=value) | ast.Subscript(value=value, slice=ast.Slice()):
                return self._resolve(module, value, seen)
            case ast.Call(func=ast.Name(id="scrub"), args=[_, text]):
                return self._resolve(module, text, seen)
            case ast.Call(func=ast.Name(id="str"), args=[ast.Name(id=name) as caught]):
                return self._caught(module, caught, name)
            case ast.Call():
                return self._returned(module, node, seen)
        raise Unknown

    def _any(self, module: Module, nodes: list[ast.expr], seen: Nodes) -> set[str]:
        found: set[str] = set()
        rest: type[Unknown] | None = None
        for node in nodes:
            try:
                found |= self._resolve(module, node, seen)
            except Unknown as failure:
                found |= failure.known
                rest = type(failure) if rest is not Unknown else rest
        if rest is not None:
            raise rest(found)
        return found

    def _joined(self, module: Module, parts: list[ast.expr], seen: Nodes) -> set[str]:
        pieces = [self._piece(module, part, seen) for part in parts]
        return {"".join(one) for one in itertools.product(*pieces)}

    def _piece(self, module: Module, part: ast.expr, seen: Nodes) -> set[str]:
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
        # Only fixed words are told apart: what is put together is a value like any other.
        fixed = len(found) <= _ALTERNATIVES and not any(HOLE in one for one in found)
        return found if fixed or isinstance(node, ast.Name) else {HOLE}

    def _name(self, module: Module, node: ast.expr, name: str, seen: Nodes) -> set[str]:
        for above in module.around(node):
            if isinstance(above, ast.ExceptHandler) and above.name == name:
                return self._caught(module, node, name)
            if isinstance(above, Function) and (values := module.assigned(above, name)):
                return self._any(module, values, seen)
        if name in module.constants:
            return self._resolve(module, module.constants[name], seen)
        raise Unknown

    def _caught(self, module: Module, node: ast.expr, name: str) -> set[str]:
        """Raise Silent for the text of a caught error of ours, which is said where it is raised."""
        for above in module.around(node):
            if isinstance(above, ast.ExceptHandler) and above.name == name:
                kinds = above.type.elts if isinstance(above.type, ast.Tuple) else [above.type]
                if all(kind is not None and last_name(kind) in self._errors for kind in kinds):
                    raise Silent
                break
        raise Unknown

    def _returned(self, module: Module, call: ast.Call, seen: Nodes) -> set[str]:
        """Return what a function of the gateway can return."""
        known = self._functions.get(callee(call), [])
        found = [one for one in known if one[0] is module] or known
        if len(found) != 1:
            raise Unknown
        home, function = found[0]
        returns = (node for node in ast.walk(function) if isinstance(node, ast.Return))
        values = [one.value for one in returns if one.value is not None]
        if not values:
            raise Unknown
        return self._any(home, values, seen)


def _phrases(found: Iterable[str]) -> list[str]:
    return [one for one in found if " " in one.strip()]
