#!/usr/bin/env bats
# rnnlm-ngram prune, mix, renorm and convert: options, files, messages. What they compute is
# test/unit/test_ngram_edit.c's.

bats_require_minimum_version 1.5.0

setup() {
    BIN="${RNNLM_BIN:-$BATS_TEST_DIRNAME/../../bin}"
    NGRAM="$BIN/rnnlm-ngram"
    T="$BATS_TEST_TMPDIR"
    cd "$T"
    # </s> 0.5, a 0.25, b 0.25; behind a: b 0.75, and 0.25 is left for a and </s>.
    printf '%s\n' '\data\' 'ngram 1=4' 'ngram 2=1' '' '\1-grams:' '-0.3010300 </s>' '-99 <s>' \
        '-0.6020600 a -5' '-0.6020600 b' '' '\2-grams:' '-0.1249387 a b' '' '\end\' > a.arpa
    # </s> 0.5, a 0.5
    printf '%s\n' '\data\' 'ngram 1=3' '' '\1-grams:' '-0.3010300 </s>' '-99 <s>' '-0.3010300 a' \
        '' '\end\' > b.arpa
}

# number FILE NGRAM FIELD: the probability (1) or back-off weight (3) of an n-gram, with four decimals
number() {
    awk -F '\t' -v ngram="$2" -v field="$3" '$2 == ngram { printf "%.4f\n", 10 ^ $field }' "$1"
}

@test "renorm: the weight that makes a context sum to 1" {
    "$NGRAM" renorm -lm a.arpa -o r.arpa
    # (1 - 0.75) / (1 - 0.25)
    [ "$(number r.arpa a 3)" = 0.3333 ]
    [ "$(number r.arpa 'a b' 1)" = 0.7500 ]
}

@test "mix: probabilities are mixed, words of one model alone have none in the other" {
    "$NGRAM" mix -lm a.arpa -lm b.arpa -lambda 0.2,0.8 -o m.arpa
    [ "$(number m.arpa a 1)" = 0.4500 ]
    [ "$(number m.arpa b 1)" = 0.0500 ]
    [ "$(number m.arpa 'a b' 1)" = 0.1500 ]
    # (1 - 0.15) / (1 - 0.05)
    [ "$(number m.arpa a 3)" = 0.8947 ]
    "$NGRAM" mix -lm a.arpa -lm b.arpa -lambda 0.2 > n.arpa
    cmp m.arpa n.arpa
    "$NGRAM" mix -lm a.arpa -lm b.arpa -o e.arpa
    [ "$(number e.arpa a 1)" = 0.3750 ]
}

@test "mix: weights from a text" {
    printf 'a\na a\n' > text
    run --separate-stderr "$NGRAM" mix -lm a.arpa -lm b.arpa -tune text -precision 1e-9 -o m.arpa
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    # All that b.arpa lacks is b, which the text has not.
    [[ "$stderr" == *"-lambda 0.000"*"words without probability"* ]]
    "$NGRAM" mix -lm a.arpa -lm b.arpa -lambda 0,1 -o n.arpa
    [ "$(number m.arpa a 1)" = "$(number n.arpa a 1)" ]
    run "$NGRAM" mix -lm a.arpa -lm b.arpa -tune none -o m.arpa
    [ "$status" -eq 1 ]
    [[ "$output" == *none* ]]
}

@test "prune: what matters little goes, and it is said how much" {
    "$NGRAM" renorm -lm a.arpa -o r.arpa
    run --separate-stderr "$NGRAM" prune -lm r.arpa -threshold 10 -o p.arpa
    [ "$status" -eq 0 ]
    [[ "$stderr" == *"2-grams: 1 of 1 dropped"* ]]
    grep -q '^ngram 2=0$' p.arpa
    "$NGRAM" prune -lm r.arpa -threshold 0 -o p.arpa
    grep -q '^ngram 2=1$' p.arpa
    "$NGRAM" prune -lm r.arpa -threshold 10 -min-order 3 -o p.arpa
    grep -q '^ngram 2=1$' p.arpa
    # A history model in which the context never comes.
    sed 's/^-0.6020600 a -5/-90 a/; /^\\2/,/a b/d; /^ngram 2/d' a.arpa > h.arpa
    "$NGRAM" prune -lm r.arpa -threshold 1e-9 -history-lm h.arpa -o p.arpa
    grep -q '^ngram 2=0$' p.arpa
}

@test "convert: numbers stay; some words, some orders" {
    "$NGRAM" convert -lm a.arpa -o c.arpa
    [ "$(number c.arpa 'a b' 1)" = 0.7500 ]
    [ "$(number c.arpa a 3)" = 0.0000 ]
    "$NGRAM" convert -lm c.arpa -o c.arpa.gz
    gunzip < c.arpa.gz | cmp - c.arpa
    echo a > words
    run --separate-stderr "$NGRAM" convert -lm a.arpa -vocab words -o v.arpa
    [ "$status" -eq 0 ]
    [[ "$stderr" == *"1-grams: 1 of 4 dropped"*"2-grams: 1 of 1 dropped"* ]]
    grep -q '^ngram 1=3$' v.arpa
    [ "$(number v.arpa a 1)" = 0.2500 ]
    "$NGRAM" convert -lm a.arpa -vocab words -renorm -o v.arpa
    # 1 - 0.5 - 0.25 is shared by a and </s>.
    [ "$(number v.arpa a 1)" = 0.3750 ]
    "$NGRAM" convert -lm a.arpa -order 1 -o v.arpa
    ! grep -q 'ngram 2' v.arpa
}

