"""What the engine refuses, in words that a person can act on."""

from __future__ import annotations

import pytest
import requests
from docker.errors import APIError

from longshore.containers.translation import speaking
from longshore.errors import Unavailable


# What Docker says up to version 24, and from 25 on.
@pytest.mark.parametrize(
    "said",
    [
        "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network",
        "all predefined address pools have been fully subnetted",
    ],
)
def test_that_used_up_address_ranges_are_told_with_a_way_out(said: str) -> None:
    response = requests.Response()
    response.status_code = 404 if "predefined" not in said else 400
    with pytest.raises(Unavailable, match="no address range left") as caught, speaking("make the network a"):
        raise APIError("refused", response=response, explanation=said)
    assert "docker network prune" in (caught.value.hint or "")
