#!/usr/bin/env python3
"""check_gguf.py FOLDER: GGUF files that Fettle wrote, loaded and run by llama.cpp (llama-cpp-python).

FOLDER holds case.json {"files": [names], "prompts": [{"text", "ids", "greedy": {name: ids}}], "chat": {"messages", "text"}, "lora": {"base", "adapter", "merged"}}.
Prints one JSON object: per file how many greedy tokens are those of Fettle, whether tokens and chat text agree, and per quantised file how many tensors
have the bytes that llama-quantize makes of model.F32.gguf.
"""
import ctypes
import json
import pathlib
import sys

import llama_cpp
from gguf import GGUFReader

folder = pathlib.Path(sys.argv[1])
case = json.loads((folder / "case.json").read_text())
report = {"greedy": {}, "tokens": True, "chat": None, "bytes": {}, "lora": None}


def load(name, **more):
    # Keys and values in F32 (ggml type 0), as ours are; llama.cpp rounds them to F16 otherwise.
    return llama_cpp.Llama(str(folder / name), n_ctx=512, n_threads=2, verbose=False, type_k=0, type_v=0, **more)


def greedy(model, ids, count):
    out = []
    for token in model.generate(ids, temp=0.0, top_k=1, reset=True):
        out.append(int(token))
        if len(out) == count or token == model.token_eos():
            break
    return out


def common(a, b):
    same = 0
    while same < min(len(a), len(b)) and a[same] == b[same]:
        same += 1
    return same


for name in case["files"]:
    model = load(name)
    same = total = 0
    for prompt in case["prompts"]:
        ids = model.tokenize(prompt["text"].encode(), add_bos=False, special=True)
        report["tokens"] = report["tokens"] and ids == prompt["ids"]
        ours = prompt["greedy"][name]
        same += common(ours, greedy(model, prompt["ids"], len(ours)))
        total += len(ours)
    report["greedy"][name] = [same, total]
    if report["chat"] is None:
        made = llama_cpp.llama_chat_format.Jinja2ChatFormatter(template=model.metadata["tokenizer.chat_template"], eos_token="<|im_end|>", bos_token="<|im_start|>")
        report["chat"] = made(messages=case["chat"]["messages"]).prompt == case["chat"]["text"]
    model.close()

if case.get("lora"):
    model = load(case["lora"]["base"], lora_path=str(folder / case["lora"]["adapter"]))
    same = total = 0
    for prompt in case["prompts"]:
        ours = prompt["greedy"][case["lora"]["merged"]]
        same += common(ours, greedy(model, prompt["ids"], len(ours)))
        total += len(ours)
    report["lora"] = [same, total]
    model.close()

FTYPES = {"Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q5_0": 8, "Q5_1": 9, "Q4_K_M": 15, "Q6_K": 18, "F16": 1, "BF16": 32}
for name in case["quantised"]:
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = FTYPES[name.split(".")[-2]]
    params.nthread = 2
    made = folder / ("reference." + name)
    if llama_cpp.llama_model_quantize(str(folder / "model.F32.gguf").encode(), str(made).encode(), ctypes.byref(params)) != 0:
        sys.exit("llama_model_quantize failed for " + name)
    ours = {tensor.name: tensor for tensor in GGUFReader(folder / name).tensors}
    theirs = {tensor.name: tensor for tensor in GGUFReader(made).tensors}
    different = [key for key in theirs if key not in ours or ours[key].tensor_type != theirs[key].tensor_type or ours[key].data.tobytes() != theirs[key].data.tobytes()]
    report["bytes"][name] = [len(theirs) - len(different), len(theirs), different[:3]]
    made.unlink()

print(json.dumps(report))
