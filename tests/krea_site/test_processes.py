"""The supervisor: what dies is started again, and nothing outlives it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from krea_site import processes
from krea_site.processes import Child, Supervisor
from tests.standins.launch import ROOT

# Writes down its own process id and that of a child, then waits. On SIGTERM it says that it was asked, and ends at once
# (polite), after a while (slow), or not at all (stubborn); that one's child is started in the way that no leash holds.
PROGRAM = """
import os, signal, subprocess, sys, time
folder, how = sys.argv[1:]
def note(name, text=""):
    with open(f"{folder}/{name}", "a") as file: file.write(text)
if how == "stubborn":
    child = subprocess.Popen(["sleep", "60"]).pid
else:
    child = os.fork()
    while child == 0: time.sleep(60)
def end(*_):
    note("asked", f"{time.monotonic_ns()}\\n")
    if how == "slow": time.sleep(0.2)
    note("ended", f"{time.monotonic_ns()}\\n")
    if how != "stubborn": os._exit(0)
signal.signal(signal.SIGTERM, end)
note("child", f"{child}\\n")
note("parent", f"{os.getpid()}\\n")
while True: time.sleep(60)
"""


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    monkeypatch.setattr(processes, "PAUSES_S", (0.05, 0.2))
    made = Supervisor(said.append)
    yield made
    made.end()


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    return file


def child(program: Path, how: str = "polite", *, ends_last: bool = False) -> Child:
    return Child("dummy", [str(program), str(program.parent), how], ends_last=ends_last)


def ids(folder: Path, count: int = 1) -> list[int]:
    """The process ids of the last parent and its last child, when there were `count` of each."""
    files = [folder / "parent", folder / "child"]
    until(lambda: all(file.exists() and file.read_text().count("\n") >= count for file in files))
    return [int(file.read_text().split()[-1]) for file in files]


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(is_so: Callable[[], bool], supervisor: Supervisor | None = None) -> None:
    """Wait, with a supervisor at work meanwhile where one is given."""
    ends_at = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < ends_at, "it never came to be"
        if supervisor:
            supervisor.look()
        time.sleep(0.01)


def test_end_asks_first_and_takes_the_grandchildren_along(supervisor: Supervisor, program: Path) -> None:
    supervisor.start(child(program))
    pids = ids(program.parent)

    supervisor.end()

    assert (program.parent / "asked").exists()
    until(lambda: not any(lives(pid) for pid in pids))


def test_who_does_not_end_when_asked_is_killed(
    supervisor: Supervisor, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "GRACE_S", 2)
    supervisor.start(child(program, "stubborn"))
    pids = ids(program.parent)

    supervisor.end()

    assert (program.parent / "asked").exists()
    until(lambda: not any(lives(pid) for pid in pids))


def test_who_dies_is_started_again_after_its_orphans_are_gone(
    supervisor: Supervisor, program: Path, said: list[str]
) -> None:
    supervisor.start(child(program))
    parent, orphan = ids(program.parent)
    os.kill(parent, signal.SIGKILL)

    until(lambda: (program.parent / "parent").read_text().count("\n") == 2, supervisor)

    assert said == ["The dummy ended (killed by SIGKILL); it is started again in 0.05 s."]
    until(lambda: not lives(orphan))
    assert all(lives(pid) for pid in ids(program.parent, 2))


def test_pauses_grow_while_it_dies_at_once(supervisor: Supervisor, tmp_path: Path, said: list[str]) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit(3)")
    supervisor.start(Child("broken", [str(broken)]))

    until(lambda: len(said) == 3, supervisor)

    assert said == [f"The broken ended (exit status 3); it is started again in {s} s." for s in (0.05, 0.2, 0.2)]


def test_who_lived_well_begins_again_with_the_shortest_pause(
    supervisor: Supervisor, tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LIVED_WELL_S", 0)
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit(3)")
    supervisor.start(Child("broken", [str(broken)]))

    until(lambda: len(said) == 2, supervisor)

    assert all(sentence.endswith("in 0.05 s.") for sentence in said)


def test_those_that_others_need_end_last(supervisor: Supervisor, program: Path, tmp_path: Path) -> None:
    first, last = tmp_path / "first", tmp_path / "last"
    for folder in (first, last):
        folder.mkdir()
        (folder / "program.py").write_text(PROGRAM)
    supervisor.start(child(last / "program.py", ends_last=True))
    supervisor.start(child(first / "program.py", "slow"))
    ids(first), ids(last)

    supervisor.end()

    # Told by the clock that all processes share: the stamps of files are only as fine as the kernel's tick.
    assert int((first / "ended").read_text()) < int((last / "asked").read_text())


@pytest.mark.skipif(sys.platform != "linux", reason="the leash is Linux's")
def test_nothing_is_left_when_the_supervisor_itself_is_killed(program: Path) -> None:
    script = program.with_name("supervise.py")
    script.write_text(
        "import sys, time, django\n"
        "django.setup()\n"
        "from krea_site.processes import Child, Supervisor\n"
        "Supervisor(print).start(Child('dummy', sys.argv[1:]))\n"
        "time.sleep(60)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "krea_site.settings"}
    command = [sys.executable, str(script), str(program), str(program.parent), "polite"]
    process = subprocess.Popen(command, env=env)
    pids = ids(program.parent)

    process.kill()
    process.wait()

    until(lambda: not any(lives(pid) for pid in pids))
    assert not (program.parent / "asked").exists()
