"""Synthetic people: a posed, shaped, dressed body before a backdrop, with the surface point under every pixel known."""

from rendering.scenes.render import PersonTruth, SceneRender, render_scene
from rendering.scenes.scene import PersonSpec, SceneSpec, sample_scene

__all__ = ["PersonSpec", "PersonTruth", "SceneRender", "SceneSpec", "render_scene", "sample_scene"]
