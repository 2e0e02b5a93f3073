# Networks that learn from networks (-teach), and sums that are to be 1 (-self-normalise).

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    head -n 12 test | "$BATS_TEST_DIRNAME/../../scripts/corrupt-text" -copies 2 >lists
    learn first -rand-seed 1 -epochs 4
    learn second -rand-seed 2 -epochs 4
    learn sums -self-normalise 0.5 -epochs 3
}

setup() {
    in_own_folder
}

learn() { # MODEL OPTIONS...
    local model="$1" class="-class 8"
    shift
    [[ " $* " != *" full "* ]] || class=
    # shellcheck disable=SC2046 # words are meant
    rnnlm -train train -valid valid -rnnlm "$model" $(defaults "-layers elman:12:tanh $class -dropout 0 -threads 1" "$@") \
        -fast "$@" >"$model.log" 2>"$model.err" || fail "$* $(cat "$model.err")"
}

# The last entropy of the text that a training has learnt from.
learnt() { # MODEL
    tail -n 1 "$1.log" | sed 's/.*TRAIN entropy: *\([0-9.]*\).*/\1/'
}

perplexity() { # MODEL OPTIONS...
    rnnlm -rnnlm "$1" -test test "${@:2}" | sed -n 's/^PPL net.*: //p'
}

@test "teach: a network comes nearer to its teachers' mixture than one that learns alone" {
    skip_if_slow
    learn alone -rand-seed 3 -epochs 4
    learn taught -rand-seed 3 -epochs 4 -teach first -teach second -teach-share 1
    grep -q "^Teachers have been asked: what they say of [1-9][0-9]* words takes [0-9.]* MB of disk$" taught.log
    for model in alone taught; do
        rnnlm -rnnlm $model -test test -debug 2 | table | cut -f 2 >$model.probs
    done
    rnnlm -rnnlm first -rnnlm second -weights 0.5,0.5 -test test -debug 2 | table | cut -f 2 >mixture.probs
    for model in alone taught; do # mean square of differences
        paste $model.probs mixture.probs | awk '$1 > 0 { s += ($1 - $2) ^ 2; n++ } END { print s / n }'
    done >distances
    awk 'NR == 1 { alone = $1 } END { exit !($1 < alone) }' distances || fail "$(cat distances)"
}

@test "teach: nobody's share changes nothing, weights are relative, one model comes of any number of workers and of pieces" {
    skip_if_slow
    learn alone -epochs 2
    learn none -epochs 2 -teach first -teach-share 0
    cmp <(rnnlm -rnnlm alone -test test -debug 2) <(rnnlm -rnnlm none -test test -debug 2 | sed 's/none/alone/')
    learn one -epochs 1 -teach first:2 -teach second:2
    learn other -epochs 1 -teach first:1 -teach second -threads 3
    cmp one other
    learn third -epochs 1 -teach first:0.1 -teach second:3
    ! cmp -s one third
    learn pieces -epochs 1 -teach first -teach second -peers-pieces 2
    learn pieces2 -epochs 1 -teach first -teach second -peers-pieces 2 -threads 2
    cmp pieces pieces2
}

@test "teach: a training that is stopped goes on bit by bit, with the same teachers alone" {
    learn whole -epochs 3 -teach first -teach second
    rnnlm -train train -valid valid -rnnlm part -layers elman:12:tanh -class 8 -dropout 0 -threads 1 -fast \
        -epochs 3 -teach first -teach second -max-minutes 1e-9 >log 2>&1 && false || [ $? -eq 75 ]
    [ -e part.checkpoint ]
    says 1 "the training was begun with \"-teach" rnnlm -train train -valid valid -rnnlm part -class 8 -dropout 0 \
        -threads 1 -fast -epochs 3 -teach second -layers elman:12:tanh
    learn part -epochs 3 -teach first -teach second
    grep -q "Going on bit by bit" part.log
    cmp whole part
    learn part -epochs 3 -teach first -teach second # has ended: nobody is asked
    ! grep -q "Teachers" part.log
    cmp whole part
}

