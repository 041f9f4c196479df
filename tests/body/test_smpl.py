"""SMPL files: a synthetic one of the true shapes in each form that exists, and what must be refused.

The synthetic model is the canonical body with smooth skinning weights; nothing of the licensed files is in it.
"""

import builtins
import io
import os
import pickle
import pickletools
import subprocess
import sys
import types
import zipfile
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from scipy.spatial.transform import Rotation

from body.models.smpl import JOINT_NAMES, SmplFileError, convert_smpl, load_smpl
from body.models.unpickle import load_array_tree

PARENTS = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21]


@pytest.fixture(scope="module")
def arrays(canonical, topology) -> dict[str, np.ndarray]:
    """The arrays of a model file, of the true shapes and types."""
    rng = np.random.default_rng(4)
    vertices = canonical.vertices
    centres = vertices[rng.choice(6_890, 24, replace=False)]
    nearness = np.exp(-np.linalg.norm(vertices[:, None] - centres, axis=2) / 0.1)
    regressor = (nearness / nearness.sum(axis=0)).T
    regressor[regressor < 1e-4] = 0
    holes = [[3_223, 3_226, 3_317], [6_623, 6_624, 6_717]]
    return {
        "v_template": vertices.copy(),
        "shapedirs": rng.normal(0, 0.003, (6_890, 3, 10)),
        "posedirs": rng.normal(0, 1e-4, (6_890, 3, 207)),
        "J_regressor": regressor / regressor.sum(axis=1, keepdims=True),
        "weights": nearness / nearness.sum(axis=1, keepdims=True),
        "kintree_table": np.array([[2**32 - 1, *PARENTS[1:]], list(range(24))], dtype=np.uint32),
        "f": np.concatenate([topology.faces, holes]).astype(np.uint32),
    }


class Chumpy:
    """Stands in for a package that is not installed while a file in its form is written."""

    def __init__(self, monkeypatch):
        self.ch = types.ModuleType("chumpy.ch")
        self.ch.Ch = type("Ch", (), {"__module__": "chumpy.ch"})
        self.reordering = types.ModuleType("chumpy.reordering")
        self.reordering.Select = type("Select", (), {"__module__": "chumpy.reordering"})
        monkeypatch.setitem(sys.modules, "chumpy", types.ModuleType("chumpy"))
        monkeypatch.setitem(sys.modules, "chumpy.ch", self.ch)
        monkeypatch.setitem(sys.modules, "chumpy.reordering", self.reordering)

    def array(self, value):
        held = self.ch.Ch()
        held.__dict__ = {"x": value, "_dirty_vars": set()}
        return held

    def select(self, value):
        chosen = self.reordering.Select()
        chosen.__dict__ = {"a": self.array(value), "idxs": np.arange(value.size), "preferred_shape": value.shape}
        return chosen


@pytest.fixture
def published(arrays, monkeypatch):
    """The content as the published files have it: chumpy arrays, a sparse regressor, names beside the arrays."""
    chumpy = Chumpy(monkeypatch)
    return {
        **arrays,
        "shapedirs": chumpy.array(arrays["shapedirs"]),
        "v_template": chumpy.select(arrays["v_template"]),
        "J_regressor": sparse.csc_matrix(arrays["J_regressor"]),
        "bs_style": "lbs",
        "pose_training_info": {"date": "2013", "subjects": ["a", "b"]},
        "scale": np.float64(1.0),
    }


def write_pickle(path: Path, content: object, protocol: int = 2) -> Path:
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


def assert_same(model, arrays):
    assert np.allclose(model.v_template, arrays["v_template"])
    assert np.allclose(model.shapedirs, arrays["shapedirs"])
    assert np.allclose(model.posedirs, arrays["posedirs"])
    assert np.allclose(model.joint_regressor, arrays["J_regressor"])
    assert np.allclose(model.weights, arrays["weights"])
    assert model.parents.tolist() == PARENTS
    assert np.array_equal(model.faces, arrays["f"])


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_pickle_as_published_is_read(published, arrays, tmp_path, protocol):
    assert_same(load_smpl(write_pickle(tmp_path / "model.pkl", published, protocol)), arrays)


