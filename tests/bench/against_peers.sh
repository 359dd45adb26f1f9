#!/usr/bin/env bash
# Fettle against its rivals on this machine, in alternating runs of one script; prints a table of medians and ratios.
#   tests/bench/against_peers.sh [ROWS.json|ROWS.jsonl]     rows with instruction, input, output (or response)
# The rivals are installed into build/peers, a throw-away environment (some 2 GB). Runs take about an hour on two cores.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/tests/bench
peers=$root/build/peers
work=$root/build/bench; mkdir -p "$work"
rounds=${ROUNDS:-3} steps=${STEPS:-6}
python=${FETTLE_PEERS_PYTHON:-$peers/bin/python}
if ! "$python" -c 'import trl, peft, transformers' 2>/dev/null; then
  python3 -m venv "$peers"
  "$peers/bin/pip" install -q torch==2.13.0
  "$peers/bin/pip" install -q transformers==5.23.0 peft==0.21.2 trl==1.16.0 tokenizers gguf
  python=$peers/bin/python
fi
# llama.cpp is compiled for this machine, a quarter of an hour; without it its row is left out.
"$python" -c 'import llama_cpp' 2>/dev/null || CMAKE_ARGS=-DGGML_NATIVE=ON "$python" -m pip install -q llama-cpp-python || true
fettle=$root/build/fettle
[ -x "$fettle" ] || { echo "Build first: app/run.sh doctor" >&2; exit 3; }

# The same rows for everyone: the first 512 that hold a question and an answer.
rows=$work/rows.jsonl
"$python" - "${1:-$root/datasets/hollybrook/hollybrook.jsonl}" "$rows" <<'PY'
import json, sys
text = open(sys.argv[1], encoding="utf-8").read()
source = json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in text.splitlines() if line.strip()]
rows = [{"instruction": r["instruction"], "input": r.get("input", ""), "output": r.get("output") or r.get("response", "")} for r in source]
rows = [r for r in rows if r["output"].strip()][:512]
open(sys.argv[2], "w", encoding="utf-8").write("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows))
open(sys.argv[2] + ".txt", "w", encoding="utf-8").write("\n".join(r["instruction"] + "\n" + r["output"] for r in rows))
PY
# The same weights for everyone: the default model unpacked to fp32, as a Hugging Face folder written from the GGUF by transformers.
model=$work/model gguf=$root/build/env/models/SmolLM2-135M-Instruct.Q4_1.gguf
[ -e "$model/model.safetensors" ] || "$python" "$here/peer_model.py" "${gguf%/*}" "${gguf##*/}" "$model"

out=$work/figures.jsonl; : > "$out"; : > "$work/peers.log" # what the rivals say of themselves
for round in $(seq "$rounds"); do
  echo "round $round of $rounds" >&2
  rm -rf "$work/adapter"
  peer_train() { HF_HUB_OFFLINE=1 "$python" "$here/peer_train.py" "$model" "$rows" 512 "$steps" "$@" 2>> "$work/peers.log" | tail -n 1 >> "$out"; }
  "$fettle" bench train --data "$rows" --steps "$steps" --json >> "$out"
  peer_train
  peer_train --sorted
  "$fettle" bench train --checkpointing full --data "$rows" --steps "$steps" --json >> "$out"
  peer_train --checkpointing
  peer_train --checkpointing --sorted
  "$fettle" bench train --method full --model "$model" --data "$rows" --steps "$steps" --json >> "$out"
  peer_train --full
  peer_train --full --sorted
  "$fettle" bench decode --json >> "$out"
  "$fettle" bench prefill --json >> "$out"
  "$python" "$here/peer_decode.py" "$model" 128 2>> "$work/peers.log" | tail -n 1 >> "$out"
  { "$python" "$here/peer_llama.py" "$gguf" 128 2>> "$work/peers.log" || true; } | tail -n 1 >> "$out"
  "$fettle" bench tokenize --data "$rows.txt" --json >> "$out"
  "$python" "$here/peer_tokenize.py" "$model" "$rows.txt" 2>> "$work/peers.log" | tail -n 1 >> "$out"
done
"$python" "$here/table.py" "$out"
