"""Whatever the stand-in takes, Stripe takes too: its parameters are among those of the library's typed classes."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import stripe

from standins.stripe.api import ROUTES
from standins.stripe.params import Params
from standins.stripe.routes import Route

LIBRARY = Path(str(stripe.__file__)).parent
Typed = Mapping[str, str]  # the fields of a typed class, with their annotations


@dataclass(frozen=True)
class Takes:
    """What the library's method for a call takes: its class of parameters, and the file of that."""

    name: str
    file: Path

    @property
    def classes(self) -> Mapping[str, Typed]:
        return typed_classes(self.file)


@cache
def typed_classes(file: Path) -> Mapping[str, Typed]:
    found = {}
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.ClassDef):
            fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
            found[node.name] = {ast.unparse(each.target): ast.unparse(each.annotation) for each in fields}
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and len(node.value.args) == 2:
            table = node.value.args[1]  # TypedDict("Name", {"in": ..., "from": ...})
            if isinstance(table, ast.Dict):
                pairs = zip(table.keys, table.values, strict=True)
                found[ast.unparse(node.targets[0])] = {ast.literal_eval(k): ast.unparse(v) for k, v in pairs if k}
    return found


@cache
def library() -> Mapping[tuple[str, str], Takes]:
    """By method and address, as `POST /v1/customers/{}`."""
    found: dict[tuple[str, str], Takes] = {}
    files = {path.parent / path.name[1:-11] for path in LIBRARY.rglob("_*_service.py")}
    for file in sorted(files):
        path = file.with_name(f"_{file.name}_service.py")
        source = path.read_text()
        imports = dict(re.findall(r"from (stripe\.params[\w.]+) import \(?\s*(\w+)", source))
        places = {name: LIBRARY.parent / f"{module.replace('.', '/')}.py" for module, name in imports.items()}
        for method in re.split(r"\n    def ", source)[1:]:
            hint = re.search(r"params: (?:Optional\[)?\"(\w+)\"", method)
            call = re.search(r"_request\(\s*\"(\w+)\",\s*f?\"(/v1/[^\"]*)\"", method)
            call = call or re.search(r"_request\(\s*\"(\w+)\",\s*\"(/v1/.*?)\"\.format\(", method)
            if hint and call and hint[1] in places:
                address = re.sub(r"\{[^}]*\}", "{}", call[2])
                found[call[1].upper(), address] = Takes(hint[1], places[hint[1]])
    return found


def of_library(route: Route) -> Takes | None:
    return library().get((route.method, re.sub(r"\{[^}]*\}", "{}", route.address)))


def unknown(params: Params, takes: Takes, names: list[str], where: str) -> Iterator[str]:
    """Parameters that none of these typed classes has."""
    fields: dict[str, str] = {}
    for name in names:
        fields |= takes.classes[name]
    for name, param in params.items():
        if name not in fields:
            yield f"{where} {name} is not Stripe's"
            continue
        inner = [word for word in re.findall(r"\w+", fields[name]) if word in takes.classes]
        if param.inside is not None and inner:
            yield from unknown(param.inside, takes, inner, f"{where} {name}")
        if len(names) == 1 and not fields[name].startswith("NotRequired") and not param.needed:
            yield f"{where} {name} is needed"


def test_every_call_of_the_stand_in_is_one_of_the_library() -> None:
    without = sorted(f"{route.method} {route.address}" for route in ROUTES if of_library(route) is None)

    assert without == []


def test_every_parameter_is_one_of_stripes() -> None:
    strange = [
        complaint
        for route in ROUTES
        if (takes := of_library(route)) is not None
        for complaint in unknown(route.params, takes, [takes.name], f"{route.method} {route.address}")
    ]

    assert strange == []