def test_python_2_module_names_are_read(published, arrays, tmp_path):
    """What Python 2 wrote names `copy_reg`, `scipy.sparse.csc` and `numpy.core.multiarray`."""
    written = pickle.dumps(published, protocol=2)
    for new, old in [
        (b"cscipy.sparse._csc\ncsc_matrix", b"cscipy.sparse.csc\ncsc_matrix"),
        (b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n"),
    ]:
        assert new in written
        written = written.replace(new, old)
    path = tmp_path / "model.pkl"
    path.write_bytes(written)
    assert_same(load_smpl(path), arrays)


def test_the_oldest_protocol_is_read(arrays, tmp_path):
    small = {name: value for name, value in arrays.items() if name != "posedirs"}
    path = write_pickle(tmp_path / "model.pkl", small, protocol=0)
    with pytest.raises(SmplFileError, match="lacks posedirs"):  # the rest was read: ASCII of 4 million floats is slow
        load_smpl(path)


@pytest.mark.parametrize("build", [sparse.csr_matrix, sparse.coo_matrix, sparse.csc_matrix])
def test_each_sparse_form_is_read(arrays, tmp_path, build):
    content = {**arrays, "J_regressor": build(arrays["J_regressor"])}
    assert np.allclose(load_smpl(write_pickle(tmp_path / "m.pkl", content)).joint_regressor, arrays["J_regressor"])


def test_big_endian_fortran_and_single_precision_arrays_are_read(arrays, tmp_path):
    content = {
        **arrays,
        "v_template": np.asfortranarray(arrays["v_template"]).astype(">f8"),
        "weights": arrays["weights"].astype(np.float32),
    }
    model = load_smpl(write_pickle(tmp_path / "m.pkl", content))
    assert np.allclose(model.v_template, arrays["v_template"])
    assert np.allclose(model.weights, arrays["weights"])


def test_more_shape_coefficients_than_ten_are_cut(arrays, tmp_path):
    many = np.concatenate([arrays["shapedirs"]] * 3, axis=2)
    np.savez(tmp_path / "m.npz", **{**arrays, "shapedirs": many})
    assert load_smpl(tmp_path / "m.npz").shapedirs.shape == (6_890, 3, 10)


def test_conversion_gives_the_same_model(published, arrays, tmp_path):
    source = write_pickle(tmp_path / "model.pkl", published)
    convert_smpl(source, tmp_path / "made" / "model.npz")
    assert_same(load_smpl(tmp_path / "made" / "model.npz"), arrays)
    assert [file.name for file in (tmp_path / "made").iterdir()] == ["model.npz"]


@pytest.fixture(scope="module")
def model(arrays, tmp_path_factory):
    path = tmp_path_factory.mktemp("smpl") / "m.npz"
    np.savez(path, **arrays)
    return load_smpl(path)


class TestPosing:
    def test_at_rest_it_is_the_template(self, model):
        body = model.pose()
        assert body.vertices.shape == (1, 6_890, 3)
        assert body.joints.shape == (1, 24, 3)
        assert len(JOINT_NAMES) == 24
        assert np.allclose(body.vertices[0], model.v_template, atol=1e-5)
        assert np.allclose(body.joints[0], model.joint_regressor @ model.v_template, atol=1e-5)

    def test_shape_is_linear(self, model):
        betas = np.eye(10)[:2] * 2
        body = model.pose(betas=betas)
        assert np.allclose(body.vertices[1], model.v_template + 2 * model.shapedirs[:, :, 1], atol=1e-5)

    def test_the_pelvis_turns_everything(self, model):
        turn = np.array([0.3, -0.8, 0.5])
        rotations = np.zeros((1, 24, 3))
        rotations[0, 0] = turn
        body = model.pose(rotations, translation=np.array([[1.0, 2.0, 3.0]]))
        pelvis = model.joint_regressor[0] @ model.v_template
        expected = Rotation.from_rotvec(turn).apply(model.v_template - pelvis) + pelvis + [1.0, 2.0, 3.0]
        assert np.allclose(body.vertices[0], expected, atol=1e-4)

    def test_batches_pose_each_body_for_itself(self, model):
        rotations = np.random.default_rng(0).normal(0, 0.2, (3, 24, 3))
        together = model.pose(rotations)
        assert np.allclose(together.vertices[2], model.pose(rotations[2:]).vertices[0], atol=1e-5)

    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            ({"rotations": np.zeros((1, 23, 3))}, "rotations must be"),
            ({"betas": np.zeros((1, 11))}, "betas must be"),
            ({"rotations": np.zeros((3, 24, 3)), "betas": np.zeros((2, 10))}, "betas must be"),
        ],
    )
    def test_wrong_shapes_are_refused(self, model, arguments, complaint):
        with pytest.raises(ValueError, match=complaint):
            model.pose(**arguments)


