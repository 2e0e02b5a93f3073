# Dynamic evaluation by statistics of gradients: rnnlm-model -statistics, rnnlm -dynamic-rule rms.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    rnnlm -train train -valid valid -rnnlm model -layers lstm:12 -class 20 -fast -epochs 2 >log 2>&1
    "$BIN/rnnlm-model" -rnnlm model -statistics train
    # a text of few lines that come again and again
    head -n 12 valid >few
    for i in $(seq 15); do cat few; done >repeating
}

setup() {
    in_own_folder
}

ppl() {
    rnnlm -rnnlm model -debug 0 "$@" | sed -n 's/^PPL net: //p'
}

@test "a network that adapts does better on a text that repeats itself, and as ever at a rate of nearly nothing" {
    plain=$(ppl -test repeating)
    awk -v a="$(ppl -test repeating -dynamic 1e-30 -dynamic-decay 0 -dynamic-rule rms)" -v b="$plain" \
        'BEGIN { exit !((a - b) ^ 2 < 1e-6) }'
    for words in 1 5 20; do
        adapted=$(ppl -test repeating -dynamic 1e-3 -dynamic-rule rms -dynamic-words $words)
        awk -v a="$adapted" -v b="$plain" 'BEGIN { exit !(a > 1 && a < 0.9 * b) }' || fail "$words: $adapted, $plain"
    done
    # a decay of 1 takes most of it back
    back=$(ppl -test repeating -dynamic 1e-3 -dynamic-rule rms -dynamic-decay 1)
    adapted=$(ppl -test repeating -dynamic 1e-3 -dynamic-rule rms -dynamic-decay 0)
    awk -v a="$adapted" -v b="$back" 'BEGIN { exit !(a < 0.95 * b) }'
    # the model file stays as it is, and threads change nothing
    cmp model "$BATS_FILE_TMPDIR/model"
    [ "$(ppl -test repeating -dynamic 1e-3 -dynamic-rule rms -threads 1)" = "$(ppl -test repeating -dynamic 1e-3 -dynamic-rule rms -threads 2)" ]
}

@test "rate and decay are found on another text" {
    head -n 60 repeating >tune
    rnnlm -rnnlm model -test repeating -dynamic auto -tune tune -dynamic-rule rms >out
    rate=$(sed -n 's/^dynamic evaluation of model: -dynamic \([0-9.e-]*\) -dynamic-decay .*/\1/p' out)
    decay=$(sed -n 's/^dynamic evaluation of model: .* -dynamic-decay \([0-9.e-]*\)$/\1/p' out)
    found=$(sed -n 's/^PPL net: //p' out)
    [ "$found" = "$(ppl -test repeating -dynamic "$rate" -dynamic-decay "$decay" -dynamic-rule rms)" ]
    # of rates around it none is better on that text
    best=$(ppl -test tune -dynamic "$rate" -dynamic-decay "$decay" -dynamic-rule rms)
    for factor in 0.25 0.5 2 4; do
        other=$(ppl -test tune -dynamic "$(awk -v r="$rate" -v f=$factor 'BEGIN { print r * f }')" -dynamic-rule rms)
        awk -v a="$best" -v b="${other:-inf}" 'BEGIN { exit !(b == "inf" || b == "nan" || a < b + 1e-4) }' || fail "$factor: $other, $best"
    done
    # a decay that is given stays; sgd has none
    rnnlm -rnnlm model -test test -dynamic auto -tune tune -dynamic-rule rms -dynamic-decay 0.5 | grep -q -- '-dynamic-decay 0.5$'
    rnnlm -rnnlm model -test repeating -dynamic auto -tune tune -dynamic-rule sgd >out
    rate=$(sed -n 's/^dynamic evaluation of model: -dynamic \([0-9.e-]*\)$/\1/p' out)
    [ "$(sed -n 's/^PPL net: //p' out)" = "$(ppl -test repeating -dynamic "$rate")" ]
}

# chosen OUT: the options that it names.
chosen() {
    sed -n 's/^dynamic evaluation of [^:]*: //p' "$1"
}

