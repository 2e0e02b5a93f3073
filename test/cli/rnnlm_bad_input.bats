# Bad input: one clear line on standard error, exit 1, and nothing lost.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    rnnlm -train train -valid valid -rnnlm binary.model -hidden 5 -class 20 -max-iter 1 -binary >log
    rnnlm -train train -valid valid -rnnlm text.model -hidden 5 -class 20 -max-iter 1 >log
    : >empty
    head -n 40 train >tiny
    rnnlm -train tiny -valid tiny -rnnlm tiny.model -hidden 2 -class 3 -max-iter 1 >log
    rnnlm -train tiny -valid tiny -rnnlm tiny.binary -hidden 2 -class 3 -compression 2 -max-iter 1 -binary >log
}

setup() {
    cd "$BATS_FILE_TMPDIR"
    new="$BATS_TEST_TMPDIR/new"
}

# nothing_new: no model has been written, nor a part of one.
nothing_new() {
    [ "$(ls -A "$BATS_TEST_TMPDIR" | grep -c new)" -eq 0 ] || fail "left over: $(ls -A "$BATS_TEST_TMPDIR")"
}

# ---- texts --------------------------------------------------------------------------------------

@test "missing files are named" {
    refuses "no/train" "No such file" -- -train no/train -valid valid -rnnlm "$new"
    refuses "no/valid" "No such file" -- -train train -valid no/valid -rnnlm "$new"
    refuses "no/test" "No such file" -- -rnnlm text.model -test no/test
    refuses "no/model" "No such file" -- -rnnlm no/model -test test
    refuses "no/model" "No such file" -- -rnnlm no/model -gen 10
    refuses "no/prob" "No such file" -- -rnnlm text.model -test test -lm-prob no/prob
    refuses "no/lists" "No such file" -- -rnnlm text.model -test no/lists -nbest
    nothing_new
}

@test "unreadable files and folders are named" {
    refuses "$BATS_TEST_TMPDIR" "directory" -- -train "$BATS_TEST_TMPDIR" -valid valid -rnnlm "$new"
    refuses "$BATS_TEST_TMPDIR" "directory" -- -rnnlm "$BATS_TEST_TMPDIR" -test test
    refuses "$BATS_TEST_TMPDIR" "directory" -- -rnnlm text.model -test "$BATS_TEST_TMPDIR"
    [ "$(id -u)" -ne 0 ] || skip "root reads everything"
    cp train "$BATS_TEST_TMPDIR/locked"
    chmod 0 "$BATS_TEST_TMPDIR/locked"
    refuses locked "Permission denied" -- -train "$BATS_TEST_TMPDIR/locked" -valid valid -rnnlm "$new"
}

@test "a model in a folder that is not there is refused before the training" {
    refuses "no/folder/model" "No such file" -- -train train -valid valid -rnnlm no/folder/model -hidden 5 -class 5
}

@test "empty texts" {
    refuses empty "empty" -- -train empty -valid valid -rnnlm "$new"
    refuses "empty: the text is empty" -- -train train -valid empty -rnnlm "$new" -hidden 5 -class 20
    refuses empty "empty" -- -rnnlm text.model -test empty
    refuses empty "empty" -- -rnnlm text.model -test empty -nbest
    nothing_new
    cp text.model "$new"
    refuses "empty" -- -train empty -valid valid -rnnlm "$new" -max-iter 9
    cmp text.model "$new"
}

@test "a zero byte in a word is named with its line" {
    printf 'a b\nc d\0e\n' >"$BATS_TEST_TMPDIR/zero"
    refuses "zero" "line 2" "zero byte" -- -train "$BATS_TEST_TMPDIR/zero" -valid valid -rnnlm "$new"
    nothing_new
}

@test "damaged gzip data" {
    gzip -c train >"$BATS_TEST_TMPDIR/train.gz"
    head -c 5000 "$BATS_TEST_TMPDIR/train.gz" >"$BATS_TEST_TMPDIR/cut.gz"
    refuses "cut.gz" -- -train "$BATS_TEST_TMPDIR/cut.gz" -valid valid -rnnlm "$new"
    refuses "cut.gz" -- -rnnlm text.model -test "$BATS_TEST_TMPDIR/cut.gz"
    gzip -c binary.model | head -c 20000 >"$BATS_TEST_TMPDIR/model.gz"
    refuses "model.gz" -- -rnnlm "$BATS_TEST_TMPDIR/model.gz" -test test
    nothing_new
}

