"""The array seam: plain numbers are NumPy's, anything else keeps its own library."""

import inspect
import pickle

import array_api_strict as strict
import numpy as np
import pytest

from farflung.base.arrays import array_function, power, where


@array_function
def root_of_sum(xp, *, first, second, table=()):
    """Return it."""
    return xp, xp.sqrt(first + second), table


def test_callers_see_the_quantities_only():
    assert str(inspect.signature(root_of_sum)) == "(*, first, second, table=())"
    assert root_of_sum.__doc__ == "Return it."
    assert pickle.loads(pickle.dumps(root_of_sum)) is root_of_sum
    with pytest.raises(TypeError):
        root_of_sum(1.0, 2.0)


@pytest.mark.parametrize("second", [5, 5.0, np.float64(5.0), np.full(3, 5.0)])
def test_numpy_takes_plain_numbers_as_they_are(second):
    xp, root, _ = root_of_sum(first=4, second=second)
    assert xp is np
    assert np.all(root == 3.0)


def test_plain_numbers_beside_another_library_become_its_own_in_double_precision():
    table = ((1.0, 2.0),)
    xp, root, passed = root_of_sum(first=4, second=strict.asarray([5.0]), table=table)
    assert xp is strict
    assert root.dtype == strict.float64
    assert float(root[0]) == 3.0
    assert passed is table


def test_arrays_of_two_libraries_are_refused():
    jax = pytest.importorskip("jax")
    with pytest.raises(TypeError, match="Multiple namespaces"):
        root_of_sum(first=jax.numpy.ones(2), second=strict.asarray([5.0]))


@pytest.mark.parametrize("xp", [np, strict])
def test_power(xp):
    assert np.asarray(power(xp, xp.asarray([2.0, 9.0]), 0.5)) == pytest.approx([2**0.5, 3.0])


@pytest.mark.parametrize("condition", [[True, True], [False, False], [True, False]])
@pytest.mark.parametrize("xp", [np, strict])
def test_where_chooses_cell_by_cell(xp, condition):
    chosen = where(xp, xp.asarray(condition), xp.asarray([1.0, 2.0]), xp.asarray([3.0, 4.0]))
    assert np.asarray(chosen).tolist() == np.where(condition, [1.0, 2.0], [3.0, 4.0]).tolist()


def test_where_hands_on_what_holds_everywhere():
    values = np.ones(2)
    assert where(np, True, values, 0.0) is values
    assert where(np, np.bool(False), 0.0, values) is values
    assert where(np, np.array([True, True]), values, 0.0) is values
    assert where(np, np.array([False, False]), 0.0, values) is values
