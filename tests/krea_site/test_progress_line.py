"""How far it is: a line that changes on a terminal, lines elsewhere."""

from io import StringIO

from django.core.management.base import OutputWrapper

from generations.models import Image
from krea_site.progress_line import ProgressLine


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def images(*statuses: str) -> list[Image]:
    return [Image(status=status) for status in statuses]


def test_away_from_a_terminal_each_change_is_one_line() -> None:
    file = StringIO()
    line = ProgressLine(OutputWrapper(file))

    for statuses in (["queued", "queued"], ["queued", "queued"], ["drawing", "queued"], ["stored", "failed"]):
        line.show(images(*statuses))
    line.close()

    assert file.getvalue() == "2 waiting\n1 waiting, 1 being drawn\n1 ready, 1 failed\n"


def test_on_a_terminal_one_line_changes() -> None:
    file = Terminal()
    line = ProgressLine(OutputWrapper(file))

    for statuses in (["queued", "queued"], ["stored", "drawing"], ["stored", "stored"]):
        line.show(images(*statuses))
    line.close()

    shown = file.getvalue().split("\r\x1b[K")
    assert [text.partition("  ")[0] for text in shown] == [
        "",
        f"[{'.' * 24}] 2 waiting",
        f"[{'#' * 12}{'.' * 12}] 1 being drawn, 1 ready",
        f"[{'#' * 24}] 2 ready",
    ]
    assert file.getvalue().count("\n") == 1
