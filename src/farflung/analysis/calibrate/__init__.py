"""Calibration: the model fitted to what was measured or simulated, and judged on held-out data.

``points`` holds what was measured, ``forms`` the laws that compete, ``fit`` the likelihood and the posterior,
``cross_validation`` their held-out errors, ``publish`` what the catalog gets from them; ``scaling_law`` and
``compression`` are smaller fits, judged in ``held_out``; ``straggler_runs`` measures stragglers in the event
engine, and ``stragglers`` fits forms to them.
"""
