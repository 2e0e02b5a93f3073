#!/usr/bin/env bats
# rnnlm-arpa and scripts/sample-to-arpa: a network as an ARPA file.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    "$BIN/rnnlm" -train train -valid valid -rnnlm model -hidden 20 -class 20 -max-iter 3 >log
    "$BIN/rnnlm-ngram" train -text "$DATA/train.txt" -order 3 -prune 1e-6 -o base.arpa
}

setup() {
    cd "$BATS_FILE_TMPDIR"
    SAMPLE="$BATS_TEST_DIRNAME/../../scripts/sample-to-arpa"
    export RNNLM_BIN="$BIN"
    T="$BATS_TEST_TMPDIR"
}

# ngrams FILE: the words of an ARPA file's n-grams, and its counts, in an order of their own.
ngrams() {
    awk -F '\t' 'NF < 2 { print; next } { print $2 }' "$1" | sort
}

# perplexity FILE: of the test text.
perplexity() {
    "$BIN/rnnlm-ngram" ppl -lm "$1" -text "$BATS_FILE_TMPDIR/test" |
        awk '/ ppl= /{ for (i = 1; i < NF; i++) if ($i == "ppl=") print $(i + 1) }'
}

# unigram_sum FILE
unigram_sum() {
    awk -F '\t' '/^\\1-grams/ { on = 1; next } /^\\2-grams/ { exit }
        on && NF > 1 && $1 != -99 { sum += exp($1 * log(10)) } END { print sum }' "$1"
}

# refused STATUS TEXT... -- COMMAND...: one line on standard error that holds every TEXT.
refused() {
    local wanted="$1" texts=()
    shift
    while [ "$1" != -- ]; do
        texts+=("$1")
        shift
    done
    shift
    local code=0 text
    "$@" >"$T/refused.out" 2>"$T/refused.err" || code=$?
    [ "$code" -eq "$wanted" ] || fail "$*: status $code, wanted $wanted" "$(cat "$T/refused.err")" || return 1
    for text in "${texts[@]}"; do
        grep -qF -- "$text" "$T/refused.err" || fail "$*: no \"$text\" in" "$(cat "$T/refused.err")" || return 1
    done
}

arpa() {
    "$BIN/rnnlm-arpa" "$@"
}

@test "arpa: same n-grams, other probabilities, sums and a sound perplexity" {
    arpa -rnnlm model -ngrams base.arpa -o "$T/net.arpa"
    ngrams base.arpa >"$T/wanted"
    ngrams "$T/net.arpa" | cmp - "$T/wanted"
    run ! cmp -s "$T/net.arpa" base.arpa
    within "$(unigram_sum "$T/net.arpa")" 1 1e-5
    within "$(unigram_sum base.arpa)" 1 1e-4
    arpa -rnnlm model -ngrams base.arpa -text train -o "$T/text.arpa"
    ngrams "$T/text.arpa" | cmp - "$T/wanted"
    awk -v a="$(perplexity "$T/net.arpa")" -v b="$(perplexity "$T/text.arpa")" \
        'BEGIN { exit !(b > 50 && b < a && a < 4000) }'
}

@test "arpa: with weight 0 the model stays as it is" {
    arpa -rnnlm model -ngrams base.arpa -lambda 0 -o "$T/same.arpa"
    near "$(perplexity "$T/same.arpa")" "$(perplexity base.arpa)" 1e-4
}

@test "arpa: gzip, standard input, standard output and the native format" {
    arpa -rnnlm model -ngrams base.arpa -o "$T/plain.arpa"
    gzip -c base.arpa >"$T/base.arpa.gz"
    arpa -rnnlm model -ngrams "$T/base.arpa.gz" -o "$T/out.arpa.gz"
    gunzip -c "$T/out.arpa.gz" | cmp - "$T/plain.arpa"
    arpa -rnnlm model -ngrams - -o - <base.arpa | cmp - "$T/plain.arpa"
    "$BIN/rnnlm-model" -rnnlm model -format native -o "$T/native"
    arpa -rnnlm "$T/native" -ngrams base.arpa -o "$T/native.arpa"
    cmp "$T/native.arpa" "$T/plain.arpa"
}

@test "arpa: wrong usage" {
    refused 2 "wanted: -rnnlm MODEL" -- arpa -rnnlm model -ngrams base.arpa
    refused 2 "wanted: -rnnlm MODEL" -- arpa
    refused 2 "-nonsense" -- arpa -nonsense
    refused 2 "lambda" -- arpa -rnnlm model -ngrams base.arpa -o "$T/x" -lambda 1.5
    refused 2 "lambda" -- arpa -rnnlm model -ngrams base.arpa -o "$T/x" -lambda nan
    [ ! -e "$T/x" ]
}

