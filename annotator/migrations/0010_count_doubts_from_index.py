"""Count the answers that call a point "not this part" from their index alone: an answer's number is in it too."""

from django.db import migrations

_WHERE = r"WHERE position('\x03'::bytea in status) > 0"


class Migration(migrations.Migration):
    dependencies = [("annotator", "0009_figures_of_models_are_evaluations")]

    operations = [
        migrations.RunSQL(
            "DROP INDEX submission_not_this_part;"
            f"CREATE INDEX submission_not_this_part ON annotator_submission (task_id, id) {_WHERE}",
            "DROP INDEX submission_not_this_part;"
            f"CREATE INDEX submission_not_this_part ON annotator_submission (task_id) {_WHERE}",
        ),
    ]
