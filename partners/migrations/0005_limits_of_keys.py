from typing import Any

import uuid_utils.compat
from django.db import migrations, models
from django.db.models import F


def each_is_its_own_family(apps: Any, schema_editor: Any) -> None:
    """Their allowances are named by their ids."""
    apps.get_model("partners", "Key").objects.update(family=F("id"))


class Migration(migrations.Migration):
    dependencies = [("partners", "0004_orders_of_dialects")]

    operations = [
        migrations.AddField("key", "family", models.UUIDField(null=True, editable=False)),
        migrations.RunPython(each_is_its_own_family, migrations.RunPython.noop),
        migrations.AlterField(
            "key", "family", models.UUIDField(db_index=True, default=uuid_utils.compat.uuid7, editable=False)
        ),
        migrations.AddField(
            "key",
            "calls_a_minute",
            models.PositiveIntegerField(null=True, help_text="As API_CALLS_A_MINUTE when empty."),
        ),
        migrations.AddField(
            "key",
            "unfinished_limit",
            models.PositiveIntegerField(null=True, help_text="As API_UNFINISHED_IMAGES when empty."),
        ),
        migrations.AddField(
            "key",
            "rotated_at",
            models.DateTimeField(null=True, help_text="Since when there is another in its place."),
        ),
        migrations.AddField(
            "key",
            "was_found",
            models.BooleanField(default=False, help_text="Revoked because somebody found it in public."),
        ),
        migrations.CreateModel(
            name="Bucket",
            fields=[
                ("name", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("full_at", models.FloatField(db_index=True)),
            ],
        ),
    ]
