from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("streams", "0011_rooms")]
    operations = [
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                condition=models.Q(("compacted_at__isnull", True), ("end_seq__isnull", False)),
                fields=["ended_at"],
                name="generation_to_compact",
            ),
        ),
    ]
