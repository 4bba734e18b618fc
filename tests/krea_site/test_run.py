"""`manage.py run` as somebody at a terminal meets it."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from krea_site import ports
from tests.krea_site.survivors import survivors
from tests.live_site import LiveSite, new_site, running_site
from tests.standins.launch import ROOT, free_port

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """One running site for the tests that only look at it."""
    with new_site(tmp_path_factory.mktemp("site") / "var") as running:
        while "API key" not in running.log.read_text():  # ready a moment before it says so
            time.sleep(0.05)
        yield running


def run(site: LiveSite, **env: str) -> subprocess.CompletedProcess[str]:
    """`manage.py run` that is expected to end by itself."""
    command = [sys.executable, "manage.py", "run"]
    environment = {**site.env, **env}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_it_says_where_it_is_and_is_there(site: LiveSite) -> None:
    said = site.log.read_text()

    assert f"Site         {site.url}/\n" in said
    assert f"Log in with  demo@example.com  {site.demo['password']}\n" in said
    assert f"API key      {site.demo['api_key']}\n" in said
    assert f"Mail inbox   {site.url}/inbox/\n" in said
    assert f"http://127.0.0.1:{site.port + 1}/" in said
    for address in (f"http://127.0.0.1:{site.port}", site.url, *([f"http://[::1]:{site.port}"] if has_ipv6() else [])):
        assert httpx.get(f"{address}/healthz").text == "ok\n"
    assert httpx.get(f"{site.url}/inbox/").status_code == 200
    assert httpx.get(f"http://127.0.0.1:{site.port + 1}/healthz").status_code == 200


def test_static_files_are_compressed_and_kept_for_ever(site: LiveSite) -> None:
    page = httpx.get(f"{site.url}/accounts/login/").text
    found = re.search(r'href="(/static/css/site\.[0-9a-f]{12}\.css)"', page)
    assert found is not None, page

    style = httpx.get(f"{site.url}{found[1]}", headers={"Accept-Encoding": "gzip"})

    assert (style.status_code, style.headers["Content-Encoding"]) == (200, "gzip")
    assert "immutable" in style.headers["Cache-Control"] and "max-age=31536" in style.headers["Cache-Control"]


def has_ipv6() -> bool:
    try:
        ports.bound(socket.AF_INET6, "::1", 0).close()
    except OSError:
        return False
    return True


def test_it_listens_on_loopback_alone(site: LiveSite) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: asks which address of ours would
        outside = probe.getsockname()[0]

    with socket.socket() as line:
        line.settimeout(2)
        assert line.connect_ex((outside, site.port)) != 0


def test_second_one_beside_it_is_refused_in_one_sentence(site: LiveSite, tmp_path: Path) -> None:
    same = run(site)
    same_port = run(site, VAR_DIR=str(tmp_path / "other"))
    elsewhere = {"VAR_DIR": str(tmp_path / "other"), "PORT": str(free_port())}
    same_standin = run(site, **elsewhere, STANDIN_FAL_PORT=str(site.port + 1))
    same_stripe = run(site, **elsewhere, STANDIN_STRIPE_PORT=str(site.port + 2))

    assert [done.returncode for done in (same, same_port, same_standin, same_stripe)] == [1, 1, 1, 1]
    assert same.stderr.startswith(f"CommandError: The site is running already, at {site.url}. End that one")
    assert same_port.stderr.startswith(f"CommandError: Port {site.port} is taken by another program.")
    assert same_standin.stderr.startswith(
        f"CommandError: Port {site.port + 1} is taken by another program. The stand-in"
    )
    assert same_stripe.stderr.startswith(
        f"CommandError: Port {site.port + 2} is taken by another program. The stand-in for Stripe"
    )
    assert site.is_ready()


def test_it_ends_with_all_its_processes_and_keeps_what_there_was(tmp_path: Path) -> None:
    with running_site(tmp_path / "var") as site:
        before = site.demo
        site.manage("grant_credits", "demo@example.com", "1", "--reason", "To see it again")
        statuses = []
        for signum in (signal.SIGTERM, signal.SIGHUP):
            process = site._process
            assert process is not None
            process.send_signal(signum)
            statuses.append(process.wait(timeout=30))
            assert survivors(site.folder) == []
            site.start()
        again = site.manage("grant_credits", "demo@example.com", "1", "--reason", "And again").stdout
        after = site.demo

    assert statuses == [0, 0]
    assert before == after
    assert "balance 1002.00" in again


def test_nothing_is_left_when_it_is_killed(tmp_path: Path) -> None:
    site = LiveSite(tmp_path / "var")
    site.start()
    process = site._process
    assert process is not None
    assert len(survivors(site.folder, within_s=0)) > 5

    process.kill()
    process.wait()

    assert survivors(site.folder) == []


def test_what_dies_is_started_again_and_said(site: LiveSite) -> None:
    assert site.kill("follow") == 1

    site.actor("order", "1", "1")
    state = site.actor("wait", "60")

    assert state["outcomes"] == ["succeeded"]
    assert "The follower ended (killed by SIGKILL); it is started again in 1 s.\n" in site.log.read_text()


def test_what_does_not_start_ends_it_all_with_its_name(tmp_path: Path) -> None:
    site = LiveSite(tmp_path / "var")
    site.folder.mkdir()
    (site.folder / "standin-fal").write_text("a file where the stand-in wants a folder")

    done = run(site)

    assert done.returncode == 1
    assert "CommandError: The stand-in for fal does not start; what it said stands above." in done.stderr
    assert survivors(site.folder) == []


def test_half_configured_public_site_does_not_start(tmp_path: Path) -> None:
    site = LiveSite(tmp_path / "var")

    done = run(site, PUBLIC_URL="https://shop.example")

    assert done.returncode == 1
    assert re.search(r"\(krea_site\.E001\) .*\n\tHINT: Set EMAIL_URL", done.stderr)
    assert not (site.folder / "db.sqlite3").exists()


def test_public_site_gets_no_demo_customer(tmp_path: Path) -> None:
    env = {
        "PUBLIC_URL": "https://shop.example",
        "EMAIL_URL": "smtp://127.0.0.1:9",
        "ALLOWED_HOSTS": "shop.example,localhost",
    }
    with running_site(tmp_path / "var", **env) as site:
        inbox = httpx.get(f"{site.url}/inbox/", headers={"X-Forwarded-Proto": "https"})

    assert not (site.folder / "demo.json").exists()
    assert "Log in with" not in site.log.read_text()
    assert inbox.status_code == 404
