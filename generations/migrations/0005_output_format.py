from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generations", "0004_uploads_and_files")]

    operations = [
        migrations.AddField(
            "generation",
            "output_format",
            models.CharField(blank=True, choices=[("jpeg", "Jpeg"), ("png", "Png"), ("webp", "Webp")], max_length=8),
        ),
    ]
