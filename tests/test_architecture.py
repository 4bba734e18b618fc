"""The shape of the code: imports point down, outside parties have one door, names resolve, settings are documented."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.utils.module_loading import import_string

from billing import nudges as billing_nudges
from generations import nudge
from krea_site import nudges, schedule

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "accounts": set[str](),
    "standins": set[str](),
    "billing": set[str](),
    "generations": {"billing"},
    "partners": {"billing", "generations"},
    "krea_site": {"accounts", "billing", "generations", "partners"},
}
OURS = MAY_IMPORT.keys() | {"tests", "bench"}

# Who may talk to an outside party: files, or folders. The stand-ins are outside parties themselves.
DOORS = {
    "stripe": ("billing/stripe_gateway/library.py",),
    "httpx": ("generations/fal/", "generations/safe_fetch.py"),
    "urllib.request": ("generations/fal/", "krea_site/staff.py"),  # parse_keqv_list; is our own process up?
    "http.client": ("krea_site/staff.py",),
    "requests": (),
    "fal_client": (),
    "rest_framework": ("partners/",),
    "drf_spectacular": ("partners/",),
    "boto3": (),
    "botocore": (),
    "storages": (),
    "redis": ("partners/rate_limits.py", "generations/wakeups.py", "generations/hub.py", "generations/nudge.py"),
    "django_q": (
        "generations/lanes.py",
        "generations/nudge.py",
        "krea_site/health.py",
        "krea_site/schedule.py",
        "krea_site/staff.py",
        "krea_site/task_logs.py",
    ),
    "prometheus_client": ("krea_site/metrics/",),
    "sentry_sdk": ("krea_site/sentry.py",),
    "PIL": ("generations/pictures/", "generations/references.py"),
    "allauth": ("accounts/", "krea_site/demo.py"),
    "smtplib": ("krea_site/mails/smtp.py",),
    "uvicorn": ("krea_site/serve.py",),
    "a2wsgi": ("krea_site/front.py",),
    "whitenoise": ("krea_site/assets.py",),
    "subprocess": ("krea_site/processes.py", "krea_site/backups/postgres_tools.py"),
}


def sources() -> Iterator[tuple[str, Path]]:
    """Every file of the product with the app that it is in."""
    for app in MAY_IMPORT:
        for path in sorted((ROOT / app).rglob("*.py")):
            yield app, path


def imports(path: Path) -> Iterator[tuple[str, ast.AST]]:
    """Every module that a file imports, by its full name, with the statement."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            yield ".".join([*base, *([node.module] if node.module else [])]), node


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def test_imports_point_down_only() -> None:
    wrong = [
        f"{place(path, node)} imports {name}"
        for app, path in sources()
        for name, node in imports(path)
        if (top := name.partition(".")[0]) in OURS and top not in MAY_IMPORT[app] | {app}
    ]

    assert wrong == []


def test_no_import_hides_in_a_function() -> None:
    hidden = [
        place(path, inner)
        for _, path in sources()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if not (path.name == "apps.py" and node.name == "ready")
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]

    assert hidden == []


@pytest.mark.parametrize("party", DOORS)
def test_each_outside_party_has_its_door(party: str) -> None:
    elsewhere = [
        place(path, node)
        for app, path in sources()
        if app != "standins" and not str(path.relative_to(ROOT)).startswith(DOORS[party])
        for name, node in imports(path)
        if name == party or name.startswith(f"{party}.")
    ]

    assert elsewhere == []


@pytest.mark.parametrize(
    "name", [*nudge.NAMES, *nudges.NAMES, *billing_nudges.NAMES, *schedule.NIGHTLY, *schedule.EVERY_MINUTE]
)
def test_task_names_resolve(name: str) -> None:
    assert callable(import_string(name))


def test_every_task_that_is_named_is_a_known_one() -> None:
    names = {
        node.value
        for _, path in sources()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(r"(\w+\.)+(tasks|schedule)\.\w+", node.value)
    }

    assert names == {*nudge.NAMES, *nudges.NAMES, *billing_nudges.NAMES, *schedule.NIGHTLY, *schedule.EVERY_MINUTE}


def read_settings() -> dict[str, str | None]:
    """Every name that settings.py takes from the environment, with its default where that is a plain value."""
    found: dict[str, str | None] = {}
    for node in ast.walk(parsed(ROOT / "krea_site" / "settings.py")):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.startswith("env"):
            name, *rest = node.args
            if isinstance(name, ast.Constant):
                default = rest[0].value if rest and isinstance(rest[0], ast.Constant) else None
                found[str(name.value)] = None if rest and default is None else str(default or "none")
                if node.func.id == "env_bool":
                    found[str(name.value)] = "on" if default else "off"
    return found


def documented_settings() -> dict[str, str]:
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \| (.*?) \|", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE)
    assert len(rows) == len(dict(rows)), "a setting is listed twice"
    return dict(rows)


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    assert sorted(documented_settings()) == sorted(read_settings())


def test_settings_are_documented_with_their_defaults() -> None:
    documented = documented_settings()
    wrong = [
        f"{name}: {default} in settings.py, {documented[name]} in docs/settings.md"
        for name, default in read_settings().items()
        if not says(documented[name], default)
    ]

    assert wrong == []


def says(cell: str, default: str | None) -> bool:
    """Whether the table gives a default: a plain value as it is, "none" in words, a computed one in any words."""
    if default == "none":
        return bool(re.match(r"none|SQLite|made|loopback", cell))
    return default is None or cell == f"`{default}`"


def test_the_environment_is_read_in_the_settings_alone() -> None:
    elsewhere = [
        place(path, node)
        for app, path in sources()
        if app != "standins" and path.name != "settings.py"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
        if not re.search(r"DJANGO_SETTINGS_MODULE|SSL_CERT_FILE", path.read_text().splitlines()[node.lineno - 1])
    ]

    assert elsewhere == []
