"""Two thousand at once are cheap: no thread and hardly any memory for each."""

import http.client
import json
from pathlib import Path

import pytest

from tests.standins.fal.caller import LARGE
from tests.standins.launch import KEY, start_standin

MANY = 2000
LARGEST_KB = 150_000
MOST_THREADS = 8


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_two_thousand_in_progress_cost_little(tmp_path: Path) -> None:
    with start_standin(tmp_path, concurrency=MANY) as fal:
        fal.control(latency_s=60)
        connection = http.client.HTTPConnection("127.0.0.1", fal.port)
        for number in range(MANY):
            body = json.dumps({"prompt": f"fox {number}", "seed": number})
            connection.request("POST", f"/queue/{LARGE}", body, {"Authorization": KEY})
            connection.getresponse().read()

        facts = Path(f"/proc/{fal.pid}/status").read_text().splitlines()
        figures = {line.split()[0]: line.split()[1] for line in facts if line.startswith(("VmHWM", "Threads"))}
        assert fal.summary()["requests"] == {"IN_PROGRESS": MANY}
        assert int(figures["VmHWM:"]) < LARGEST_KB
        assert int(figures["Threads:"]) < MOST_THREADS
        fal.control(finish=True)
        assert (fal.summary()["requests"], fal.summary()["billed_draws"]) == ({"COMPLETED": MANY}, MANY)
        assert (fal.summary()["most_in_progress"], fal.summary()["billed_again"]) == (MANY, 0)
