"""A client of Civitai's."""

import json
from typing import Any

from django.test import Client

ROOT = "/v2/consumer"


class Civilian:
    """Calls as a client of Civitai's does."""

    def __init__(self, secret: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {secret}"}, raise_request_exception=False)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = "" if body is None else json.dumps(body)
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(method, ROOT + path, sent, content_type="application/json", headers=told)

    def get(self, path: str) -> Any:
        return self.client.get(ROOT + path)

    def order(self, **input: Any) -> Any:
        return self.submit(workflow(**input))

    def submit(self, body: Any) -> Any:
        answer = self.send("POST", "/workflows", body)
        assert answer.status_code == 202, answer.content
        return answer.json()


def workflow(**input: Any) -> dict[str, Any]:
    given = {"engine": "fal", "model": "krea2", "operation": "createImage", "prompt": "a fox", **input}
    return {"steps": [{"$type": "imageGen", "input": given}]}
