"""Loads a model folder and an adapter folder with transformers and AdapterHub's adapters and compares logits.

usage: check_adapterhub_folder.py MODEL ADAPTER EXPECTED.safetensors   (ids int32 [N], logits fp32 [N, V]); exit code 0 when equal
"""
import sys

import adapters
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

model_folder, adapter_folder, expected_file = sys.argv[1:4]
expected = load_file(expected_file)
model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
adapters.init(model)
with torch.no_grad():
    base = model(expected["ids"].long()[None]).logits[0]
name = model.load_adapter(adapter_folder, use_safetensors=True)
model.set_active_adapters(name)
model.eval()
with torch.no_grad():
    logits = model(expected["ids"].long()[None]).logits[0]
difference = (logits - expected["logits"]).abs().max().item()
effect = (base - expected["logits"]).abs().max().item()
print(f"largest difference {difference:.2e}, effect of the adapter {effect:.2e}")
sys.exit(0 if difference < 1e-4 and effect > 1e-2 else 1)