# ---- models -------------------------------------------------------------------------------------

# cut_everywhere MODEL STEP: the last byte of a text model is a newline, without which it is whole.
cut_everywhere() {
    local size position
    size=$(wc -c <"$1")
    for position in 0 1 5 11 12 20 100 300 600 $(seq 640 "$2" "$size") $((size - 3)) $((size - 2)); do
        [ "$position" -lt $((size - 1)) ] || continue
        head -c "$position" "$1" >"$BATS_TEST_TMPDIR/cut"
        refuses "cut" -- -rnnlm "$BATS_TEST_TMPDIR/cut" -test tiny || fail "cut at byte $position of $1" || return 1
    done
}

@test "a binary model cut anywhere" {
    cut_everywhere tiny.binary 331
    head -c $(($(wc -c <tiny.binary) - 1)) tiny.binary >"$BATS_TEST_TMPDIR/cut"
    refuses "cut" -- -rnnlm "$BATS_TEST_TMPDIR/cut" -test tiny
}

@test "a text model cut anywhere" {
    # Within its last number a text is whole, as far as a reader can tell.
    sed '/^Direct connections/,$d' tiny.model | sed '$d' >"$BATS_TEST_TMPDIR/model"
    rnnlm -rnnlm "$BATS_TEST_TMPDIR/model" -test tiny >"$BATS_TEST_TMPDIR/out"
    size=$(sed '$d' "$BATS_TEST_TMPDIR/model" | wc -c)
    for position in 0 1 5 12 100 300 600 $(seq 640 397 "$size") "$size"; do
        head -c "$position" "$BATS_TEST_TMPDIR/model" >"$BATS_TEST_TMPDIR/cut"
        refuses "cut" -- -rnnlm "$BATS_TEST_TMPDIR/cut" -test tiny || fail "cut at byte $position"
    done
}

@test "a binary model with bytes behind its end" {
    { cat tiny.binary; echo more; } >"$BATS_TEST_TMPDIR/long"
    refuses "long" "bytes" -- -rnnlm "$BATS_TEST_TMPDIR/long" -test tiny
}

# changed_model SED-SCRIPT TEXT...: the text model, changed, is refused with the texts.
changed_model() {
    local script="$1"
    shift
    sed "$script" tiny.model >"$BATS_TEST_TMPDIR/changed"
    cmp -s tiny.model "$BATS_TEST_TMPDIR/changed" && fail "sed $script changes nothing"
    refuses "changed" "$@" -- -rnnlm "$BATS_TEST_TMPDIR/changed" -test tiny || fail "sed $script"
}

@test "headers that make no sense" {
    changed_model 's/^version: 10/version: 11/' "version" "11" "10"
    changed_model 's/^version: 10/version: ten/' "version" "ten"
    changed_model 's/^file format: 0/file format: 2/' "file format" "2"
    changed_model 's/^file format: 0/file format: 1/'
    changed_model 's/^hidden layer size: 2/hidden layer size: 3/' "size"
    changed_model 's/^hidden layer size: 2/hidden layer size: -2/' "hidden layer size" "-2"
    changed_model 's/^hidden layer size: 2/hidden layer size: 2.5/' "hidden layer size" "2.5"
    changed_model 's/^hidden layer size: 2/hidden layer size: 99999999999999999999/' "hidden layer size"
    changed_model 's/^hidden layer size: 2/hidden layer size: 0/'
    changed_model 's/^hidden layer size: 2/hidden layer size: /' "hidden layer size"
    changed_model 's/^input layer size: .*/input layer size: 17/' "input layer size" "17"
    changed_model 's/^output layer size: .*/output layer size: 17/' "output layer size" "17"
    changed_model 's/^vocabulary size: .*/vocabulary size: 17/'
    changed_model 's/^vocabulary size: .*/vocabulary size: 999999999999/'
    changed_model 's/^vocabulary size: .*/vocabulary size: 0/'
    changed_model 's/^class size: 3/class size: 4/'
    changed_model 's/^direct connections: 0/direct connections: 1000000/'
    changed_model 's/^direct connections: 0/direct connections: 999999999999999/'
    changed_model 's/^direct connections: 0/direct connections: 10/; s/^direct order: 3/direct order: 21/' "direct order" "21"
    changed_model 's/^compression layer size: 0/compression layer size: 3/'
    changed_model 's/^bptt: 0/bptt: 999999999/' "bptt"
    changed_model 's/^bptt block: 10/bptt block: 0/' "bptt"
    changed_model 's/^current learning rate: .*/current learning rate: fast/' "current learning rate" "fast"
    changed_model '/^class size/d'
    changed_model '3,$d'
    changed_model '1,$d'
}

