#!/usr/bin/env bats
# What a program may meet that is no failed call: standard streams that are closed, a mapped model that is cut, more
# memory wanted than there is.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    rnnlm -train train -valid valid -rnnlm model -hidden 5 -class 20 -max-iter 1 >log
    "$BIN/rnnlm-model" -rnnlm model -o native -format native
    "$BIN/rnnlm-ngram" train -text train -order 2 -discount-fallback -o arpa
    printf 'u1 mary\n' >refs
    printf -- '-1 -2 1 mary\n' >list
    printf -- '-1\n' >scores
    printf '0.5\n' >probs
    printf 'mary 1 2\njohn 2 1\n' >vectors
    printf 'VERSION=1.0\nN=2 L=1\nI=0\nI=1\nJ=0 S=0 E=1 W=mary a=-1 l=-2\n' >lattice
}

setup() {
    cd "$BATS_FILE_TMPDIR"
    err="$BATS_TEST_TMPDIR/err"
}

# every_program FUNCTION: FUNCTION PROGRAM ARGUMENTS... for each program, with arguments that make it print.
every_program() {
    "$1" rnnlm -rnnlm model -test test
    "$1" rnnlm-arpa -rnnlm model -ngrams arpa -o -
    "$1" rnnlm-lattice -rnnlm native lattice
    "$1" rnnlm-mix probs probs
    "$1" rnnlm-model -rnnlm native -check
    "$1" rnnlm-nbest -rnnlm native list
    "$1" rnnlm-ngram train -text test -order 1 -discount-fallback
    "$1" rnnlm-ngram ppl -lm arpa -text test
    "$1" rnnlm-ngram cache -text test
    "$1" rnnlm-report model.log
    "$1" rnnlm-vectors neighbours -vectors vectors mary
    "$1" rnnlm-wer refs refs
    "$1" prob probs probs 0.5
    "$1" makenbest list
    "$1" getbest scores list
}

# Programs that the tests above have are all there are, but for those that read standard input alone.
@test "every program is tried here" {
    seen() { echo "$1" >>"$BATS_TEST_TMPDIR/seen"; }
    every_program seen
    printf 'convert\ngettext\n' >>"$BATS_TEST_TMPDIR/seen"
    (cd "$BATS_TEST_DIRNAME/../../tools" && ls *.c | sed 's/\.c$//'; echo rnnlm) | sort >"$BATS_TEST_TMPDIR/all"
    sort -u "$BATS_TEST_TMPDIR/seen" | diff - "$BATS_TEST_TMPDIR/all"
}

without_output() {
    local code=0
    "$BIN/$1" "${@:2}" >&- 2>"$err" || code=$?
    [ $code -eq 1 ] && grep -q "^$1.*: .*standard output" "$err" || fail "$* >&-: $code, $(cat "$err")"
    code=0
    "$BIN/$1" --help >&- 2>"$err" || code=$?
    [ $code -eq 1 ] && grep -q "^$1.*: .*standard output" "$err" || fail "$1 --help >&-: $code, $(cat "$err")"
}

@test "standard output that is closed" {
    every_program without_output
    for program in convert gettext; do
        without_output $program <probs
    done
}

# What a program opens does not become its standard error.
without_error() {
    local code=0
    "$BIN/$1" "${@:2}" 2>/dev/null >"$BATS_TEST_TMPDIR/wanted"
    "$BIN/$1" "${@:2}" 2>&- >"$BATS_TEST_TMPDIR/found" || code=$?
    [ $code -eq 0 ] || fail "$* 2>&-: $code"
    cmp "$BATS_TEST_TMPDIR/found" "$BATS_TEST_TMPDIR/wanted"
}

@test "standard error that is closed, and all three" {
    every_program without_error
    cd "$BATS_TEST_TMPDIR"
    set -- -train "$BATS_FILE_TMPDIR/train" -valid "$BATS_FILE_TMPDIR/valid" -hidden 5 -class 100000 -max-iter 1 -rnnlm
    rnnlm "$@" open 2>warnings >log
    grep -q warning warnings
    rnnlm "$@" closed 2>&- >log
    cmp open closed
    # Where nothing can be printed nothing is begun.
    code=0
    rnnlm "$@" none <&- >&- 2>&- || code=$?
    [ $code -eq 1 ]
    [ ! -e none ]
    # Warnings of what is written go into no file.
    code=0
    "$BIN/rnnlm-ngram" train -text "$BATS_FILE_TMPDIR/test" -order 2 -discount-fallback -debug 1 -o arpa 2>&- || code=$?
    [ $code -eq 0 ]
    "$BIN/rnnlm-ngram" train -text "$BATS_FILE_TMPDIR/test" -order 2 -discount-fallback -o wanted
    cmp arpa wanted
}

