from itertools import islice
from typing import Any

import django.db.models.deletion
import django.utils.timezone
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery

import generations.models.sharing
from generations import search

A_SLICE = 500


def copy_image_models(apps: Any, schema_editor: Any) -> None:
    generation, image = apps.get_model("generations", "Generation"), apps.get_model("generations", "Image")
    owner = generation.objects.filter(pk=OuterRef("generation_id")).values("image_model")
    image.objects.update(image_model=Subquery(owner))


def write_words(apps: Any, schema_editor: Any) -> None:
    generation, words = apps.get_model("generations", "Generation"), apps.get_model("generations", "PromptWords")
    rows = generation.objects.order_by("pk").values_list("pk", "user_id", "input").iterator(A_SLICE)
    made = (words(generation_id=id, keys=search.keys(user, str(asked.get("prompt", "")))) for id, user, asked in rows)
    while batch := list(islice(made, A_SLICE)):
        words.objects.bulk_create(batch)


class Migration(migrations.Migration):
    dependencies = [
        ("generations", "0002_doomed_files"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("image", "image_model", models.CharField(max_length=64, default=""), preserve_default=False),
        migrations.AddField("image", "favourite_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "image", "binned_at", models.DateTimeField(null=True, help_text="Since when it lies in the bin.")
        ),
        migrations.AddField(
            "image",
            "erased_at",
            models.DateTimeField(null=True, help_text="Since when there is no file and no way back."),
        ),
        migrations.AddField(
            "generation",
            "erased_at",
            models.DateTimeField(null=True, help_text="Since when prompt and settings are gone too."),
        ),
        migrations.AddIndex(
            "generation",
            models.Index(
                fields=["deleted_at"],
                name="generation_to_erase",
                condition=Q(deleted_at__isnull=False, erased_at__isnull=True),
            ),
        ),
        migrations.AddIndex(
            "image",
            models.Index(
                fields=["user", "-binned_at", "-id"],
                name="image_bin",
                condition=Q(binned_at__isnull=False, erased_at__isnull=True),
            ),
        ),
        migrations.AddIndex(
            "image",
            models.Index(
                fields=["binned_at"],
                name="image_bin_due",
                condition=Q(binned_at__isnull=False, erased_at__isnull=True),
            ),
        ),
        migrations.RunPython(copy_image_models, migrations.RunPython.noop),
        migrations.CreateModel(
            name="Draft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("typed", models.JSONField(default=dict)),
                ("aside", models.JSONField(default=dict)),
                ("version", models.BigIntegerField(default=0)),
                ("page", models.CharField(max_length=48, blank=True)),
                ("turn", models.BigIntegerField(default=0)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="draft", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SavedLora",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("path", models.CharField(max_length=4096)),
                ("scale", models.FloatField(default=1)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_loras",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user", "name"), name="saved_lora_name_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Share",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "token",
                    models.CharField(
                        default=generations.models.sharing.new_share_token, max_length=32, unique=True
                    ),
                ),
                ("shows_prompt", models.BooleanField(default=False)),
                ("shows_settings", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "image",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="shares", to="generations.image"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shares",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            "image",
            models.Index(
                fields=["user", "-generation", "index", "status", "image_model", "favourite_at"],
                name="image_gallery",
                condition=Q(binned_at__isnull=True, erased_at__isnull=True),
            ),
        ),
        migrations.AddIndex(
            "generation",
            models.Index(
                fields=["user"], name="generation_open_of_user", condition=Q(outcome__isnull=True)
            ),
        ),
        migrations.CreateModel(
            name="PromptWords",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("keys", models.TextField()),
                (
                    "generation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="words", to="generations.generation"
                    ),
                ),
            ],
        ),
        migrations.RunPython(write_words, migrations.RunPython.noop),
    ]
