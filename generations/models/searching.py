"""What the search of prompts reads."""

from django.db import models

from .road import Generation


class PromptWords(models.Model):
    """The words of one generation's prompt, as the search compares them (`generations.search`, which alone writes it).

    A table of its own, so that its index in the database is not touched by what happens to the pictures; emptied with
    the prompt. The id is what SQLite's index knows a row by."""

    id = models.BigAutoField(primary_key=True)
    generation = models.OneToOneField(Generation, on_delete=models.CASCADE, related_name="words")
    keys = models.TextField()

    def __str__(self) -> str:
        return str(self.generation_id)
