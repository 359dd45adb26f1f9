#!/usr/bin/env python3
"""The rival: greedy decoding with transformers in fp32. Prints one JSON line. Usage: peer_decode.py MODEL_FOLDER TOKENS"""
import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder, count = sys.argv[1], int(sys.argv[2])
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
prompt = tokenizer.apply_chat_template([{"role": "user", "content": "Tell me a long story about a lighthouse."}], add_generation_prompt=True,
                                       return_tensors="pt", return_dict=True)
with torch.inference_mode():
    model.generate(**prompt, max_new_tokens=4, do_sample=False)
    start = time.time()
    model.generate(**prompt, max_new_tokens=1, do_sample=False)
    first = time.time() - start
    start = time.time()
    out = model.generate(**prompt, max_new_tokens=count, min_new_tokens=count, do_sample=False)
    seconds = time.time() - start - first
    long = torch.randint(100, 40000, (1, 2048))
    start = time.time()
    model(long, logits_to_keep=1)
    prefill = 2048 / (time.time() - start)
print(json.dumps({"what": "transformers", "decodeTokensPerSecond": (count - 1) / seconds, "prefillTokensPerSecond": prefill}))
