from typing import Any
from uuid import UUID

import django.db.models.deletion
import django.utils.timezone
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

import generations.models.files

AT_ONCE = 500


def note_uses(apps: Any, schema_editor: Any) -> None:
    """Which uploads the generations that there are were ordered with."""
    generation, upload, use = (apps.get_model("generations", name) for name in ("Generation", "Upload", "UploadUse"))
    there = set(upload.objects.values_list("pk", flat=True))
    rows: list[Any] = []
    for pk, references in generation.objects.exclude(references=[]).values_list("pk", "references").iterator():
        rows += [use(upload_id=id, generation_id=pk) for id in {UUID(text) for text in references} & there]
        if len(rows) >= AT_ONCE:
            use.objects.bulk_create(rows)
            rows = []
    use.objects.bulk_create(rows)


class Migration(migrations.Migration):
    dependencies = [
        ("generations", "0003_studio_and_gallery"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="upload",
            name="used_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.AddIndex(model_name="upload", index=models.Index(fields=["user", "-id"], name="upload_recent")),
        migrations.AddIndex(model_name="upload", index=models.Index(fields=["used_at"], name="upload_age")),
        migrations.CreateModel(
            name="UploadUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "upload",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="uses", to="generations.upload"
                    ),
                ),
                (
                    "generation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="generations.generation"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("upload", "generation"), name="upload_use_once")],
            },
        ),
        migrations.CreateModel(
            name="KeptFile",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("secret", models.CharField(default=generations.models.files.new_secret, max_length=48, unique=True)),
                ("file_name", models.CharField(max_length=120)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("bytes", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ends_at", models.DateTimeField(db_index=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["name"], name="kept_file_file")]},
        ),
        migrations.RunPython(note_uses, migrations.RunPython.noop, elidable=True),
    ]
