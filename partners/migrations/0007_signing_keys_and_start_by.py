import django.utils.timezone
import uuid_utils.compat
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("partners", "0006_deliveries_of_a_generation")]

    operations = [
        migrations.CreateModel(
            "SigningKey",
            [
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("public", models.CharField(help_text="32 bytes in base64url, as a JWKS has them.", max_length=64)),
                ("private", models.CharField(help_text="Sealed.", max_length=300)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("signs_from", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
        ),
        migrations.AddField(
            "order",
            "start_by",
            models.DateTimeField(help_text="What of it has not begun by then is canceled.", null=True),
        ),
        migrations.AddIndex(
            "order",
            models.Index(condition=Q(start_by__isnull=False), fields=["start_by"], name="order_start"),
        ),
    ]