@test "a size of everything, all at once, needs no memory" {
    # Sizes that fit each other, but no file of this length.
    sed 's/^hidden layer size: 2/hidden layer size: 1000000/
         s/^input layer size: .*/input layer size: '"$((1000000 + $(figure "vocabulary size" tiny.model)))"'/' \
        tiny.model >"$BATS_TEST_TMPDIR/huge"
    (
        # The sanitizers reserve far more for themselves.
        [ "${RNNLM_SLOW_BUILD:-0}" = 1 ] || ulimit -v 4000000 || true
        refuses "huge" -- -rnnlm "$BATS_TEST_TMPDIR/huge" -test tiny
    )
}

@test "vocabularies that make no sense" {
    changed_model '/^ *5\t/s/\t[0-9]*$/\t2/; /^ *6\t/s/\t[0-9]*$/\t0/' "line" "class"
    changed_model '/^ *5\t/s/\t[0-9]*$/\t-1/' "line" "class"
    changed_model '/^ *5\t/s/\t[0-9]*$/\t3/' "line" "class"
    changed_model '/^ *5\t/s/^ *5/     7/' "line" "7" "5"
    changed_model '/^ *5\t/s/^ *5/     x/' "line"
    changed_model '/^ *5\t/d' "line"
    changed_model '/^ *0\t/s/<\/s>/s/' "line" "</s>"
    changed_model '/^ *5\t/s/^.*$//' "line"
    word=$(sed -n 's/^ *7\t *[0-9]*\t\(.*\)\t.*/\1/p' tiny.model)
    changed_model "/^ *5\t/s/\t[^\t]*\t\([0-9]*\)\$/\t$word\t\1/" "line" "$word" "twice"
}

@test "weights that are no numbers" {
    # The line behind a heading.
    for heading in "Hidden layer activation:" "Weights 0->1:" "Weights 1->2:"; do
        for value in nan inf -inf abc 1e99 '1 2' 0x1p3x; do
            changed_model "/^$heading/{n;s/.*/$value/;}" "line" || fail "$heading $value"
        done
    done
    changed_model '/^Weights 1->2:/d'
    # In a binary model: the last float is NaN.
    size=$(wc -c <tiny.binary)
    { head -c $((size - 4)) tiny.binary; printf '\377\377\377\177'; } >"$BATS_TEST_TMPDIR/nan"
    refuses "nan" "finite" -- -rnnlm "$BATS_TEST_TMPDIR/nan" -test tiny
}

@test "a model of version 6 with its other direct connections" {
    sed 's/^version: 10/version: 6/; /^file format/d; /^compression/d; /^direct order/d; /^old classes/d; /^independent/d
         s/^direct connections: 0/direct connections: 1000/' tiny.model >"$BATS_TEST_TMPDIR/six"
    refuses "six" "version 6" "not supported" -- -rnnlm "$BATS_TEST_TMPDIR/six" -test tiny
}

@test "what is no model at all" {
    refuses "train" -- -rnnlm train -test test
    head -c 3000 "$BIN/rnnlm" >"$BATS_TEST_TMPDIR/program"
    refuses "program" -- -rnnlm "$BATS_TEST_TMPDIR/program" -test test
    # Nor does training go on from it, or touch it.
    cp train "$BATS_TEST_TMPDIR/precious"
    refuses "precious" -- -train train -valid valid -rnnlm "$BATS_TEST_TMPDIR/precious"
    cmp train "$BATS_TEST_TMPDIR/precious"
}

# ---- probabilities of another model, n-best lists -----------------------------------------------