@test "standard input that is closed" {
    for command in 'rnnlm -rnnlm model -test -' 'rnnlm-model -rnnlm - -check' 'rnnlm-wer refs -' prob convert gettext \
        makenbest 'rnnlm-nbest -rnnlm native -' 'rnnlm-ngram ppl -lm arpa -text -'; do
        code=0
        # shellcheck disable=SC2086
        "$BIN"/$command <&- >"$BATS_TEST_TMPDIR/out" 2>"$err" || code=$?
        [ $code -eq 1 ] && grep -q "standard input: it is closed" "$err" || fail "$command <&-: $code, $(cat "$err")"
    done
}

@test "a full disk at the end of what is printed about a program" {
    [ -c /dev/full ] || skip "no /dev/full"
    for request in --help --version --manual=rnnlm; do
        for program in rnnlm rnnlm-nbest; do
            code=0
            "$BIN/$program" $request >/dev/full 2>"$err" || code=$?
            [ $code -eq 1 ] && grep -qx "$program: cannot write standard output" "$err" || fail "$program $request: $code"
        done
    done
    code=0
    "$BIN/rnnlm" >/dev/full 2>"$err" || code=$?
    [ $code -eq 1 ]
}

# cut_under COMMAND...: reads a text from a pipe with the mapped model `m`, which is cut before the text comes.
cut_under() {
    local code=0 writer=0
    rm -f "$BATS_TEST_TMPDIR/pipe"
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    cp native "$BATS_TEST_TMPDIR/m"
    # The pipe is opened by both ends when the model is there already.
    (exec 3>&- && exec >"$BATS_TEST_TMPDIR/pipe" && : >"$BATS_TEST_TMPDIR/m" && echo "u1 mary cheats my dragon") &
    writer=$!
    "$BIN/$1" "${@:2}" >"$BATS_TEST_TMPDIR/out" 2>"$err" || code=$?
    wait $writer || true
    [ $code -eq 1 ] || fail "$*: $code, $(cat "$err")" || return 1
    [ "$(wc -l <"$err")" -eq 1 ] || fail "$*: $(cat "$err")" || return 1
    grep -q "^$1: $BATS_TEST_TMPDIR/m: the file has been cut or overwritten while it was in use" "$err" || fail "$(cat "$err")"
}

@test "a model that is used in place and cut under its reader's hands is a message" {
    cut_under rnnlm -rnnlm "$BATS_TEST_TMPDIR/m" -test "$BATS_TEST_TMPDIR/pipe"
    cut_under rnnlm-nbest -rnnlm "$BATS_TEST_TMPDIR/m" -form id "$BATS_TEST_TMPDIR/pipe"
}

@test "other bus errors stay what they are" {
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    "$BIN/rnnlm" -rnnlm native -test "$BATS_TEST_TMPDIR/pipe" >"$BATS_TEST_TMPDIR/out" 2>"$err" 3>&- &
    program=$!
    exec 9>"$BATS_TEST_TMPDIR/pipe"
    kill -BUS $program
    code=0
    wait $program || code=$?
    exec 9>&-
    [ $code -gt 128 ]
    ! grep -q "cut or overwritten" "$err"
}

# too_much OPTION TEXT ARGUMENTS...: a training that wants more memory than any machine has says so before it begins.
too_much() {
    local code=0
    timeout 60 "$BIN/rnnlm" -train train -valid valid -rnnlm "$BATS_TEST_TMPDIR/new" "${@:3}" >"$BATS_TEST_TMPDIR/out" 2>"$err" ||
        code=$?
    [ $code -eq 1 ] && [ "$(wc -l <"$err")" -eq 1 ] || fail "${*:3}: $code, $(cat "$err")" || return 1
    grep -q "not enough memory: .* GB wanted, .* GB are all that there is here; $2 takes .*$1" "$err" || fail "$(cat "$err")"
    [ ! -e "$BATS_TEST_TMPDIR/new" ]
}

@test "more memory wanted than the machine has: a word, and the option" {
    too_much -direct output.hash -direct 1000000
    too_much -hidden layer0.recurrent -hidden 1000000
    too_much -layers layer1.recurrent -layers gru:5,lstm:1000000 -format native
    too_much -embedding layer1.input -embedding 1000000 -layers lstm:100000 -format native
    code=0
    "$BIN/rnnlm-ngram" train -text test -memory 1000000G >"$BATS_TEST_TMPDIR/out" 2>"$err" || code=$?
    [ $code -eq 2 ]
    grep -q "option -memory: not enough memory" "$err"
}

@test "a learning rate of any size is in the model's header" {
    rnnlm -train train -valid valid -rnnlm "$BATS_TEST_TMPDIR/slow" -hidden 3 -class 20 -max-iter 1 -alpha 3e-7 >"$BATS_TEST_TMPDIR/log"
    grep -qx 'starting learning rate: 3e-07' "$BATS_TEST_TMPDIR/slow"
    "$BIN/rnnlm-model" -rnnlm "$BATS_TEST_TMPDIR/slow" -check | grep -q '^learning rate: 3e-07 at first'
}
