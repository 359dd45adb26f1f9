#!/usr/bin/env python3
"""check_bundle.py BUNDLE: a hand-over bundle that Fettle wrote, really used by the others.

Runs its train_trl.py under accelerate and compares what it prints: the held-out loss before training and the loss of the first step must be those that
Fettle measured. Where axolotl or llamafactory are installed, every key of their configurations must be one that they know, with a value that they take.
"""
import dataclasses
import os
import pathlib
import re
import subprocess
import sys

import yaml

bundle = pathlib.Path(sys.argv[1])
run = subprocess.run([sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "1", "train_trl.py"], cwd=bundle, capture_output=True, text=True)
if run.returncode != 0:
    sys.exit(run.stdout[-2000:] + run.stderr[-4000:])
pairs = {name.strip(): (float(here), float(fettle)) for name, here, fettle in re.findall(r"^(held out before training|step \d+): (?:loss )?([\d.]+) here, ([\d.]+) in Fettle$", run.stdout, re.M)}
print(pairs)
for name in ("held out before training", "step 1"):
    here, fettle = pairs[name]
    if abs(here - fettle) > 1e-3 * max(1.0, fettle):
        sys.exit(f"{name}: {here} and {fettle}")

axolotl = yaml.safe_load((bundle / "axolotl.yaml").read_text())
try:
    from axolotl.utils.schemas.config import AxolotlInputConfig
except ImportError as missing:
    print("axolotl:", missing)
else:
    unknown = [key for key in axolotl if key not in AxolotlInputConfig.model_fields]
    if unknown:
        sys.exit(f"axolotl does not know {unknown}")
    AxolotlInputConfig(**axolotl)
    print("axolotl takes", len(axolotl), "keys")

os.environ.setdefault("DISABLE_VERSION_CHECK", "1")  # it names a narrow range of transformers
factory = yaml.safe_load((bundle / "llamafactory.yaml").read_text())
try:
    from llamafactory.hparams.data_args import DataArguments
    from llamafactory.hparams.finetuning_args import FinetuningArguments
    from llamafactory.hparams.model_args import ModelArguments
except ImportError as missing:
    print("llamafactory:", missing)
else:
    from transformers import HfArgumentParser, TrainingArguments

    classes = (ModelArguments, DataArguments, FinetuningArguments, TrainingArguments)
    known = {field.name for each in classes for field in dataclasses.fields(each)}
    unknown = [key for key in factory if key not in known]
    if unknown:
        sys.exit(f"llamafactory does not know {unknown}")
    HfArgumentParser(classes).parse_dict({**factory, "use_cpu": True})
    print("llamafactory takes", len(factory), "keys")
