# -output nce: trained against noise, and scored without sums by three programs; what is refused.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    head -n 12 test | "$BATS_TEST_DIRNAME/../../scripts/corrupt-text" -copies 2 >lists
    learn model -dropout 0 -epochs 3 -alpha 0.01
    rnnlm -train train -valid valid -rnnlm full -hidden 5 -output full -fast -epochs 1 >log 2>&1
}

setup() {
    in_own_folder
}

learn() { # MODEL OPTIONS...
    local model="$1"
    shift
    rnnlm -train train -valid valid -rnnlm "$model" -layers elman:12:tanh -output nce -noise 200 -fast "$@" \
        >"$model.log" 2>"$model.err" || fail "$* $(cat "$model.err")"
}

refused() { # STATUS WANTED OPTIONS...
    local status_wanted="$1" wanted="$2"
    shift 2
    run -"$status_wanted" --separate-stderr "$@"
    [[ "$stderr" == *"$wanted"* ]] || fail "$stderr" "wanted: $wanted"
}

# The mean of log10(score / probability) of the test text, by two tables of -debug 2.
mean_log10_z() { # MODEL
    rnnlm -rnnlm "$1" -test test -debug 2 >exact
    rnnlm -rnnlm "$1" -test test -debug 2 -unnormalised >scores
    paste <(table exact | cut -f 2) <(table scores | cut -f 2) |
        awk '$1 > 0 { sum += log($2 / $1) / log(10); n++ } END { print sum / n }'
}

@test "nce: it learns, and its sums come near 1" {
    need_logarithms
    rnnlm -rnnlm model -test test >exact
    awk -v ppl="$(figure "PPL net" exact)" 'BEGIN { exit !(ppl > 50 && ppl < 450) }' || fail "$(cat exact)"
    grep -q "VALID entropy: [0-9.]*    log Z: -*0.[0-9]* +- 0.[0-9]*$" model.log
    within "$(mean_log10_z model)" 0 0.1
}

@test "nce: -test -unnormalised tells scores, which exceed probabilities by the sums" {
    need_logarithms
    rnnlm -rnnlm model -test test >probabilities
    rnnlm -rnnlm model -test test -unnormalised -threads 1 >scores
    rnnlm -rnnlm model -test test -unnormalised -threads 3 >three
    cmp scores three
    ! grep -q "PPL net:" scores
    awk '/^PPL net if sums were 1: [0-9.]*$/ { n++ } END { exit n != 1 }' scores
    words=$(rnnlm -rnnlm model -test test -debug 2 | table | awk '$2 > 0' | wc -l)
    difference=$(awk -v a="$(figure "test log score" scores)" -v b="$(figure "test log probability" probabilities)" \
        -v n="$words" 'BEGIN { print (a - b) / n }')
    within "$difference" "$(mean_log10_z model)" 1e-5
    # Sentence by sentence, and as lists, it is the same score.
    rnnlm -rnnlm model -test test -unnormalised -write scores -per-sentence >lines
    [ "$(wc -l <lines)" -eq "$(wc -l <test)" ]
    sed 's/^/1 /' test >list
    "$BIN/rnnlm-nbest" -rnnlm model list -unnormalised -oov-penalty 0 >nbest
    same_numbers nbest lines 1e-4
    ! cmp -s <("$BIN/rnnlm-nbest" -rnnlm model list -oov-penalty 0) nbest
}

@test "nce: rnnlm-lattice -unnormalised has the scores of rnnlm-nbest" {
    head -n 1 test >one
    {
        printf 'VERSION=1.0\nN=%d L=%d\n' $(($(wc -w <one) + 1)) "$(wc -w <one)"
        for ((i = 0; i <= $(wc -w <one); i++)); do echo "I=$i"; done
        i=0
        for word in $(cat one); do echo "J=$i S=$i E=$((i + 1)) W=$word"; i=$((i + 1)); done
    } >one.slf
    "$BIN/rnnlm-lattice" -rnnlm model one.slf -write nbest -unnormalised >found
    near "$(cut -f 3 found)" \
        "$("$BIN/rnnlm-nbest" -rnnlm model <(sed 's/^/1 /' one) -unnormalised)" 1e-4
}

@test "nce: results depend on the seed, but not on threads, and hardly on bfloat16 products" {
    for threads in 1 3; do
        learn "model$threads" -streams 20 -epochs 1 -embedding 12 -tied -products bf16 -threads $threads
    done
    cmp model1 model3
    near "$(entropy VALID 0 model1.log)" "$(learn floats -streams 20 -epochs 1 -embedding 12 -tied && entropy VALID 0 floats.log)" 2e-2
    learn other -streams 20 -epochs 1 -embedding 12 -tied -rand-seed 2
    ! cmp -s other floats
}

@test "nce: what is refused" {
    refused 2 "-output nce learns in batches: -streams N or -fast is wanted" \
        rnnlm -train train -valid valid -rnnlm new -hidden 5 -output nce
    refused 2 "-output nce has no direct connections" \
        rnnlm -train train -valid valid -rnnlm new -hidden 5 -output nce -direct 1 -fast
    refused 2 "-output class learns against no noise, found -noise" \
        rnnlm -train train -valid valid -rnnlm new -hidden 5 -noise 5 -fast
    refused 2 "-noise-power is for -output nce, full has output full" \
        rnnlm -train train -valid valid -rnnlm full -fast -epochs 2 -noise-power 0.5
    refused 2 "option -noise-power" rnnlm -train train -valid valid -rnnlm new -output nce -fast -noise-power 1.5
    refused 2 "option -noise" rnnlm -train train -valid valid -rnnlm new -output nce -fast -noise 0
    refused 1 "full: found output full" rnnlm -rnnlm model -rnnlm full -test test -unnormalised
    refused 1 "trained with -self-normalise or -output nce" "$BIN/rnnlm-nbest" -rnnlm full lists -unnormalised
    refused 1 "full: found output full" "$BIN/rnnlm-lattice" -rnnlm full test -unnormalised
    refused 2 "-unnormalised wants -rnnlm" "$BIN/rnnlm-lattice" -ngram full test -unnormalised
    refused 2 "exclude each other" rnnlm -rnnlm model -test test -unnormalised -dynamic 0.1
    refused 2 "exclude each other" "$BIN/rnnlm-nbest" -rnnlm model lists -unnormalised -dynamic 0.1
    refused 2 "-unnormalised is for -test" rnnlm -rnnlm model -gen 5 -unnormalised
    refused 2 "-write srilm" rnnlm -rnnlm model -test test -unnormalised -write srilm
    [ ! -e new ]
}
