"""The stand-in's control page for a process that counts its httpx calls: by urllib."""

import json
import time
import urllib.request
from typing import Any

TOLD_WITHIN_S = 10.0


class StandinControl:
    def __init__(self, url: str) -> None:
        self.url = url

    def start_anew(self) -> None:
        """Forget everything; draw at once."""
        self._ask("/__control", {"reset": True, "latency_s": 0})

    def summary(self) -> dict[str, Any]:
        found: dict[str, Any] = self._ask("/__log?limit=0")["summary"]
        return found

    def wait_until_all_is_told(self) -> None:
        """Until all is drawn and every webhook has been answered."""
        end = time.monotonic() + TOLD_WITHIN_S
        while time.monotonic() < end:
            told = self.summary()
            is_drawn = set(told["requests"]) <= {"COMPLETED"}
            if is_drawn and "pending" not in told["webhooks"]:
                return
            time.sleep(0.002)
        raise AssertionError(f"the stand-in does not come to an end: {told}")

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)
