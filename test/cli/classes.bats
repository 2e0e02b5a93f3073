# Classes of words by what they follow: -class-by context.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    learn frequency -class-by frequency
    learn context -class-by context
}

setup() {
    in_own_folder
}

learn() { # MODEL OPTIONS...
    local model="$1"
    shift
    rnnlm -train train -valid valid -rnnlm "$model" -hidden 10 -class 20 -streams 8 -epochs 4 "$@" >"$model.log" 2>"$model.err"
}

perplexity() { # MODEL
    rnnlm -rnnlm "$1" -test test -debug 1 >"$1.test"
    figure "PPL net" "$1.test"
}

@test "classes by context predict better" {
    awk -v a="$(perplexity context)" -v b="$(perplexity frequency)" 'BEGIN { exit !(a < 0.97 * b) }'
}

@test "classes by context: the native format alone, as the reference makes its classes anew from counts" {
    [[ "$(cat context.err)" == "rnnlm: the model is saved in the native format, the reference's have no such classes" ]]
    "$BIN/rnnlm-model" -rnnlm context -check | grep -x "classes by: context"
    "$BIN/rnnlm-model" -rnnlm frequency -check | grep -x "classes by: square root of frequency"
    for format in text binary; do
        run -2 --separate-stderr rnnlm -train train -valid valid -rnnlm model -hidden 10 -class-by context -format $format
        [ "$stderr" = "rnnlm: format $format holds classes by frequency: -format native is wanted with -class-by context" ]
        run -1 --separate-stderr "$BIN/rnnlm-model" -rnnlm context -format $format -o model
        [[ "$stderr" == "rnnlm-model: model: format $format holds words by falling count, "*": -format native is wanted" ]]
        [ ! -e model ]
    done
    "$BIN/rnnlm-model" -rnnlm context -format native-bf16 -o half
    near "$(perplexity half)" "$(perplexity context)" 0.005
}

@test "classes by context: any way of reading the text, and training that goes on" {
    rnnlm -train - -valid valid -rnnlm model -hidden 10 -class 20 -streams 8 -epochs 4 -class-by context <train >log
    [ "$(perplexity model)" = "$(perplexity context)" ]
    learn more -class-by context -max-iter 2
    rm -f more.checkpoint
    begun=$(perplexity more)
    rnnlm -train train -valid valid -rnnlm more -streams 8 -epochs 4 >log
    awk -v a="$(perplexity more)" -v b="$begun" 'BEGIN { exit !(a < b) }'
}

@test "classes by context: the default where the reference has no such network" {
    for layers in elman:10 elman:10:tanh; do
        for by in "" "-class-by context" "-class-by frequency"; do
            # shellcheck disable=SC2086
            rnnlm -train train -valid valid -rnnlm model -layers $layers -class 20 -streams 8 -max-iter 1 $by -format native >log
            perplexity model >"$layers ${by#-class-by }"
            rm model*
        done
    done
    cmp "elman:10 " "elman:10 frequency"
    cmp "elman:10:tanh " "elman:10:tanh context"
    run cmp -s "elman:10 context" "elman:10 frequency"
    [ "$status" -eq 1 ]
}

@test "classes: more than there are words are fewer, with a word" {
    printf 'a b\nb a b\n' >tiny # three words with </s>
    for classes in 3 4; do
        run -0 --separate-stderr rnnlm -train tiny -one-iter -rnnlm model$classes -hidden 2 -class $classes
        warned[classes]="$stderr"
    done
    [ "${warned[3]}" = "" ]
    [ "${warned[4]}" = "rnnlm: warning: 4 classes wanted, the vocabulary has 3 words: as many classes are made" ]
    "$BIN/rnnlm-model" -rnnlm model4 -check | grep -x "class size: 3"
}
