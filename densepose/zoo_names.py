"""What the public zoo calls its tensors, and what they are called here; what architecture a set of them belongs to.

A rule that matches a name says where the tensor goes. A name without a rule is an error, never passed over in silence.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Final

from densepose.config import LEGACY_POOL_PX, ModelConfig

ZOO_PREFIX: Final = "backbone.bottom_up."

# Fixed by the configuration or rebuilt from it; a file may carry them.
DERIVED: Final = re.compile(
    r"pixel_mean|pixel_std|proposal_generator\.anchor_generator\.cell_anchors\.\d+|.*\.num_batches_tracked"
)

_HEAD: Final = r"roi_heads\.densepose_head"
_OUTPUT: Final = r"roi_heads\.densepose_predictor"
_NORM: Final = r"(weight|bias|running_mean|running_var)"
_LAYER: Final = r"(weight|bias)"
_BLOCK: Final = r"backbone\.bottom_up\.res([2-5])\.(\d+)\.(conv[123]|shortcut)"

# (pattern, our name): <1> is the first group as it stands, <1-2> is it less two, <2/2> the second one halved. The zoo
# counts stages, levels and convolutions from other numbers, and its decoder counts the doublings between convolutions.
_RULES: Final[tuple[tuple[str, str], ...]] = (
    (rf"backbone\.bottom_up\.stem\.conv1\.norm\.{_NORM}", "backbone.resnet.stem.norm.<1>"),
    (r"backbone\.bottom_up\.stem\.conv1\.weight", "backbone.resnet.stem.conv.weight"),
    (rf"{_BLOCK}\.norm\.{_NORM}", "backbone.resnet.stages.<1-2>.<2>.<3>.norm.<4>"),
    (rf"{_BLOCK}\.weight", "backbone.resnet.stages.<1-2>.<2>.<3>.conv.weight"),
    (rf"backbone\.fpn_(lateral|output)([2-5])\.{_LAYER}", "backbone.<1>.<2-2>.<3>"),
    (rf"proposal_generator\.rpn_head\.conv\.{_LAYER}", "rpn.conv.<1>"),
    (rf"proposal_generator\.rpn_head\.objectness_logits\.{_LAYER}", "rpn.objectness.<1>"),
    (rf"proposal_generator\.rpn_head\.anchor_deltas\.{_LAYER}", "rpn.deltas.<1>"),
    (rf"roi_heads\.box_head\.(fc[12])\.{_LAYER}", "box_head.<1>.<2>"),
    (rf"roi_heads\.box_predictor\.cls_score\.{_LAYER}", "box_head.score.<1>"),
    (rf"roi_heads\.box_predictor\.bbox_pred\.{_LAYER}", "box_head.delta.<1>"),
    (rf"roi_heads\.decoder\.p([2-5])\.([024])\.{_LAYER}", "decoder.branches.<1-2>.<2/2>.<3>"),
    (rf"roi_heads\.decoder\.predictor\.{_LAYER}", "decoder.merge.<1>"),
    (rf"{_HEAD}\.ASPP\.convs\.0\.0\.weight", "dense_head.pyramid.point.weight"),
    (rf"{_HEAD}\.ASPP\.convs\.([1-3])\.0\.weight", "dense_head.pyramid.atrous.<1-1>.weight"),
    (rf"{_HEAD}\.ASPP\.convs\.4\.1\.weight", "dense_head.pyramid.whole.weight"),
    (rf"{_HEAD}\.ASPP\.convs\.([0-3])\.1\.{_LAYER}", "dense_head.pyramid.norms.<1>.<2>"),
    (rf"{_HEAD}\.ASPP\.convs\.4\.2\.{_LAYER}", "dense_head.pyramid.norms.4.<1>"),
    (rf"{_HEAD}\.ASPP\.project\.0\.weight", "dense_head.pyramid.project.weight"),
    (rf"{_HEAD}\.body_conv_fcn([1-8])\.norm\.{_LAYER}", "dense_head.norms.<1-1>.<2>"),
    (rf"{_HEAD}\.body_conv_fcn([1-8])\.{_LAYER}", "dense_head.convs.<1-1>.<2>"),
    (rf"{_OUTPUT}\.(?:ann_index|coarse_segm)_lowres\.{_LAYER}", "output.coarse.<1>"),
    (rf"{_OUTPUT}\.index_uv_lowres\.{_LAYER}", "output.fine.<1>"),
    (rf"{_OUTPUT}\.([uv])_lowres\.{_LAYER}", "output.<1>.<2>"),
    (rf"{_OUTPUT}\.embed_lowres\.{_LAYER}", "output.embedding.<1>"),
    (r"roi_heads\.embedder\.embedder_smpl_27554\.features", "output.features"),
    (r"roi_heads\.embedder\.embedder_smpl_27554\.embeddings", "output.projection"),
)
_COMPILED: Final = tuple((re.compile(pattern), template) for pattern, template in _RULES)
_SLOT: Final = re.compile(r"<(\d)(?:([-/])(\d))?>")


def our_name(zoo_name: str) -> str | None:
    """Return what a tensor of the zoo is called here; None where no rule knows it."""
    for pattern, template in _COMPILED:
        found = pattern.fullmatch(zoo_name)
        if found:
            return _SLOT.sub(partial(_filled, found), template)
    return None


def _filled(found: re.Match[str], slot: re.Match[str]) -> str:
    text = found[int(slot[1])]
    if slot[2] is None:
        return text
    number, by = int(text), int(slot[3])
    return str(number - by if slot[2] == "-" else number // by)


def config_of_zoo(shapes: Mapping[str, tuple[int, ...]]) -> ModelConfig:
    """Return the architecture that tensors of these names and shapes belong to.

    Raises:
        ValueError: the output layer has a shape that no architecture here has.
    """
    has_decoder = "roi_heads.decoder.predictor.weight" in shapes
    embedding = shapes.get("roi_heads.densepose_predictor.embed_lowres.weight")
    coarse = shapes.get("roi_heads.densepose_predictor.ann_index_lowres.weight")
    default = ModelConfig()
    return ModelConfig(
        backbone="resnet101" if "backbone.bottom_up.res4.22.conv1.weight" in shapes else "resnet50",
        dense_head="deeplab" if "roi_heads.densepose_head.ASPP.project.0.weight" in shapes else "convs",
        output="charts" if embedding is None else "embedding",
        has_decoder=has_decoder,
        # The weights do not tell the pooled size; the zoo pools 14 where it has no decoder, and 28 elsewhere.
        dense_pool_px=default.dense_pool_px if has_decoder else LEGACY_POOL_PX,
        coarse_channels=coarse[1] if coarse else default.coarse_channels,
        embedding_dim=embedding[1] if embedding else default.embedding_dim,
    )
