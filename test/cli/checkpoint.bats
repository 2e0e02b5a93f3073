# Trainings that are killed go on bit by bit from MODEL.checkpoint.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    head -n 4000 "$DATA/train.txt" >long # 42927 words: four saves an epoch
}

setup() {
    in_own_folder
}

# usual OPTIONS...: what is not among the options; classes for outputs that have some.
usual() {
    [[ "$*" == *"-output "* ]] || defaults "-class 20" "$@"
    defaults "-anti-kasparek 10000" "$@"
}

learn() { # MODEL OPTIONS...
    local model="$1"
    shift
    rnnlm -train long -valid valid -rnnlm "$model" $(usual "$@") "$@" >"$model.log"
}

# killed MODEL SAVES OPTIONS...: begins a training and kills it when a checkpoint has been seen to change so often; what
# has ended before is no matter.
killed() {
    local model="$1" wanted="$2" seen=0 now last=
    shift 2
    SECONDS=0
    "$BIN/rnnlm" -train long -valid valid -rnnlm "$model" $(usual "$@") "$@" >/dev/null 2>&1 3>&- &
    local pid=$!
    while jobs -rp | grep -qx "$pid" && [ "$seen" -lt "$wanted" ] && [ "$SECONDS" -lt 20 ]; do
        now=$(stat -c %i "$model.checkpoint" 2>/dev/null || true)
        [ "$now" = "$last" ] || seen=$((seen + 1))
        last="$now"
        sleep 0.005 # the training may have this processor alone
    done
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}

# training_killed_at RENAME MODEL OPTIONS...: each save has two renames, and each epoch three saves.
training_killed_at() {
    local at="$1" model="$2"
    shift 2
    killed_at "$at" "$BIN/rnnlm" -train long -valid valid -rnnlm "$model" \
        $(defaults "-class 20 -anti-kasparek 20000" "$@") "$@"
}

# killed_surely MODEL SAVES OPTIONS...: so that a checkpoint is left. Where the program cannot be killed at a rename, it is
# slow enough for it to be seen.
killed_surely() {
    local model="$1" saves="$2"
    shift 2
    if [ "${RNNLM_SLOW_BUILD:-0}" = 1 ]; then
        killed "$model" "$saves" -anti-kasparek 10000 "$@"
    else
        training_killed_at $((2 * saves + 1)) "$model" -anti-kasparek 10000 "$@"
    fi
    [ -e "$model.checkpoint" ]
}

# same_after_kills OPTIONS...
same_after_kills() {
    local i kills=4
    [ "${RNNLM_SLOW_BUILD:-0}" != 1 ] || kills=1
    learn whole "$@"
    for ((i = 1; i <= kills; i++)); do
        killed torn $((i % 3 + 1)) "$@"
    done
    learn torn "$@"
    cmp whole torn
    [ ! -e torn.checkpoint ] && [ ! -e whole.checkpoint ]
}

@test "checkpoint: online with back-propagation through time" {
    same_after_kills -hidden 12 -bptt 4 -max-iter 3 -binary
}

@test "checkpoint: online, independent sentences, a compression layer and a hash" {
    same_after_kills -hidden 12 -bptt 3 -max-iter 2 -independent -compression 8 -direct 1 -binary
}

@test "checkpoint: batches" {
    same_after_kills -hidden 12 -streams 7 -bptt 3 -max-iter 3 -binary
}

@test "checkpoint: -fast, its falling rate and validation that brings the best weights back" {
    same_after_kills -hidden 12 -fast -epochs 5 -alpha 0.5 -binary
}

@test "checkpoint: a rate that decays, online and in batches" {
    skip_if_slow
    same_after_kills -hidden 12 -alpha 0.5 -decay 0.3 -min-improvement 1.02 -max-iter 6 -binary
    rm whole torn
    same_after_kills -hidden 12 -streams 8 -bptt 3 -alpha 0.5 -decay 0.3 -min-improvement 1.02 -max-iter 6 -binary
}

