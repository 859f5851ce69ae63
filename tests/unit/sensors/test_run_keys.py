"""A content that comes back is asked for again, and still only once."""

from __future__ import annotations

from sensors.run_keys import run_key_after


def test_the_first_content_of_a_partition_has_its_own_key() -> None:
    assert run_key_after("samples--v1--aaaa", None) == "samples--v1--aaaa"


def test_a_content_that_replaces_another_has_a_key_of_that_replacement() -> None:
    once = run_key_after("samples--v1--aaaa", "0f0f0f0f-1111")
    assert once == run_key_after("samples--v1--aaaa", "0f0f0f0f-1111"), "asked again before it is made: the same key"
    assert once != run_key_after("samples--v1--aaaa", "1a1a1a1a-1111"), "put back a second time: another key"
