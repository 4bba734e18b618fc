"""The rows of generations, one file for each part."""

from .files import KeptFile
from .road import (
    AT_FAL,
    FINAL,
    STEPS,
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
from .workbench import Draft, SavedLora

__all__ = [
    "AT_FAL",
    "FINAL",
    "STEPS",
    "Beat",
    "Customer",
    "DoomedFile",
    "Draft",
    "Draw",
    "Event",
    "FalState",
    "Generation",
    "GenerationQuerySet",
    "Image",
    "ImageQuerySet",
    "KeptFile",
    "Outcome",
    "OutputFormat",
    "PromptWords",
    "SavedLora",
    "Share",
    "Status",
    "Upload",
    "UploadUse",
    "new_token",
    "origins",
    "public_status",
]
