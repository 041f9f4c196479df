from django.db import migrations, models


class Migration(migrations.Migration):
    """Answers to people whose truth is known are looked for every few seconds, among all others."""

    dependencies = [("annotator", "0011_released_by_owner")]

    operations = [
        migrations.AddIndex(
            model_name="lease",
            index=models.Index(fields=["task"], name="lease_of_checks", condition=models.Q(purpose="check")),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(fields=["person"], name="task_of_gold", condition=models.Q(is_gold=True)),
        ),
    ]
