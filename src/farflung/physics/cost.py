"""Cost and energy: capital apart from running cost, one factor at a time."""

from __future__ import annotations

from farflung.base.arrays import Array
from farflung.base.units import SECONDS_PER_YEAR


def chip_count(*, nodes: Array, chips_per_node: Array) -> Array:
    """Return the number of accelerators [1].

    Parameters
    ----------
    nodes
        Nodes [1].
    chips_per_node
        Accelerators of a node [1].

    Notes
    -----
    Equation: N · chips
    Assumption: all nodes alike.
    Evidence: farflung2026
    Limits: none.
    """
    return nodes * chips_per_node


def capital_cost(
    *, chips: Array, chip_price: Array, server_cost_factor: Array, network_cost_factor: Array
) -> Array:
    """Return the capital cost of all nodes [USD].

    Parameters
    ----------
    chips
        Accelerators bought [1].
    chip_price
        Price of an accelerator [USD].
    server_cost_factor
        Server cost over the cost of its chips [1].
    network_cost_factor
        Cost with a node's internal network over cost without [1].

    Notes
    -----
    Equation: chips · price · server · network
    Assumption: bought new at once, no resale value, no premium for quantity or scarcity.
    Evidence: cottier2024rising
    Limits: list prices; markets differ by a factor of two within a year.
    """
    return chips * chip_price * server_cost_factor * network_cost_factor


def facility_power(
    *,
    chips: Array,
    chip_power: Array,
    server_power_factor: Array,
    mean_power_fraction: Array,
    power_usage_effectiveness: Array,
) -> Array:
    """Return the mean electric power of all sites [W].

    Parameters
    ----------
    chips
        Accelerators [1].
    chip_power
        Thermal design power of an accelerator [W].
    server_power_factor
        Server power over the power of its chips [1].
    mean_power_fraction
        Mean power over design power while training [1].
    power_usage_effectiveness
        Facility power over server power [1].

    Notes
    -----
    Equation: chips · TDP · server · fraction · PUE
    Assumption: the mean fraction does not fall with utilisation.
    Evidence: cottier2024rising
    Limits: an upper bound where utilisation is low.
    """
    return chips * chip_power * server_power_factor * mean_power_fraction * power_usage_effectiveness


def energy(*, power: Array, duration: Array) -> Array:
    """Return the energy of the run [J].

    Parameters
    ----------
    power
        Electric power [W].
    duration
        Length of the run [s].

    Notes
    -----
    Equation: E = power · T
    Assumption: constant power.
    Evidence: farflung2026
    Limits: none.
    """
    return power * duration


def energy_cost(*, energy: Array, electricity_price: Array) -> Array:
    """Return the cost of energy [USD].

    Parameters
    ----------
    energy
        Energy [J].
    electricity_price
        Price of energy [USD/J].

    Notes
    -----
    Equation: E · price
    Assumption: one flat price everywhere.
    Evidence: cottier2024rising
    Limits: prices differ by a factor of three between countries.
    """
    return energy * electricity_price


def staff_count(*, nodes: Array, staff_base: Array, nodes_per_technician: Array) -> Array:
    """Return the staff who run the training and maintain its sites [1].

    Parameters
    ----------
    nodes
        Sites [1].
    staff_base
        Staff independent of the number of sites [1].
    nodes_per_technician
        Sites per technician [1].

    Notes
    -----
    Equation: base + N / sites per technician
    Assumption: every node is a site of its own.
    Evidence: farflung2026
    Limits: a prior.
    """
    return staff_base + nodes / nodes_per_technician


def yearly_cost(*, count: Array, price_per_year: Array, duration: Array) -> Array:
    """Return the cost, over the run, of items priced per year [USD].

    Parameters
    ----------
    count
        Items (links, nodes) [1].
    price_per_year
        Price per item and year [USD/year].
    duration
        Length of the run [s].

    Notes
    -----
    Equation: n · price · T
    Assumption: paid for the duration of the run only.
    Evidence: farflung2026
    Limits: none.
    """
    return count * price_per_year * duration / SECONDS_PER_YEAR


def run_cost(*, energy_cost: Array, bandwidth_cost: Array, staff_cost: Array) -> Array:
    """Return the running cost, without hardware [USD].

    Parameters
    ----------
    energy_cost, bandwidth_cost, staff_cost
        The three parts [USD].

    Notes
    -----
    Equation: energy + bandwidth + staff
    Assumption: no rent, insurance or repair.
    Evidence: farflung2026
    Limits: none.
    """
    return energy_cost + bandwidth_cost + staff_cost


def total_cost(*, capital_cost: Array, run_cost: Array) -> Array:
    """Return capital and running cost together [USD].

    Parameters
    ----------
    capital_cost, run_cost
        The two parts [USD].

    Notes
    -----
    Equation: capital + run
    Assumption: no discounting, no resale.
    Evidence: farflung2026
    Limits: runs of a few years.
    """
    return capital_cost + run_cost
