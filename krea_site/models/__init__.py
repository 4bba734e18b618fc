"""The rows of what spans the apps, one file for each part."""

from .exports import Export, ExportFile, ExportPiece
from .farewells import Farewell
from .mails import Mail, MailTry
from .reports import Reason, Report
from .status import StatusDay
from .texts import TextVersion
from .trial import MailHost, TrialCount, TrialGrant

__all__ = [
    "Export",
    "ExportFile",
    "ExportPiece",
    "Farewell",
    "Mail",
    "MailHost",
    "MailTry",
    "Reason",
    "Report",
    "StatusDay",
    "TextVersion",
    "TrialCount",
    "TrialGrant",
]
