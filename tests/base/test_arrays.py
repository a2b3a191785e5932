"""The array seam: plain numbers are NumPy's, anything else keeps its own library."""

import array_api_compat.numpy as numpy_namespace
import array_api_strict as xp
import numpy as np

from farflung.base.arrays import as_array, namespace


def test_plain_numbers_and_numpy_arrays_live_in_numpy():
    assert namespace(1.0, 2, True, np.float64(3.0), np.ones(2)) is numpy_namespace
    assert namespace() is numpy_namespace


def test_another_library_wins_over_plain_numbers():
    assert namespace(1.0, xp.asarray([1.0]), 2) is xp


def test_numbers_become_double_precision_arrays_of_the_library():
    one = as_array(1, xp)
    assert one.dtype == xp.float64
    given = xp.asarray([1.0])
    assert as_array(given, xp) is given
    assert isinstance(as_array(1, numpy_namespace), np.float64)