@test "checkpoint: lstm, online, and in batches with adam" {
    same_after_kills -layers lstm:10 -bptt 4 -max-iter 2
    rm whole torn
    same_after_kills -layers lstm:12,lstm:8 -streams 16 -optimiser adam -bptt 9 -max-iter 3
}

@test "checkpoint: dropout of all kinds, masks for blocks and for words, and penalties" {
    skip_if_slow
    options="-dropout 0.3 -dropout-words 0.1 -dropout-recurrent 0.2 -penalty-activation 2 -penalty-change 1"
    same_after_kills -layers compression:8,lstm:12,elman:8:tanh -streams 16 -optimiser adam -bptt 9 -epochs 3 $options
    rm whole torn
    same_after_kills -layers lstm:12 -streams 7 -bptt 3 -epochs 3 $options -dropout-mask word -rand-seed 3
}

@test "checkpoint: products of bfloat16, which the same training has" {
    skip_if_slow
    same_after_kills -layers lstm:12 -embedding 12 -tied -streams 7 -bptt 3 -epochs 2 -dropout 0.2 -products bf16
    rm torn
    killed torn 1 -layers lstm:12 -streams 7 -bptt 3 -epochs 2 -products bf16
    run learn torn -layers lstm:12 -streams 7 -bptt 3 -epochs 2
    [ "$status" -eq 1 ]
    [[ "$output" == *"-products"*"bf16"*"float"* ]]
}

@test "checkpoint: a tied table" {
    same_after_kills -layers elman:12:tanh,lstm:12 -tied -streams 16 -bptt 9 -max-iter 3
}

@test "checkpoint: noise, the same that an undisturbed training draws" {
    same_after_kills -layers elman:12:tanh -output nce -noise 50 -streams 16 -bptt 9 -max-iter 1
}

@test "checkpoint: without validation" {
    learn whole -hidden 12 -bptt 4 -one-iter -binary
    killed_surely torn 1 -hidden 12 -bptt 4 -one-iter -binary
    learn torn -hidden 12 -bptt 4 -one-iter -binary
    cmp whole torn
}

@test "checkpoint: other numbers of threads and of saves go on as well" {
    learn whole -hidden 12 -streams 16 -max-iter 2 -binary -threads 1
    killed_surely torn 2 -hidden 12 -streams 16 -max-iter 2 -binary -threads 2
    rnnlm -train long -valid valid -rnnlm torn -class 20 -hidden 12 -streams 16 -max-iter 2 -binary -threads 3 \
        -anti-kasparek 10000 >log
    cmp whole torn
}

# The next save, after a whole epoch of a longer text, is far away.
@test "checkpoint: a kill between checkpoint and model" {
    options="-hidden 30 -streams 4 -max-iter 2 -binary -anti-kasparek 1000000"
    rm long
    ln -s "$DATA/train.txt" long
    learn whole $options
    killed torn 1 $options
    [ -e torn.checkpoint ]
    rm -f torn # as if the first save had not come to it
    learn torn $options
    grep -q "Going on bit by bit from torn.checkpoint" torn.log
    cmp whole torn
}

# Within the third epoch, which is of the schedule's second stage.
@test "checkpoint: every optimiser, with a stack, a hash and a clipped norm" {
    skip_if_slow # sanitizers want to be loaded first
    for kind in $(optimisers); do
        set -- -layers elman:12:tanh,lstm:8 -direct 1 -streams 16 -optimiser "$kind" -clip-norm 0.5 -bptt 9 \
            -min-improvement 1.5
        learn whole "$@"
        training_killed_at 15 torn "$@"
        learn torn "$@"
        grep -q "Going on bit by bit from torn.checkpoint" torn.log
        cmp whole torn || fail "$kind"
        rm whole torn
    done
}

