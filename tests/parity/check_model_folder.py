"""Loads pairs of model folders with transformers and compares the logits of the second.

Each line of standard input: BASE, TRAINED, EXPECTED.safetensors (ids int32 [N], logits fp32 [N, V]); see answercases.py.
"""
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from answercases import answer_cases


def compare(base_folder, trained_folder, expected_file):
    expected = load_file(expected_file)
    with torch.no_grad():
        base, logits = (AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()(expected["ids"].long()[None]).logits[0]
                        for folder in (base_folder, trained_folder))
    difference = (logits - expected["logits"]).abs().max().item()
    effect = (base - expected["logits"]).abs().max().item()
    return difference < 1e-4 and effect > 1e-2, f"largest difference {difference:.2e}, effect of the training {effect:.2e}"


answer_cases(compare)