@test "arpa: bad input leaves the old file" {
    echo old >"$T/x"
    refused 1 "cannot open none" -- arpa -rnnlm none -ngrams base.arpa -o "$T/x"
    refused 1 "cannot open none" -- arpa -rnnlm model -ngrams none -o "$T/x"
    refused 1 "cannot open none" -- arpa -rnnlm model -ngrams base.arpa -text none -o "$T/x"
    head -n 100 base.arpa >"$T/cut.arpa"
    refused 1 "$T/cut.arpa: line 100" -- arpa -rnnlm model -ngrams "$T/cut.arpa" -o "$T/x"
    sed '20s/^-[0-9.]*/nan/' base.arpa >"$T/nan.arpa"
    refused 1 "$T/nan.arpa: line 20" "nan" -- arpa -rnnlm model -ngrams "$T/nan.arpa" -o "$T/x"
    refused 1 "base.arpa" -- arpa -rnnlm base.arpa -ngrams base.arpa -o "$T/x"
    : >"$T/empty"
    refused 1 "$T/empty: found no words" -- arpa -rnnlm model -ngrams base.arpa -text "$T/empty" -o "$T/x"
    printf '\\data\\\nngram 1=1\n\\1-grams:\n-0.1\txyzzy\n\\end\\\n' >"$T/other.arpa"
    refused 1 "none of the words" -- arpa -rnnlm model -ngrams "$T/other.arpa" -o "$T/x"
    refused 1 "no-folder" -- arpa -rnnlm model -ngrams base.arpa -o no-folder/x
    [ "$(cat "$T/x")" = old ]
}

@test "arpa: a full disk is an error" {
    [ -w /dev/full ] || skip "no /dev/full"
    refused 1 "No space left" -- arpa -rnnlm model -ngrams base.arpa -o /dev/full
}

@test "sample-to-arpa: a model of what the network says" {
    TMPDIR="$T" "$SAMPLE" model "$T/a.arpa" -words 20000 -order 2 -seed 3
    TMPDIR="$T" "$SAMPLE" model "$T/b.arpa" -words 20000 -order 2 -seed 3
    cmp "$T/a.arpa" "$T/b.arpa"
    "$SAMPLE" -seed 4 -order 2 -words 20000 -prune 1e-5 model "$T/c.arpa"
    [ "$(wc -l <"$T/c.arpa")" -lt "$(wc -l <"$T/a.arpa")" ]
    within "$(unigram_sum "$T/a.arpa")" 1 1e-4
    grep -q '^ngram 2=' "$T/a.arpa"
    cp model "$T/-model"
    (cd "$T" && "$SAMPLE" -seed 3 -order 2 -words 20000 -- -model -a.arpa)
    cmp "$T/a.arpa" "$T/-a.arpa"
    # Nothing is left behind.
    [ -z "$(find "$T" -name 'sample-to-arpa*')" ]
}

@test "sample-to-arpa: usage and bad input" {
    run "$SAMPLE" -help
    [ "$status" -eq 0 ]
    [[ $output == *"Usage: "*"-prune X"* ]]
    refused 2 "wanted: MODEL" -- "$SAMPLE"
    refused 2 "wanted: MODEL" -- "$SAMPLE" model
    refused 2 "another operand" -- "$SAMPLE" model "$T/x" y
    refused 2 "unknown option -wrods" -- "$SAMPLE" model "$T/x" -wrods 3
    refused 2 "-words wants a value" -- "$SAMPLE" model "$T/x" -words
    refused 1 "-words" "-5" -- "$SAMPLE" model "$T/x" -words -5
    refused 1 "-words" -- "$SAMPLE" model "$T/x" -words 0
    refused 1 "-order" "12" -- "$SAMPLE" model "$T/x" -order 12
    refused 1 "-prune" "much" -- "$SAMPLE" model "$T/x" -prune much
    refused 1 "cannot open none" "drawing words failed" -- env TMPDIR="$T" "$SAMPLE" none "$T/x" -words 10
    refused 1 "the folder is not there" -- "$SAMPLE" model no-folder/x
    [ ! -e "$T/x" ]
    [ -z "$(find "$T" -name 'sample-to-arpa*')" ]
}
