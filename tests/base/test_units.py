"""Units: what may be written, what it means inside, and how it is written back."""

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farflung.base.errors import InputError
from farflung.base.format import format_quantity
from farflung.base.units import example, factor, parse


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("100 Mbps", "bit/s", 1e8),
        ("100 Mbit/s", "bit/s", 1e8),
        ("12.5 MB/s", "bit/s", 1e8),
        ("1_000 kbps", "bit/s", 1e6),
        ("1,000 kbps", "bit/s", 1e6),
        ("80 GB", "byte", 80e9),
        ("80 GiB", "byte", 80 * 2**30),
        ("80GB", "byte", 80e9),
        ("640 Gb", "byte", 80e9),
        ("740 days", "s", 63_936_000),
        ("1.5 years", "s", 1.5 * 365.25 * 86400),
        ("1 month", "s", 365.25 * 86400 / 12),
        ("2 weeks", "s", 14 * 86400),
        ("-0.5e-1 ms", "s", -5e-5),
        (".5 h", "s", 1800),
        ("  100 ms ", "s", 0.1),
        ("15.8 PFLOP/s", "FLOP/s", 15.8e15),
        ("15.8 PFLOPS", "FLOP/s", 15.8e15),
        ("700 W", "W", 700),
        ("25000 USD", "USD", 25000),
        ("25000 $", "USD", 25000),
        ("40 %", "1", 0.4),
        ("40%", "1", 0.4),
        ("12e12 tokens", "token", 12e12),
        ("1 kW*h", "J", 3.6e6),
    ],
)
def test_text_with_a_unit_is_read(text, unit, value):
    assert parse(text, unit) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("text", ["100", "fast", "", "Mbps", "nan Mbps", "inf Mbps", "1e5", "100 Mbps Mbps"])
@pytest.mark.parametrize("unit", ["bit/s"])
def test_text_without_number_or_unit_is_refused_with_an_example(text, unit):
    with pytest.raises(InputError, match="for example '100 Mbps'"):
        parse(text, unit)


@pytest.mark.parametrize(
    "written",
    [
        "s",
        "GB",
        "parsec",
        "MBps",
        "Mbps + 3",
        "Mbps**0.5",
        "0x",
        "5",
        "Mbit/(0*s)",
        "m;n",
        "[",
        "'Mbps'",
        "e",
    ],
)
def test_unknown_units_and_those_of_another_kind_are_refused(written):
    with pytest.raises(InputError, match="for example '100 Mbps'"):
        parse(f"100 {written}", "bit/s")


@pytest.mark.parametrize("written", ["((", ")", "s" + "*s" * 3000, "-" * 3000 + "s"], ids=range(4))
def test_unreadable_units_are_refused_however_they_are_unreadable(written):
    with pytest.raises(InputError):
        parse(f"100 {written}", "s")


BUSY = {"power tower": "'1 s**9**9**9'", "blanks": "'1 a' + 100_000 * ' ' + 'b'", "digits": "100_000 * '1'"}


@pytest.mark.skipif(sys.platform == "win32", reason="a process has no limit there")
@pytest.mark.parametrize("text", BUSY.values(), ids=BUSY)
def test_a_short_text_cannot_keep_the_parser_busy(text):
    # Seconds of this process's own work, however busy the machine is.
    limit = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (20, 20))"
    code = f"{limit}\nfrom farflung.base.units import parse; parse({text}, 's')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert b"InputError" in done.stderr, f"stopped by signal {-done.returncode}"


@pytest.mark.parametrize("unit", ["s", "bit/s", "byte", "FLOP/s", "W", "USD", "token"])
def test_the_example_of_a_unit_can_be_read(unit):
    assert parse(example(unit), unit) > 0


def test_factor():
    assert factor("GB", "byte") == 1e9
    assert factor("byte", "bit") == 8
    assert factor("1", "1") == 1
    assert factor("USD/(kW*h)", "USD/J") == pytest.approx(1 / 3.6e6, rel=1e-15)


@pytest.mark.parametrize(("unit", "to"), [("GB", "s"), ("parsec", "s"), ("s", "parsec")])
def test_factor_between_kinds_is_refused(unit, to):
    with pytest.raises(InputError, match="not a unit of the same kind"):
        factor(unit, to)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (63936000.0, "s", "740 days"),
        (7200.0, "s", "2 hours"),
        (31.508, "s", "31.51 s"),
        (0.1, "s", "100 ms"),
        (0.0, "s", "0 ms"),
        (1e8, "bit/s", "100 Mbit/s"),
        (0.0, "bit/s", "0 bit/s"),
        (2.304e12, "byte", "2.304 TB"),
        (1.5e16, "FLOP/s", "15 PFLOP/s"),
        (30.7e6, "USD", "$30.7 million"),
        (240e9, "parameters", "240 billion parameters"),
        (12e12, "token", "12 trillion tokens"),
        (72.0, "1", "72"),
        (123456.0, "1", "123,456"),
        (1.2346e-7, "1", "1.235e-07"),
        (1.019e25, "FLOP", "1.019e+25 FLOP"),
        (2.5, "nats", "2.5 nats"),
        (math.inf, "1", "inf"),
    ],
)
def test_pretty(value, unit, text):
    assert format_quantity(value, unit) == text


@given(st.floats(1e-9, 1e24), st.sampled_from(("s", "bit/s", "byte", "bit", "FLOP/s", "W", "J")))
def test_what_is_written_can_be_read_back_to_four_digits(value, unit):
    assert parse(format_quantity(value, unit), unit) == pytest.approx(value, rel=5.1e-4)
