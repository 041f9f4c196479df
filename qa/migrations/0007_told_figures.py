from django.db import migrations, models

from annotator.fields import ArrayColumn


class Migration(migrations.Migration):
    """What annotators are told of figures during a day lies beside what they have become since."""

    dependencies = [("qa", "0006_disputed_people")]

    operations = [
        migrations.AddField("goldsheet", "told", models.JSONField(null=True)),
        migrations.AddField("figuresheet", "told", models.JSONField(null=True)),
        migrations.AddField("figuresheet", "told_vertex_error", ArrayColumn("u1", null=True)),
    ]
