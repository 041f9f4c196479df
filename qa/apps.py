from django.apps import AppConfig


class QaConfig(AppConfig):
    name = "qa"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from annotator.signals import gold_answered
        from qa.receivers import ask_to_score

        gold_answered.connect(ask_to_score, dispatch_uid="qa.score_gold")
