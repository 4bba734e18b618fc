"""The rows of generations, one file for each part."""

from .erasures import BannedFile, FalErasure
from .files import KeptFile
from .road import (
    AT_FAL,
    FINAL,
    STEPS,
    TAKEN_DOWN,
    Beat,
    Customer,
    DoomedFile,
    Draw,
    Event,
    FalState,
    Generation,
    GenerationQuerySet,
    Image,
    ImageQuerySet,
    Outcome,
    OutputFormat,
    Status,
    Upload,
    UploadUse,
    new_token,
    origins,
    public_status,
)
from .searching import PromptWords
from .sharing import Share
from .spending import FalBalance, FalDay
from .switches import Announcement, Pause, Switch
from .workbench import Draft, SavedLora

__all__ = [
    "AT_FAL",
    "FINAL",
    "STEPS",
    "TAKEN_DOWN",
    "Announcement",
    "BannedFile",
    "Beat",
    "Customer",
    "DoomedFile",
    "Draft",
    "Draw",
    "Event",
    "FalBalance",
    "FalDay",
    "FalErasure",
    "FalState",
    "Generation",
    "GenerationQuerySet",
    "Image",
    "ImageQuerySet",
    "KeptFile",
    "Outcome",
    "OutputFormat",
    "Pause",
    "PromptWords",
    "SavedLora",
    "Share",
    "Status",
    "Switch",
    "Upload",
    "UploadUse",
    "new_token",
    "origins",
    "public_status",
]
