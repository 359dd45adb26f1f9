"""Reads an event file as TensorBoard does and compares every value with the table of the same run.

usage: check_events.py EVENTS TABLE.csv   (the two files that the Runs page writes); exit code 0 when equal
Needs: pip install tensorboard
"""
import csv
import math
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

COLUMNS = {"train/loss": "loss", "train/token_accuracy": "token_accuracy", "train/learning_rate": "learning_rate", "train/gradient_norm": "gradient_norm",
           "train/epoch": "epoch", "speed/tokens_per_second": "tokens_per_second", "memory/peak_bytes": "peak_bytes", "held_out/loss": "held_out_loss"}

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
events.Reload()
with open(sys.argv[2], newline="") as table:
    rows = list(csv.DictReader(table))
compared = 0
for tag, column in COLUMNS.items():
    expected = {int(row["step"]): float(row[column]) for row in rows if row[column] != ""}
    if not expected:
        continue
    found = {event.step: event.value for event in events.Scalars(tag)}
    if found.keys() != expected.keys():
        sys.exit(f"{tag}: steps {sorted(found)[:5]} ... instead of {sorted(expected)[:5]} ...")
    for step, value in expected.items():
        if not math.isclose(found[step], value, rel_tol=1e-5, abs_tol=1e-9):
            sys.exit(f"{tag} at step {step}: {found[step]} instead of {value}")
        compared += 1
print(f"{compared} values of {len(rows)} steps are equal")
