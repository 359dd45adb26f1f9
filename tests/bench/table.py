#!/usr/bin/env python3
"""Medians and ratios from the JSON lines of against_peers.sh."""
import json
import statistics
import sys

lines = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8") if line.strip()]
ours, theirs = {}, {}
for line in lines:
    if "figures" in line:
        for name, figure in line["figures"].items():
            ours.setdefault(name, []).append(figure["value"])
    else:
        for key, value in line.items():
            if key != "what":
                theirs.setdefault((line["what"], key), []).append(value)
m = statistics.median


def peer(what, key):
    return m(theirs[(what, key)]) if (what, key) in theirs else None


def best(what, key="tokensPerSecond"):
    return max(filter(None, [peer(what, key), peer(what + ", sorted by length", key)]), default=None)


table = [
    ("LoRA training, tokens/s", "train.tokensPerSecond", best("TRL + PEFT"), "best of TRL + PEFT"),
    ("LoRA, peak memory, GB", "train.peakBytes", peer("TRL + PEFT", "peakBytes"), "TRL + PEFT"),
    ("LoRA with full checkpointing, tokens/s", "train.checkpointed.tokensPerSecond", best("TRL + PEFT, checkpointing"), "best of TRL + PEFT, checkpointing"),
    ("the same, peak memory, GB", "train.checkpointed.peakBytes", peer("TRL + PEFT, checkpointing", "peakBytes"), "TRL + PEFT, checkpointing"),
    ("full fine-tuning, tokens/s", "train.full.tokensPerSecond", best("TRL, full"), "best of TRL"),
    ("the same, peak memory, GB", "train.full.peakBytes", peer("TRL, full", "peakBytes"), "TRL"),
    ("start to the end of the first step, s", "train.firstStepSeconds", (peer("TRL + PEFT", "setUpSeconds") or 0) + (peer("TRL + PEFT", "firstStepSeconds") or 0), "TRL + PEFT"),
    ("decoding, one column, tokens/s", "decode.one", peer("transformers", "decodeTokensPerSecond"), "transformers, fp32"),
    ("decoding, one column, tokens/s", "decode.one", peer("llama.cpp", "decodeTokensPerSecond"), "llama.cpp, the same file"),
    ("prefill of 2,048, tokens/s", "prefill.tokensPerSecond", peer("transformers", "prefillTokensPerSecond"), "transformers, fp32"),
    ("tokenising, MB/s", "tokenize.bytesPerSecond", peer("Hugging Face tokenizers", "bytesPerSecond"), "tokenizers, one thread"),
]
print("| what | Fettle | rival | ratio | rival is |\n| --- | ---: | ---: | ---: | --- |")
for label, key, rival, name in table:
    if key not in ours or not rival:
        continue
    scale = 1e-9 if "GB" in label else 1e-6 if "MB" in label else 1
    print(f"| {label} | {m(ours[key]) * scale:.4g} | {rival * scale:.4g} | {m(ours[key]) / rival:.2f} | {name} |")