@test "the rule is found, too, where there are statistics" {
    skip_if_slow
    head -n 15 repeating >tune
    head -n 20 test >short
    rnnlm -rnnlm model -test short -dynamic auto -tune tune >out
    [[ "$(chosen out)" == *"-dynamic-rule "* ]]
    [ "$(sed -n 's/^PPL net: //p' out)" = "$(ppl -test short $(chosen out))" ]
    # it is the better one of the two
    rnnlm -rnnlm model -test short -dynamic auto -tune tune >out
    other=sgd
    [[ "$(chosen out)" == *"-dynamic-rule sgd"* ]] && other=rms
    best=$(ppl -test tune $(chosen out))
    rnnlm -rnnlm model -test short -dynamic auto -tune tune -dynamic-rule $other >out
    awk -v a="$best" -v b="$(ppl -test tune $(chosen out) -dynamic-rule $other)" 'BEGIN { exit !(a < b) }'
    # without statistics there is no choice
    cp model lonely
    rnnlm -rnnlm lonely -test short -dynamic auto -tune tune >out
    [[ "$(chosen out)" != *rule* ]]
    rnnlm -rnnlm lonely -test short -dynamic auto -tune tune -dynamic-statistics model.statistics >out
    [[ "$(chosen out)" == *rule* ]]
    says 1 'rnnlm-model -statistics TEXT makes it' rnnlm -rnnlm lonely -test short -dynamic auto -tune tune -dynamic-decay 0.1
}

@test "several networks: each adapts by itself" {
    rnnlm -train train -valid valid -rnnlm other -hidden 8 -class 20 -max-iter 1 >log
    "$BIN/rnnlm-model" -rnnlm other -statistics train
    head -n 40 repeating >some
    set -- -test some -dynamic-rule rms
    rnnlm -rnnlm model -dynamic 1e-3 "$@" -debug 2 | grep '^[0-9]' >one
    rnnlm -rnnlm other -dynamic 1e-3 "$@" -debug 2 | grep '^[0-9]' >two
    rnnlm -rnnlm model -rnnlm other -weights 0.3,0.7 -dynamic 1e-3 "$@" -debug 2 | grep '^[0-9]' >both
    paste one two both | awk '{ d = 0.3 * $2 + 0.7 * $5 - $8 } d > 1e-9 || d < -1e-9 { exit 1 } END { exit NR < 100 }'
    # rates are found for each, as they are for one alone
    head -n 12 repeating >tune
    rnnlm -rnnlm model -rnnlm other -dynamic auto -tune tune "$@" >out
    for one in model other; do
        rnnlm -rnnlm $one -dynamic auto -tune tune "$@" | grep "^dynamic evaluation of $one:"
    done >wanted
    grep '^dynamic evaluation' out | cmp - wanted
    rnnlm -rnnlm model -rnnlm other -dynamic 1e-3 "$@" -dynamic-statistics model.statistics -dynamic-statistics other.statistics >named
    rnnlm -rnnlm model -rnnlm other -dynamic 1e-3 "$@" >beside
    cmp named beside
    says 2 'found 1, wanted 2, one for each network' rnnlm -rnnlm model -rnnlm other -dynamic 1e-3 "$@" -dynamic-statistics model.statistics
    rnnlm -rnnlm model -rnnlm other -dynamic 1e-3 "$@" -report page.html >out
    grep -q 'perplexity of the networks as they are' page.html
}

@test "what comes behind a word changes no probability before it" {
    head -n 30 repeating >one
    { cat one; head -n 20 test; } >two
    { cat one; tail -n 20 test; } >three
    lines=$(rnnlm -rnnlm model -test one -dynamic 1e-3 -dynamic-rule rms -debug 2 -unk | grep -c '^[0-9]')
    for text in two three; do
        rnnlm -rnnlm model -test $text -dynamic 1e-3 -dynamic-rule rms -debug 2 -unk | grep '^[0-9]' | head -n "$lines" >$text.table
    done
    cmp two.table three.table
}

@test "adapting together with n-gram models, in other forms and pages" {
    "$BIN/rnnlm-ngram" train -text train -order 2 -discount-fallback -o arpa
    rnnlm -rnnlm model -test repeating -ngram arpa -lambda 0.5 -dynamic 1e-3 -dynamic-rule rms -report page.html >out
    grep -q 'perplexity of the networks as they are' page.html
    rnnlm -rnnlm model -test repeating -dynamic 1e-3 -dynamic-rule rms -write scores | awk '{ s += $1 } END { print s }' >scores
    rnnlm -rnnlm model -test repeating -dynamic 1e-3 -dynamic-rule rms | sed -n 's/^test log probability: //p' |
        awk 'NR == FNR { a = $1; next } (a - $1) ^ 2 > 1e-3 { exit 1 }' scores -
    rnnlm -rnnlm model -test repeating -dynamic 1e-3 -dynamic-rule rms -format srilm | sed -n 's/.*logprob= \([^ ]*\) .*/\1/p' |
        awk 'NR == FNR { a = $1; next } (a - $1) ^ 2 > 1e-2 { exit 1 } END { exit !(FNR == 1) }' scores -
}

