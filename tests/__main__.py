"""Every test: `make test`, or `python -m tests [--coverage] [pytest's arguments]`.

What touches the database runs on PostgreSQL first, where one is reachable; then everything runs on SQLite, and with it
the real processes, PostgreSQL, Redis, a browser and Node where they are reachable. The last summary is the whole one.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg

from tests import live_site

# Where PostgreSQL usually is on a developer's machine; TEST_POSTGRES_URL names another. The role must make databases.
POSTGRES = (
    "postgres://root@127.0.0.1:5432/root",
    "postgres://postgres@127.0.0.1:5432/postgres",
    "postgres://postgres:postgres@127.0.0.1:5432/postgres",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MORE_TRIES = ("-p", "tests.more_tries", "--max-suite-reruns=10", "--rerun-show-tracebacks", "-rfER")
ROOT = Path(__file__).parents[1]


def main() -> int:
    given = [argument for argument in sys.argv[1:] if argument != "--coverage"]
    measured = "--coverage" in sys.argv
    there = services()
    missing = set(filter(None, os.environ.get("TEST_REQUIRE", "").split(","))) - there.keys()
    if missing:
        print(f"Required, and not reachable: {', '.join(sorted(missing))}.", file=sys.stderr)
        return 1
    on_postgres = 0
    if "postgres" in there:
        print("On PostgreSQL: what touches the database", flush=True)
        counted = ["--cov", "--cov-report="] if measured else []
        on_postgres = run([*counted, *given], DATABASE_URL=there["postgres"], TEST_RUN="postgres")
        about = {"TEST_POSTGRES_URL": there["postgres"], "TEST_RUN": "rest"}
    else:
        about = {"TEST_LEFT_OUT": "the second run, on PostgreSQL: none is reachable"}
    print("\nOn SQLite: everything", flush=True)
    on_sqlite = run([*(["--cov", "--cov-append"] if measured else []), *given], DATABASE_URL="", **about)
    if on_postgres:
        print("The run on PostgreSQL, above, failed.", file=sys.stderr)
    return on_postgres or on_sqlite


def services() -> dict[str, str]:
    """What is reachable here, by its name in TEST_REQUIRE, and where."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    found = {
        "postgres": next(filter(is_postgres, postgres_addresses()), None),
        "redis": live_site.REDIS if live_site.redis_is_reachable() else None,
        "browser": browser,
        "node": shutil.which("node"),
    }
    return {name: place for name, place in found.items() if place}


def postgres_addresses() -> Sequence[str]:
    named = os.environ.get("TEST_POSTGRES_URL")
    return (named,) if named else POSTGRES


def is_postgres(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            row = connection.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
            return bool((row.fetchone() or [False])[0])
    except psycopg.Error:
        return False


def run(arguments: Sequence[str], **env: str) -> int:
    """One run of pytest on every core, and on four workers at the least, since many tests wait for other processes;
    its exit status."""
    workers = str(max(os.cpu_count() or 1, 4))
    spread = ["-n", workers, "--dist", "worksteal"]
    command = [sys.executable, "-m", "pytest", *spread, "-p", "tests.wants", *MORE_TRIES, *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
