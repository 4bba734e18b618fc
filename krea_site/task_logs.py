"""The lines of a task carry its name and the request that wished for it."""

from typing import Any

from django_q import worker
from django_q.signals import pre_execute

from generations import trace
from krea_site import request_ids, sentry


def on_task(*, task: dict[str, Any], **_: Any) -> None:
    """Receiver of django-q2's `pre_execute`: a worker does one task after another. What the clock sends has the name of
    its schedule as its group, which is no request."""
    group = str(task.get("group") or "")
    trace.begin(task=str(task["func"]), request=group if request_ids.SHAPE.fullmatch(group) else None)


def connect() -> None:
    pre_execute.connect(on_task, dispatch_uid="krea_site.task_logs")
    worker.error_reporter = sentry.Reporter()  # what the worker calls while it handles the error of a task
