"""Members who were added by the name of an account that was there before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotator", "0006_consensus_bars")]

    operations = [
        migrations.AddField("membership", "is_guest", models.BooleanField(default=False, db_default=False)),
    ]
