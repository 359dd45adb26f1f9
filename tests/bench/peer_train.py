#!/usr/bin/env python3
"""The rival: LoRA with TRL and PEFT, or full fine-tuning with TRL, on the rows that Fettle trains on. Prints one JSON line.

Usage: peer_train.py MODEL_FOLDER ROWS.jsonl MAX_LENGTH STEPS [--sorted] [--full] [--checkpointing]
"""
import json
import resource
import sys
import tempfile
import time

START = time.time()
import torch  # noqa: E402
from datasets import Dataset  # noqa: E402
from peft import LoraConfig  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback  # noqa: E402
from trl import SFTConfig, SFTTrainer  # noqa: E402

folder, rows_file, max_length, steps = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
is_sorted, is_full, is_checkpointed = ("--" + name in sys.argv for name in ("sorted", "full", "checkpointing"))
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
rows = [json.loads(line) for line in open(rows_file, encoding="utf-8")]


def pair(row):
    question = row["instruction"] + ("\n" + row["input"] if row.get("input") else "")
    return {"prompt": [{"role": "user", "content": question}], "completion": [{"role": "assistant", "content": row["output"]}]}


class Clock(TrainerCallback):
    def __init__(self):
        self.ends = []

    def on_step_begin(self, args, state, control, **kwargs):
        if not self.ends:
            self.ends.append(time.time())

    def on_step_end(self, args, state, control, **kwargs):
        self.ends.append(time.time())


def length(row):
    entry = pair(row)
    ids = tokenizer.apply_chat_template(entry["prompt"] + entry["completion"], tokenize=True, return_dict=False)
    return min(len(ids), max_length)


lengths = [length(row) for row in rows]
if is_sorted:
    order = sorted(range(len(rows)), key=lambda i: -lengths[i])
    rows, lengths = [rows[i] for i in order], [lengths[i] for i in order]
config = SFTConfig(output_dir=tempfile.mkdtemp(), max_length=max_length, per_device_train_batch_size=8, max_steps=steps, learning_rate=2e-4, logging_steps=1,
                   gradient_checkpointing=is_checkpointed, bf16=False, report_to=[], save_strategy="no", use_cpu=True, seed=42, data_seed=42, shuffle_dataset=False,
                   dataloader_num_workers=0)
clock = Clock()
trainer = SFTTrainer(model=model, args=config, train_dataset=Dataset.from_list([pair(row) for row in rows]), processing_class=tokenizer, callbacks=[clock],
                     peft_config=None if is_full else LoraConfig(r=16, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM"))
if is_sorted:
    trainer._get_train_sampler = lambda *a, **k: torch.utils.data.SequentialSampler(trainer.train_dataset)
trainer.train()
durations = [b - a for a, b in zip(clock.ends, clock.ends[1:])]
# Real tokens: the trainer counts those the attention mask shows.
tokens = trainer.state.num_input_tokens_seen or sum(lengths[: 8 * steps])
first_left_out = durations[1:] or durations
print(json.dumps({"what": ("TRL, full" if is_full else "TRL + PEFT") + (", checkpointing" if is_checkpointed else "") + (", sorted by length" if is_sorted else ""), "steps": len(durations),
                  "tokensPerSecond": tokens * len(first_left_out) / len(durations) / sum(first_left_out), "firstStepSeconds": durations[0],
                  "setUpSeconds": clock.ends[0] - START, "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
