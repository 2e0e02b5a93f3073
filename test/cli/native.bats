# Native model files: conversion, scoring in place, training, damage.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    local options="-train train -valid valid -hidden 20 -class 20 -bptt 3 -direct 1 -max-iter 2"
    rnnlm $options -binary -rnnlm binary >binary.log
    rnnlm $options -format native -rnnlm native >native.log
    rnnlm-model -rnnlm native -o half -format native-bf16
}

setup() {
    cd "$BATS_TEST_TMPDIR"
    models="$BATS_FILE_TMPDIR"
    cp "$models/test" "$models/train" "$models/valid" .
}

rnnlm-model() {
    "$BIN/rnnlm-model" "$@"
}

# wrong STATUS TEXT COMMAND...: it ends so, with one line on standard error that holds the text.
wrong() {
    local status=0 wanted="$1" text="$2"
    shift 2
    "$@" >out 2>err || status=$?
    [ "$status" -eq "$wanted" ] || fail "$*: exit status $status, wanted $wanted: $(cat err)" || return 1
    [ "$(wc -l <err)" -eq 1 ] || fail "$*: $(cat err)" || return 1
    grep -qF -- "$text" err || fail "$*: no \"$text\" in: $(cat err)"
}

# damage FILE OFFSET: another byte there.
damage() {
    printf '\125' | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "native: training saves the same model in every format" {
    rnnlm-model -rnnlm "$models/native" -o binary -format binary
    cmp binary "$models/binary"
    rnnlm-model -rnnlm binary -o native -format native
    rnnlm-model -rnnlm native -o again -format binary
    cmp again "$models/binary"
    sed '/^Model will be saved/d; /^rnnlm file/d; s/Words\/sec: [0-9.]*//' "$models/native.log" >a
    sed '/^Model will be saved/d; /^rnnlm file/d; s/Words\/sec: [0-9.]*//' "$models/binary.log" >b
    cmp a b
}

@test "native: there and back is byte-identical, through text, pipes and gzip too" {
    rnnlm-model -rnnlm "$models/binary" -o text -format text
    rnnlm-model -rnnlm text -o native.gz -format native
    rnnlm-model -rnnlm "$models/binary" -o native -format native
    rnnlm-model -rnnlm native.gz -o - | cmp - native
    rnnlm-model -rnnlm - -o - -format binary <native.gz | cmp - "$models/binary"
    cat "$models/native" | rnnlm-model -rnnlm - -o binary -format binary
    cmp binary "$models/binary"
}

@test "native: golden models there and back" {
    need_golden
    for model in elman maxent compression independent oldclasses beta; do
        rnnlm-model -rnnlm "$GOLDEN/mikolov/$model.model" -o native -format native
        rnnlm-model -rnnlm native -o binary -format binary
        cmp binary "$GOLDEN/mikolov/$model.model"
    done
}

@test "native: scores are those of the binary model" {
    small_nbest test >lists
    for way in "-test test -debug 2" "-test test -independent" "-test lists -nbest -debug 0" "-gen 50" \
        "-test test -dynamic 0.1"; do
        rnnlm -rnnlm "$models/binary" $way | sed '/^rnnlm file/d' >wanted
        rnnlm -rnnlm "$models/native" $way | sed '/^rnnlm file/d' >found
        cmp found wanted
    done
    rnnlm-model -rnnlm "$models/native" -o - | cmp - "$models/native"
}

@test "native: bfloat16 moves the perplexity by less than 0.1 %, and halves the file" {
    rnnlm -rnnlm "$models/native" -test test >wanted
    rnnlm -rnnlm "$models/half" -test test >found
    near "$(figure "PPL net" found)" "$(figure "PPL net" wanted)" 1e-3
    [ "$(figure "PPL net" found)" != "$(figure "PPL net" wanted)" ]
    [ "$(wc -c <"$models/half")" -lt $(($(wc -c <"$models/native") * 6 / 10)) ]
}

@test "native: training goes on, and in the model's format" {
    cp "$models/native" native
    cp "$models/binary" binary
    for model in native binary; do
        rnnlm -train train -valid valid -rnnlm $model -bptt 3 -max-iter 3 >log
        grep -q "Restoring network" log
    done
    rnnlm-model -rnnlm native -check | grep -qx "finished epochs: 3"
    rnnlm-model -rnnlm native -o again -format binary
    cmp again binary
}

@test "native: training that goes on from bfloat16 keeps its bits unless told" {
    cp "$models/half" half
    rnnlm -train train -one-iter -rnnlm half >log
    rnnlm-model -rnnlm half -check | grep -qx "format: native"
    rnnlm -train train -one-iter -rnnlm half -format native-bf16 >log
    rnnlm-model -rnnlm half -check | grep -qx "format: native-bf16"
    rnnlm -train train -one-iter -rnnlm half -format text >log
    head -n 1 half | grep -qx "version: 10"
}

@test "native: -check prints sizes and record" {
    for model in native half binary; do rnnlm-model -rnnlm "$models/$model" -check >$model; done
    sed 1d native >wanted
    sed 1d binary | cmp - wanted
    sed 1d half | cmp - wanted
    for line in "format: native" "hidden layer size: 20" "class size: 20" "direct connections: 1000000" \
        "bptt: 3" "finished epochs: 2" "training file: train" "validation file: valid"; do
        grep -qx "$line" native || fail "no $line in $(cat native)"
    done
    grep -q "^validation log10 probability: -[0-9]" native
}

@test "native: damage is found" {
    local size
    size="$(wc -c <"$models/native")"
    for offset in 9 20 200 4097 8193 12289 $((size / 2)) $((size - 1)); do
        cp "$models/native" native
        damage native "$offset"
        wrong 1 "rnnlm-model: native: " rnnlm-model -rnnlm native -check
        wrong 1 "rnnlm: native: " rnnlm -train train -one-iter -rnnlm native -debug 0
    done
    for offset in 9 20 200 4097 8193 12289; do
        cp "$models/native" native
        damage native "$offset"
        wrong 1 "rnnlm: native: " rnnlm -rnnlm native -test test -debug 0
    done
    for length in 1 7 8 100 5000 $((size - 1)); do
        head -c "$length" "$models/native" >native
        wrong 1 "rnnlm: native: " rnnlm -rnnlm native -test test -debug 0
        wrong 1 "rnnlm-model: " rnnlm-model -rnnlm - -check <native
    done
}

@test "native: an old model stays when the new one cannot be written" {
    cp "$models/half" model
    (ulimit -f 100 && wrong 1 "rnnlm-model: model: cannot write" \
        rnnlm-model -rnnlm "$models/native" -o model)
    cmp model "$models/half"
    wrong 1 "standard output" sh -c "'$BIN/rnnlm-model' -rnnlm '$models/native' -o - >/dev/full"
}

@test "native: wrong usage" {
    wrong 1 'option -format: found "naive", wanted text, binary' rnnlm-model -rnnlm "$models/native" -o x -format naive
    wrong 2 "wanted: -rnnlm FILE" rnnlm-model -o x
    wrong 2 "-o FILE or -check" rnnlm-model -rnnlm "$models/native"
    wrong 1 "-check prints to standard output" rnnlm-model -rnnlm "$models/native" -check -o -
    wrong 1 "cannot open absent" rnnlm-model -rnnlm absent -check
    wrong 1 'option -format: found "naive"' rnnlm -train train -one-iter -rnnlm x -format naive -debug 0
    wrong 1 "-format native is for training" rnnlm -rnnlm "$models/native" -test test -format native -debug 0
    [ ! -e x ]
}
