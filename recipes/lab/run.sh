#!/bin/bash
# Trains the lab's projectors, or asks them the test's questions; what is finished is left alone, so it may be stopped and started again.
#   LAB=… recipes/lab/run.sh train|test|time SEED [TYPE…]
# LAB is the folder that make_lab.py filled; PYTHON and BEAGLE say how to call the two, from the root of the repository.
set -euo pipefail
what=$1 seed=$2
shift 2
: "${PYTHON:=python}" "${BEAGLE:=node_modules/.bin/tsx src/cli/main.ts}" "${STEPS:=400}"
here=$(dirname "$(realpath "$0")")
mkdir -p "$LAB/start" "$LAB/trained" "$LAB/log"

# The highest learning rate, found by trials in PyTorch on scenes of split 1.
rate() {
  case $1 in
  c-abs-*) echo 8e-3 ;;
  d-abs-*) echo 5e-4 ;;
  resampler-*) echo 1e-3 ;;
  *) echo 3e-3 ;;
  esac
}

train() { # TYPE STEPS OUT LOG
  local start="$LAB/start/$1-$seed.safetensors"
  "$PYTHON" "$here/start.py" "$1" "$seed" "$start"
  $BEAGLE teach --data "$LAB/train.jsonl" --features "$LAB/features" --projector "$start" --out "$3" --seed "$seed" \
    --steps "$2" --batch-size 7 --learning-rate "$(rate "$1")" --min-learning-rate 1e-5 --warmup 20 \
    --weight-decay 0.01 --betas 0.9,0.98 --eps 1e-6 --clip 1 --eval-fraction 0 --eval-every 0 --save-every 1000 --json >"$4"
}

for type in "${@:-c-abs-16 d-abs-16 resampler-16 c-abs-36 linear mlp}"; do
  for type in $type; do
    out="$LAB/trained/$type-$seed.safetensors" log="$LAB/log/$type-$seed"
    case $what in
    train)
      grep -qs '"reason":"finished"' "$log.train" && continue
      train "$type" "$STEPS" "$out" "$log.train"
      ;;
    test)
      grep -qs '"seconds"' "$log.test" && continue
      [ "$type" = base ] && projector=() || projector=(--projector "$out")
      $BEAGLE evaluate --data "$LAB/test.jsonl" "${projector[@]}" --json >"$log.test"
      ;;
    time) train "$type" 25 "$LAB/timed.safetensors" "$log.time" ;;
    esac
    echo "$(date +%T) $what $type $seed"
  done
done
