"""Exact geodesic distances on the canonical body: built once for all pairs of vertices, read for any surface points."""

from body.geodesics.build import build_geodesics, geodesics_path
from body.geodesics.table import GeodesicsFileError, GeodesicTable

__all__ = ["GeodesicTable", "GeodesicsFileError", "build_geodesics", "geodesics_path"]
