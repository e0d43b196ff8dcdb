"""Experiments with faults: a fault is data, a run is judged, a campaign is many runs."""
