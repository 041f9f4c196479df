"""Continuous surface embeddings: what a vertex is known by before training, and what the embedding is trained with.

Neverova et al., "Continuous Surface Embeddings", 2020: a pixel's vector should lie nearest to that of its vertex among
all vertices; the soft variant forgives vertices that are near on the body.
"""

from functools import cache
from typing import Final

import numpy as np
import torch
from scipy.sparse import coo_array, diags_array
from scipy.sparse.linalg import eigsh
from torch import Tensor

from body.canonical import load_canonical_body
from body.topology import N_VERTICES, load_topology
from densepose.models.heads import VERTEX_FEATURES

TEMPERATURE: Final = 0.01  # of squared distances between unit vectors
SPREAD_M: Final = 0.01  # of geodesics: exp(-d / spread) is a vertex's share of the soft target

_SHORTEST_M: Final = 1e-4


@cache
def vertex_features(count: int = VERTEX_FEATURES) -> Tensor:
    """Return the smoothest functions on the mesh, (27554, count) float32, each column of about unit mean square.

    Eigenvectors of the Laplacian of the 6,890 vertices, edges weighted by the inverse of their length, the constant one
    left out; a middle of an edge has the mean of its ends.
    """
    topology, vertices = load_topology(), load_canonical_body().vertices
    ends = topology.edges.astype(np.int64)
    length = np.linalg.norm(vertices[ends[:, 0]] - vertices[ends[:, 1]], axis=1)
    rows, columns = np.concatenate([ends, ends[:, ::-1]]).T
    weight = np.tile(1 / np.maximum(length, _SHORTEST_M), 2)
    linked = coo_array((weight, (rows, columns)), shape=(N_VERTICES, N_VERTICES)).tocsr()
    laplacian = diags_array(linked.sum(axis=1)) - linked
    start = np.random.default_rng(0).normal(size=N_VERTICES)  # the same vectors, signs included, every time
    scale = float(laplacian.diagonal().mean())
    _, vectors = eigsh(laplacian.tocsc() / scale, count + 1, sigma=-1e-6, which="LM", v0=start)
    smooth = vectors[:, 1:] * np.sqrt(N_VERTICES)
    whole = np.concatenate([smooth, smooth[ends].mean(axis=1)])
    return torch.from_numpy(whole.astype(np.float32))


def embedding_loss(pixels: Tensor, vertex: Tensor, vertices: Tensor, distance_m: Tensor | None = None) -> Tensor:
    """Return the mean cross-entropy over -d^2 / 0.01 between the vectors of pixels and of all vertices.

    Args:
        pixels: (P, D) the embedding at annotated points.
        vertex: (P,) int64, their vertices.
        vertices: (V, D) of `EmbeddingOutput.vertex_embeddings`.
        distance_m: (P, V) geodesics from the points' vertices, for the soft variant: the target is shared among the
            vertices by exp(-distance / 0.01 m).
    """
    squared = pixels.square().sum(1, keepdim=True) + vertices.square().sum(1) - 2 * pixels @ vertices.T  # (P, V)
    log_p = (-squared / TEMPERATURE).log_softmax(dim=1)
    if distance_m is None:
        return -log_p.gather(1, vertex[:, None]).mean()
    target = (-distance_m / SPREAD_M).softmax(dim=1)
    return -(target * log_p).sum(dim=1).mean()
