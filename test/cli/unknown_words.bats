# Words that models do not know: what every program takes them as.

load helpers

setup() {
    cd "$BATS_TEST_TMPDIR"
    awk 'BEGIN { for (i = 1; i <= 400; i++) print "a b " (i % 5 ? "c" : "<UNK>") " b" (i % 3 ? " a" : "") }' >train
    out="$BATS_TEST_TMPDIR/out"
}

# train_model NAME WORD: a network whose word for unknown ones is WORD.
train_model() {
    sed "s/<UNK>/$2/" train >train.$1
    rnnlm -train train.$1 -rnnlm $1 -hidden 3 -class 1 -one-iter -debug 0 >log
    "$BIN/rnnlm-ngram" train -order 2 -text train.$1 -unk -unk-word "$2" -discount-fallback -o $1.arpa
}

# scores MODEL ARGUMENTS...: what each program gives a text and lists with a word that is not in the model, number by
# number.
scores() {
    local model="$1"
    shift
    printf 'a b new b\n' >text
    printf 'u a b new b\n' >list
    printf '%s\n' u '0 1 a 1,2,' '1 2 b 1,2,' '2 3 new 1,2,' '3 4 b 1,2,' '4 0,0,' '' >lattice
    rnnlm -rnnlm $model -test text -debug 0 "$@" | grep '^test log'
    rnnlm -rnnlm $model -test text -write srilm -debug 2 "$@" | grep 'p( .* | b' | sed 's/p( [^ ]*/p( word/'
    rnnlm -rnnlm $model -test text -ngram $model.arpa -debug 0 "$@" | grep '^test log'
    rnnlm -rnnlm $model -test list -nbest -debug 0 "$@"
    "$BIN/rnnlm-nbest" -rnnlm $model list "$@"
    "$BIN/rnnlm-nbest" -rnnlm $model -ngram $model.arpa list "$@"
    "$BIN/rnnlm-lattice" -rnnlm $model -write nbest lattice "$@" | cut -f 1-4
    "$BIN/rnnlm-lattice" -rnnlm $model -ngram $model.arpa -write nbest lattice "$@" | cut -f 1-4
    "$BIN/rnnlm-ngram" ppl -lm $model.arpa -text text -debug 0 "$@"
}

@test "<UNK>, [unk] and the like are found in every program, any word with -unk-word" {
    train_model usual '<unk>'
    train_model upper '<UNK>'
    train_model square '[unk]'
    train_model own rare
    scores usual -unk >wanted
    grep -q '0 OOVs' wanted
    scores upper -unk | cmp - wanted
    scores square -unk | cmp - wanted
    scores own -unk-word rare | cmp - wanted
    # Without it, it is a word like any other.
    ! scores own -unk | cmp -s - wanted
    scores own -unk | grep -q '1 OOVs'
    # It is searched for in all models.
    rnnlm -rnnlm usual -rnnlm own -test text -ngram upper.arpa -unk-word rare -debug 0 2>err | grep '^test log' >found
    rnnlm -rnnlm usual -rnnlm usual -test text -ngram usual.arpa -unk -debug 0 2>err | grep '^test log' | cmp - found
    refuses 'option -unk-word: no model has the word "rarer"' -- -rnnlm own -test text -ngram own.arpa -unk-word rarer -debug 0
    for program in "rnnlm-nbest -rnnlm own -ngram own.arpa list" "rnnlm-lattice -rnnlm own lattice" \
        "rnnlm-arpa -rnnlm own -ngrams own.arpa -o new" "rnnlm-ngram ppl -lm own.arpa -text text"; do
        run --separate-stderr "$BIN/"$program -unk-word rarer
        [ "$status" -eq 1 ]
        [[ "$stderr" == *": option -unk-word: "*" has"*" word \"rarer\"" ]]
    done
}

@test "rnnlm-ngram train -unk-word: what unknown words become" {
    printf '%s\n' a b >vocabulary
    "$BIN/rnnlm-ngram" train -order 2 -text train -vocab vocabulary -unk -discount-fallback >usual
    "$BIN/rnnlm-ngram" train -order 2 -text train -vocab vocabulary -unk -unk-word '<UNK>' -discount-fallback >upper
    grep -q '<unk>' usual
    ! grep -q '<unk>' upper
    sed 's/<UNK>/<unk>/' upper | sort | cmp - <(sort usual)
    run --separate-stderr "$BIN/rnnlm-ngram" train -text train -unk -unk-word '<s>'
    [ "$status" -eq 1 ]
    [ "$stderr" = "rnnlm-ngram train: <s> cannot be the word for unknown words" ]
}

@test "rnnlm-arpa: two models may have two names for it" {
    train_model usual '<unk>'
    train_model upper '<UNK>'
    train_model own rare
    for model in upper own; do
        "$BIN/rnnlm-arpa" -rnnlm $model -ngrams usual.arpa -unk-word rare -o new || [ $model = upper ]
        [ $model = own ] || "$BIN/rnnlm-arpa" -rnnlm $model -ngrams usual.arpa -o new
        awk '$2 == "<unk>" && NF == 3 { print $1 }' new >found
        "$BIN/rnnlm-arpa" -rnnlm usual -ngrams usual.arpa -o new
        awk '$2 == "<unk>" && NF == 3 { print $1 }' new | cmp - found
    done
}
