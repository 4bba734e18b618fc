"""The files for deploying say what the code says: settings that exist, commands that exist, times that fit its own.

No container is built and no proxy is run here; docs/operations.md tells what was tried by hand.
"""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands, load_command_class

from krea_site import serve
from partners import waiting
from tests.test_architecture import documented_settings

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
OF_COMPOSE = {"SITE_HOST", "PICTURES_HOST", "DATABASE_PASSWORD"}  # for containers that are not ours
WORKER_ENDS_S = (settings.QUEUE_LIMIT // settings.WORKERS + 1) * settings.TASK_TIMEOUT_S


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


def ours() -> dict[str, dict[str, Any]]:
    """The services that run the image of the site."""
    return {name: each for name, each in compose()["services"].items() if each.get("image") == "krea-studio"}


def commands() -> list[tuple[str, list[str]]]:
    """Where a command stands, and its words behind `python`."""
    found = [(f"compose.yaml {name}", each["command"][1:]) for name, each in ours().items() if "command" in each]
    found += [(unit.name, shlex.split(option(unit, "ExecStart"))[1:]) for unit in UNITS]
    cmd = re.search(r"^CMD \[(.*)\]$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert cmd is not None
    return [*found, ("Dockerfile", [word.strip('"') for word in cmd[1].split(", ")][1:])]


def option(unit: Path, name: str) -> str:
    found = re.search(rf"^{name}=(.*)$", unit.read_text(), re.MULTILINE)
    assert found is not None, f"{unit.name} has no {name}"
    return found[1]


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def test_whole_site_stands_in_compose() -> None:
    services = compose()["services"]

    assert sorted(ours()) == ["backup", "follower", "migrate", "web", "worker"]
    assert sorted(set(services) - set(ours())) == ["database", "proxy", "redis", "store"]
    for name in ("web", "worker", "follower"):
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert services[name]["restart"] == "unless-stopped"
    for name in ("database", "redis", "store"):
        assert "test" in services[name]["healthcheck"]
    used = {volume.partition(":")[0] for each in services.values() for volume in each.get("volumes", [])}
    assert {volume for volume in used if "/" not in volume} == set(compose()["volumes"])


@pytest.mark.parametrize(("place", "words"), commands(), ids=lambda found: found if isinstance(found, str) else "")
def test_every_command_exists_with_its_options(place: str, words: list[str]) -> None:
    if words[0] == "manage.py":
        assert words[1] in get_commands()
        load_command_class(get_commands()[words[1]], words[1]).create_parser("manage.py", words[1]).parse_args(
            words[2:]
        )
    else:
        assert words[:3] == ["-m", "krea_site.serve", "--bind"]
        assert re.fullmatch(r"[\d.]+:(%i|\d+)", words[3])


def test_every_setting_that_is_named_exists() -> None:
    example = (DEPLOY / "production.env.example").read_text()
    named = set(re.findall(r"^([A-Z0-9_]+)=", example, re.MULTILINE))
    image = (ROOT / "Dockerfile").read_text()
    named |= set(re.findall(r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)=", image)) - {
        "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_NO_CACHE_DIR",
    }  # fmt: skip
    named |= set(re.findall(r"\$\{([A-Z0-9_]+)", (ROOT / "compose.yaml").read_text())) - OF_COMPOSE

    assert named - set(documented_settings()) - {"PYTHONUNBUFFERED"} == set()


def test_what_compose_asks_for_is_in_the_example_or_told_in_the_runbook() -> None:
    runbook = (ROOT / "docs" / "operations.md").read_text()

    assert [name for name in OF_COMPOSE if name not in runbook] == []


def test_image_holds_no_secret_and_does_not_run_as_root() -> None:
    image = (ROOT / "Dockerfile").read_text()
    left_out = (ROOT / ".dockerignore").read_text().splitlines()

    assert "--require-hashes" in image
    assert image.index("USER krea") < image.index('CMD ["python", "-m", "krea_site.serve"')
    assert {".env", "*.env", ".git", "var"} <= set(left_out)
    # Without both, collecting the static files would make lasting keys and leave them in the image.
    assert "SECRET_KEY=" in image.split("collectstatic")[0]
    assert "TRIAL_KEY=" in image.split("collectstatic")[0]


def test_example_of_settings_holds_no_secret() -> None:
    rows = re.findall(r"^([A-Z0-9_]*(?:KEY|SECRET|TOKEN)[A-Z0-9_]*)=(.*)$",
                      (DEPLOY / "production.env.example").read_text(), re.MULTILINE)  # fmt: skip

    assert [name for name, value in rows if value] == []


def test_worker_has_time_to_finish_what_it_runs_and_what_it_fetched() -> None:
    assert seconds(compose()["services"]["worker"]["stop_grace_period"]) > WORKER_ENDS_S
    worker = DEPLOY / "systemd" / "krea-worker.service"
    assert int(option(worker, "TimeoutStopSec")) > WORKER_ENDS_S
    assert option(worker, "KillMode") == "mixed"


def test_web_has_time_to_end_its_calls() -> None:
    assert seconds(compose()["services"]["web"]["stop_grace_period"]) > serve.GRACE_S
    assert int(option(DEPLOY / "systemd" / "krea-web@.service", "TimeoutStopSec")) > serve.GRACE_S


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_run_as_nobody_in_particular_and_write_nowhere(unit: Path) -> None:
    assert option(unit, "User") == "krea"
    assert option(unit, "EnvironmentFile") == "/etc/krea/krea.env"
    for name, value in (("NoNewPrivileges", "yes"), ("ProtectSystem", "strict"), ("CapabilityBoundingSet", "")):
        assert option(unit, name) == value


def test_proxy_waits_longer_than_we_do_and_holds_nothing_back() -> None:
    proxy = (DEPLOY / "Caddyfile").read_text()

    assert seconds(proxy.split("read_timeout ")[1].split()[0]) > waiting.LONGEST_WAIT_S
    assert seconds(proxy.split("keepalive ")[1].split()[0]) < serve.KEEP_ALIVE_S
    assert int(proxy.split("max_size ")[1].split("MB")[0]) * 10**6 > settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert "flush_interval -1" in proxy
    assert "@metrics path /metrics" in proxy


def test_proxy_of_compose_is_the_one_that_is_believed() -> None:
    subnet = compose()["networks"]["default"]["ipam"]["config"][0]["subnet"]

    assert f"TRUSTED_PROXIES={subnet}\n" in (DEPLOY / "production.env.example").read_text()
