"""The palette of parts is told apart by everyone: distances in CAM02-UCS, as seen with each colour deficiency in full.

Deficiencies by Machado, Oliveira and Fernandes (2009); appearance by CIECAM02 for an average surround (D65, L_A 64 lux
/ pi / 5, Y_b 20); distance by Luo, Cui and Li (2006), uniform colour space.
"""

import numpy as np
import pytest

from body.parts import PARTS

LEAST = 18.0

_SEEN = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = np.array([95.047, 100.0, 108.883])
_CAT02 = np.array([[0.7328, 0.4296, -0.1624], [-0.7036, 1.6975, 0.0061], [0.0030, 0.0136, 0.9834]])
_HPE = np.array([[0.38971, 0.68898, -0.07868], [-0.22981, 1.18340, 0.04641], [0.0, 0.0, 1.0]])
_F, _C, _N_C, _Y_B, _L_A = 1.0, 0.69, 1.0, 20.0, 64 / np.pi / 5


def uniform(linear_rgb: np.ndarray) -> np.ndarray:
    """Return (J', a', b') of linear sRGB in 0..1, CAM02-UCS."""
    xyz = 100 * _XYZ @ linear_rgb
    k = 1 / (5 * _L_A + 1)
    f_l = 0.2 * k**4 * 5 * _L_A + 0.1 * (1 - k**4) ** 2 * (5 * _L_A) ** (1 / 3)
    n = _Y_B / _WHITE[1]
    n_bb, z = 0.725 * (1 / n) ** 0.2, 1.48 + np.sqrt(n)
    d = _F * (1 - np.exp((-_L_A - 42) / 92) / 3.6)
    gain = d * _WHITE[1] / (_CAT02 @ _WHITE) + 1 - d

    def cones(colour: np.ndarray) -> np.ndarray:
        adapted = _HPE @ np.linalg.solve(_CAT02, gain * (_CAT02 @ colour))
        power = (f_l * np.abs(adapted) / 100) ** 0.42
        return np.sign(adapted) * 400 * power / (power + 27.13) + 0.1

    def achromatic(r: float, g: float, b: float) -> float:
        return (2 * r + g + b / 20 - 0.305) * n_bb

    red, green, blue = cones(xyz)
    a, b = red - 12 * green / 11 + blue / 11, (red + green - 2 * blue) / 9
    hue = np.arctan2(b, a)
    lightness = 100 * (achromatic(red, green, blue) / achromatic(*cones(_WHITE))) ** (_C * z)
    eccentricity = (np.cos(hue + 2) + 3.8) / 4
    t = 50000 / 13 * _N_C * n_bb * eccentricity * np.hypot(a, b) / (red + green + 21 * blue / 20)
    colourfulness = t**0.9 * np.sqrt(lightness / 100) * (1.64 - 0.29**n) ** 0.73 * f_l**0.25
    m = np.log(1 + 0.0228 * colourfulness) / 0.0228
    return np.array([1.7 * lightness / (1 + 0.007 * lightness), m * np.cos(hue), m * np.sin(hue)])


def linear(colour: str) -> np.ndarray:
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def pairs() -> list[tuple[int, int]]:
    """Neighbours in the body, left and right, and neighbours across the sides: what lies side by side in a picture."""
    found = set()
    of = {part.number: part for part in PARTS}
    for part in PARTS:
        beside = [*part.neighbours, part.mirror, *(of[number].mirror for number in part.neighbours)]
        found |= {(min(part.number, other), max(part.number, other)) for other in beside if other != part.number}
    return sorted(found)


def test_the_measure_itself_knows_white_black_and_grey() -> None:
    white, grey, black = (uniform(linear(colour)) for colour in ("#ffffff", "#777777", "#000000"))
    np.testing.assert_allclose(white, [100, 0, 0], atol=2.5)  # the eye does not adapt wholly in dim light
    assert np.hypot(*grey[1:]) < 2.5
    assert black[0] < grey[0] < white[0]


@pytest.mark.parametrize("vision", _SEEN)
def test_parts_side_by_side_differ_for_everyone(vision: str) -> None:
    seen = {part.number: uniform(np.clip(np.asarray(_SEEN[vision]) @ linear(part.colour), 0, 1)) for part in PARTS}
    distances = {pair: float(np.linalg.norm(seen[pair[0]] - seen[pair[1]])) for pair in pairs()}
    closest = min(distances, key=distances.__getitem__)
    assert distances[closest] >= LEAST, (closest, distances[closest], len(distances))
