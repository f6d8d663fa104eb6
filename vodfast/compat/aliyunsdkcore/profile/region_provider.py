"""Endpoints set for a product in a region, for every client of the process."""

from __future__ import annotations

_ENDPOINTS: dict[tuple[str, str], str] = {}


def modify_point(product_name: str, region_id: str, end_point: str) -> None:
    """From now on, calls for this product in this region go there."""
    _ENDPOINTS[product_name.lower(), region_id] = end_point


add_endpoint = modify_point


def endpoint_of(product_name: str, region_id: str) -> str | None:
    """What was set, None if nothing was."""
    return _ENDPOINTS.get((product_name.lower(), region_id))
