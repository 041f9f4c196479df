from django.apps import AppConfig


class QaConfig(AppConfig):
    name = "qa"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from annotator.signals import answers_complete, gold_answered
        from qa.receivers import ask_to_merge, ask_to_score

        answers_complete.connect(ask_to_merge, dispatch_uid="qa.merge_answers")
        gold_answered.connect(ask_to_score, dispatch_uid="qa.score_gold")
