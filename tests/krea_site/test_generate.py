"""`manage.py generate` on a machine where nothing runs, and beside a site that does."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image as Pillow

from generations.pictures import marks
from generations.pictures.verify import verify
from tests import live_site, migrated
from tests.krea_site.survivors import survivors
from tests.live_site import LiveSite, running_site
from tests.standins.launch import ROOT, StandIn, start_standin

pytestmark = pytest.mark.journey
FLAGGED = {"detail": [{"loc": ["body", "prompt"], "msg": "flagged", "type": "content_policy_violation"}]}
CANCELING = "Canceling; once more Ctrl-C leaves at once …"
LIGHTHOUSE = ["generate", "you@example.com", "a lighthouse in fog", "--model", "krea-2-large", "--quantity", "3"]


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiveSite]:
    """A machine where nothing runs, and afterwards nothing either. It has a database, but for the test whose pictures
    are the first thing that it does."""
    made = LiveSite(tmp_path / "var")
    made.folder.mkdir()
    if request.node.get_closest_marker("new_machine") is None:
        migrated.lay(made.folder / "db.sqlite3")
    yield made
    assert survivors(made.folder) == []


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> LiveSite:
    """A machine where nothing runs, and where you@example.com has 5.00 credits."""
    made = LiveSite(tmp_path_factory.mktemp("poor") / "var")
    migrated.lay(made.folder / "db.sqlite3")
    made.manage("grant_credits", "you@example.com", "5", "--reason", "To begin with")
    return made


@pytest.fixture
def standin(site: LiveSite, tmp_path: Path) -> Iterator[StandIn]:
    """A stand-in that runs already, at its usual place: it is used, and left running."""
    with start_standin(tmp_path, port=site.port + 1, speed=0.05) as running:
        yield running


def files_of(done: subprocess.CompletedProcess[str]) -> list[Path]:
    """What standard output names, line by line."""
    return [Path(line) for line in done.stdout.splitlines()]


def assert_good_pictures(files: list[Path], count: int) -> None:
    """As many files, each another picture that decodes to the last pixel and says that a machine made it."""
    contents = [file.read_bytes() for file in files]
    assert len(set(contents)) == count
    for data in contents:
        assert min(verify(data).width, verify(data).height) >= 512
        assert marks.is_marked(data)


@pytest.mark.parametrize("webhooks", [pytest.param("auto", marks=pytest.mark.new_machine), "off"])
def test_three_lighthouses_for_234_credits_where_nothing_runs(
    site: LiveSite, standin: StandIn, tmp_path: Path, webhooks: str
) -> None:
    site.env["FAL_WEBHOOKS"] = webhooks
    out = tmp_path / "new" / "pictures"

    done = site.manage(*LIGHTHOUSE, "--out", str(out))

    files = files_of(done)
    assert_good_pictures(files, 3)
    assert sorted(files) == sorted(out.iterdir())
    assert all(re.fullmatch(r"a-lighthouse-in-fog-\d+\.png", file.name) for file in files)
    said = done.stderr.splitlines()
    assert said[0] == "There was no user you@example.com; made one with 1000.00 demo credits."
    assert said[1] == "Krea 2 Large, 3 images: 234.00 credits held."
    assert said[-1] == "Charged 234.00 credits for 3 images; balance 766.00."
    assert (standin.summary()["billed_draws"], len(standin.log(on="webhook"))) == (3, 0 if webhooks == "off" else 3)
    assert site.manage("audit_ledger").stdout.startswith("The books are right")


def test_the_whole_site_is_started_for_it_on_postgres_and_redis(tmp_path: Path) -> None:
    if not live_site.postgres_is_reachable():
        pytest.skip("no PostgreSQL is reachable")
    if not live_site.redis_is_reachable():
        pytest.skip("no Redis is reachable")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with live_site.postgres_database(f"krea_generate_{worker}", is_empty=True) as database:
        site = LiveSite(
            tmp_path / "var", DATABASE_URL=database, REDIS_URL=live_site.REDIS, QUEUE_NAME=f"generate-{worker}"
        )
        site.folder.mkdir()
        behind = site.manage(*LIGHTHOUSE, check=False)
        site.manage("migrate")

        done = site.manage(*LIGHTHOUSE)

        assert survivors(site.folder) == []
    assert (behind.returncode, behind.stderr) == (
        1,
        "CommandError: The database lacks migrations. Run: python manage.py migrate\n",
    )
    assert_good_pictures(files_of(done), 3)
    assert done.stderr.splitlines()[-1] == "Charged 234.00 credits for 3 images; balance 766.00."


def test_second_order_starts_afresh_and_gives_no_credits_again(site: LiveSite, tmp_path: Path) -> None:
    site.manage(*LIGHTHOUSE)

    again = site.manage("generate", "You@Example.com", "a fox", "--seed", "7", "--out", str(tmp_path))

    assert [file.name for file in files_of(again)] == ["a-fox-7.png"]
    assert "made one" not in again.stderr
    assert again.stderr.splitlines()[-1] == "Charged 39.00 credits for 1 image; balance 727.00."


def test_style_from_a_file_of_this_machine(site: LiveSite, standin: StandIn, tmp_path: Path) -> None:
    style = tmp_path / "style.png"
    Pillow.new("RGB", (64, 64), "darkred").save(style)

    done = site.manage("generate", "you@example.com", "a fox", "--reference", f"{style}:0.5")

    assert_good_pictures(files_of(done), 1)
    assert done.stderr.splitlines()[-1] == "Charged 45.50 credits for 1 image; balance 954.50."
    assert [each["strength"] for each in standin.log(on="submit")[0]["body"]["image_style_references"]] == [0.5]


def test_picture_that_fails_is_told_with_its_reason_and_not_charged(site: LiveSite, standin: StandIn) -> None:
    standin.control(fail={"status": 422, "body": FLAGGED})

    done = site.manage("generate", "you@example.com", "a fox", check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert re.search(r"^Picture 1: blocked\. .*not charged", done.stderr, re.MULTILINE)
    assert done.stderr.splitlines()[-1] == "Charged 0.00 credits for 0 images; balance 1000.00."


def test_some_that_fail_leave_the_others_delivered(site: LiveSite, standin: StandIn) -> None:
    standin.control(fail={"status": 422, "body": FLAGGED, "times": 1})

    done = site.manage(*LIGHTHOUSE)

    assert_good_pictures(files_of(done), 2)
    assert len(re.findall(r"^Picture \d: blocked\. ", done.stderr, re.MULTILINE)) == 1
    assert done.stderr.splitlines()[-1] == "Charged 156.00 credits for 2 images; balance 844.00."


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["you@example.com", "x", "--quantity=99"], 2, "CommandError: quantity must be a whole number from 1 to 10."),
        (["you@example.com", " "], 2, "CommandError: prompt is empty"),
        (["you@example.com", "x", "--out=/proc/nowhere"], 2, "CommandError: --out: /proc/nowhere cannot be written to"),
        (["nobody", "x"], 1, "CommandError: EMAIL: 'nobody' is not an e-mail address."),
        (
            ["you@example.com", "x", "--model=krea-2-large", "--quantity=10"],
            1,
            "This costs 780.00 credits and 5.00 are available; 775.00 are missing. Nothing was charged. "
            "Add them with: python manage.py grant_credits you@example.com 775.00 --reason 'to go on'",
        ),
        (["you@example.com", "x", "--reference=http://127.0.0.1:1/x.png"], 2, "CommandError: Style reference 1: "),
    ],
)
def test_what_cannot_be_drawn_costs_nothing_and_starts_nothing(
    poor: LiveSite, words: list[str], status: int, said: str
) -> None:
    done = poor.manage("generate", *words, check=False)

    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert not (poor.folder / "standby.log").exists()
    counted = json.loads(poor.manage("audit_ledger", "--json").stdout)["counted"]
    assert (counted["transfers"], counted["holds"], counted["generations"]) == (1, 0, 0)


def test_stranger_is_not_given_credits_that_cost_real_money(site: LiveSite) -> None:
    site.env |= {"FAL_KEY": "an-id:a-secret", "FAL_QUEUE_URL": "http://127.0.0.1:9/queue"}

    done = site.manage("generate", "you@example.com", "a fox", check=False)

    assert done.returncode == 1
    assert "python manage.py grant_credits you@example.com 500 --reason" in done.stderr


def interrupted(site: LiveSite, *after: str) -> tuple[int, str, list[str]]:
    """Exit status, output and what was said when Ctrl-C comes behind the first of each of these lines."""
    command = [sys.executable, "manage.py", *LIGHTHOUSE]
    process = subprocess.Popen(
        command, cwd=ROOT, env=site.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None and process.stdout is not None
    patience = threading.Timer(90, process.kill)
    patience.start()
    said: list[str] = []
    for line in process.stderr:
        if line.strip() in after and line.strip() not in said:
            process.send_signal(signal.SIGINT)
        said.append(line.strip())
    patience.cancel()
    return process.wait(), process.stdout.read(), said


def test_ctrl_c_cancels_and_says_what_became_of_it(site: LiveSite, standin: StandIn) -> None:
    standin.control(speed=20)

    status, output, said = interrupted(site, "3 being drawn")

    assert (status, output) == (130, "")
    assert CANCELING in said
    assert said[-4:] == [
        *(f"Picture {number}: canceled. Not charged." for number in (1, 2, 3)),
        "Charged 0.00 credits for 0 images; balance 1000.00.",
    ]


def test_second_ctrl_c_leaves_at_once_and_the_next_order_finds_all_well(site: LiveSite, standin: StandIn) -> None:
    standin.control([{"on": "cancel", "ignored": True, "times": None}], speed=20)

    status, output, said = interrupted(site, "3 being drawn", CANCELING)

    assert (status, output) == (130, "")
    assert said[-1].startswith("Left. Generation ")
    assert survivors(site.folder) == []
    standin.control(calm=True, finish=True)
    later = site.manage("generate", "you@example.com", "a fox")
    assert_good_pictures(files_of(later), 1)
    assert site.manage("audit_ledger").returncode == 0


def test_it_starts_nothing_beside_a_running_site_and_ends_nothing_of_it(tmp_path: Path) -> None:
    with running_site(tmp_path / "var") as site:
        before = survivors(site.folder, within_s=0)

        done = site.manage(*LIGHTHOUSE)

        assert (site.folder / "standby.log").read_text() == ""
        assert survivors(site.folder, within_s=0) == before
    assert_good_pictures(files_of(done), 3)
