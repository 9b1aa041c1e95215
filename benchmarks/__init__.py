"""Measurements: what a claim about speed rests on."""
