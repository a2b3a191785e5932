"""Calibration: the model fitted to what was measured or simulated, and judged on what it has not seen.

``points`` holds what was measured, ``forms`` the laws that compete, ``fit`` the likelihood and the
posterior, ``held_out`` the contest, ``publish`` what the catalog gets from it, ``scaling_law`` the refit;
``slowest`` measures stragglers in the event engine, ``stragglers`` has their forms and their contest.
"""
