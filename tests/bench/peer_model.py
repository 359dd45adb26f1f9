#!/usr/bin/env python3
"""Unpacks a GGUF file of the Llama family to an fp32 Hugging Face folder. Usage: peer_model.py FOLDER FILE.gguf TARGET"""
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

folder, name, target = sys.argv[1:4]
loaded = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
known = loaded.config.to_dict()
keys = ["vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "max_position_embeddings",
        "rms_norm_eps", "tie_word_embeddings", "bos_token_id", "eos_token_id", "rope_parameters"]
model = LlamaForCausalLM(LlamaConfig(**{key: known[key] for key in keys if key in known}))
model.load_state_dict(loaded.state_dict(), strict=False)
model.tie_weights()
model.save_pretrained(target)
AutoTokenizer.from_pretrained(folder, gguf_file=name).save_pretrained(target)
