"""The official JavaScript clients: fetched by npm once, at the version below, into a folder that is not committed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.standins.launch import ROOT

QUIET = ("--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error")
LASTS_S = 90


def package(name: str, version: str) -> Path:
    """The folder that holds `node_modules` with the package. Skips without Node, npm or the registry."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("no Node with npm is installed")
    folder = ROOT / "var" / f"{name.strip('@').replace('/', '-')}-{version}"
    done = folder / "done"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--prefix", str(folder), *QUIET, f"{name}@{version}"]
        if subprocess.run(command, timeout=LASTS_S, check=False).returncode:
            pytest.skip(f"Node's registry does not give {name} {version}")
        done.touch()
    return folder


def run(folder: Path, script: str, **env: str) -> str:
    """What a script prints that is run beside the packages of a folder."""
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", script],
        cwd=folder, env={**os.environ, **env}, capture_output=True, text=True, timeout=LASTS_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
