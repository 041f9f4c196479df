"""The curve of the ratio of correct points as an SVG picture."""

from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 640, 400
_LEFT, _TOP, _RIGHT, _BOTTOM = 60, 40, 610, 345
_NAMES: Final = 250
_TICKS: Final = 6
_COLOURS: Final = ("#2B44D8", "#B5051C", "#0D5E52", "#F96B1A", "#AE0596", "#333333")

Curve = tuple[Sequence[float], Sequence[float]]  # cm, share


def rcp_svg(curves: Mapping[str, Curve], title: str) -> str:
    """Return a picture of named curves: share of points below a geodesic error, 0 to 30 cm."""
    end_cm = max((x for xs, _ in curves.values() for x in xs), default=30.0)
    pieces = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        f' aria-label="{_safe(title)}" font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="24" font-size="15">{_safe(title)}</text>',
        *_axes(end_cm),
    ]
    for number, (name, curve) in enumerate(curves.items()):
        # Curves rise to the upper right: their names stand below.
        pieces += _line(name, curve, end_cm, number, _BOTTOM - 12 - 20 * (len(curves) - 1 - number))
    return "\n".join([*pieces, "</svg>", ""])


def _axes(end_cm: float) -> list[str]:
    pieces = []
    for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        y = _y(share)
        pieces += [
            f'<path d="M{_LEFT} {y:.1f}H{_RIGHT}" stroke="#ddd"/>',
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{share:.1f}</text>',
        ]
    for tick in range(_TICKS + 1):
        cm = end_cm * tick / _TICKS
        x = _x(cm, end_cm)
        pieces += [
            f'<path d="M{x:.1f} {_TOP}V{_BOTTOM}" stroke="#ddd"/>',
            f'<text x="{x:.1f}" y="{_BOTTOM + 18}" text-anchor="middle">{cm:g}</text>',
        ]
    middle = (_LEFT + _RIGHT) / 2
    pieces.append(f'<text x="{middle}" y="{_HEIGHT - 12}" text-anchor="middle">geodesic error, cm</text>')
    turned = f"translate(18 {(_TOP + _BOTTOM) / 2}) rotate(-90)"
    pieces.append(f'<text transform="{turned}" text-anchor="middle">share of points</text>')
    return pieces


def _line(name: str, curve: Curve, end_cm: float, number: int, y: float) -> list[str]:
    colour, dash = _COLOURS[number % len(_COLOURS)], ' stroke-dasharray="7 4"' if number % 2 else ""
    path = "L".join(f"{_x(x, end_cm):.1f} {_y(share):.1f}" for x, share in zip(*curve, strict=True))
    return [
        f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2.5"{dash}/>',
        f'<path d="M{_NAMES} {y - 4}h28" stroke="{colour}" stroke-width="2.5"{dash}/>',
        f'<text x="{_NAMES + 36}" y="{y}">{_safe(name)}</text>',
    ]


def _x(cm: float, end_cm: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * cm / end_cm


def _y(share: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * share


def _safe(text: str) -> str:
    return escape(text, {'"': "&quot;"})
