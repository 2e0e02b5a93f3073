# The reference's golden files: its models read, its scores met, its trainings repeated.
# They are not part of this repository; without them the tests are skipped.

load helpers

setup() {
    need_golden
    cd "$GOLDEN/text"
    out="$BATS_TEST_TMPDIR/out"
}

MODELS="elman elman-text srn maxent compression independent oldclasses beta"

# The options that a golden model was trained with.
options_of() {
    local size="-hidden 20 -class 40 -rand-seed 1"
    case "$1" in
    elman) echo "$size -binary -bptt 4 -bptt-block 10" ;;
    elman-text) echo "$size -bptt 4 -bptt-block 10" ;;
    srn) echo "$size" ;;
    maxent) echo "$size -binary -bptt 3 -bptt-block 5 -direct 1 -direct-order 3" ;;
    compression) echo "$size -binary -bptt 4 -compression 15" ;;
    independent) echo "$size -binary -bptt 4 -independent" ;;
    oldclasses) echo "$size -binary -bptt 4 -old-classes" ;;
    beta) echo "$size -binary -bptt 4 -bptt-block 10 -alpha 0.05 -beta 0.00001 -min-improvement 1.01 -gradient-cutoff 1" ;;
    esac
}

independence_of() {
    [ "$1" != independent ] || echo -independent
}

check_test2() {
    local golden="$GOLDEN/mikolov/$1.test2"
    rnnlm -rnnlm "$GOLDEN/mikolov/$1.model" -test test.txt -debug 2 $(independence_of "$1") >"$out"
    same_table "$out" "$golden" 1e-4
    near "$(figure "PPL net" "$out")" "$(figure "PPL net" "$golden")" 1e-4
    near "$(figure "test log probability" "$out")" "$(figure "test log probability" "$golden")" 1e-4
}

check_nbest() {
    rnnlm -rnnlm "$GOLDEN/mikolov/$1.model" -test nbest.txt -nbest -debug 0 $(independence_of "$1") >"$out"
    same_numbers "$out" "$GOLDEN/mikolov/$1.nbest" 1e-3
}

check_dynamic() {
    cp "$GOLDEN/mikolov/$1.model" "$BATS_TEST_TMPDIR/model"
    rnnlm -rnnlm "$BATS_TEST_TMPDIR/model" -test test.txt -debug 1 -dynamic 0.1 $(independence_of "$1") >"$out"
    near "$(figure "PPL net" "$out")" "$(figure "PPL net" "$GOLDEN/mikolov/$1.dynamic")" 5e-3
    cmp "$GOLDEN/mikolov/$1.model" "$BATS_TEST_TMPDIR/model"
}

# check_first_epoch MODEL
check_first_epoch() {
    local golden="$GOLDEN/mikolov/$1.train.log"
    rnnlm -train train.txt -valid valid.txt -rnnlm "$BATS_TEST_TMPDIR/$1.model" $(options_of "$1") \
        -max-iter 1 >"$out"
    within "$(entropy TRAIN 0 "$out")" "$(entropy TRAIN 0 "$golden")" 0.01
    within "$(entropy VALID 0 "$out")" "$(entropy VALID 0 "$golden")" 0.01
}

# check_training MODEL: the whole schedule, and the perplexity of what comes out.
check_training() {
    rnnlm -train train.txt -valid valid.txt -rnnlm "$BATS_TEST_TMPDIR/$1.model" $(options_of "$1") >"$out"
    rnnlm -rnnlm "$BATS_TEST_TMPDIR/$1.model" -test test.txt >"$out"
    near "$(figure "PPL net" "$out")" "$(figure "PPL net" "$GOLDEN/mikolov/$1.test2")" 0.01
}

@test "golden: every word's probability, elman models" {
    for model in elman elman-text srn beta; do check_test2 "$model"; done
}

@test "golden: every word's probability, the other models" {
    for model in maxent compression independent oldclasses; do check_test2 "$model"; done
}

