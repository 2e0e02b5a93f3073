# The project's own golden files: see test/golden/README.

load helpers

OWN="$BATS_TEST_DIRNAME/../golden"

setup() {
    cd "$BATS_TEST_TMPDIR"
    small_texts .
    small_nbest test >nbest
}

# for_each_model COMMAND: called with name, model file, options.
for_each_model() {
    local name file options count=0
    while read -r name file options; do
        "$1" "$name" "$file" $options || fail "model $name" || return 1
        count=$((count + 1))
    done <"$OWN/models"
    [ "$count" -eq 6 ]
}

# check_scores MODEL NAME PPL-TOLERANCE
check_ppl() {
    rnnlm -rnnlm "$1" -test test -debug 2 >out || return 1
    near "$(figure "PPL net" out)" "$(figure "PPL net" "$OWN/$2.test2")" "$3"
}

check_stored() {
    [ -e "$OWN/$2" ] || return 0
    check_ppl "$OWN/$2" "$1" 1e-4 || return 1
    { sed -n '/^Index/,$p' out | head -n 102; } >head
    same_table head "$OWN/$1.test2" 1e-4 || return 1
    rnnlm -rnnlm "$OWN/$2" -test nbest -nbest -debug 0 >out || return 1
    same_numbers out "$OWN/$1.nbest" 1e-3 || return 1
    rnnlm -rnnlm "$OWN/$2" -test test -dynamic 0.1 >out || return 1
    near "$(figure "PPL net" out)" "$(figure "PPL net" "$OWN/$1.dynamic")" 5e-3
}

check_training() {
    local name="$1" file="$2" epoch kind
    shift 2
    rnnlm -train train -valid valid -rnnlm "$file" "$@" >log || return 1
    for epoch in 0 1 2; do
        for kind in TRAIN VALID; do
            within "$(entropy $kind $epoch log)" "$(entropy $kind $epoch "$OWN/$name.log")" 0.01 || return 1
        done
    done
    check_ppl "$file" "$name" 0.01 || return 1
    grep -v '^Iter' log >head
    grep -v '^Iter' "$OWN/$name.log" | cmp - head
}

@test "own golden: stored models score as they did" {
    for_each_model check_stored
}

@test "own golden: training gives the same entropies, models and settings" {
    for_each_model check_training
}

@test "own golden: training with direct connections gives the same n-best scores" {
    read -r name file options < <(grep '^maxent ' "$OWN/models")
    rnnlm -train train -valid valid -rnnlm "$file" $options >log
    rnnlm -rnnlm "$file" -test nbest -nbest -debug 0 >out
    same_numbers out "$OWN/maxent.nbest" 0.02
}

@test "own golden: portable kernels and this processor's agree on scores" {
    for model in "$OWN"/*.model*; do
        rnnlm -rnnlm "$model" -test test -debug 2 >default
        RNNLM_KERNELS=portable rnnlm -rnnlm "$model" -test test -debug 2 >portable
        same_table default portable 1e-4
        near "$(figure "PPL net" default)" "$(figure "PPL net" portable)" 1e-5
    done
}

@test "own golden: portable kernels and this processor's agree in training" {
    for kernels in "" portable; do
        RNNLM_KERNELS=$kernels rnnlm -train train -valid valid -rnnlm "model$kernels" -hidden 13 \
            -class 20 -bptt 3 -compression 7 -direct 1 -max-iter 2 >"log$kernels"
    done
    within "$(entropy TRAIN 1 log)" "$(entropy TRAIN 1 logportable)" 0.002
    within "$(entropy VALID 1 log)" "$(entropy VALID 1 logportable)" 0.002
}

@test "own golden: unknown kernels are refused" {
    RNNLM_KERNELS=abacus refuses RNNLM_KERNELS abacus portable -- -rnnlm "$OWN/elman.model" -test test
}

@test "own golden: text and binary models of one training score the same" {
    rnnlm -rnnlm "$OWN/elman.model" -test test -debug 2 >binary
    rnnlm -rnnlm "$OWN/elman-text.model.gz" -test test -debug 2 >text
    [ "$(table binary)" = "$(table text)" ]
}

@test "own golden: the same training twice gives the same bytes" {
    for copy in a b; do
        rnnlm -train train -valid valid -rnnlm $copy -hidden 8 -class 20 -bptt 4 -direct 1 -max-iter 2 -binary >log
    done
    cmp a b
}

@test "own golden: another seed gives another model" {
    for seed in 1 2; do
        rnnlm -train train -one-iter -rnnlm $seed -hidden 8 -class 20 -rand-seed $seed >log
        rnnlm -rnnlm $seed -test test >out$seed
    done
    [ "$(figure "PPL net" out1)" != "$(figure "PPL net" out2)" ]
}
