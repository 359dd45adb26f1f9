"""Loads a model folder and an adapter folder with transformers and PEFT and compares logits.

usage: check_peft_folder.py MODEL ADAPTER EXPECTED.safetensors   (ids int32 [N], logits fp32 [N, V]); exit code 0 when equal
"""
import sys

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

model_folder, adapter_folder, expected_file = sys.argv[1:4]
expected = load_file(expected_file)
model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
model = PeftModel.from_pretrained(model, adapter_folder).eval()
loaded = {name for name, _ in model.named_parameters() if any(part in name for part in ("lora_", "ia3_", "prompt_encoder"))}
with torch.no_grad():
    logits = model(expected["ids"].long()[None]).logits[0][-len(expected["ids"]):]
    with model.disable_adapter():
        base = model(expected["ids"].long()[None]).logits[0]
difference = (logits - expected["logits"]).abs().max().item()
effect = (base - expected["logits"]).abs().max().item()
print(f"{len(loaded)} adapter tensors, largest difference {difference:.2e}, effect of the adapter {effect:.2e}")
sys.exit(0 if difference < 1e-4 and effect > 1e-2 else 1)
