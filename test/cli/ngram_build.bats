# rnnlm-ngram build: binary n-gram models, wherever a program takes an ARPA file.

load helpers

ngram() {
    "$BIN/rnnlm-ngram" "$@"
}

setup_file() {
    small_texts "$BATS_FILE_TMPDIR"
    cd "$BATS_FILE_TMPDIR"
    ngram train -text train -order 4 -unk -discount-fallback -o arpa
    ngram build -lm arpa -o binary
    rnnlm -train train -valid valid -rnnlm model -hidden 5 -class 10 -max-iter 1 -debug 0 >log 2>&1
}

setup() {
    in_own_folder
}

# same COMMAND...: prints the same with the binary model as with the ARPA file, which the word MODEL stands for.
same() {
    "${@/MODEL/arpa}" >wanted 2>wanted.err || fail "$*: $(cat wanted.err)"
    "${@/MODEL/binary}" >found 2>found.err || fail "$*: $(cat found.err)"
    [ -s wanted ]
    sed 's/binary/arpa/' found | cmp - wanted
    sed 's/binary/arpa/' found.err | cmp - wanted.err
}

@test "every program gives with a binary model what it gives with the ARPA file" {
    awk 'NR <= 20 { print NR, $0; print NR, "the", $0; print NR, "xyzzy", $0 }' test >lists
    printf '%s\n' 'VERSION=1.0' 'UTTERANCE=a' 'N=4 L=4' 'I=0' 'I=1' 'I=2' 'I=3' 'J=0 S=0 E=1 W=the a=-5 l=-1' \
        'J=1 S=0 E=1 W=my a=-4 l=-2' 'J=2 S=1 E=2 W=dragon a=-3 l=-1' 'J=3 S=2 E=3 W=</s> a=0 l=-1' >a.slf
    same ngram ppl -lm MODEL -text test -debug 2
    same ngram ppl -lm MODEL -text test -order 2 -unk -debug 2
    same rnnlm -rnnlm model -test test -ngram MODEL -lambda 0.4 -unk -debug 2
    same rnnlm -rnnlm model -test lists -nbest -ngram MODEL -lambda 0.4
    same rnnlm -rnnlm model -ngram MODEL -lambda 0.01 -gen 300 -rand-seed 3 -debug 0
    same "$BIN/rnnlm-nbest" -rnnlm model -ngram MODEL -lambda 0.3 lists
    same "$BIN/rnnlm-lattice" -rnnlm model -ngram MODEL -lambda 0.3 -write nbest -nbest 4 a.slf
    same "$BIN/rnnlm-arpa" -rnnlm model -ngrams MODEL -lambda 0.5 -o -
}

@test "a binary model is read from a pipe and compressed, and makes the same binary model again" {
    ngram ppl -lm arpa -text test -debug 2 >wanted
    gzip -c binary >binary.gz
    ngram build -lm - -o of-pipe <arpa
    cmp of-pipe binary
    ngram build -lm binary.gz -o again.gz
    gzip -dc again.gz | cmp - binary
    ngram build -lm binary -o - | cmp - binary
    for how in binary.gz again.gz -; do
        ngram ppl -lm "$how" -text test -debug 2 <binary | cmp - wanted
    done
    cat binary | ngram ppl -lm - -text test -debug 2 | cmp - wanted
}

@test "a quantised model is smaller and loses little, less with more bits" {
    need_logarithms
    [ "$(wc -c <binary)" -lt "$(wc -c <arpa)" ]
    before=1e30
    for bits in 2 4 6 8; do
        ngram build -lm arpa -o small -quantise $bits
        [ "$(wc -c <small)" -lt "$(wc -c <binary)" ]
        loss=$(for model in arpa small; do ngram ppl -lm $model -text test | sed -n 's/.* ppl= \([^ ]*\).*/\1/p'; done |
            awk '{ x[NR] = log($1) } END { d = x[2] - x[1]; print d < 0 ? -d : d }')
        awk -v a="$loss" -v b="$before" 'BEGIN { exit !(a < b) }' || fail "$bits bits: $loss, before $before"
        before=$loss
    done
    awk -v a="$loss" 'BEGIN { exit !(a < 0.003) }' || fail "8 bits: $loss"
}

refuses() { # STATUS TEXT COMMAND...
    code=0
    "${@:3}" >out 2>err || code=$?
    [ $code -eq "$1" ] && grep -qF -- "$2" err || fail "${*:3}: $code, $(cat err)"
    [ "$(wc -l <err)" -eq 1 ]
}

@test "what is wrong is told" {
    refuses 2 'wanted: -lm MODEL and -o FILE' ngram build -lm arpa
    refuses 2 'option -quantise: found "1"' ngram build -lm arpa -o x -quantise 1
    refuses 2 'option -quantise: found "17"' ngram build -lm arpa -o x -quantise 17
    refuses 1 'cannot open none' ngram build -lm none -o x
    refuses 1 'no-folder' ngram build -lm arpa -o no-folder/x
    cp binary mine
    refuses 1 'mine' ngram build -lm mine -o mine
    cmp binary mine
    head -c 5000 binary >cut
    refuses 1 'cut: found 5000 bytes, wanted' ngram ppl -lm cut -text test
    refuses 1 'cut: found 5000 bytes, wanted' ngram build -lm cut -o x
    head -c 5000 binary | refuses 1 'standard input: byte 5000: file ends' ngram ppl -lm - -text test
    { head -c 8 binary; printf '\1\2\3\4'; tail -c +13 binary; } >swapped
    refuses 1 'swapped: written by a machine of the other byte order' ngram ppl -lm swapped -text test
    { head -c 12 binary; printf '\11'; tail -c +14 binary; } >later
    refuses 1 'later: native format version: found 9' ngram ppl -lm later -text test
    "$BIN/rnnlm-model" -rnnlm model -format native -o native
    refuses 1 'native: found a model, wanted a ngram' ngram ppl -lm native -text test
    refuses 1 'binary: found a ngram, wanted a model' rnnlm -rnnlm binary -test test
    [ ! -e x ]
}
