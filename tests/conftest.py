"""How Hypothesis runs in every test: a machine that is busy or stalls for a while is no finding."""

from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