@test "expand: words in the place of classes" {
    printf 'a 0.5 x\na 0.5 y z\n' >classes
    "$NGRAM" expand -lm a.arpa -classes classes -order 3 -o w.arpa 2>err
    [ ! -s err ]
    # N(x) = 0.25 * 0.5 of N = 1 + 0.125, as y and z have it each; p(b | y z) = p(b | a)
    [ "$(number w.arpa x 1)" = 0.1111 ]
    [ "$(number w.arpa 'x b' 1)" = 0.7500 ]
    [ "$(number w.arpa 'y z b' 1)" = 0.7500 ]
    # Without -order no n-gram is longer than the model's; it is said.
    "$NGRAM" expand -lm a.arpa -classes classes >v.arpa 2>err
    ! grep -q 'ngram 3' v.arpa
    grep -qx 'rnnlm-ngram expand: left out what has more than 2 words, 1 times; -order N keeps more' err
    "$NGRAM" build -lm a.arpa -o a.bin
    "$NGRAM" expand -lm a.bin -classes classes -order 3 | cmp - w.arpa
    printf 'a 0.5 x\n' >classes
    "$NGRAM" expand -lm a.arpa -classes classes -o v.arpa 2>err
    grep -q 'classes: the probabilities of the class a sum to 0.5 instead of 1' err
    run "$NGRAM" expand -lm a.arpa -o v.arpa
    [ "$status" -eq 2 ]
    printf 'a 2 x\n' >classes
    run "$NGRAM" expand -lm a.arpa -classes classes -o v.arpa
    [ "$status" -eq 1 ]
    [[ "$output" == *'classes: line 1: found "2", wanted a probability, 0 to 1' ]]
}

@test "bad command lines and files" {
    for bad in "prune -lm a.arpa" "prune -threshold 1" "prune -lm a.arpa -threshold x" "mix -lm a.arpa" \
        "prune -lm a.arpa -threshold -1" "mix -lm a.arpa -lm b.arpa -lambda 1,1" \
        "mix -lm a.arpa -lm b.arpa -lambda 0.3,x" "mix -lm a.arpa -lm b.arpa -lambda 0.1,0.2,0.7" \
        "mix -lm a.arpa -lm b.arpa -lambda 0.5 -tune a.arpa" "renorm" "convert" "convert -lm a.arpa -order 0"; do
        run "$NGRAM" $bad
        [ "$status" -eq 2 ] || { echo "$bad: $status"; false; }
        [[ "$output" == "rnnlm-ngram "* ]]
    done
    : > empty
    for bad in "prune -lm none -threshold 1" "prune -lm a.arpa -threshold 1 -history-lm none" \
        "mix -lm a.arpa -lm none" "renorm -lm empty" "convert -lm a.arpa -vocab empty" \
        "convert -lm a.arpa -vocab none" "convert -lm a.arpa -o none/o" "renorm -lm a.arpa -o a.arpa"; do
        run "$NGRAM" $bad
        [ "$status" -eq 1 ] || { echo "$bad: $status"; false; }
        [[ "$output" == "rnnlm-ngram "* ]]
    done
    run "$NGRAM" mix -lm a.arpa -lm b.arpa -lambda 0.4,0.4
    [[ "$output" == *"option -lambda"* ]]
}

@test "a failed write leaves the old model" {
    echo old > out
    run bash -c "ulimit -f 0; exec '$NGRAM' renorm -lm a.arpa -o out"
    [ "$status" -ne 0 ]
    [ "$(cat out)" = old ]
    [ -e /dev/full ] || skip "no /dev/full"
    run bash -c "'$NGRAM' convert -lm a.arpa > /dev/full"
    [ "$status" -eq 1 ]
}

@test "a binary model is edited as the ARPA file that it was made from" {
    for model in a b; do "$NGRAM" build -lm $model.arpa -o $model.bin; done
    for command in "renorm" "convert -order 1" "prune -threshold 1e-9" "prune -threshold 0.1 -history-lm a" \
        "mix -lm b -lambda 0.2" "mix -lm b -tune text"; do
        printf 'a b\nb\n' >text
        for kind in arpa bin; do
            "$NGRAM" ${command%% *} -lm a.$kind $(echo "${command#"${command%% *}"}" | sed "s/lm \([ab]\)/lm \1.$kind/") \
                -o out.$kind
        done
        grep -q '^ngram 1=[34]' out.arpa
        cmp out.arpa out.bin
    done
}
