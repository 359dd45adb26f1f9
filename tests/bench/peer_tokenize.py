#!/usr/bin/env python3
"""The rival: Hugging Face tokenizers on one thread. Prints one JSON line. Usage: peer_tokenize.py MODEL_FOLDER TEXT_FILE"""
import json
import os
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
from tokenizers import Tokenizer  # noqa: E402

tokenizer = Tokenizer.from_file(sys.argv[1] + "/tokenizer.json")
text = open(sys.argv[2], encoding="utf-8").read()
lines = text.split("\n")
best = 0.0
for _ in range(5):
    start = time.time()
    tokens = sum(len(tokenizer.encode(line, add_special_tokens=False).ids) for line in lines)
    best = max(best, len(text.encode()) / (time.time() - start))
print(json.dumps({"what": "Hugging Face tokenizers", "bytesPerSecond": best, "tokens": tokens}))
