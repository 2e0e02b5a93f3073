#!/usr/bin/env bats
# Input without an end, sizes that a file only promises, and pipes that hand out a few bytes at a time: memory is taken
# as data arrive.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    rnnlm -train train -valid valid -rnnlm model -hidden 5 -class 20 -max-iter 1 >log
    "$BIN/rnnlm-ngram" train -text train -order 2 -discount-fallback -o arpa
    printf -- '-1 -2 1 mary\n' >list
    printf 'u1 mary\n' >refs
    printf '0.5\n' >probs
    printf 'VERSION=1.0\nN=2 L=1\nI=0\nI=1\nJ=0 S=0 E=1 W=mary a=-1 l=-2\n' >lattice
    head -c 20000000 /dev/zero | tr '\0' x | gzip >endless.gz # one line, one word
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

# bounded PROGRAM ARGUMENTS...: status 1 and one line on standard error, in little memory and time.
bounded() {
    local code=0 err="$BATS_TEST_TMPDIR/err"
    (
        # The sanitizers reserve far more for themselves.
        [ "${RNNLM_SLOW_BUILD:-0}" = 1 ] || ulimit -v 1500000
        OPENBLAS_NUM_THREADS=1 exec timeout 100 "$BIN/$1" "${@:2}" >"$BATS_TEST_TMPDIR/out" 2>"$err"
    ) || code=$?
    [ "$code" -eq 1 ] || fail "$*" "exit status $code, wanted 1: $(cat "$err")" || return 1
    [ "$(wc -l <"$err")" -eq 1 ] || fail "$*" "more than one line: $(cat "$err")" || return 1
    ! grep -q "not enough memory" "$err" || fail "$*" "$(cat "$err")"
}

@test "every input of every program, without an end" {
    [ -c /dev/zero ] || skip "no /dev/zero"
    for endless in /dev/zero endless.gz; do
        bounded rnnlm -rnnlm $endless -test test
        bounded rnnlm -rnnlm model -test $endless -nbest
        bounded rnnlm -rnnlm model -test $endless
        bounded rnnlm -rnnlm model -test test -lm-prob $endless
        bounded rnnlm -rnnlm model -test test -ngram $endless
        bounded rnnlm -rnnlm "$BATS_TEST_TMPDIR/new" -train $endless -valid valid
        bounded rnnlm -rnnlm "$BATS_TEST_TMPDIR/new" -train train -valid $endless
        bounded rnnlm-model -rnnlm $endless -check
        bounded rnnlm-arpa -rnnlm model -ngrams $endless -o "$BATS_TEST_TMPDIR/new"
        bounded rnnlm-arpa -rnnlm model -ngrams arpa -text $endless -o "$BATS_TEST_TMPDIR/new"
        bounded rnnlm-ngram ppl -lm $endless -text test
        bounded rnnlm-ngram ppl -lm arpa -text $endless
        bounded rnnlm-ngram train -text $endless -order 2 -memory 1M
        bounded rnnlm-ngram train -text train -vocab $endless -order 2
        bounded rnnlm-ngram cache -text $endless
        bounded rnnlm-mix probs $endless
        bounded rnnlm-report $endless
        bounded rnnlm-vectors train -train $endless -output "$BATS_TEST_TMPDIR/new"
        bounded rnnlm-vectors train -train train -read-vocab $endless -output "$BATS_TEST_TMPDIR/new"
        bounded rnnlm-vectors neighbours -vectors $endless mary
        bounded prob probs $endless 0.5
        bounded prob <$endless
        bounded convert <$endless
        bounded gettext <$endless
        bounded makenbest $endless
        bounded getbest $endless list
        bounded getbest probs $endless
        bounded rnnlm-nbest -rnnlm model $endless
        bounded rnnlm-nbest -rnnlm $endless list
        bounded rnnlm-nbest -rnnlm model -lm-prob $endless list
        bounded rnnlm-nbest -rnnlm model -ngram $endless list
        bounded rnnlm-nbest -rnnlm model -word-list $endless list
        bounded rnnlm-nbest -rnnlm model -unk-word mary -unk-probs $endless list
        bounded rnnlm-nbest -rnnlm model -weights-file $endless list
        bounded rnnlm-nbest -rnnlm model -tune $endless list
        for cost in ac-cost lm-cost graph-cost; do
            bounded rnnlm-nbest -rnnlm model -$cost $endless list
        done
        bounded rnnlm-lattice -rnnlm model $endless
        bounded rnnlm-lattice -rnnlm $endless lattice
        bounded rnnlm-lattice -rnnlm model -list $endless
        bounded rnnlm-lattice -rnnlm model -words $endless lattice
        bounded rnnlm-wer $endless refs
        bounded rnnlm-wer refs $endless
        bounded rnnlm-wer -utt2spk $endless refs refs
    done
    [ ! -e "$BATS_TEST_TMPDIR/new" ]
}

@test "a model's header that promises more than comes" {
    words=$(figure "vocabulary size" model)
    for layer in 1000000 20000; do
        sed "s/^hidden layer size: .*/hidden layer size: $layer/
             s/^input layer size: .*/input layer size: $((layer + words))/" model >promise
        for sizes in 0 1000000000; do
            sed "s/^direct connections: .*/direct connections: $sizes/" promise >"$BATS_TEST_TMPDIR/promise"
            gzip -f "$BATS_TEST_TMPDIR/promise"
            bounded rnnlm-model -rnnlm "$BATS_TEST_TMPDIR/promise.gz" -check
            grep -q "among\|wanted" "$BATS_TEST_TMPDIR/err"
        done
    done
    # all but the hash is there
    sed "s/^direct connections: .*/direct connections: 1000000000/" model >"$BATS_TEST_TMPDIR/hash"
    gzip "$BATS_TEST_TMPDIR/hash"
    bounded rnnlm-model -rnnlm "$BATS_TEST_TMPDIR/hash.gz" -check
    grep -q "file ends, more direct connections wanted" "$BATS_TEST_TMPDIR/err"
}

# slowly FILE: its first bytes alone, the rest later.
slowly() {
    head -c 3 "$1"
    sleep 0.2
    tail -c +4 "$1"
}

@test "pipes that hand out a few bytes first" {
    "$BIN/rnnlm-model" -rnnlm model -o native -format native
    zcat "$BATS_TEST_DIRNAME/../golden/native-v1.model.gz" >v1
    gzip -c model >model.gz
    for file in model model.gz native v1; do
        "$BIN/rnnlm-model" -rnnlm "$file" -check >wanted
        slowly "$file" | "$BIN/rnnlm-model" -rnnlm - -check | cmp - wanted
    done
    "$BIN/rnnlm-lattice" -rnnlm model -write lattice lattice >wanted
    slowly lattice | "$BIN/rnnlm-lattice" -rnnlm model -write lattice - >found
    grep -v UTTERANCE wanted | cmp - <(grep -v UTTERANCE found)
    gzip -c test | cat >test.gz
    slowly test.gz | rnnlm -rnnlm model -test - -debug 0 >found
    rnnlm -rnnlm model -test test -debug 0 | cmp - found
}
