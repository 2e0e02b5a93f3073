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

@test "every program that scores says so where many words are unknown" {
    train_model model '<unk>'
    printf 'a b c\nx y z c\n' >many
    printf 'a b c\na z b c\n' >few
    for text in many few; do
        sed 's/^/u /' $text >$text.list
        awk '{ print "u" NR; for (i = 1; i <= NF; i++) print i - 1, i, $i, "1,2,"; print NF " 0,0,"; print "" }' $text >$text.lat
    done
    awk '{ for (i = 1; i < NF; i++) if ($i ~ /^[xyz]$/) $i = i; print }' many.lat >numbers.lat
    for options in '' -unk; do
        for command in "rnnlm -rnnlm model -debug 0 -test @" "rnnlm -rnnlm model -nbest -debug 0 -test @.list" \
            "rnnlm -rnnlm model -ngram model.arpa -debug 0 -test @" "rnnlm-nbest -rnnlm model @.list" \
            "rnnlm-nbest -rnnlm model -ngram model.arpa @.list" "rnnlm-lattice -rnnlm model @.lat" \
            "rnnlm-lattice -rnnlm model -ngram model.arpa @.lat" "rnnlm-ngram ppl -lm model.arpa -text @"; do
            "$BIN/"${command//@/many} $options >out 2>err
            grep -q "^${command%% -*}: warning: 3 of 7 words are unknown to the model$" err || fail "$command: $(cat err)"
            "$BIN/"${command//@/few} $options >out 2>err
            ! grep -q unknown err || fail "$command: $(cat err)"
        done
    done
    # A word that the other model knows, or that has a probability of its own, is known.
    sed 's/c/x y z/' train >other
    "$BIN/rnnlm-ngram" train -order 1 -text other -discount-fallback -o other.arpa
    "$BIN/rnnlm-nbest" -rnnlm model -ngram other.arpa many.list 2>&1 >out | wc -l | grep -qx 0
    "$BIN/rnnlm-lattice" -rnnlm model -ngram other.arpa many.lat 2>&1 >out | wc -l | grep -qx 0
    printf 'x 0.5\ny 0.25\n' >table
    "$BIN/rnnlm-nbest" -rnnlm model -unk-probs table many.list 2>&1 >out | wc -l | grep -qx 0
    printf 'x 0.5\n' >table
    "$BIN/rnnlm-nbest" -rnnlm model -unk-probs table many.list 2>&1 >out | grep -q '2 of 7 words are unknown'
}

@test "Kaldi's lattices with numbers for words want -words" {
    train_model model '<unk>'
    printf '%s\n' u '0 1 17 1,2,' '1 2 29 1,2,' '2 0,0,' '' >lattice
    printf '%s\n' '<eps> 0' 'a 17' 'b 29' >words.txt
    run --separate-stderr "$BIN/rnnlm-lattice" -rnnlm model lattice
    [ "$status" -eq 0 ]
    [ "$stderr" = "rnnlm-lattice: warning: 2 of 2 words are unknown to the model: they are numbers, -words FILE (words.txt) has the words" ]
    run --separate-stderr "$BIN/rnnlm-lattice" -rnnlm model -words words.txt lattice
    [ "$output" = "u a b" ]
    [ "$stderr" = "" ]
}

@test "unknown words share the probability of the word for them, by a table or equally" {
    need_logarithms
    train_model model '<RNN_UNK>'
    "$BIN/rnnlm-ngram" train -order 2 -text train.model -unk -unk-word '<RNN_UNK>' -discount-fallback -o model.arpa
    printf 'x 0.25\ny 0.5\nnever 0\n' >table
    word() { # PROGRAM'S: the scores of "a WORD b", of the word and of the line
        printf 'a %s b\n' "$1" >line
        printf 'u a %s b\n' "$1" >list
        printf '%s\n' u '0 1 a 0,2,' "1 2 $1 0,2," '2 3 b 0,2,' '3 0,0,' '' >lattice
        shift
        {
            rnnlm -rnnlm model -test line -write scores "$@"
            rnnlm -rnnlm model -test line -per-sentence -write scores "$@"
            rnnlm -rnnlm model -ngram model.arpa -test line -write scores "$@"
            rnnlm -rnnlm model -rnnlm model -test list -nbest -debug 0 "$@"
            "$BIN/rnnlm-nbest" -rnnlm model list "$@"
            "$BIN/rnnlm-nbest" -rnnlm model -ngram model.arpa -unk list "$@"
            for models in "-rnnlm model" "-rnnlm model -ngram model.arpa" "-ngram model.arpa"; do
                "$BIN/rnnlm-lattice" $models -unk -write nbest lattice "$@" | cut -f 3
            done
            "$BIN/rnnlm-ngram" ppl -lm model.arpa -text line "$@" | sed -n 's/.*logprob= \([-0-9.]*\).*/\1/p'
        } 2>err
    }
    # less FILE SHARE: the scores of the word itself, times the share.
    less() {
        awk -v share="$2" '{ printf "%.6f\n", $1 + log(share) / log(10) }' "$1"
    }
    word '<RNN_UNK>' >whole
    [ "$(wc -l <whole)" -eq 10 ]
    for pair in 'x 0.25' 'y 0.5' 'never 1e-7' 'other 1e-7'; do
        word ${pair% *} -unk-probs table >found
        less whole ${pair#* } >wanted
        same_numbers found wanted 2e-5 || fail "$pair"
    done
    word '<RNN_UNK>' -unk-probs table >found
    same_numbers found whole 2e-5
    for name in x other; do
        word $name -unk-count 40 >found
        less whole 0.025 >wanted
        same_numbers found wanted 2e-5
        word $name -unk-count 1 >found
        same_numbers found whole 2e-5
    done
    # Words that are listed are known ones.
    printf 'x y x\n' >line
    printf '%s\n' u '0 1 x 0,2,' '1 2 y 0,2,' '2 3 x 0,2,' '3 0,0,' '' >lattice
    for command in "rnnlm -rnnlm model -debug 0 -test line" "rnnlm-lattice -rnnlm model lattice" "rnnlm-ngram ppl -lm model.arpa -text line"; do
        "$BIN/"$command -unk-probs table 2>err >out
        ! grep -q unknown err || fail "$command: $(cat err)"
        "$BIN/"$command -unk-count 3 2>err >out
        grep -q '3 of 3 words are unknown to the model' err || fail "$command: $(cat err)"
    done
}

@test "shares that cannot be" {
    train_model usual '<unk>'
    printf 'a b\n' >text
    sed -i 's/<UNK>/c/' train
    rnnlm -train train -rnnlm without -hidden 2 -class 1 -one-iter -debug 0 >log
    printf 'x 0.5\nx 0.5\n' >twice
    printf 'x 1.5\n' >large
    printf 'x 0.5\n' >table
    printf '%s\n' u '0 1 a 0,2,' '1 0,0,' '' >lattice
    for program in "rnnlm -rnnlm usual -debug 0 -test text" "rnnlm-nbest -rnnlm usual text" \
        "rnnlm-lattice -rnnlm usual lattice" "rnnlm-ngram ppl -lm usual.arpa -text text"; do
        run --separate-stderr "$BIN/"$program -unk-probs twice
        [ "$status" -eq 1 ]
        [[ "$stderr" == *'twice: line 2: found "x" for the second time' ]]
        run --separate-stderr "$BIN/"$program -unk-probs large
        [ "$status" -eq 1 ]
        [[ "$stderr" == *'large: line 1: found "x 1.5"'* ]]
        run --separate-stderr "$BIN/"$program -unk-probs table -unk-count 2
        [ "$status" -eq 2 ]
        [[ "$stderr" == *'-unk-probs and -unk-count exclude each other' ]]
    done
    refuses 'without: has no word RNN_UNK, <unk> or the like, which -unk-count wants' -- -rnnlm without -test text -unk-count 3 -debug 0
    refuses 'without: has no word RNN_UNK, <unk> or the like, which -unk-probs wants' -- -rnnlm without -test text -unk-probs table -debug 0
    refuses 'option -unk-word: no model has the word "own"' -- -rnnlm usual -test text -unk-probs table -unk-word own -debug 0
}
