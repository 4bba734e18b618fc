"""The names of this package's tasks, as `generations.nudge` wants them; a test holds that each resolves.

And the queueing of billing's tasks, since billing knows nobody who could."""

from typing import Any

from generations.nudge import nudge

SEND_MAIL = "krea_site.tasks.send_mail"
BUILD_EXPORT = "krea_site.tasks.build_export"
SAY_FAREWELL = "krea_site.tasks.say_farewell"
DO_MANY = "krea_site.tasks.do_many"
COUNT_FIGURES = "krea_site.tasks.count_figures"
CHECK = "krea_site.tasks.check"
TAKE_DOWN = "krea_site.tasks.take_down"
NAMES = (CHECK, SEND_MAIL, BUILD_EXPORT, SAY_FAREWELL, DO_MANY, COUNT_FIGURES, TAKE_DOWN)


def on_task_wanted(*, task: str, args: tuple[str, ...], **_: Any) -> None:
    """Receiver of billing's `task_wanted`."""
    nudge(task, *args)