@test "golden: n-best scores" {
    for model in $MODELS; do check_nbest "$model"; done
}

@test "golden: dynamic evaluation, and the model file stays as it is" {
    for model in $MODELS; do check_dynamic "$model"; done
}

@test "golden: the independent model is independent without being told" {
    rnnlm -rnnlm "$GOLDEN/mikolov/independent.model" -test test.txt -debug 2 >"$out"
    same_table "$out" "$GOLDEN/mikolov/independent.test2" 1e-4
}

@test "golden: interpolation with an n-gram model" {
    local golden="$GOLDEN/mikolov/elman.lmprob.test2"
    rnnlm -rnnlm "$GOLDEN/mikolov/elman.model" -test test.txt -debug 2 \
        -lm-prob "$GOLDEN/srilm/kn3.prob" -lambda 0.6 >"$out"
    same_table "$out" "$golden" 1e-4
    for label in "PPL net" "PPL combine" "test log probability" \
        "test log probability 0.600000*rnn + 0.400000*other_lm"; do
        near "$(figure "$label" "$out")" "$(figure "$label" "$golden")" 1e-4
    done
    # Words to which the other model gives 0: the reference's figures are then infinite, ours leave them out.
    [ "$(figure "PPL other" "$golden")" = inf ]
    awk -v found="$(figure "PPL other" "$out")" '$1 > 0 { sum += log($1); n++ }
        END { wanted = exp(-sum / n); exit !((found / wanted - 1) ^ 2 < 1e-10) }' "$GOLDEN/srilm/kn3.prob"
}

@test "golden: n-best scores interpolated with an n-gram model" {
    rnnlm -rnnlm "$GOLDEN/mikolov/elman.model" -test nbest.txt -nbest -debug 0 \
        -lm-prob "$GOLDEN/srilm/kn3.nbest.prob" -lambda 0.6 >"$out"
    same_numbers "$out" "$GOLDEN/mikolov/elman.lmprob.nbest" 1e-3
    rnnlm -rnnlm "$GOLDEN/mikolov/elman.model" -test nbest.txt -nbest -debug 0 \
        -lm-prob "$GOLDEN/srilm/kn3.nbest.prob" -lambda 0.0 >"$out"
    same_numbers "$out" "$GOLDEN/mikolov/elman.lmprob0.nbest" 1e-3
}

@test "golden: the -debug 2 output is the reference's but for digits" {
    rnnlm -rnnlm "$GOLDEN/mikolov/elman.model" -test test.txt -debug 2 |
        sed '/^rnnlm file/d; s/[0-9][0-9.]*/N/g' >"$out"
    sed '/^rnnlm file/d; s/[0-9][0-9.]*/N/g' "$GOLDEN/mikolov/elman.test2" | cmp - "$out"
}

@test "golden: first epoch of two trainings" {
    for model in elman maxent; do check_first_epoch "$model"; done
}

@test "golden: first epoch of the other trainings" {
    skip_if_slow
    for model in elman-text srn compression independent oldclasses beta; do check_first_epoch "$model"; done
}

@test "golden: training to the end, elman" {
    skip_if_slow
    check_training elman
}

@test "golden: training to the end, direct connections" {
    skip_if_slow
    check_training maxent
}

@test "golden: a model read and saved again by training at rate 0 scores the same" {
    cat "$GOLDEN/mikolov/compression.model" >"$BATS_TEST_TMPDIR/model"
    rnnlm -train train.txt -one-iter -alpha 0 -rnnlm "$BATS_TEST_TMPDIR/model" >"$out"
    rnnlm -rnnlm "$BATS_TEST_TMPDIR/model" -test test.txt -independent >"$out"
    rnnlm -rnnlm "$GOLDEN/mikolov/compression.model" -test test.txt -independent >"$out.wanted"
    near "$(figure "PPL net" "$out")" "$(figure "PPL net" "$out.wanted")" 1e-6
}
