"""The rows of what spans the apps, one file for each part."""

from .alerts import Alert
from .check_orders import CheckOrder
from .checks import CheckRun
from .exports import Export, ExportFile, ExportPiece
from .farewells import Farewell
from .figures import Figures
from .mails import Mail, MailTry
from .people import CreditRequest, Impersonation
from .reports import Decision, Reason, Report
from .staff import Role, StaffAct, StaffMember
from .status import StatusDay
from .steering import RETRY, BulkAct, BulkRefusal, RetriedImage, Retry
from .takedowns import Takedown
from .texts import TextVersion
from .trial import MailHost, TrialCount, TrialGrant

__all__ = [
    "RETRY",
    "Alert",
    "BulkAct",
    "BulkRefusal",
    "CheckOrder",
    "CheckRun",
    "CreditRequest",
    "Decision",
    "Export",
    "ExportFile",
    "ExportPiece",
    "Farewell",
    "Figures",
    "Impersonation",
    "Mail",
    "MailHost",
    "MailTry",
    "Reason",
    "Report",
    "RetriedImage",
    "Retry",
    "Role",
    "StaffAct",
    "StaffMember",
    "StatusDay",
    "Takedown",
    "TextVersion",
    "TrialCount",
    "TrialGrant",
]
