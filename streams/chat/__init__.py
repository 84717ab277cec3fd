"""Rooms where people talk, and the models that answer there."""
