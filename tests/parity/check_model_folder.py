"""Loads two model folders with transformers and compares the logits of the second.

usage: check_model_folder.py BASE TRAINED EXPECTED.safetensors   (ids int32 [N], logits fp32 [N, V]); exit code 0 when equal
"""
import sys

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

base_folder, trained_folder, expected_file = sys.argv[1:4]
expected = load_file(expected_file)
with torch.no_grad():
    base, logits = (AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()(expected["ids"].long()[None]).logits[0]
                    for folder in (base_folder, trained_folder))
difference = (logits - expected["logits"]).abs().max().item()
effect = (base - expected["logits"]).abs().max().item()
print(f"largest difference {difference:.2e}, effect of the training {effect:.2e}")
sys.exit(0 if difference < 1e-4 and effect > 1e-2 else 1)