@test "teach: teachers that do not fit are named, and nothing is written" {
    learn classes -epochs 1 -class 5
    rnnlm -train test -valid valid -rnnlm words -layers elman:4 -class 8 -fast -epochs 1 >log 2>&1
    learn full -epochs 1 -output full
    try() { # STATUS MESSAGE OPTIONS...
        says "$1" "$2" rnnlm -train train -valid valid -rnnlm new -layers elman:4:tanh -dropout 0 "${@:3}"
        [ ! -e new ]
    }
    try 1 "classes: found 5 classes, the network that learns has 8" -class 8 -fast -teach classes
    try 1 "words: found other words or classes" -class 8 -fast -teach words
    try 1 "full: found output full, wanted class" -class 8 -fast -teach full
    try 2 "-teach is for -output class" -output full -fast -teach full
    try 2 "-teach is for batches" -class 8 -teach first
    try 1 "nowhere" -class 8 -fast -teach nowhere
    try 2 "option -teach: .*first:0" -class 8 -fast -teach first:0
    try 1 "exclude -teach" -class 8 -fast -teach first -shuffle
    says 2 "-teach-share is for -teach" rnnlm -rnnlm first -test test -teach-share 0.5
    says 2 "-teach is for training" rnnlm -rnnlm first -test test -teach second
    cp first both
    says 1 "both" rnnlm -train train -valid valid -rnnlm both -class 8 -fast -epochs 9 -teach both
    cmp first both
}

@test "self-normalise: sums come near 1, so that -unnormalised is near -test" {
    need_logarithms
    grep -q "log Z: -*0\.[0-9]* +- 0\.[0-9]*$" sums.log
    z=$(tail -n 1 sums.log | sed 's/.*log Z: *\(-*[0-9.]*\).*/\1/')
    awk -v z="$z" 'BEGIN { exit !(z > -0.3 && z < 0.3) }' || fail "$(cat sums.log)"
    exact=$(perplexity sums) scores=$(perplexity sums -unnormalised)
    awk -v a="$exact" -v b="$scores" 'BEGIN { exit !(a / b > 0.75 && a / b < 1.33) }' || fail "$exact $scores"
    # What it tells is what it is: mean of log(score / probability) of the validation text.
    rnnlm -rnnlm sums -test valid -debug 2 | table | cut -f 2 >probs
    rnnlm -rnnlm sums -test valid -debug 2 -unnormalised | table | cut -f 2 >scores
    within "$(paste probs scores | awk '$1 > 0 { s += log($2 / $1); n++ } END { print s / n }')" "$z" 2e-3
}

@test "self-normalise: lists and lattices use scores, bfloat16 keeps them" {
    skip_if_slow
    rnnlm -rnnlm sums -test test -unnormalised -write scores -per-sentence >lines
    sed 's/^/1 /' test >list
    "$BIN/rnnlm-nbest" -rnnlm sums list -unnormalised -oov-penalty 0 >nbest
    same_numbers nbest lines 1e-4
    ! cmp -s <("$BIN/rnnlm-nbest" -rnnlm sums list -oov-penalty 0) nbest
    "$BIN/rnnlm-model" -rnnlm sums -o half -format native-bf16
    near "$(perplexity half -unnormalised)" "$(perplexity sums -unnormalised)" 0.02
    learn full -output full -self-normalise 0.5 -epochs 3
    exact=$(perplexity full) scores=$(perplexity full -unnormalised)
    awk -v a="$exact" -v b="$scores" 'BEGIN { exit !(a / b > 0.75 && a / b < 1.33) }' || fail "$exact $scores"
}

@test "self-normalise: what has not learnt it is refused, and what cannot" {
    says 1 "first: found output class, whose scores sum to anything" rnnlm -rnnlm first -test test -unnormalised
    try() { # MESSAGE OPTIONS...
        says 2 "$1" rnnlm -train train -valid valid -rnnlm new -self-normalise 0.1 "${@:2}"
        [ ! -e new ]
    }
    try "-self-normalise is for batches" -hidden 4
    try "-self-normalise is for -output class and full" -layers elman:4:tanh -output tree -fast
    try "only models of -format native" -hidden 4 -fast
    # Going on without it, a network is no longer taken for one that has it.
    cp sums other
    rnnlm -train train -valid valid -rnnlm other -class 8 -dropout 0 -fast -epochs 4 >log 2>&1
    says 1 "whose scores sum to anything" rnnlm -rnnlm other -test test -unnormalised
}