# kill_before_renames MODEL OPTIONS...: a training that goes on with a model ("": with none), killed before every single
# rename that puts a checkpoint or a model in its place.
kill_before_renames() {
    local from="$1" at
    shift
    [ -z "$from" ] || cp "$from" whole
    learn whole -hidden 12 -binary "$@"
    for ((at = 1; at < 40; at++)); do
        rm -f torn*
        [ -z "$from" ] || cp "$from" torn
        training_killed_at "$at" torn -hidden 12 -binary "$@" || break
        [ "$at" -eq 1 ] || [ -e torn.checkpoint ] || break # it has ended, but for its log
        learn torn -hidden 12 -binary "$@"
        cmp whole torn || fail "$*, before rename $at"
        [ ! -e torn.checkpoint ]
    done
    [ "$at" -gt 4 ] && [ "$at" -lt 40 ]
    rm -f whole*
}

@test "checkpoint: a kill before each rename" {
    skip_if_slow # sanitizers want to be loaded first
    kill_before_renames "" -bptt 4 -max-iter 2
    kill_before_renames "" -min-improvement 1.5
    kill_before_renames "" -one-iter
    kill_before_renames "" -streams 4 -bptt 3 -max-iter 2
    kill_before_renames "" -streams 4 -bptt 3 -optimiser average -min-improvement 1.5
    learn begun -hidden 12 -binary -bptt 4 -max-iter 1
    kill_before_renames begun -bptt 4 -max-iter 2
}

# Averages begin with the third epoch, at a rate so high that one can tell.
@test "checkpoint: averages are saved within an epoch too" {
    skip_if_slow
    for at in 13 15; do # after the second epoch, and after some words of the third
        training_killed_at $at torn -hidden 12 -streams 4 -bptt 3 -optimiser average -alpha 2 -min-improvement 1.5 -binary
        rnnlm -rnnlm torn -test valid >log
        perplexity[at]=$(figure "PPL net" log)
        rm torn*
    done
    awk -v a="${perplexity[13]}" -v b="${perplexity[15]}" 'BEGIN { exit !(b > 1 && b < 0.9 * a) }' || fail "${perplexity[*]}"
}

@test "checkpoint: the model file alone goes on too" {
    killed_surely torn 2 -hidden 12 -max-iter 2 -binary
    rm -f torn.checkpoint
    learn torn -hidden 12 -max-iter 2 -binary
    ! grep -q "bit by bit" torn.log
    rnnlm -rnnlm torn -test test >/dev/null
}

# refused WANTED OPTIONS...: one line that names the checkpoint, status 1, and both files as they were.
refused() {
    local wanted="$1"
    shift
    cp torn torn.before
    cp torn.checkpoint checkpoint.before
    run -1 --separate-stderr rnnlm -rnnlm torn $(defaults "-class 20 -anti-kasparek 10000" "$@") "$@"
    [ "$(printf '%s\n' "$stderr" | wc -l)" -eq 1 ]
    [[ "$stderr" == *torn.checkpoint* && "$stderr" == *"$wanted"* && "$stderr" == *"remove torn.checkpoint"* ]] ||
        fail "$stderr"
    cmp torn torn.before
    cmp torn.checkpoint checkpoint.before
}

@test "checkpoint: other options, texts, kernels and models are refused by name" {
    killed_surely torn 2 -hidden 12 -streams 8 -max-iter 9 -binary
    refused -streams -train long -valid valid -streams 9
    refused -alpha -train long -valid valid -streams 8 -alpha 0.2
    refused -beta -train long -valid valid -streams 8 -beta 0.2
    refused -optimiser -train long -valid valid -streams 8 -optimiser adam -alpha 0.1
    refused -clip-norm -train long -valid valid -streams 8 -clip-norm 1
    refused -dropout-output -train long -valid valid -streams 8 -dropout-output 0.1
    refused '"-dropout 0", found "-dropout 0.1" now' -train long -valid valid -streams 8 -dropout 0.1
    refused -dropout-recurrent -train long -valid valid -streams 8 -dropout-recurrent 0.1
    refused -penalty-change -train long -valid valid -streams 8 -penalty-change 1
    refused -gradient-cutoff -train long -valid valid -streams 8 -gradient-cutoff 1
    refused -decay -train long -valid valid -streams 8 -decay 0.5
    refused -epochs -train long -valid valid -streams 8 -epochs 9
    refused "text of -train" -train train -valid valid -streams 8
    refused "text of -valid" -train long -valid test -streams 8
    refused -independent -train long -valid valid -streams 8 -independent
    RNNLM_KERNELS=portable refused RNNLM_KERNELS -train long -valid valid -streams 8
}

