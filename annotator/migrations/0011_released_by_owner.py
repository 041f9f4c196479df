from django.db import migrations, models


class Migration(migrations.Migration):
    """What an annotator gave back comes again to them first, so it is found at each "next"."""

    dependencies = [("annotator", "0010_count_doubts_from_index")]

    operations = [
        migrations.AddIndex(
            model_name="lease",
            index=models.Index(
                fields=["annotator"], name="lease_released_by_owner", condition=models.Q(state="released")
            ),
        ),
    ]
