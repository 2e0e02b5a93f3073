# Long trainings: -save-minutes and -max-minutes.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    head -n 1000 "$DATA/train.txt" >long # 10725 words
    for way in "-hidden 20 -bptt 3" "-layers lstm:20 -streams 8 -epochs 2"; do
        rnnlm -train long -valid valid $way -class 20 -max-iter 2 -binary -format native -debug 0 -rnnlm "whole${way// /}" >log
    done
}

setup() {
    in_own_folder
}

learn() { # MODEL OPTIONS...
    local model="$1"
    shift
    rnnlm -train long -valid valid -class 20 -max-iter 2 -binary -format native -debug 0 -rnnlm "$model" "$@"
}

# stopped MODEL OPTIONS...: learns for 60 ns, which is never enough.
stopped() {
    local code=0
    learn "$@" -max-minutes 1e-9 >log 2>err || code=$?
    [ $code -eq 75 ] || fail "status $code: $(cat err)" || return 1
    grep -q "^rnnlm: stopped by -max-minutes: $1 holds the model after .*; the same command goes on from there$" err ||
        fail "$(cat err)"
}

@test "minutes: a training of a bounded time ends with status 75, and goes on bit by bit" {
    for way in "-hidden 20 -bptt 3" "-layers lstm:20 -streams 8 -epochs 2"; do
        rm -f m m.checkpoint
        stopped m $way
        stopped m $way
        learn m $way -max-minutes 10
        cmp m "whole${way// /}"
        [ ! -e m.checkpoint ]
    done
}

@test "minutes: a finished training ends with 0; what is behind one that is not is not done" {
    cp whole-hidden20-bptt3 m
    learn m -hidden 20 -bptt 3 -max-minutes 1e-9 2>err
    grep -q "the training is finished" err
    cmp m whole-hidden20-bptt3
    rm m
    stopped m -hidden 20 -bptt 3 -test test
    ! grep "PPL" log
}

@test "minutes: saved by time, a killed training goes on from there bit by bit" {
    [ "${RNNLM_SLOW_BUILD:-0}" != 1 ] || skip "no program of this build can be killed at a rename"
    for way in "-hidden 20 -bptt 3" "-layers lstm:20 -streams 8 -epochs 2"; do
        rm -f m m.checkpoint
        # each word, or each step of all streams, is saved after; the second save has begun
        killed_at 3 learn m $way -save-minutes 1e-9
        "$BIN/rnnlm-model" -rnnlm m -check | grep "^words done in this epoch: [1-9]"
        learn m $way -save-minutes 1
        cmp m "whole${way// /}"
    done
}

@test "minutes: wrong ones" {
    refuses_with 2 'option -max-minutes: found "-1", wanted a number' -- -train long -valid valid -rnnlm m -max-minutes -1
    refuses_with 2 'option -save-minutes: found "x", wanted a number' -- -train long -valid valid -rnnlm m -save-minutes x
}
