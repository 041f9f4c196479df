"""Words that reach a page from data, marked here as gettext reads only what stands in a call.

`body` and `rendering` know no Django, so they keep their names in English; a test compares both.
"""

from django.utils.translation import gettext_noop, pgettext_lazy

PART_NAMES = (
    gettext_noop("Head"),
    gettext_noop("Torso"),
    gettext_noop("Right upper arm"),
    gettext_noop("Left upper arm"),
    gettext_noop("Right lower arm"),
    gettext_noop("Left lower arm"),
    gettext_noop("Right hand"),
    gettext_noop("Left hand"),
    gettext_noop("Right upper leg"),
    gettext_noop("Left upper leg"),
    gettext_noop("Right lower leg"),
    gettext_noop("Left lower leg"),
    gettext_noop("Right foot"),
    gettext_noop("Left foot"),
)

# What a view shows and what lies at its edges. The context parts "back", a side, from the way back.
VIEW_WORDS = {
    "ankle": pgettext_lazy("view", "ankle"),
    "back": pgettext_lazy("view", "back"),
    "back of hand": pgettext_lazy("view", "back of hand"),
    "back-inner": pgettext_lazy("view", "back, inner"),
    "back-outer": pgettext_lazy("view", "back, outer"),
    "bottom": pgettext_lazy("view", "bottom"),
    "crown": pgettext_lazy("view", "crown"),
    "elbow": pgettext_lazy("view", "elbow"),
    "face": pgettext_lazy("view", "face"),
    "finger tips": pgettext_lazy("view", "finger tips"),
    "finger-tip end": pgettext_lazy("view", "finger-tip end"),
    "front": pgettext_lazy("view", "front"),
    "front-inner": pgettext_lazy("view", "front, inner"),
    "front-outer": pgettext_lazy("view", "front, outer"),
    "heel": pgettext_lazy("view", "heel"),
    "hip": pgettext_lazy("view", "hip"),
    "hips": pgettext_lazy("view", "hips"),
    "inner": pgettext_lazy("view", "inner"),
    "inner side": pgettext_lazy("view", "inner side"),
    "knee": pgettext_lazy("view", "knee"),
    "left arm": pgettext_lazy("view", "left arm"),
    "left ear": pgettext_lazy("view", "left ear"),
    "left side": pgettext_lazy("view", "left side"),
    "little finger": pgettext_lazy("view", "little finger"),
    "little-finger side": pgettext_lazy("view", "little-finger side"),
    "neck": pgettext_lazy("view", "neck"),
    "outer": pgettext_lazy("view", "outer"),
    "outer side": pgettext_lazy("view", "outer side"),
    "palm": pgettext_lazy("view", "palm"),
    "right arm": pgettext_lazy("view", "right arm"),
    "right ear": pgettext_lazy("view", "right ear"),
    "right side": pgettext_lazy("view", "right side"),
    "shoulder": pgettext_lazy("view", "shoulder"),
    "sole": pgettext_lazy("view", "sole"),
    "thumb": pgettext_lazy("view", "thumb"),
    "thumb side": pgettext_lazy("view", "thumb side"),
    "toes": pgettext_lazy("view", "toes"),
    "top": pgettext_lazy("view", "top"),
    "wrist": pgettext_lazy("view", "wrist"),
    "wrist end": pgettext_lazy("view", "wrist end"),
}