@test "checkpoint: one of another model, or at another place of it" {
    skip_if_slow
    training_killed_at 3 torn -hidden 12 -streams 8 -max-iter 9 -binary # within the first epoch
    learn other -hidden 12 -streams 8 -max-iter 1 -binary -rand-seed 2
    cp torn.checkpoint kept
    cp other torn
    refused "after epoch" -train long -valid valid -streams 8 -max-iter 9
    rm torn
    rnnlm -train long -valid valid -rnnlm wide -hidden 14 -class 20 -streams 8 -max-iter 1 -binary >log
    cp wide torn
    cp kept torn.checkpoint
    refused -layers -train long -valid valid -streams 8 -max-iter 9
}

@test "checkpoint: cut anywhere" {
    killed_surely torn 2 -hidden 30 -streams 4 -epochs 40 -binary
    cp torn.checkpoint whole.checkpoint
    size=$(stat -c %s whole.checkpoint)
    for part in 0 1 2 3 4 5 6 7 8 9 10 11; do
        head -c "$((size * part / 12 + part * 7 % 13))" whole.checkpoint >torn.checkpoint
        refused "" -train long -valid valid -streams 4 -epochs 40
    done
}

# A byte between two sections may be anything; all others are found to be wrong.
@test "checkpoint: damaged anywhere" {
    options="-train long -valid valid -class 20 -anti-kasparek 10000 -streams 4 -max-iter 2"
    learn whole -hidden 30 -streams 4 -max-iter 2 -binary
    killed_surely torn 2 -hidden 30 -streams 4 -max-iter 2 -binary
    cp torn torn.saved
    cp torn.checkpoint checkpoint.saved
    size=$(stat -c %s checkpoint.saved)
    refusals=0
    for ((i = 0; i < 24; i++)); do
        cp torn.saved torn
        cp checkpoint.saved torn.checkpoint
        printf '\253' | dd of=torn.checkpoint bs=1 seek=$((size * i / 24 + i % 5)) conv=notrunc status=none
        if rnnlm $options -rnnlm torn >log 2>err; then
            cmp torn whole
        else
            grep -q "torn.checkpoint" err
            refusals=$((refusals + 1))
        fi
    done
    [ "$refusals" -ge 6 ]
}

@test "checkpoint: the words that are left out are those of the beginning" {
    learn whole -hidden 5 -max-iter 2 -min-count 3
    killed_surely torn 1 -hidden 5 -max-iter 2 -min-count 3
    common="-train long -valid valid -rnnlm torn -class 20 -anti-kasparek 10000 -hidden 5 -max-iter 2 -debug 0"
    refuses 'begun with "vocabulary ' ', other words as <unk>", found "vocabulary ' 'torn.checkpoint' -- $common
    refuses 'torn: found' 'the same options as before' -- $common -min-count 2
    learn torn -hidden 5 -max-iter 2 -min-count 3
    cmp whole torn
}

@test "checkpoint: texts with weights, shuffled" {
    for streams in 0 3; do
        options="-train valid:3.4 -shuffle -shuffle-block 300 -hidden 5 -max-iter 2 -streams $streams"
        learn whole $options
        killed_surely torn 2 $options
        common="-train long -valid valid -rnnlm torn -class 20 -anti-kasparek 10000 -max-iter 2 -streams $streams -debug 0"
        refuses 'found "-shuffle 1 -shuffle-block 400 ' 'torn.checkpoint' -- $common -train valid:3.4 -shuffle -shuffle-block 400
        refuses 'begun with "text of -train ' 'torn.checkpoint' -- $common -train valid:3.3 -shuffle -shuffle-block 300
        learn torn $options
        cmp whole torn
        rm whole torn
    done
}
