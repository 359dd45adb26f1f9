#!/usr/bin/env python3
"""The rival: greedy decoding with llama.cpp through its Python binding. Prints one JSON line. Usage: peer_llama.py FILE.gguf TOKENS"""
import json
import os
import sys
import time

import llama_cpp
import numpy

file, count = sys.argv[1], int(sys.argv[2])
model = llama_cpp.Llama(file, n_ctx=1024, n_threads=os.cpu_count(), n_threads_batch=os.cpu_count(), verbose=False)
prompt = model.tokenize(b"Tell me a long story about a lighthouse.", special=True)


def decode(tokens):
    """Tokens a second, the prompt left out."""
    model.reset()
    model.eval(prompt)
    start = time.perf_counter()
    for _ in range(tokens):
        logits = numpy.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(model.ctx, -1), shape=(model.n_vocab(),))
        model.eval([int(logits.argmax())])
    return tokens / (time.perf_counter() - start)


decode(8)
print(json.dumps({"what": "llama.cpp", "decodeTokensPerSecond": max(decode(count) for _ in range(3))}))
