# Classes of words by what they follow: -class-by context.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    learn frequency -class-by frequency
    learn context -class-by context
}

setup() {
    cd "$BATS_TEST_TMPDIR"
    ln -sf "$BATS_FILE_TMPDIR"/* .
}

learn() { # MODEL OPTIONS...
    local model="$1"
    shift
    rnnlm -train train -valid valid -rnnlm "$model" -hidden 10 -class 20 -streams 8 -epochs 4 "$@" >"$model.log"
}

perplexity() { # MODEL
    rnnlm -rnnlm "$1" -test test -debug 1 >"$1.test"
    figure "PPL net" "$1.test"
}

# The words of a text model with their classes: COUNT WORD CLASS.
words() {
    awk '/^Vocabulary:/ { on = 1; next } on && NF == 4 { print $2, $3, $4 } on && NF == 0 && n++ { exit }' "$1"
}

@test "classes by context predict better" {
    awk -v a="$(perplexity context)" -v b="$(perplexity frequency)" 'BEGIN { exit !(a < 0.97 * b) }'
}

@test "classes by context: the same words, in runs of classes, the most frequent ones first" {
    words frequency | cut -d ' ' -f 1,2 | sort >one
    words context | cut -d ' ' -f 1,2 | sort >other
    cmp one other
    words context | awk '
        NR == 1 && $2 != "</s>" || $3 < class { bad = 1 }
        $3 == class && NR > 2 && $1 > count { bad = 1 }
        { class = $3; count = $1; classes[$3] }
        END { exit bad || length(classes) != 20 }'
}

@test "classes by context: any format, any way of reading the text, and training that goes on" {
    for format in binary native; do
        learn model -class-by context -format $format
        near "$(perplexity model)" "$(perplexity context)" 1e-5
        rm model*
    done
    rnnlm -train - -valid valid -rnnlm model -hidden 10 -class 20 -streams 8 -epochs 4 -class-by context <train >log
    sed 1,/^Vocabulary/d model | cmp - <(sed 1,/^Vocabulary/d context)
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