@test "-lm-prob: too few, too many, negative, not a number" {
    prob="$BATS_TEST_TMPDIR/prob"
    awk '{ for (i = 0; i <= NF; i++) print 0.01 }' test >"$prob.good"
    rnnlm -rnnlm text.model -test test -lm-prob "$prob.good" >"$BATS_TEST_TMPDIR/out"
    sed '$d' "$prob.good" >"$prob"
    refuses "$prob" -- -rnnlm text.model -test test -lm-prob "$prob"
    { cat "$prob.good"; echo 0.1; } >"$prob"
    refuses "$prob" -- -rnnlm text.model -test test -lm-prob "$prob"
    for value in -0.1 x nan inf 1.5 1e999 0.1x; do
        sed "17s/.*/$value/" "$prob.good" >"$prob"
        refuses "$prob" "line 17" -- -rnnlm text.model -test test -lm-prob "$prob" || fail "value $value"
    done
    refuses "empty" -- -rnnlm text.model -test test -lm-prob empty
}

@test "-lm-prob with n-best lists: too few" {
    small_nbest test >"$BATS_TEST_TMPDIR/lists"
    awk '{ for (i = 1; i <= NF; i++) print 0.01 }' "$BATS_TEST_TMPDIR/lists" >"$BATS_TEST_TMPDIR/prob"
    rnnlm -rnnlm text.model -test "$BATS_TEST_TMPDIR/lists" -nbest -lm-prob "$BATS_TEST_TMPDIR/prob" >"$BATS_TEST_TMPDIR/out"
    sed '$d' "$BATS_TEST_TMPDIR/prob" >"$BATS_TEST_TMPDIR/short"
    refuses "short" -- -rnnlm text.model -test "$BATS_TEST_TMPDIR/lists" -nbest -lm-prob "$BATS_TEST_TMPDIR/short"
}

@test "an n-best line with only an id, or nothing" {
    printf '1 a b\n1\n' >"$BATS_TEST_TMPDIR/lists"
    refuses "lists" "line 2" '"1"' -- -rnnlm text.model -test "$BATS_TEST_TMPDIR/lists" -nbest
    printf '1 a b\n1 a\n\n2 b\n' >"$BATS_TEST_TMPDIR/lists"
    refuses "lists" "line 3" -- -rnnlm text.model -test "$BATS_TEST_TMPDIR/lists" -nbest
}

# ---- training -----------------------------------------------------------------------------------

@test "more classes than words: a warning, and it works" {
    rnnlm -train tiny -valid tiny -rnnlm "$new" -hidden 2 -class 100000 -max-iter 1 >"$new.out" 2>"$new.err"
    grep -q '^rnnlm: warning: .*100000' "$new.err"
    [ "$(wc -l <"$new.err")" -eq 1 ]
    [ "$(figure "class size" "$new")" = "$(figure "vocabulary size" "$new")" ]
    rnnlm -rnnlm "$new" -test tiny >"$new.out"
    near "$(figure "PPL net" "$new.out")" 100 1
}

# So large a penalty turns the weights over, and larger each time.
BLOW_UP="-alpha 1e6 -beta 1000 -gradient-cutoff 0"

@test "a numerical blow-up names epoch and word, and the good model stays" {
    for options in "-valid valid -max-iter 3" "-one-iter" "-anti-kasparek 10000 -valid valid"; do
        cp text.model "$new"
        refuses "epoch 1" "word" "line" "alpha" "new" -- -train train -rnnlm "$new" $BLOW_UP $options
        cmp text.model "$new"
    done
    rnnlm -rnnlm "$new" -test test >"$BATS_TEST_TMPDIR/out"
}

@test "a numerical blow-up in the first epoch leaves no model" {
    for options in "" "-bptt 3 -direct 1" "-compression 3"; do
        refuses "epoch 0" "word" -- -train train -valid valid -rnnlm "$new" $BLOW_UP -class 20 $options
        nothing_new
    done
}

@test "a blow-up while testing with -dynamic is an error" {
    refuses "test" "line" -- -rnnlm text.model -test test -dynamic 1e6 -beta 1000 -gradient-cutoff 0
}

