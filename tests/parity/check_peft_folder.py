"""Loads model folders and adapter folders with transformers and PEFT and compares logits.

Each line of standard input: MODEL, ADAPTER, EXPECTED.safetensors (ids int32 [N], logits fp32 [N, V]); see answercases.py.
"""
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from answercases import answer_cases


def compare(model_folder, adapter_folder, expected_file):
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
    return difference < 1e-4 and effect > 1e-2, f"{len(loaded)} adapter tensors, largest difference {difference:.2e}, effect of the adapter {effect:.2e}"


answer_cases(compare)