class Gadget:
    """Pickles as a call of something."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def attacks(marker: Path) -> dict[str, bytes]:
    """Pickles that would leave `marker` behind, or worse, if they were loaded."""
    touch = f"touch {marker}"
    python = f"open({str(marker)!r}, 'w')"
    nested = pickle.dumps(Gadget(os.system, touch))
    text = str(marker).encode()
    return {
        "os.system": pickle.dumps(Gadget(os.system, touch)),
        "subprocess": pickle.dumps(Gadget(subprocess.Popen, ["touch", str(marker)])),
        "eval": pickle.dumps(Gadget(builtins.eval, python)),
        "exec": pickle.dumps({"v_template": Gadget(builtins.exec, python)}),
        "open": pickle.dumps(Gadget(builtins.open, str(marker), "w")),
        "getattr": pickle.dumps(Gadget(getattr, "text", "upper")),
        "import": pickle.dumps(Gadget(builtins.__import__, "antigravity")),
        "nested pickle": pickle.dumps(Gadget(pickle.loads, nested)),
        "numpy.load": pickle.dumps(Gadget(np.load, str(marker))),
        "protocol 0, Python 2 name": b"c__builtin__\neval\n(V" + python.encode() + b"\ntR.",
        "posix": b"cposix\nsystem\n(V" + touch.encode() + b"\ntR.",
        "inst opcode": b"(V" + touch.encode() + b"\nios\nsystem\n.",
        "obj opcode": b"(cos\nsystem\nV" + touch.encode() + b"\no.",
        "dotted name": b"\x80\x04Vnumpy\nVndarray.__reduce_ex__\n\x93.",
        "dotted path of an allowed module": b"\x80\x04Vnumpy\nVos.system\n\x93.",
        "numpy test runner": b"\x80\x04cnumpy.testing._private.utils\nrunstring\n(V" + python.encode() + b"\n}tR.",
        "extension registry": b"\x80\x02\x82\x01.",
        "persistent id": b"\x80\x02V" + text + b"\nQ.",
        "codec": b"c_codecs\nencode\n(V" + text + b"\nVzip\ntR.",
        "array of objects": pickle.dumps({"v_template": np.array([Gadget(os.system, touch)], dtype=object)}),
        "reconstructor of a class": b"ccopy_reg\n_reconstructor\n(csubprocess\nPopen\nc__builtin__\nobject\nNtR.",
        "array subclass": b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nmatrix\n(I0\ntV b\ntR.",
        "state of a class": b"cnumpy\nndarray\n}V__setstate__\ncos\nsystem\nsb.",
        "chumpy expression": b"cchumpy.ch\nMatVecMult\n(tR.",
    }


ATTACKS = sorted(attacks(Path("x")))


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_pickle_that_tries_to_act_is_refused(tmp_path, attack):
    marker = tmp_path / "executed"
    path = tmp_path / "model.pkl"
    path.write_bytes(attacks(marker)[attack])
    with pytest.raises(SmplFileError, match=r"model\.pkl"):
        load_smpl(path)
    assert not marker.exists()


def test_the_attacks_are_real(tmp_path):
    """The plain unpickler does fall for them, so the refusals above mean something."""
    marker = tmp_path / "executed"
    pickle.loads(attacks(marker)["os.system"])
    assert marker.exists()


def test_an_attack_inside_a_whole_model_is_refused_by_name(arrays, tmp_path):
    path = write_pickle(
        tmp_path / "model.pkl", {**arrays, "extra": Gadget(os.system, f"touch {tmp_path / 'executed'}")}
    )
    with pytest.raises(SmplFileError, match=r"asks for posix\.system"):
        load_smpl(path)
    assert not (tmp_path / "executed").exists()


def test_a_tree_that_mentions_its_lists_over_and_over_is_refused():
    """Three kilobytes that would unfold to 100 to the power of 7 entries."""
    inner: list[object] = [1.0] * 100
    for _ in range(6):
        inner = [inner] * 100
    written = pickle.dumps({"model": inner})
    assert len(written) < 3_000
    with pytest.raises(pickle.UnpicklingError, match="more than 100,000 entries"):
        load_array_tree(io.BytesIO(written))
    assert load_array_tree(io.BytesIO(pickle.dumps({"a": [1, 2]}))) == {"a": [1, 2]}


def test_an_array_that_lies_about_its_size_is_refused(arrays, tmp_path):
    written = pickle.dumps({"v_template": np.zeros((6_890, 3))}, protocol=2)
    shape = b"M" + (6_890).to_bytes(2, "little") + b"K\x03"
    assert shape in written
    path = tmp_path / "model.pkl"
    path.write_bytes(written.replace(shape, b"J\xff\xff\xff\x7fK\x03"))
    with pytest.raises(SmplFileError, match="damaged"):
        load_smpl(path)


@pytest.mark.parametrize("share", [0.0, 1e-5, 0.3, 0.9, 0.999999])
def test_truncated_pickles_are_named(arrays, tmp_path, share):
    written = pickle.dumps(arrays, protocol=2)
    path = tmp_path / "model.pkl"
    path.write_bytes(written[: int(len(written) * share)])
    with pytest.raises(SmplFileError, match=r"damaged or truncated|neither a pickle"):
        load_smpl(path)


def test_truncated_archives_are_named(arrays, tmp_path):
    path = tmp_path / "model.npz"
    np.savez(path, **arrays)
    path.write_bytes(path.read_bytes()[:-1_000])
    with pytest.raises(SmplFileError, match="damaged, truncated"):
        load_smpl(path)


def test_objects_in_an_archive_are_refused(arrays, tmp_path):
    path = tmp_path / "model.npz"
    marker = tmp_path / "executed"
    content = {**arrays, "v_template": np.array([Gadget(os.system, f"touch {marker}")], dtype=object)}
    np.savez(path, **content)
    with pytest.raises(SmplFileError, match="Python objects"):
        load_smpl(path)
    assert not marker.exists()


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path):
    path = tmp_path / "model.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("v_template.npy", "w") as entry:
        for _ in range(70):
            entry.write(bytes(10_000_000))
    with pytest.raises(SmplFileError, match="unpacks to 700 MB"):
        load_smpl(path)


@pytest.mark.parametrize(
    ("name", "change", "complaint"),
    [
        ("v_template", lambda a: np.zeros((10_475, 3)), "v_template must be .* this is SMPL-X"),
        ("v_template", lambda a: np.where(a > 1.6, np.nan, a), "v_template must hold finite"),
        ("shapedirs", lambda a: a[:, :, :9], r"shapedirs must be \(6890, 3, 10\), got \(6890, 3, 9\)"),
        ("posedirs", lambda a: a[..., :200], "posedirs must be"),
        ("weights", lambda a: a * 2, "rows of weights must sum to 1"),
        ("J_regressor", lambda a: a.T, "J_regressor must be"),
        ("f", lambda a: a + 1, "vertex numbers"),
        ("f", lambda a: (a.astype(int) + 17) % 6_890, "vertex order is not SMPL's"),
        ("kintree_table", lambda a: a[:, ::-1], "kintree_table is not a tree"),
    ],
)
def test_wrong_arrays_are_named(arrays, tmp_path, name, change, complaint):
    np.savez(tmp_path / "m.npz", **{**arrays, name: change(arrays[name])})
    with pytest.raises(SmplFileError, match=complaint):
        load_smpl(tmp_path / "m.npz")


def test_missing_arrays_and_files_are_named(arrays, tmp_path):
    np.savez(tmp_path / "m.npz", **{name: arrays[name] for name in ("v_template", "f")})
    with pytest.raises(SmplFileError, match="lacks J_regressor, kintree_table, posedirs"):
        load_smpl(tmp_path / "m.npz")
    with pytest.raises(SmplFileError, match="No such file"):
        load_smpl(tmp_path / "absent.pkl")
    (tmp_path / "text.pkl").write_text("hello")
    with pytest.raises(SmplFileError, match="neither a pickle"):
        load_smpl(tmp_path / "text.pkl")
    with pytest.raises(SmplFileError, match="holds a list"):
        load_smpl(write_pickle(tmp_path / "list.pkl", [1, 2]))


def test_hand_written_attacks_are_well_formed():
    """Each is a pickle by its opcodes, so it is refused for what it asks and not for its spelling."""
    for name, content in attacks(Path("x")).items():
        operations = [operation.name for operation, _, _ in pickletools.genops(io.BytesIO(content))]
        assert operations[-1] == "STOP", name