@test "a full disk while saving: the old model stays, nothing is left over" {
    cp text.model "$new"
    for limit in 1 10 60; do
        (
            ulimit -f "$limit" || skip "no limit on the size of files here"
            refuses "new" -- -train train -valid valid -rnnlm "$new" -max-iter 2
        )
        cmp text.model "$new"
        [ "$(ls "$BATS_TEST_TMPDIR" | grep -v -e '^refused' -e '^new\.output\.txt$')" = new ]
    done
    # A new one.
    (
        ulimit -f 10
        refuses "fresh" -- -train train -valid valid -rnnlm "$BATS_TEST_TMPDIR/fresh" -hidden 5 -class 20
        refuses "fresh.gz" -- -train train -one-iter -rnnlm "$BATS_TEST_TMPDIR/fresh.gz" -hidden 5 -class 20
    )
    [ -z "$(ls "$BATS_TEST_TMPDIR" | grep fresh | grep -v 'output.txt$')" ]
}

@test "a full disk under standard output" {
    [ -e /dev/full ] || skip "no /dev/full"
    for arguments in "-rnnlm text.model -test test" "-rnnlm text.model -test test -debug 2" \
        "-rnnlm text.model -gen 10000" "-train train -one-iter -rnnlm $new"; do
        code=0
        "$BIN/rnnlm" $arguments >/dev/full 2>"$BATS_TEST_TMPDIR/err" || code=$?
        [ "$code" -eq 1 ] || fail "$arguments: exit status $code"
        grep -q '^rnnlm: .*standard output' "$BATS_TEST_TMPDIR/err"
    done
}

@test "a folder that cannot be written to" {
    [ "$(id -u)" -ne 0 ] || skip "root writes everywhere"
    mkdir "$BATS_TEST_TMPDIR/locked"
    cp text.model "$BATS_TEST_TMPDIR/locked/model"
    chmod 500 "$BATS_TEST_TMPDIR/locked"
    refuses "locked" "Permission denied" -- -train train -one-iter -rnnlm "$BATS_TEST_TMPDIR/locked/model"
    cmp text.model "$BATS_TEST_TMPDIR/locked/model"
    chmod 700 "$BATS_TEST_TMPDIR/locked"
}

@test "a training text that has become shorter than the place to go on from" {
    sed 's/^current position in training data: 0/current position in training data: 90000/' text.model >"$new"
    cp "$new" "$new.copy"
    refuses "90000" "5226" -- -train train -valid valid -rnnlm "$new" -max-iter 5
    cmp "$new" "$new.copy"
}

@test "kill -9 while training, then go on from the last save" {
    head -n 5000 "$DATA/train.txt" >"$BATS_TEST_TMPDIR/train"
    options="-train $BATS_TEST_TMPDIR/train -valid valid -rnnlm $new -anti-kasparek 10000"
    killed_within_epoch "$new" -train "$BATS_TEST_TMPDIR/train" -valid valid -anti-kasparek 10000 -hidden 20
    rnnlm -rnnlm "$new" -test test >"$BATS_TEST_TMPDIR/out"
    epochs=$(figure "number of finished iterations" "$new")
    position=$(figure "current position in training data" "$new")
    [ $((position % 10000)) -eq 0 ]
    rnnlm $options -max-iter $((epochs + 1)) >"$BATS_TEST_TMPDIR/log"
    grep -q '^Restoring network from file to continue training' "$BATS_TEST_TMPDIR/log"
    [ "$(grep '^Iter' "$BATS_TEST_TMPDIR/log" | awk '{ print $2 }')" = "$epochs" ]
    [ "$(figure "current position in training data" "$new")" -eq 0 ]
    [ "$(figure "number of finished iterations" "$new")" -eq $((epochs + 1)) ]
    # As good as a training that nobody has disturbed.
    rnnlm -train "$BATS_TEST_TMPDIR/train" -valid valid -rnnlm "$BATS_TEST_TMPDIR/whole" -hidden 20 \
        -max-iter $((epochs + 1)) >"$BATS_TEST_TMPDIR/log.whole"
    within "$(entropy VALID "$epochs" "$BATS_TEST_TMPDIR/log")" "$(entropy VALID "$epochs" "$BATS_TEST_TMPDIR/log.whole")" 0.02
    within "$(entropy TRAIN "$epochs" "$BATS_TEST_TMPDIR/log")" "$(entropy TRAIN "$epochs" "$BATS_TEST_TMPDIR/log.whole")" 0.02
}
