# Native model files: conversion, scoring in place, training, damage.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    local options="-train train -valid valid -hidden 20 -class 20 -bptt 3 -direct 1 -max-iter 2"
    rnnlm $options -binary -rnnlm binary >binary.log
    rnnlm $options -format native -rnnlm native >native.log
    rnnlm-model -rnnlm native -o half -format native-bf16
    rnnlm -train train -valid valid -layers elman:10:tanh,elman:8,compression:6 -class 20 -bptt 2 -max-iter 1 \
        -format native -rnnlm stack >stack.log
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

# patch FILE OFFSET BYTES: as printf has them.
patch() {
    printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# damage FILE OFFSET: another byte there.
damage() {
    local old
    old="$(od -An -tu1 -j "$2" -N 1 "$1")"
    patch "$1" "$2" "\\$(printf '%03o' $((old ^ 85)))"
}

# sections FILE: a line for each section: name, where it begins, bytes (the format is in base/sections.h).
sections() {
    local count i name rows stride offset size type
    count="$(od -An -tu8 -j 40 -N 8 "$1")"
    for i in $(seq 0 $((count - 1))); do
        name="$(dd if="$1" bs=1 skip=$((64 + 96 * i)) count=48 status=none | tr -d '\0')"
        type="$(od -An -tu4 -j $((112 + 96 * i)) -N 4 "$1")"
        set -- "$1" $(od -An -v -w40 -tu8 -j $((120 + 96 * i)) -N 32 "$1")
        case $((type)) in 1) size=1 ;; 2) size=8 ;; 5) size=2 ;; *) size=4 ;; esac
        echo "$name $5 $(($2 * $4 * size))"
        set -- "$1"
    done
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
    for line in "format: native" "layers: elman:20:logistic" "hidden layer size: 20" "compression layer size: 0" \
        "output: class" "class size: 20" "direct connections: 1000000" "direct order: 3" \
        "parameter layer0.recurrent: 20 x 20" "parameter output.hash: 1 x 1000000" \
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

@test "native: damage in any section is found, and named" {
    sections "$models/stack" >sections
    [ "$(wc -l <sections)" -ge 15 ] || fail "$(cat sections)"
    while read -r name offset bytes; do
        for at in "$offset" $((offset + bytes / 2)) $((offset + bytes - 1)); do
            cp "$models/stack" stack
            damage stack "$at"
            wrong 1 "rnnlm-model: stack: $name: found checksum" rnnlm-model -rnnlm stack -check
            wrong 1 "rnnlm: stack: $name: found checksum" rnnlm -train train -one-iter -rnnlm stack -debug 0
            case "$name" in
            layer* | output*) ;; # what is used in place is not verified
            *) wrong 1 "rnnlm: stack: $name: found checksum" rnnlm -rnnlm stack -test test -debug 0 ;;
            esac
        done
    done <sections
}

@test "native: newer versions, other kinds of files and other machines' are refused in a line" {
    local way
    for way in "12 \\003 native format version: found 3, wanted at most 2" \
        "12 \\000 native format version: found 0, wanted at most 2" \
        "8 \\001\\002\\003\\004 written by a machine of the other byte order" \
        "8 \\001 byte order: found mark" \
        "16 checkpoint found a checkpoint, wanted a model"; do
        cp "$models/stack" stack
        patch stack ${way%% *} "$(echo "$way" | cut -d ' ' -f 2)"
        wrong 1 "stack: $(echo "$way" | cut -d ' ' -f 3-)" rnnlm-model -rnnlm stack -check
        wrong 1 "stack: $(echo "$way" | cut -d ' ' -f 3-)" rnnlm -rnnlm stack -test test -debug 0
        gzip -f stack
        wrong 1 "stack.gz: $(echo "$way" | cut -d ' ' -f 3-)" rnnlm-model -rnnlm stack.gz -check
        [ ! -s out ]
    done
}

