#!/bin/bash
# Trains the lite network, the person detector and the paper's table on one GPU with some processors, at once.
#
#   bash densepose/weights/make.sh PHOTOGRAPHS OUTLINES HELD_OUT OUT SECONDS
#
# PHOTOGRAPHS, OUTLINES, HELD_OUT: folders with annotations.json and images/ of COCO: pictures without people, people to
# learn from, people to measure on. Whatever happens, it ends within SECONDS or little more; 600 are the least that is
# worth while. OUT must be new: how much is drawn depends on the clock. DEVICE=cpu rehearses it; PYTHON says which interpreter.
set -u
PHOTOGRAPHS=$1 OUTLINES=$2 HELD_OUT=$3 OUT=$4 SECONDS_IN_ALL=$5
PYTHON=${PYTHON:-python} DEVICE=${DEVICE:-cuda} CORES=$(nproc)
FIRST=${FIRST:-1200} MORE=${MORE:-500} TABLE_STEPS=${TABLE_STEPS:-1500} BATCH=${BATCH:-96}
export OMP_NUM_THREADS=1 PYTHONUNBUFFERED=1 PYTHONPATH=${PYTHONPATH:-}:$PWD
BEGAN=$(date +%s)
mkdir -p "$OUT/log"

spent() { echo $(($(date +%s) - BEGAN)); }
tell() { echo "[$(spent) s] $*" | tee -a "$OUT/log/steps"; }
minutes_left() { # ... but for so many seconds
    awk "BEGIN { left = ($SECONDS_IN_ALL - $(spent) - $1) / 60; print (left > 0.1 ? left : 0.1) }"
}

seconds_left() {
    echo $((SECONDS_IN_ALL > $(spent) ? SECONDS_IN_ALL - $(spent) : 1))
}

scenes() { # processes, count, seed, folder
    nice timeout "$(seconds_left)" "$PYTHON" -m rendering.scenes --size 320x320 --truth --backgrounds "$PHOTOGRAPHS/images" \
        --processes "$1" --count "$2" --seed "$3" --out "$4" >"$OUT/log/scenes-$3" 2>&1
    tell "scenes of seed $3: $?"
}

table() { # seed, rows...
    local seed=$1
    shift
    timeout "$(seconds_left)" "$PYTHON" -m benchmarks.paper_table --data "$OUT/scenes-0" --held-out "$HELD_OUT" --out "$OUT/table" --seeds "$seed" \
        --steps "$TABLE_STEPS" --batch 32 --crop 128 --device "$DEVICE" --on-device --train-only --rows "$@" \
        >"$OUT/log/table-$seed-$1" 2>&1
    tell "table, seed $seed, $*: $?"
}

lite() { # folder, weights to begin with, minutes, scenes...
    local folder=$1 weights=$2 minutes=$3
    shift 3
    # Few people are outlined: each comes eight times.
    "$PYTHON" -m densepose train --weights "$weights" --data "$@" $(printf "$OUTLINES %.0s" 1 2 3 4 5 6 7 8) --out "$folder" \
        --crop 256 --batch "$BATCH" --points 256 --rate 6e-4 --minutes "$minutes" --workers 6 --kept-gb 12 \
        --on-device --scenery "$PHOTOGRAPHS/images" --device "$DEVICE" >"$OUT/log/$(basename "$folder")" 2>&1
    tell "$folder: $?"
}

scenes $((CORES > 2 ? CORES - 2 : CORES)) "$FIRST" 1000000 "$OUT/scenes-0"
others=()
for seed in 0 1 2; do
    table $seed fcn sparse & others+=($!)
    table $seed distilled cascade & others+=($!)
done
lite "$OUT/first" densepose/weights/lite.safetensors "$(awk "BEGIN { print $SECONDS_IN_ALL / 260 }")" "$OUT/scenes-0" &
first=$!
# Meanwhile, on the processors that are left, more scenes.
drawn=("$OUT/scenes-0")
while [ "$(spent)" -lt $((SECONDS_IN_ALL * 36 / 100)) ]; do
    folder=$OUT/scenes-${#drawn[@]}
    scenes $((CORES > 4 ? CORES / 2 - 1 : 1)) "$MORE" $((1000000 + 10000 * ${#drawn[@]})) "$folder"
    drawn+=("$folder")
done
"$PYTHON" -m densepose train --preset detector --weights densepose/weights/detector.safetensors \
    --data "$OUTLINES" "$PHOTOGRAPHS" "${drawn[@]}" --held-out "$HELD_OUT" --out "$OUT/detector" \
    --sides ${SIDES:-256 320 384 448 512} --batch 16 --minutes "$(minutes_left 40)" --workers $((CORES > 8 ? 6 : 1)) \
    --device "$DEVICE" >"$OUT/log/detector" 2>&1 &
others+=($!)
wait $first
lite "$OUT/lite" "$OUT/first/model.safetensors" "$(minutes_left 75)" "${drawn[@]}"
wait "${others[@]}"
tell "done"
