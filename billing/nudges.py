"""The tasks of billing by name, and how a worker is asked to run one: a nudge, never the truth. What it is about stands
in a row that a sweep finds. Who queues tasks stands above billing, and listens (`billing.signals.task_wanted`)."""

from .signals import task_wanted

HANDLE_EVENT = "billing.tasks.handle_event"
LOOK_AT_PURCHASE = "billing.tasks.look_at_purchase"
TOP_UP = "billing.tasks.top_up"
REFUND = "billing.tasks.refund"
PAUSE = "billing.tasks.pause"
NAMES = (HANDLE_EVENT, LOOK_AT_PURCHASE, TOP_UP, REFUND, PAUSE)


def nudge(task: str, *args: str) -> None:
    """Inside the transaction of the change that it is about."""
    task_wanted.send(sender=None, task=task, args=args)
