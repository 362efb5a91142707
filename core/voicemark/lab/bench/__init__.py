"""Measurements of the program on the machine that it runs on: `python -m voicemark.lab.bench`."""
