"""Errors: what, why, nearest valid value."""

from farflung.base.errors import InputError, closest, unknown


def test_a_message_says_field_problem_and_nearest():
    error = InputError("network.upload", "100 has no unit", "'100 Mbps'")
    assert str(error) == "network.upload: 100 has no unit; nearest valid: '100 Mbps'"
    assert (error.field, error.problem, error.nearest) == ("network.upload", "100 has no unit", "'100 Mbps'")
    assert str(InputError("", "no")) == "no"


def test_closest_ignores_case_spaces_and_punctuation():
    chips = ["H100 SXM", "A100 80GB", "GH200"]
    assert closest("h100-sxm", chips) == "H100 SXM"
    assert closest("gh 200", chips) == "GH200"
    assert closest("zzzz", chips) is None


def test_unknown_names_the_likeliest_or_lists_the_first_dozen():
    assert str(unknown("mode", "mode", "flatt", ["flat", "auto"])) == (
        "mode: unknown mode 'flatt': did you mean 'flat'?"
    )
    many = [f"name{i:02d}" for i in range(13)]
    error = unknown("x", "thing", "?", many)
    assert error.nearest == "one of " + ", ".join(many[:12]) + ", …"
    assert unknown("x", "thing", "?", ["b", "a"]).nearest == "one of a, b"
