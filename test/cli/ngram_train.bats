#!/usr/bin/env bats
# rnnlm-ngram train and cache: SRILM's models, input and output files, messages.

bats_require_minimum_version 1.5.0

setup() {
    BIN="${RNNLM_BIN:-$BATS_TEST_DIRNAME/../../bin}"
    GOLDEN="${RNNLM_GOLDEN:-}"
    NGRAM="$BIN/rnnlm-ngram"
    T="$BATS_TEST_TMPDIR"
    # Sentences with rare and frequent words, so that there are discounts of orders 1 and 2.
    awk 'function random() { x = x * 16807 % 2147483647; return x / 2147483647 }
        BEGIN { x = 7; for (i = 0; i < 400; i++) { s = ""; n = 1 + int(random() * 8)
        for (j = 0; j < n; j++) s = s "w" int(400 * random() ^ 4) " "; print s } }' > "$T/text"
}

# The same n-grams in the same order, and numbers within 1e-4.
same_model() {
    paste -d '\t' <(tr ' ' '_' < "$1") <(tr ' ' '_' < "$2") | awk -F '\t' '
        function far(a, b) { return a - b > 1e-4 || b - a > 1e-4 }
        NF == 2 { if ($1 != $2) exit bad = 1; next }
        NF % 2 || NF == 0 { exit bad = 1 }
        { n = NF / 2; if ($2 != $(n + 2) || far($1, $(n + 1)) || (n == 3 && far($3, $6))) exit bad = 1 }
        END { if (bad) print "line " NR ": " $0; exit bad }'
}

golden() {
    [ -d "$GOLDEN/srilm" ] || skip "RNNLM_GOLDEN is not set: no models of SRILM to compare with"
    "$NGRAM" train -text "$GOLDEN/text/train.txt" "${@:2}" -o "$T/model.arpa"
    [ -s "$T/model.arpa" ]
    same_model "$GOLDEN/srilm/$1.arpa" "$T/model.arpa"
}

@test "train: SRILM's trigram model" {
    golden kn3 -order 3 -cutoff 0,0,0
}

@test "train: SRILM's trigram model with <unk>" {
    golden kn3.unk -order 3 -cutoff 0,0,0 -unk
}

@test "train: SRILM's 5-gram model with a cut-off" {
    golden kn5 -order 5 -cutoff 0,0,0,0,1
}

@test "train: the comparison of models can fail" {
    "$NGRAM" train -text "$T/text" -order 2 -o "$T/a.arpa"
    same_model "$T/a.arpa" "$T/a.arpa"
    sed '12s/-[0-9.]*/-9.9/' "$T/a.arpa" > "$T/b.arpa"
    run same_model "$T/a.arpa" "$T/b.arpa"
    [ "$status" -eq 1 ]
}

@test "train: standard input, standard output, gzip and several texts" {
    "$NGRAM" train -text "$T/text" -order 2 -o "$T/a.arpa"
    "$NGRAM" train -text - -order 2 < "$T/text" > "$T/b.arpa"
    cmp "$T/a.arpa" "$T/b.arpa"
    gzip < "$T/text" > "$T/text.gz"
    "$NGRAM" train -text "$T/text.gz" -order 2 -o "$T/c.arpa.gz"
    gunzip < "$T/c.arpa.gz" | cmp - "$T/a.arpa"
    head -150 "$T/text" > "$T/one"
    tail -n +151 "$T/text" > "$T/two"
    "$NGRAM" train -text "$T/one" -text "$T/two" -order 2 -o "$T/d.arpa"
    cmp "$T/a.arpa" "$T/d.arpa"
}

@test "train: report" {
    run --separate-stderr "$NGRAM" train -text "$T/text" -order 2 -debug 1 -o "$T/a.arpa"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    [[ "$stderr" == "reading: "*" tokens, "*"writing: "*"400 sentences"*"order 2: n1 "*"D3+ "*"written"* ]]
}

@test "train, count: how far it has come, on a terminal or where it is asked for" {
    awk '{ for (i = 0; i < 90; i++) print }' "$T/text" > "$T/long"
    run --separate-stderr "$NGRAM" train -text "$T/long" -discount-fallback -o "$T/a.arpa"
    [ "$status" -eq 0 ]
    [ -z "$output$stderr" ]
    run --separate-stderr "$NGRAM" count -text "$T/long" -debug 1 -o "$T/counts"
    [ -z "$output" ]
    [[ "$stderr" == "reading: "*"sorting: "*"counting: "*"writing: "*" seconds" ]]
    command -v script > /dev/null || skip "no program to make a terminal (script)"
    script -qec "stty cols 20; '$NGRAM' train -text '$T/long' -discount-fallback -o '$T/b.arpa'" \
        /dev/null < /dev/null | tr '\r' '\n' | tr -d '\033' > "$T/shown"
    grep -q '^\[Kreading: ' "$T/shown"
    [ "$(tail -n 1 "$T/shown")" = "[K" ]
    ! grep -q '^.\{22\}' "$T/shown" # 19 columns of 20, and [K
    cmp "$T/a.arpa" "$T/b.arpa"
}

