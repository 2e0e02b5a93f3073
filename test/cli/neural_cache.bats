# -cache-neural: networks with a cache of their own states.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    head -n 600 "$DATA/train.txt" >train
    # Words that come again and again in a stretch of the text, which no training text tells.
    awk 'BEGIN { srand(3); for (i = 0; i < 300; i++) { if (i % 20 == 0) for (k = 0; k < 4; k++) w[k] = "w" int(rand() * 50)
        print "the " w[int(rand() * 4)] " of " w[int(rand() * 4)] } }' >again
    head -n 200 again >tune
    tail -n 100 again >test
    cat train again >all
    "$BIN/rnnlm" -train all -rnnlm net -hidden 20 -fast -one-iter -debug 0 >log
    "$BIN/rnnlm" -train all -rnnlm other -layers lstm:10 -class 10 -fast -one-iter -debug 0 -rand-seed 4 >log 2>&1
}

setup() {
    cd "$BATS_FILE_TMPDIR"
    out="$BATS_TEST_TMPDIR/out"
}

perplexity() {
    sed -n 's/^PPL net: *//p' "$1"
}

@test "neural cache: settings are found on -tune, and lower the perplexity of a text that repeats itself" {
    rnnlm -rnnlm net -test test >"$out.none"
    rnnlm -rnnlm net -test test -tune tune -cache-neural 100 >"$out"
    grep -Eq '^cache of net: theta [0-9.e+-]+, lambda 0\.[0-9]+$' "$out"
    awk -v a="$(perplexity "$out")" -v b="$(perplexity "$out.none")" 'BEGIN { exit !(a < 0.8 * b) }'
    # The same with what was found, word by word in SRILM's form, and by threads.
    read -r theta lambda <<<"$(sed -n 's/^cache of net: theta \(.*\), lambda \(.*\)/\1 \2/p' "$out")"
    rnnlm -rnnlm net -test test -cache-neural 100 -cache-theta "$theta" -cache-lambda "$lambda" >"$out.given"
    awk -v a="$(perplexity "$out")" -v b="$(perplexity "$out.given")" 'BEGIN { exit !((a - b) ^ 2 < (1e-3 * a) ^ 2) }'
    rnnlm -rnnlm net -test test -cache-neural 100 -cache-theta "$theta" -cache-lambda "$lambda" -write srilm >"$out.srilm"
    tail -n 1 "$out.srilm" | awk -v a="$(perplexity "$out.given")" '/logprob=/ { split($0, part, "ppl= "); if ((part[2] / a - 1) ^ 2 > 1e-10) exit 1; n++ } END { exit !n }'
    for threads in 1 2 3; do
        rnnlm -rnnlm net -test test -cache-neural 100 -cache-theta 1 -cache-lambda 0.2 -debug 2 -threads $threads >"$out.$threads"
    done
    cmp "$out.1" "$out.2" && cmp "$out.1" "$out.3"
}

@test "neural cache: each network of a mixture has its own, and weights are found with them" {
    rnnlm -rnnlm net -rnnlm other -test test -tune tune -weights auto -cache-neural 100 >"$out"
    [ "$(grep -c '^cache of ' "$out")" -eq 2 ]
    # On that text the two are no worse than one with a cache of its own, as near as weights are found.
    rnnlm -rnnlm net -test tune -tune tune -cache-neural 100 >"$out.one" 2>"$out.err"
    awk -v a="$(figure "PPL combine on tune" "$out")" -v b="$(perplexity "$out.one")" 'BEGIN { exit !(a < 1.00001 * b) }'
    # One setting may be given.
    rnnlm -rnnlm net -test test -tune tune -cache-neural 100 -cache-theta 0.25 >"$out"
    grep -q '^cache of net: theta 0.25, lambda' "$out"
}

@test "neural cache: beside a network that learns from the text" {
    "$BIN/rnnlm-model" -rnnlm net -statistics all
    cache="-cache-neural 100 -cache-theta 1 -cache-lambda 0.2"
    rnnlm -rnnlm net -test test $cache >"$out.cache"
    # At a rate of next to nothing it is the cache's figure; and what is found for it on -tune is, too.
    rnnlm -rnnlm net -test test -tune tune -cache-neural 100 >"$out.found"
    for rule in "-dynamic-rule rms -dynamic-decay 0" "-dynamic-rule sgd"; do
        rnnlm -rnnlm net -test test $cache -dynamic 1e-30 $rule >"$out"
        awk -v a="$(perplexity "$out")" -v b="$(perplexity "$out.cache")" 'BEGIN { exit !((a / b - 1) ^ 2 < 1e-10) }'
        rnnlm -rnnlm net -test test -tune tune -cache-neural 100 -dynamic 1e-30 $rule >"$out"
        [ "$(grep '^cache of' "$out")" = "$(grep '^cache of' "$out.found")" ]
        awk -v a="$(perplexity "$out")" -v b="$(perplexity "$out.found")" 'BEGIN { exit !((a / b - 1) ^ 2 < 1e-8) }'
    done
    # The cache helps it.
    for rule in "1e-3 -dynamic-rule rms" "0.02"; do
        rnnlm -rnnlm net -test test -dynamic $rule >"$out.dynamic"
        rnnlm -rnnlm net -test test -tune tune -cache-neural 100 -dynamic $rule >"$out"
        awk -v both="$(perplexity "$out")" -v one="$(perplexity "$out.dynamic")" 'BEGIN { exit !(both > 1 && both < 0.9 * one) }'
    done
}

@test "neural cache: drawn words come from it too" {
    rnnlm -rnnlm net -gen 200 -prefix "the dog" -cache-neural 1 -cache-theta 1 -cache-lambda 1 -debug 0 >"$out"
    tr ' ' '\n' <"$out" | awk 'NF && $1 != "the" { if ($1 != "dog") exit 1; n++ } END { exit !(n > 190) }'
}

@test "neural cache: what does not go together" {
    refuses_with 2 'for -cache-neural WINDOW' -- -rnnlm net -test test -cache-theta 1
    refuses_with 2 'wants a text to find its settings on' -- -rnnlm net -test test -cache-neural 100 -cache-theta 1
    refuses_with 2 'cache-neural and -per-sentence exclude' -- -rnnlm net -test test -cache-neural 9 -tune tune -per-sentence
    refuses_with 2 'cache-neural and -nbest exclude' -- -rnnlm net -test test -cache-neural 9 -tune tune -nbest
    refuses_with 2 'cache-neural and -gen-sentences exclude' -- -rnnlm net -gen-sentences 5 -cache-neural 9 -tune tune
    refuses_with 2 'cache-neural is for -test and -gen' -- -rnnlm new -train all -valid tune -cache-neural 9 -tune tune
    refuses_with 2 'cache-neural' -- -rnnlm net -test test -cache-neural 0 -tune tune
    refuses_with 1 'found no two words that the model knows' -- -rnnlm net -test test -cache-neural 9 -tune /dev/null
}
