import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Which version proposes for a project's new people is a manager's choice."""

    dependencies = [("annotator", "0007_guests")]

    operations = [
        migrations.AddField(
            model_name="project",
            name="proposer",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="annotator.modelversion",
            ),
        ),
    ]