@test "networks of other kinds adapt" {
    skip_if_slow
    for layers in elman:8 gru:8,elman:6:tanh "sru:8 -output full" "projection:6,qrnn:6 -tied"; do
        rnnlm -train train -valid valid -rnnlm other -layers $layers $([[ "$layers" == *output* ]] || echo -class 20) -fast -epochs 1 \
            -independent >log 2>&1
        "$BIN/rnnlm-model" -rnnlm other -statistics train -o other.numbers
        rnnlm -rnnlm other -test repeating >plain
        rnnlm -rnnlm other -test repeating -dynamic 1e-3 -dynamic-rule rms -dynamic-statistics other.numbers >adapted
        awk '/^PPL net/ { p[++n] = $3 } END { exit !(p[2] > 1 && p[2] < p[1]) }' plain adapted || fail "$layers"
        rm other*
    done
}

@test "dynamic evaluation: what does not fit" {
    set -- rnnlm -rnnlm model -test test -dynamic 1e-3
    says 2 'found "adam", wanted sgd or rms' "$@" -dynamic-rule adam
    says 2 'option -dynamic-words: found "0"' "$@" -dynamic-rule rms -dynamic-words 0
    says 2 'option -dynamic-decay: found "2"' "$@" -dynamic-rule rms -dynamic-decay 2
    says 2 '-dynamic-decay is for -dynamic-rule rms' "$@" -dynamic-decay 0.1
    says 2 '-dynamic-rule is for -dynamic RATE' rnnlm -rnnlm model -test test -dynamic-rule rms
    says 2 'for texts, not for -nbest' "$@" -dynamic-rule rms -nbest
    says 2 'for texts, not for -nbest' rnnlm -rnnlm model -test test -nbest -dynamic auto -tune test
    says 2 'exclude each other' "$@" -dynamic-rule rms -per-sentence
    says 2 '-dynamic auto wants a text to find the rate on' rnnlm -rnnlm model -test test -dynamic auto
    says 2 'option -dynamic: found "much", wanted a number' rnnlm -rnnlm model -test test -dynamic much
    says 2 'option -dynamic: found "-1"' rnnlm -rnnlm model -test test -dynamic -1
    says 1 'missing' rnnlm -rnnlm model -test test -dynamic auto -tune missing
    says 1 'missing' "$@" -dynamic-rule rms -dynamic-statistics missing
    says 1 'train: no sections\|train: ' "$@" -dynamic-rule rms -dynamic-statistics train
    rnnlm -train train -valid valid -rnnlm direct -hidden 5 -class 20 -direct 1 -max-iter 1 >log
    says 1 'rnnlm-model -statistics TEXT makes it of the training text' rnnlm -rnnlm direct -test test -dynamic 1e-3 -dynamic-rule rms
    says 1 'direct connections: found' "$BIN/rnnlm-model" -rnnlm direct -statistics train
    [ ! -e direct.statistics ]
    cp model moved
    rnnlm -train valid -rnnlm moved -one-iter -streams 4 -alpha 0.01 >log 2>&1
    says 1 'statistics of another model, or of this one before it learnt more' \
        rnnlm -rnnlm moved -test test -dynamic 1e-3 -dynamic-rule rms -dynamic-statistics model.statistics
    printf 'a\n' >short
    says 1 'too few words for statistics' "$BIN/rnnlm-model" -rnnlm model -statistics short -o new
    says 2 '-statistics goes with -rnnlm and -o alone' "$BIN/rnnlm-model" -rnnlm model -statistics train -check
}

@test "tuned on what it is tested on: a warning" {
    warns() { # YES|NO ARGUMENT...
        local wanted=$1
        shift
        rnnlm -rnnlm model -debug 0 "$@" >out 2>err
        grep -q 'is the text that is tested' err && found=YES || found=NO
        [ "$found" = "$wanted" ] || fail "$*: $found, $(cat err)"
    }
    head -n 20 test >few
    gzip -c few >same.gz
    { cat few; echo more; } >longer
    warns YES -test few -tune few -dynamic auto
    warns YES -test few -tune same.gz -dynamic auto
    warns NO -test few -tune longer -dynamic auto
    warns NO -test longer -tune few -dynamic auto
    sed '7s/^/\n/' few >divided
    warns NO -test few -tune divided -dynamic auto
    warns YES -test few -tune few -cache-neural 50
    warns YES -test few -tune few -cache-neural 50 -cache-theta 0.5
    warns NO -test few -tune few -cache-neural 50 -cache-theta 0.5 -cache-lambda 0.1
    warns YES -test few -tune few -rnnlm model -weights auto
    warns NO -test few -tune few -rnnlm model -weights 0.5,0.5
    # pipes are not read twice
    warns NO -test few -tune <(cat few) -dynamic auto
}