@test "native: a stack of layers: sizes, formats, scores" {
    rnnlm-model -rnnlm "$models/stack" -check >check
    local words line
    words="$(sed -n 's/^vocabulary size: //p' check)"
    for line in "format: native" "layers: elman:10:tanh,elman:8:logistic,compression:6" "output: class" \
        "class size: 20" "direct connections: 0" "parameter layer0.input: $words x 10" \
        "parameter layer0.recurrent: 10 x 10" "parameter layer1.input: 8 x 10" \
        "parameter layer1.recurrent: 8 x 8" "parameter layer2.input: 6 x 8" \
        "parameter output.words: $words x 6" "parameter output.classes: 20 x 6" \
        "weights: $((words * 17 + 100 + 80 + 64 + 48 + 120 + 20 + 24))" "bptt: 2"; do
        grep -qx "$line" check || fail "no $line in $(cat check)"
    done
    ! grep -q "hidden layer size\|compression layer size\|parameter output.hash" check
    rnnlm-model -rnnlm "$models/stack" -o half -format native-bf16
    rnnlm-model -rnnlm half -check | sed 1d >found
    sed 1d check | cmp - found
    gzip <"$models/stack" >stack.gz
    for model in stack.gz half; do
        rnnlm -rnnlm "$models/stack" -test test >wanted
        rnnlm -rnnlm $model -test test >found
        near "$(figure "PPL net" found)" "$(figure "PPL net" wanted)" 1e-3
    done
    cp "$models/stack" stack
    rnnlm -train train -valid valid -rnnlm stack -max-iter 2 >log
    rnnlm-model -rnnlm stack -check | grep -qx "finished epochs: 2"
}

@test "native: the reference's formats refuse a stack and say what to type" {
    for format in text binary; do
        wrong 1 "x: format $format holds one logistic elman layer" \
            rnnlm-model -rnnlm "$models/stack" -o x -format $format
        grep -qF -- "-format native" err
        wrong 2 "-format native is wanted" rnnlm -train train -one-iter -rnnlm x -layers elman:5:tanh -format $format \
            -debug 0
        [ ! -e x ]
    done
    wrong 2 'option -layers: found layer "zebra"' \
        rnnlm -train train -one-iter -rnnlm x -layers zebra:5 -format native -debug 0
    wrong 2 'option -layers: found activation "sinus"' \
        rnnlm -train train -one-iter -rnnlm x -layers elman:5:sinus -format native -debug 0
    [ ! -e x ]
}

@test "native: files of version 1 are read, used in place and converted" {
    local name ppl
    cp "$BATS_TEST_DIRNAME/../golden/native-v1.text" text
    while read -r name ppl; do
        gzip -dc <"$BATS_TEST_DIRNAME/../golden/$name.model.gz" >old
        rnnlm-model -rnnlm old -o new
        rnnlm-model -rnnlm old -check >wanted
        rnnlm-model -rnnlm new -check | cmp - wanted
        grep -qx "vocabulary size: 14" wanted
        grep -qx "training file: train" wanted
        [ "$(($(od -An -tu4 -j 12 -N 4 old)))" -eq 1 ]
        [ "$(($(od -An -tu4 -j 12 -N 4 new)))" -eq 2 ]
        for model in old new "$BATS_TEST_DIRNAME/../golden/$name.model.gz"; do
            rnnlm -rnnlm "$model" -test text >found
            near "$(figure "PPL net" found)" "$ppl" "$(case $name in *bf16) echo 1e-3 ;; *) echo 1e-6 ;; esac)"
        done
        damage old 200
        wrong 1 "rnnlm: old: header: found checksum" rnnlm -rnnlm old -test text -debug 0
        wrong 1 "rnnlm-model: old: header: found checksum" rnnlm-model -rnnlm old -check
    done <"$BATS_TEST_DIRNAME/../golden/native-v1.ppl"
}

@test "native: an old model stays when the new one cannot be written" {
    cp "$models/half" model
    (ulimit -f 100 && wrong 1 "rnnlm-model: model: cannot write" \
        rnnlm-model -rnnlm "$models/native" -o model)
    cmp model "$models/half"
    wrong 1 "standard output" sh -c "'$BIN/rnnlm-model' -rnnlm '$models/native' -o - >/dev/full"
}

@test "native: wrong usage" {
    wrong 2 'option -format: found "naive", wanted text, binary' rnnlm-model -rnnlm "$models/native" -o x -format naive
    wrong 2 "wanted: -rnnlm FILE" rnnlm-model -o x
    wrong 2 "-o FILE or -check" rnnlm-model -rnnlm "$models/native"
    wrong 2 "-check prints to standard output" rnnlm-model -rnnlm "$models/native" -check -o -
    wrong 1 "cannot open absent" rnnlm-model -rnnlm absent -check
    wrong 2 'option -format: found "naive"' rnnlm -train train -one-iter -rnnlm x -format naive -debug 0
    wrong 2 "-format native is for training" rnnlm -rnnlm "$models/native" -test test -format native -debug 0
    [ ! -e x ]
}
