# Batch training: -streams, -threads, -epochs, -fast.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
}

setup() {
    cd "$BATS_FILE_TMPDIR"
    new="$BATS_TEST_TMPDIR/new"
    log="$BATS_TEST_TMPDIR/log"
}

# learn OPTIONS...: a small model in $new, its log in $log
learn() {
    rnnlm -train train -valid valid -rnnlm "$new" $(defaults "-hidden 12 -class 15" "$@") -binary "$@" >"$log"
}

@test "the number of threads changes nothing, that of streams does" {
    for shape in "-bptt 3" "-direct 1 -direct-order 3" "-compression 5 -independent -bptt 2"; do
        for threads in 1 2 3; do
            rm -f "$new" "$new.output.txt"
            learn $shape -streams 6 -threads "$threads" -max-iter 2
            mv "$new" "$new.$threads"
        done
        cmp "$new.1" "$new.2"
        cmp "$new.1" "$new.3"
    done
    learn -compression 5 -independent -bptt 2 -streams 5 -max-iter 2
    run cmp -s "$new.1" "$new"
    [ "$status" -eq 1 ]
}

@test "products of bfloat16: nearly the same is learnt, and the same by any number of threads" {
    for products in float bf16; do
        for threads in 1 2; do
            rm -f "$new"
            learn -streams 6 -bptt 3 -max-iter 3 -threads "$threads" -products "$products"
            mv "$new" "$new.$products.$threads"
        done
        cmp "$new.$products.1" "$new.$products.2"
        entropy VALID 2 "$log" >"$log.$products"
    done
    run cmp -s "$new.float.1" "$new.bf16.1"
    [ "$status" -eq 1 ]
    within "$(cat "$log.bf16")" "$(cat "$log.float")" 0.02
    RNNLM_KERNELS=portable run -0 --separate-stderr learn -streams 6 -max-iter 1 -products bf16
    [[ "$stderr" == *"warning: -products bf16: this processor has no such products"* ]]
}

@test "products: what is refused" {
    run -2 learn -streams 6 -products half
    [[ "$output" == *'option -products: found "half", wanted float or bf16' ]]
    run -2 learn -products bf16
    [[ "$output" == *"-products bf16 is for batches: -streams N or -fast is wanted" ]]
    [ ! -e "$new" ]
}

@test "-epochs ends after so many epochs, with a rate that falls" {
    learn -streams 4 -epochs 3
    [ "$(last_epoch "$log")" -eq 2 ]
    [ "$(grep -c '^Iter' "$log")" -eq 3 ]
    awk '/^Iter/ { if (last != "" && !($4 < last)) exit 1; last = $4 }' "$log"
    rm "$new"
    learn -epochs 2 # online
    [ "$(last_epoch "$log")" -eq 1 ]
}

@test "an -epochs run that was stopped goes on where it was" {
    learn -streams 4 -epochs 3 -max-iter 2
    rnnlm -train train -valid valid -rnnlm "$new" -streams 4 -epochs 3 >"$log.rest"
    [ "$(grep -c '^Iter' "$log.rest")" -eq 1 ]
    rm "$new"
    learn -streams 4 -epochs 3
    a="$(awk '/^Iter/ { a = $4 } END { print a }' "$log")"
    b="$(awk '/^Iter/ { a = $4 } END { print a }' "$log.rest")"
    within "$a" "$b" 0.000002
    within "$(entropy VALID 2 "$log.rest")" "$(entropy VALID 2 "$log")" 0.2
}

@test "-fast learns more in its few epochs than online training in as many" {
    learn -fast
    fast="$(entropy VALID "$(last_epoch "$log")" "$log")"
    epochs="$(last_epoch "$log")"
    rm "$new"
    learn -bptt 4 -max-iter $((epochs + 1))
    online="$(entropy VALID "$(last_epoch "$log")" "$log")"
    awk -v a="$fast" -v b="$online" 'BEGIN { exit !(a > 1 && a < b + 0.02) }' ||
        fail "-fast ends at $fast bits, online at $online"
}

@test "where -clip-norm is not given, the optimiser has a bound of its own" {
    for way in "adam 5 0" "rows 0 5"; do
        set -- $way
        rm -f "$new"*
        learn -streams 2 -bptt 20 -one-iter -optimiser "$1"
        mv "$new" "$new.default"
        learn -streams 2 -bptt 20 -one-iter -optimiser "$1" -clip-norm "$2"
        cmp "$new" "$new.default"
        rm "$new"
        learn -streams 2 -bptt 20 -one-iter -optimiser "$1" -clip-norm "$3"
        run cmp -s "$new" "$new.default"
        [ "$status" -eq 1 ]
    done
    rm "$new"
    learn -one-iter # online
}

@test "compressed text and a pipe are cut as a file is" {
    learn -streams 3 -one-iter
    mv "$new" "$new.file"
    gzip -c train >train.gz
    rnnlm -train train.gz -rnnlm "$new" -hidden 12 -class 15 -binary -streams 3 -one-iter >"$log.gz"
    cat train | rnnlm -train - -rnnlm "$new.pipe" -hidden 12 -class 15 -binary -streams 3 \
        -one-iter >"$log.pipe"
    wanted="$(entropy TRAIN 0 "$log")"
    [ -n "$wanted" ]
    [ "$(entropy TRAIN 0 "$log.gz")" = "$wanted" ]
    [ "$(entropy TRAIN 0 "$log.pipe")" = "$wanted" ]
}

@test "a saved position is gone on from" {
    rnnlm -train "$DATA/train.txt" -one-iter -rnnlm "$new" -hidden 5 -class 20 -streams 4 \
        -anti-kasparek 10000 >"$log"
    rnnlm -rnnlm "$new" -test test | grep -q '^PPL net: [0-9]'
}

@test "more streams than words are as many as words" {
    printf 'a b\n' >tiny
    rnnlm -train tiny -one-iter -rnnlm "$new" -hidden 3 -class 2 -streams 50 >"$log"
    grep -q '^Iter:   0' "$log"
}

@test "no rate is so high that numbers are lost" {
    for alpha in 10 1e3 1e6; do
        rm -f "$new"
        learn -streams 5 -alpha "$alpha" -gradient-cutoff 0 -max-iter 2 -bptt 3 2>"$log.err" || true
        run grep -i -w -e nan -e inf "$log" "$log.err"
        [ "$status" -eq 1 ]
    done
}

@test "where no temporary file can be made, the message says so" {
    head -n 10000 "$DATA/train.txt" >long
    TMPDIR=/nowhere/at/all refuses "long: cannot make a temporary file in /nowhere/at/all" -- \
        -train long -one-iter -rnnlm "$new" -streams 3
    TMPDIR=/nowhere/at/all learn -streams 3 -max-iter 1 # a short text needs none
    rm -f "$new"
    [ ! -e "$new" ]
}

@test "numbers that make no sense are refused" {
    refuses_with 2 "-streams" -- -train train -one-iter -rnnlm "$new" -streams -1
    refuses_with 2 "-threads" -- -train train -one-iter -rnnlm "$new" -streams 2 -threads 5000
    refuses_with 2 "-epochs and -decay exclude each other" -- -train train -one-iter -rnnlm "$new" -epochs 3 -decay 0.5
    refuses_with 2 "-decay" "wanted a number from 0 to 0.999" -- -train train -one-iter -rnnlm "$new" -decay 1
    refuses_with 2 "-epochs" -- -train train -one-iter -rnnlm "$new" -epochs x
}
