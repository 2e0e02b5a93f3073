#!/usr/bin/env bats
# Results replace no file that is read, and not each other.

load helpers

setup() {
    cd "$BATS_TEST_TMPDIR"
    small_texts .
    printf -- '-1 -2 1 the\n-3 -2 1 mary\n' >u1
    printf '0.5\n0.25\n' >probs
    MODEL="$(cd "$BATS_TEST_DIRNAME/../golden" && pwd)/elman.model"
    cp "$MODEL" model
}

# stays FILE PROGRAM ARGUMENTS...: status 1, one line that says so, and the file as it was.
stays() {
    local code=0
    cp "$1" before
    "$BIN/$2" "${@:3}" >out 2>err || code=$?
    [ "$code" -eq 1 ] || fail "$*" "exit status $code, wanted 1: $(cat err)" || return 1
    [ "$(wc -l <err)" -eq 1 ] || fail "$*" "more than one line: $(cat err)" || return 1
    grep -q "would replace a file that is read or written here" err || fail "$*" "$(cat err)" || return 1
    cmp "$1" before
}

@test "an input is not replaced by any program, whatever it is called" {
    ln -s train link
    stays train rnnlm-ngram train -text train -order 2 -discount-fallback -o train
    stays train rnnlm-ngram train -text train -order 2 -discount-fallback -o ./link
    stays train rnnlm-ngram train -text link -order 2 -discount-fallback -o train
    stays valid rnnlm-ngram train -text train -vocab valid -order 2 -discount-fallback -o valid
    stays test rnnlm-ngram cache -text test -o test
    stays probs rnnlm-mix probs probs -o probs
    "$BIN/rnnlm-ngram" train -text train -order 2 -discount-fallback -o arpa
    stays arpa rnnlm-arpa -rnnlm model -ngrams arpa -o arpa
    stays model rnnlm-arpa -rnnlm model -ngrams arpa -o model
    stays test rnnlm-arpa -rnnlm model -ngrams arpa -text test -o test
    stays model rnnlm-model -rnnlm model -o model -format native
    for what in scores srilm kaldi lists ranked best; do
        stays u1 rnnlm-nbest -rnnlm model -write $what -out u1 u1
        stays model rnnlm-nbest -rnnlm model -write $what -out model u1
    done
    printf 'u1 mary\n' >refs
    stays refs rnnlm-nbest -rnnlm model -tune refs -write-weights refs u1
    printf 'VERSION=1.0\nN=2 L=1\nI=0\nI=1\nJ=0 S=0 E=1 W=mary a=-1 l=-2\n' >u1.slf
    for what in best nbest lattice; do
        stays u1.slf rnnlm-lattice -rnnlm model -write $what -o u1.slf u1.slf
    done
}

@test "lists in the folder that -out names stay" {
    mkdir lists
    cp u1 lists/u1
    stays lists/u1 rnnlm-nbest -rnnlm model -write ranked -out lists lists
    stays lists/u1 rnnlm-nbest -rnnlm model -write lists -out lists lists/u1
    printf 'u1 \n0 1 mary 1,1,\n1\n\n' >lists/u1
    stays lists/u1 rnnlm-lattice -rnnlm model -write lattice -out-dir lists lists/u1
    # as SRILM's scores they have other names
    cp u1 lists/u1
    "$BIN/rnnlm-nbest" -rnnlm model -write srilm -out lists lists
    [ -s lists/u1.gz ]
}

@test "two lists of one name: the second does not replace the first" {
    mkdir a b
    printf -- '-1 -2 1 the\n' >a/u
    printf -- '-1 -2 1 mary\n' >b/u
    code=0
    "$BIN/rnnlm-nbest" -rnnlm model -write srilm -out o/ a/u b/u 2>err || code=$?
    [ $code -eq 1 ]
    grep -q '^rnnlm-nbest: b/u: line 1: utterance u: cannot write o/u.gz: ' err
    zcat o/u.gz | grep -q the
    # with another run they are written anew
    "$BIN/rnnlm-nbest" -rnnlm model -write srilm -out o/ b/u
    zcat o/u.gz | grep -q mary
    printf 'a the dragon\nb the\na old\n' >lists
    ! "$BIN/rnnlm-nbest" -rnnlm model -write lists -out p/ lists 2>err
    grep -q 'lists: line 3: utterance a: ' err
    grep -q dragon p/a
}

@test "a training replaces no text of its own" {
    for name in model model.checkpoint model.output.txt; do
        rm -f model*
        cp train $name
        stays $name rnnlm -train $name -valid valid -rnnlm model -hidden 2 -class 5
        cp valid $name
        stays $name rnnlm -train train -valid $name -rnnlm model -hidden 2 -class 5
        rm $name
    done
    # what it wrote itself it writes again, epoch by epoch and with the next command
    rnnlm -train train -valid valid -rnnlm model -hidden 2 -class 5 -max-iter 2 -anti-kasparek 10000
    rnnlm -train train -valid valid -rnnlm model -max-iter 3 -anti-kasparek 10000
}

@test "standard output is not read, and not replaced" {
    cp test text
    code=0
    rnnlm -rnnlm model -test text -debug 2 >>text 2>err || code=$?
    [ $code -eq 1 ]
    grep -q "cannot open text: standard output goes to it" err
    head -c "$(wc -c <test)" text | cmp - test
    { "$BIN/rnnlm-mix" probs probs -o mixed && echo end; } >mixed
    grep -q '^0.5$' mixed
    [ "$(tail -n 1 mixed)" = end ]
    { "$BIN/rnnlm-ngram" cache -text test -o /dev/stdout && echo end; } >cache
    [ "$(tail -n 1 cache)" = end ]
}
