import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("partners", "0007_signing_keys_and_start_by")]

    operations = [
        migrations.AddField(
            "order",
            "dialect",
            models.CharField(blank=True, max_length=16, help_text="In whose words it is told of; ours when empty."),
        ),
        migrations.AddField(
            "order",
            "searched",
            models.TextField(blank=True, help_text="What a dialect's list finds it by, in small letters."),
        ),
        migrations.CreateModel(
            "Tag",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tags", to="partners.order"
                    ),
                ),
            ],
            {
                "ordering": ["id"],
                "constraints": [models.UniqueConstraint(fields=("order", "name"), name="tag_once_per_order")],
            },
        ),
        migrations.AddField(
            "delivery",
            "dialect",
            models.CharField(blank=True, max_length=16, help_text="In whose words it is told; ours when empty."),
        ),
        migrations.AddField(
            "delivery",
            "name",
            models.CharField(
                blank=True, max_length=80, help_text="What a dialect calls it, if it tells several things."
            ),
        ),
        migrations.RemoveConstraint("delivery", "delivery_once_per_order"),
        migrations.AddConstraint(
            "delivery",
            models.UniqueConstraint(
                fields=["object_id", "topic", "name"], name="delivery_once_per_order", condition=Q(endpoint=None)
            ),
        ),
    ]
