"""Loads model folders and adapter folders with transformers and AdapterHub's adapters and compares logits.

Each line of standard input: MODEL, ADAPTER, EXPECTED.safetensors (ids int32 [N], logits fp32 [N, V]); see answercases.py.
"""
from pathlib import Path

import adapters
import torch
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM

from answercases import answer_cases


def compare(model_folder, adapter_folder, expected_file):
    expected = load_file(expected_file)
    config = AutoConfig.from_pretrained(model_folder)
    for key, value in (getattr(config, "rope_parameters", None) or {}).items():  # as transformers 5 writes them: version 4 looks elsewhere
        setattr(config, key, value)
    model = AutoModelForCausalLM.from_pretrained(model_folder, config=config, dtype=torch.float32)
    has_hooks = (Path(adapter_folder) / "adapter_interface.json").exists()
    adapters.init(model, interface=adapters.AdapterModelInterface._load(adapter_folder) if has_hooks else None)
    with torch.no_grad():
        base = model(expected["ids"].long()[None]).logits[0]
    name = model.load_adapter(adapter_folder, use_safetensors=True)
    model.set_active_adapters(name)
    model.eval()
    with torch.no_grad():
        logits = model(expected["ids"].long()[None]).logits[0]
    difference = (logits - expected["logits"]).abs().max().item()
    effect = (base - expected["logits"]).abs().max().item()
    return difference < 1e-4 and effect > 1e-2, f"largest difference {difference:.2e}, effect of the adapter {effect:.2e}"


answer_cases(compare)
