#!/usr/bin/env bats
# How programs end: by signals, without a reader, on a full disk; what they leave, and what they say.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    [ "${RNNLM_SLOW_BUILD:-0}" = 1 ] || cc -shared -fPIC -o kill.so "$BATS_TEST_DIRNAME/kill-at-rename.c"
    cp "$BATS_TEST_DIRNAME/../golden/elman.model" model
    printf -- '-1 -2 1 the\n-3 -2 1 mary\n' >u1
    cp u1 u2
    printf 'u1 mary\n' >refs
    printf '0.5\n0.25\n' >probs
    printf 'VERSION=1.0\nN=2 L=1\nI=0\nI=1\nJ=0 S=0 E=1 W=mary a=-1 l=-2\n' >u1.slf
    "$BIN/rnnlm-ngram" train -text train -order 2 -discount-fallback -o arpa
}

setup() {
    cd "$BATS_TEST_TMPDIR"
    ln -s "$BATS_FILE_TMPDIR"/* .
}

# Each program that writes a file, and where: work FUNCTION ARGUMENTS... calls FUNCTION with a path FILE, the arguments,
# and the command line.
each_writer() {
    "$@" out/train rnnlm-ngram train -text train -order 2 -discount-fallback -o out/train
    "$@" out/cache rnnlm-ngram cache -text test -o out/cache
    "$@" out/mix rnnlm-mix probs probs -o out/mix
    "$@" out/arpa.gz rnnlm-arpa -rnnlm model -ngrams arpa -o out/arpa.gz
    "$@" out/model rnnlm-model -rnnlm model -o out/model -format native
    "$@" out/ranked rnnlm-nbest -rnnlm model -write ranked -out out/ranked u1
    "$@" out/weights rnnlm-nbest -rnnlm model -tune refs -write-weights out/weights u1
    "$@" out/lists/u2 rnnlm-nbest -rnnlm model -write lists -out out/lists u2
    "$@" out/lattice rnnlm-lattice -rnnlm model -write lattice -o out/lattice u1.slf
    "$@" out/lists/u1 rnnlm-lattice -rnnlm model -write nbest -out-dir out/lists u1.slf
}

# ends STATUS COMMAND...: that is its exit status.
ends() {
    local wanted="$1" code=0
    shift
    "$@" >log 2>err || code=$?
    [ "$code" -eq "$wanted" ] || fail "$*" "exit status $code, wanted $wanted: $(cat err)"
}

# nothing_in FOLDER: no file, hidden ones included.
nothing_in() {
    [ -z "$(find "$1" -type f)" ] || fail "$(find "$1" -type f)"
}

# ---- companions ---------------------------------------------------------------------------------

interrupted() { # SIGNAL FILE PROGRAM ARGUMENTS...
    local signal="$1" file="$2"
    shift 2
    echo old >"$file"
    ends $((128 + signal)) env KILL_AT=1 KILL_SIGNAL="$signal" LD_PRELOAD=./kill.so "$BIN/$1" "${@:2}"
    [ "$(cat "$file")" = old ]
    rm "$file"
    nothing_in out
}

@test "ending: a signal leaves no unfinished file of any program, and the old one" {
    skip_if_slow # sanitizers want to be loaded first
    mkdir -p out/lists
    for signal in 1 2 15; do
        each_writer interrupted $signal
    done
}

killed() { # FILE PROGRAM ARGUMENTS...
    local file="$1"
    shift
    ends 137 env KILL_AT=1 LD_PRELOAD=./kill.so "$BIN/$1" "${@:2}"
    [ ! -e "$file" ]
    [ "$(find out -type f -name '.*' | wc -l)" -eq 1 ]
    # no reader takes it for data
    [ "$(basename "$file")" != u2 ] || ends 1 "$BIN/rnnlm-nbest" -rnnlm model out/lists
    ends 0 "$BIN/$1" "${@:2}"
    [ -e "$file" ]
    rm "$file"
    nothing_in out
}

@test "ending: what a killed program has left is no data, and the next one removes it" {
    skip_if_slow
    mkdir -p out/lists
    each_writer killed
}

# The inputs are pipes that nobody writes to: a program that reads before it looks where to write waits for ever.
refused() { # FILE PROGRAM ARGUMENTS...
    local arguments=("${@:3}") i
    for ((i = 0; i < ${#arguments[@]}; i++)); do
        case ${arguments[i]} in
        train) [ "$i" -eq 0 ] || arguments[i]=pipe ;;
        test | probs | model | arpa | u1 | u2 | u1.slf) arguments[i]=pipe ;;
        esac
    done
    ends 1 timeout 20 "$BIN/$2" "${arguments[@]}"
    grep -q "out" err || fail "$*: $(cat err)"
    [ "$(wc -l <err)" -eq 1 ]
}

@test "ending: where a result cannot be written is found before anything is read" {
    mkfifo pipe
    each_writer refused # there is no folder out
    mkdir -p out/train/x out/cache/x out/mix/x out/arpa.gz/x out/model/x out/weights/x out/lattice/x
    touch out/lists
    for writer in train cache mix arpa.gz model weights lattice lists/u1; do
        only="out/$writer" each_writer only_that refused
    done
}

only_that() { # FUNCTION FILE PROGRAM...
    [ "$2" != "$only" ] || "$@"
}

# ---- training -----------------------------------------------------------------------------------

learn() { # MODEL OPTIONS...
    local model="$1"
    shift
    "$BIN/rnnlm" -train train -valid valid -rnnlm "$model" -class 10 "$@"
}

@test "ending: a training tries its files before it reads" {
    mkfifo pipe
    for name in model model.checkpoint model.output.txt; do
        mkdir -p q/$name
        ends 1 timeout 20 "$BIN/rnnlm" -train pipe -valid valid -rnnlm q/model
        grep -q "cannot write q/$name: Is a directory" err || fail "$(cat err)"
        rm -r q
    done
    ends 1 timeout 20 "$BIN/rnnlm" -train pipe -valid valid -rnnlm nowhere/model
    grep -q "cannot write nowhere/model: No such file" err
    # a format that cannot hold the model, likewise
    learn stack -layers lstm:5 -max-iter 1 >log
    ends 1 learn stack -binary -max-iter 2
    grep -q -- "-format native is wanted" err
    ! grep -q Iter: log
}

# A long text, for there to be time.
long() { # MODEL OPTIONS...
    local model="$1"
    shift
    "$BIN/rnnlm" -train "$DATA/train.txt" -valid valid -rnnlm "$model" -class 20 -hidden 20 -binary "$@"
}

# stopped SIGNAL SECONDS MODEL OPTIONS...: begins a training that the signal stops.
stopped() {
    local signal="$1" seconds="$2" code=0
    shift 2
    "$BIN/rnnlm" -train "$DATA/train.txt" -valid valid -rnnlm "$1" -class 20 -hidden 20 -binary "${@:2}" >log 2>err 3>&- &
    local pid=$!
    sleep "$seconds"
    kill -"$signal" "$pid" 2>/dev/null || true
    wait "$pid" || code=$?
    [ "$code" -eq 0 ] || [ "$code" -eq $((128 + $(kill -l "$signal"))) ] || fail "status $code: $(cat err)"
    [ "$code" -eq 0 ] && [ ! -e "$1.checkpoint" ] && return 0
    # before learning begins there is nothing to be saved, and nothing to be said
    [ ! -s err ] || { grep -q "^rnnlm: stopped by SIG$signal: $1 holds the model after" err &&
        grep -q "; the same command goes on from there$" err && stops=$((stops + 1)); } || fail "$(cat err)"
    [ -z "$(find . -name '.*rnnlm*')" ]
}

@test "ending: a training that is stopped saves within a second, and goes on bit by bit" {
    skip_if_slow
    stops=0
    for options in "-bptt 3 -max-iter 4" "-streams 8 -bptt 3 -max-iter 4" "-fast -epochs 3 -dropout 0.1 -optimiser adam"; do
        long whole $options >whole.log
        for signal in TERM HUP TERM; do
            stopped $signal 0.3 torn $options
        done
        long torn $options >>log
        cmp whole torn
        [ ! -e torn.checkpoint ]
        rm whole torn
    done
    [ "$stops" -gt 0 ]
}

@test "ending: an interrupted training says how to go on; a second signal ends it at once" {
    skip_if_slow
    # the first comes before the checkpoint's rename within the first save, which is finished
    ends 130 env KILL_AT=1 KILL_SIGNAL=2 LD_PRELOAD=./kill.so "$BIN/rnnlm" -train "$DATA/train.txt" -valid valid \
        -rnnlm m -class 20 -hidden 10 -anti-kasparek 10000
    grep -q "^rnnlm: stopped by SIGINT: m holds the model after word 1000. of epoch 0; the same command" err ||
        fail "$(cat err)"
    [ -e m ] && [ -e m.checkpoint ]
    ends 130 env KILL_AT=1 KILL_TIMES=2 KILL_SIGNAL=2 LD_PRELOAD=./kill.so "$BIN/rnnlm" -train "$DATA/train.txt" \
        -valid valid -rnnlm n -class 20 -hidden 10 -anti-kasparek 10000
    [ ! -s err ]
    [ ! -e n ] && [ -z "$(find . -name '.*rnnlm*')" ]
    # what goes on ends with the same model
    for name in m n whole; do
        ends 0 "$BIN/rnnlm" -train "$DATA/train.txt" -valid valid -rnnlm $name -class 20 -hidden 10 \
            -anti-kasparek 10000 -max-iter 1
        cmp m $name
    done
}

@test "ending: before learning begins a signal ends a training at once" {
    mkfifo pipe
    "$BIN/rnnlm" -train pipe -valid valid -rnnlm m >log 2>err 3>&- &
    pid=$!
    sleep 0.3
    kill -TERM $pid
    code=0
    wait $pid || code=$?
    [ $code -eq 143 ]
    [ ! -e m ]
}

@test "ending: a killed training leaves files that the next one removes" {
    skip_if_slow
    for at in 1 2; do
        ends 137 env KILL_AT=$at LD_PRELOAD=./kill.so "$BIN/rnnlm" -train train -valid valid -rnnlm m -class 10 \
            -max-iter 1
        [ "$(find . -name '.m*rnnlm*' | wc -l)" -eq 1 ]
        learn m -max-iter 1 >log
        [ -z "$(find . -name '.*rnnlm*')" ]
        rm m
    done
}

@test "ending: a blown-up model replaces no good one within an epoch" {
    long good -max-iter 1 >log
    for alpha in 3 10 100 1000; do
        cp good m
        code=0
        long m -max-iter 2 -anti-kasparek 10000 -alpha $alpha -gradient-cutoff 0 >log 2>err || code=$?
        rm -f m.checkpoint
        if tail -n 1 err | grep -q "^rnnlm: epoch.*blown up.*; m is as it was found$"; then
            cmp m good
            kept=1
        fi
        rnnlm -rnnlm m -test valid -debug 0 >log 2>/dev/null
        # 4332 words
        awk -v p="$(figure "PPL net" log)" 'BEGIN { exit !(p < 2 * 4332) }' || fail "$alpha: $(figure "PPL net" log)"
    done
    [ "$kept" = 1 ]
}

# ---- standard output ----------------------------------------------------------------------------

@test "ending: no reader and no room for what a training says costs an epoch" {
    learn whole -max-iter 3 >whole.log
    { code=0; learn gone -max-iter 3 2>err || code=$?; echo $code >code; } | head -n 1 >/dev/null
    [ "$(cat code)" -eq 1 ]
    grep -q "^rnnlm: standard output: cannot write: Broken pipe; the training is saved in gone$" err || fail "$(cat err)"
    cmp whole gone
    code=0
    learn full -max-iter 3 >/dev/full 2>err || code=$?
    [ $code -eq 1 ]
    grep -q "^rnnlm: standard output: cannot write: .*; the training is saved in full$" err || fail "$(cat err)"
    cmp whole full
    # said before the training
    code=0
    learn closed -max-iter 3 >&- 2>err || code=$?
    [ $code -eq 1 ]
    grep -q "cannot write standard output: " err
    [ ! -e closed ]
}

# Much is to be written: whoever reads of the epoch finds it there.
@test "ending: an epoch is saved before it is told" {
    learn m -direct 1 -max-iter 2 | while read -r line; do
        case $line in Iter:*) stat -c %i m || echo none ;; esac
    done >seen
    [ "$(wc -l <seen)" -eq 2 ] && ! grep -q none seen
    [ "$(tail -n 1 seen)" -eq "$(stat -c %i m)" ] # the second epoch's is the last file
    [ "$(grep -c iter: m.output.txt)" -eq 2 ]
}

@test "ending: all that is printed is known to be" {
    for program in "$BIN"/*; do
        [ "$(basename "$program")" != rnnlm-ngram ] || program="$BIN/rnnlm-ngram ppl"
        ends 1 sh -c "$program --help >/dev/full"
        ends 1 sh -c "$program --version >/dev/full"
        ends 1 sh -c "$program --manual=x >/dev/full"
    done
    ends 1 sh -c "$BIN/rnnlm >/dev/full"
    ends 1 sh -c "$BIN/rnnlm -rnnlm model -test test >/dev/full"
    ends 1 sh -c "$BIN/rnnlm-ngram train -text train -order 2 -discount-fallback >/dev/full"
    ends 1 sh -c "$BIN/rnnlm-ngram cache -text test >&-"
}

# A file system of a megabyte, where one can be made.
@test "ending: a full disk leaves the old file, and ends no training that can be saved" {
    unshare -rm true 2>/dev/null || skip "unshare -rm is not allowed here"
    learn m -hidden 2 -binary -max-iter 2 >log
    cat >full.sh <<'END'
set -e
mount -t tmpfs -o size=1m tmpfs full
train="$BIN/rnnlm -train train -valid valid -class 10 -hidden 2 -binary"
$train -rnnlm full/m -max-iter 1 >log
cp full/m before
size=$(($(stat -c %s full/m) / 1024 + 8))
# room for the model, but not for its checkpoint too
dd if=/dev/zero of=full/rest bs=1k count=2000 2>/dev/null || true
truncate -s -$((size * 1024)) full/rest
$train -rnnlm full/m -max-iter 2 >log 2>err
grep -q "^rnnlm: warning: full/m.checkpoint: cannot write: No space left on device; the model is saved, but" err
cmp full/m m
# for none of them
dd if=/dev/zero of=full/more bs=1k count=2000 2>/dev/null || true
code=0
$train -rnnlm full/m -max-iter 3 >log 2>err || code=$?
[ $code -eq 1 ]
tail -n 1 err | grep -q "^rnnlm: full/m: cannot write: No space left on device"
cmp full/m m
[ -z "$(find full -name '.*rnnlm*')" ]
END
    mkdir full
    BIN="$BIN" unshare -rm sh full.sh || fail "$(cat err)"
}

@test "ending: a file that may not grow so large stays as it was" {
    learn m -max-iter 1 >log
    cp m before
    code=0
    (ulimit -f 8 && learn m -max-iter 2 >/dev/null 2>err) || code=$?
    [ $code -eq 1 ]
    grep -q "^rnnlm: m: cannot write: File too large" err || fail "$(cat err)"
    cmp m before
    [ -z "$(find . -name '.*rnnlm*')" ]
}

# ---- trainings that have ended ------------------------------------------------------------------

@test "ending: a finished training is finished, however it came to its end" {
    for options in "" "-alpha 0.2" "-decay 0.3" "-max-iter 2" "-epochs 2" "-fast" "-fast -optimiser average -max-iter 20" "-binary -min-improvement 1.1"; do
        rm -f m
        learn m $options >log
        grep -q Iter: log
        cp m ended
        for again in 1 2; do
            learn m $options >log 2>err
            grep -q "^rnnlm: m: the training is finished: " err || fail "$options: $(cat err)"
            ! grep -q Iter: log
            cmp m ended
        done
    done
}

@test "ending: how a finished training goes on" {
    learn m -min-improvement 1.05 >log
    cp m ended
    goes_on() {
        cp ended m
        learn m -min-improvement 1.05 "$@" >log
        grep -q Iter: log || fail "$*: $(cat log)"
    }
    epochs=$(grep -c iter: m.output.txt)
    goes_on -alpha 0.05
    goes_on -epochs $((epochs + 1))
    goes_on -one-iter
    cp ended m
    ln -sf "$BATS_FILE_TMPDIR/test" other
    rnnlm -train other -valid valid -rnnlm m >log # another text
    grep -q Iter: log
}

@test "ending: the rate goes on as it was, unless another is given" {
    learn whole -alpha 0.1 -min-improvement 1.3 -max-iter 4 >whole.log
    for epochs in 1 2 3 4; do # without a checkpoint
        learn parts -alpha 0.1 -min-improvement 1.3 -max-iter $epochs >>parts.log
    done
    [ "$(grep -o "Alpha: [0-9.]*" whole.log)" = "$(grep -o "Alpha: [0-9.]*" parts.log)" ]
    grep -q "Alpha: 0.0[0-9]*[1-9]" parts.log # it has halved
    learn parts -alpha 0.3 -max-iter 5 >log
    grep -q "Alpha: 0.300000" log || fail "$(cat log)"
    # one epoch after the other has the rate that is asked for
    for alpha in 0.1 0.05 0.1; do
        rnnlm -train train -rnnlm own -class 10 -one-iter -alpha $alpha >log
        grep -q "Alpha: $alpha" log
    done
}
