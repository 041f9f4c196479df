"""Who reads their figures on the day of the change is told them as they are."""

from typing import Any

from django.db import migrations
from django.db.models import F


def tell(apps: Any, _schema: Any) -> None:
    apps.get_model("qa", "GoldSheet").objects.update(told=F("data"))
    apps.get_model("qa", "FigureSheet").objects.update(told=F("data"), told_vertex_error=F("vertex_error"))


class Migration(migrations.Migration):
    dependencies = [("qa", "0007_told_figures")]

    operations = [migrations.RunPython(tell, migrations.RunPython.noop)]
