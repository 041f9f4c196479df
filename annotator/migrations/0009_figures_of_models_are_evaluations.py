from django.db import migrations


class Migration(migrations.Migration):
    """What was measured of a model lies in `export.Evaluation`, person by person."""

    dependencies = [("annotator", "0008_proposer")]

    operations = [migrations.RemoveField(model_name="modelversion", name="figures")]
