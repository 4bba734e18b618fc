"""The rows of generations, one file for each part."""

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
    Status,
    Upload,
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
    "Outcome",
    "PromptWords",
    "SavedLora",
    "Share",
    "Status",
    "Upload",
    "new_token",
    "origins",
    "public_status",
]