@test "train, count: the same from any number of threads, in memory and on disk" {
    local lines=20000
    [ "${RNNLM_SLOW_BUILD:-0}" != 1 ] || lines=5000
    awk -v lines=$lines 'function random() { x = x * 16807 % 2147483647; return x / 2147483647 }
        BEGIN { x = 3; for (i = 0; i < lines; i++) { s = ""; n = 1 + int(random() * 12)
        for (j = 0; j < n; j++) s = s "w" int(9000 * random() ^ 3) " "; print s } }' > "$T/long"
    "$NGRAM" train -text "$T/long" -discount-fallback -order 3 -o "$T/whole"
    for options in "-order 2 -cutoff 0,0" "-order 3 -unk" "-order 4 -cutoff 0,0,0,1" \
        "-order 3 -memory 1M -temp $T" "-order 3 -discount good-turing"; do
        rm -f "$T"/*.arpa
        for threads in 1 2 3 0; do
            "$NGRAM" train -text "$T/long" -discount-fallback $options -threads $threads \
                -o "$T/$threads.arpa"
        done
        [ "$(md5sum < "$T/1.arpa")" = "$(md5sum < "$T/2.arpa")" ]
        [ "$(md5sum < "$T/1.arpa")" = "$(md5sum < "$T/3.arpa")" ]
        [ "$(md5sum < "$T/1.arpa")" = "$(md5sum < "$T/0.arpa")" ]
        [[ "$options" != *-temp* ]] || cmp "$T/1.arpa" "$T/whole" # words were put aside, too
    done
    for threads in 1 3; do
        "$NGRAM" train -text "$T/long" -order 2 -threads $threads -o "$T/$threads.arpa.gz"
    done
    cmp "$T/1.arpa.gz" "$T/3.arpa.gz"
    "$NGRAM" train -text "$T/long" -order 2 -o "$T/a.arpa"
    gunzip < "$T/3.arpa.gz" | cmp - "$T/a.arpa"
    for memory in 1G 1M; do
        "$NGRAM" count -text "$T/long" -memory $memory -threads 1 -o "$T/1.counts"
        "$NGRAM" count -text "$T/long" -memory $memory -threads 3 -o "$T/3.counts"
        cmp "$T/1.counts" "$T/3.counts"
        "$NGRAM" count -counts "$T/1.counts" -memory $memory | cmp - "$T/1.counts"
        [ $memory = 1G ] || cmp "$T/1.counts" "$T/whole"
        cp "$T/1.counts" "$T/whole"
    done
    run "$NGRAM" train -text "$T/long" -threads x
    [ "$status" -eq 2 ]
}

@test "train: discounts that cannot be computed" {
    echo "a b c" > "$T/small"
    run "$NGRAM" train -text "$T/small" -order 3 -o "$T/a.arpa"
    [ "$status" -eq 1 ]
    [[ "$output" == *"order 1"*"n2 = 0"* ]]
    [ ! -e "$T/a.arpa" ]
    "$NGRAM" train -text "$T/small" -order 3 -cutoff 0,0,0 -discount-fallback -o "$T/a.arpa"
    grep -q '^ngram 3=3$' "$T/a.arpa"
}

@test "train: other ways of discounting" {
    for name in kneser-ney witten-bell good-turing absolute additive; do
        "$NGRAM" train -text "$T/text" -order 2 -discount $name -discount-fallback -o "$T/$name.arpa"
        ! cmp -s "$T/$name.arpa" "$T/last"
        cp "$T/$name.arpa" "$T/last"
    done
    "$NGRAM" train -text "$T/text" -order 2 -discount wbdiscount -o "$T/a.arpa"
    cmp "$T/a.arpa" "$T/witten-bell.arpa"
    "$NGRAM" train -text "$T/text" -order 2 -discount witten-bell -backoff -o "$T/a.arpa"
    ! cmp -s "$T/a.arpa" "$T/witten-bell.arpa"
    "$NGRAM" train -text "$T/text" -order 2 -discount additive -constant 0.5,0.1 -o "$T/a.arpa"
    ! cmp -s "$T/a.arpa" "$T/additive.arpa"
    printf 'a b\na b\n' > "$T/few"
    run --separate-stderr "$NGRAM" train -text "$T/few" -order 1 -discount good-turing -o "$T/a.arpa"
    [ "$status" -eq 0 ]
    [[ "$stderr" == *"warning: order 1: no 1-gram occurs 1 times"* ]]
}

@test "count, and train from counts: the model of the text" {
    "$NGRAM" train -text "$T/text" -order 3 -discount-fallback -o "$T/a.arpa"
    "$NGRAM" count -text "$T/text" -order 3 -o "$T/counts.gz"
    "$NGRAM" train -counts "$T/counts.gz" -order 3 -discount-fallback -o "$T/b.arpa"
    cmp "$T/a.arpa" "$T/b.arpa"
    head -150 "$T/text" > "$T/one"
    tail -n +151 "$T/text" | "$NGRAM" count -text - > "$T/two.counts"
    "$NGRAM" count -text "$T/one" -o "$T/one.counts"
    "$NGRAM" count -counts "$T/one.counts" -counts "$T/two.counts" | cmp - <(gunzip < "$T/counts.gz")
    "$NGRAM" train -counts "$T/one.counts" -counts "$T/two.counts" -discount-fallback -o "$T/c.arpa"
    cmp "$T/a.arpa" "$T/c.arpa"
    echo w0 > "$T/words"
    "$NGRAM" count -text "$T/text" -order 1 -vocab "$T/words" | cut -f 1 | paste -s -d ' ' > "$T/kept"
    [ "$(cat "$T/kept")" = "</s> <s> <unk> w0" ]
}

@test "counts that contradict each other, and other bad counts" {
    printf 'a b 3\na 2\nb 3\n' > "$T/bad"
    for command in train count; do
        run "$NGRAM" $command -counts "$T/bad" -order 2
        [ "$status" -eq 1 ]
        [[ "$output" == *'contradictory counts: "a" has 2'* ]]
        run "$NGRAM" $command -counts "$T/bad" -text "$T/text"
        [ "$status" -eq 2 ]
        run "$NGRAM" $command -counts "$T/none"
        [ "$status" -eq 1 ]
    done
    run "$NGRAM" count
    [ "$status" -eq 2 ]
    run "$NGRAM" count -text "$T/text" -memory 1K
    [ "$status" -eq 2 ]
    run "$NGRAM" count -text "$T/text" -o "$T/none/counts"
    [ "$status" -eq 1 ]
}

@test "train: bad values" {
    for bad in "-order 0" "-order 12" "-cutoff 0,x" "-cutoff 0,0,0,0" "-memory 10" "-memory 1Q" \
        "-prune -1" "-prune nan" "-discount katz" "-gtmax 32 -discount good-turing" "-gtmax x" \
        "-discount absolute -constant 2" "-discount additive -constant 0" "-constant -1"; do
        run "$NGRAM" train -text "$T/text" $bad
        [ "$status" -eq 2 ]
        [[ "$output" == "rnnlm-ngram train: "* ]]
    done
    for bad in "-vocab $T/none" "-o $T/none/a.arpa" "-text $T/none"; do
        run "$NGRAM" train -text "$T/text" $bad
        [ "$status" -eq 1 ]
        [[ "$output" == "rnnlm-ngram train: "* ]]
    done
    run "$NGRAM" train
    [ "$status" -eq 2 ]
    run "$NGRAM" train -no-such-option
    [ "$status" -eq 2 ]
}

@test "train: bad text" {
    : > "$T/bad"
    run "$NGRAM" train -text "$T/bad"
    [ "$status" -eq 1 ]
    [[ "$output" == *"$T/bad"*"empty"* ]]
    printf 'a b\nc <s> d\n' > "$T/bad"
    run "$NGRAM" train -text "$T/bad"
    [ "$status" -eq 1 ]
    [[ "$output" == *"$T/bad: line 2: <s>"* ]]
    gzip < "$T/text" | head -c 300 > "$T/bad.gz"
    run "$NGRAM" train -text "$T/bad.gz"
    [ "$status" -eq 1 ]
    [[ "$output" == *"$T/bad.gz"* ]]
}

@test "train: a failed write leaves the old model" {
    echo old > "$T/a.arpa"
    run bash -c "ulimit -f 1; exec '$NGRAM' train -text '$T/text' -order 2 -o '$T/a.arpa'"
    [ "$status" -eq 1 ]
    [ "$(cat "$T/a.arpa")" = old ]
    [ "$(ls "$T" | wc -l)" -eq 2 ]
    [ -e /dev/full ] || skip "no /dev/full"
    run bash -c "'$NGRAM' train -text '$T/text' -order 2 > /dev/full"
    [ "$status" -eq 1 ]
}

@test "cache: probabilities" {
    printf 'a b\na\n' > "$T/bad"
    run "$NGRAM" cache -text "$T/bad" -decay 0.5
    [ "$status" -eq 0 ]
    [ "$output" = "$(printf '0\n0\n0\n0.1428571429\n0.2666666667')" ]
    run "$NGRAM" cache -text "$T/bad" -decay 1 -independent -window 5
    [ "$output" = "$(printf '0\n0\n0\n0\n0')" ]
    for bad in "-decay 0" "-decay 1.5" "-decay nan" "-window -1"; do
        run "$NGRAM" cache -text "$T/bad" $bad
        [ "$status" -eq 2 ]
    done
    run "$NGRAM" cache -text "$T/none"
    [ "$status" -eq 1 ]
    run "$NGRAM" cache
    [ "$status" -eq 2 ]
}
