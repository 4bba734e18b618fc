"""The names of this package's tasks, as `generations.nudge` wants them; a test holds that each resolves.

And the queueing of billing's tasks, since billing knows nobody who could."""

from typing import Any

from generations.nudge import nudge

SEND_MAIL = "krea_site.tasks.send_mail"
BUILD_EXPORT = "krea_site.tasks.build_export"
SAY_FAREWELL = "krea_site.tasks.say_farewell"
NAMES = (SEND_MAIL, BUILD_EXPORT, SAY_FAREWELL)


def on_task_wanted(*, task: str, args: tuple[str, ...], **_: Any) -> None:
    """Receiver of billing's `task_wanted`."""
    nudge(task, *args)
