"""The host: kernels are launched one after another, and a chip that is done sooner waits."""

from __future__ import annotations

from farflung.base.arrays import Array, Namespace, array_function, power, where


@array_function
def launch_time(
    xp: Namespace,
    *,
    kernels: Array,
    kernel_launch_time: Array,
    tensor_parallelism: Array,
    socket_size: Array,
    socket_delay: Array,
) -> Array:
    """Return the time the host takes to launch the kernels of a pass [s].

    Parameters
    ----------
    kernels
        Kernels of the pass [1].
    kernel_launch_time
        Time of the host for each, its framework's share included [s].
    tensor_parallelism
        Chips that run the layer together and wait for the slowest host process [1].
    socket_size
        Chips served by one socket of the host [1].
    socket_delay
        Excess when they span sockets [1].

    Notes
    -----
    Equation: t = k τ (1 + x [t > socket])
    Assumption: one host process a chip.
    Evidence: bang2023vtrain
    Limits: captured graphs launch without the host.
    """
    return kernels * kernel_launch_time * where(xp, tensor_parallelism > socket_size, 1.0 + socket_delay, 1.0)


@array_function
def overlapped_time(xp: Namespace, *, chip_time: Array, host_time: Array, sharpness: Array) -> Array:
    """Return the time of a pass of which chip and host do their parts side by side [s].

    Parameters
    ----------
    chip_time
        Time of the chip alone [s].
    host_time
        Time of the host alone [s].
    sharpness
        How sharply the longer of the two rules; infinite is the maximum [1].

    Notes
    -----
    Equation: t = (t_chip^n + t_host^n)^(1/n)
    Assumption: passes vary a little, so that neither hides wholly where both are alike.
    Evidence: bang2023vtrain
    Limits: none beyond those of the two times.
    """
    longer = xp.maximum(chip_time, host_time)
    ratio = xp.minimum(chip_time, host_time) / longer
    return longer * power(xp, 1.0 + ratio**sharpness, 1.0 / sharpness)
