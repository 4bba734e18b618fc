"""The official JavaScript clients: fetched by npm once, at the version below, into a folder that is not committed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.standins.launch import ROOT

QUIET = ("--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error")
LASTS_S = 90
FAL = "1.10.1"  # of @fal-ai/client


def package(name: str, version: str) -> Path:
    """The folder that holds `node_modules` with the package. Skips without Node, npm or the registry."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("no Node with npm is installed")
    folder = ROOT / "var" / f"{name.strip('@').replace('/', '-')}-{version}"
    if not folder.exists():
        own = folder.with_name(f"{folder.name}.{os.getpid()}")  # other tests may fetch it at this moment
        own.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--prefix", str(own), *QUIET, f"{name}@{version}"]
        if subprocess.run(command, timeout=LASTS_S, check=False).returncode:
            pytest.skip(f"Node's registry does not give {name} {version}")
        try:
            own.rename(folder)
        except OSError:  # the others were first
            shutil.rmtree(own)
    return folder


def run(folder: Path, script: str, **env: str) -> str:
    """What a script prints that is run beside the packages of a folder."""
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", script],
        cwd=folder, env={**os.environ, **env}, capture_output=True, text=True, timeout=LASTS_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
