# What every program does alike with what it reads: white space, byte order marks, content that is not text.

load helpers

setup() {
    MODEL="$(cd "$BATS_TEST_DIRNAME/../golden" && pwd)/elman.model"
    cd "$BATS_TEST_TMPDIR"
    out="$BATS_TEST_TMPDIR/out"
}

@test "a carriage return is a blank for every reader" {
    words=$(sed -n '/^Vocabulary:/,/^$/p' "$MODEL" | awk 'NF > 2 { print $3 }' | sed -n '3,4p')
    set -- $words
    printf '%s\r%s\r\n' "$1" "$2" >text
    printf '%s %s\n' "$1" "$2" >plain
    for file in plain text; do
        sed 's/^/0 /' $file >$file.list
        "$BIN/rnnlm-ngram" train -order 1 -text $file -discount-fallback >$file.arpa
        rnnlm -rnnlm "$MODEL" -test $file -debug 2 | tail -n +3 >$file.table
        rnnlm -rnnlm "$MODEL" -test $file.list -nbest -debug 0 >$file.scores
        "$BIN/rnnlm-ngram" ppl -lm plain.arpa -text $file -debug 1 | sed "s/file $file/file/" >$file.ppl
        "$BIN/rnnlm-nbest" -rnnlm "$MODEL" -write best $file.list >$file.best
        "$BIN/rnnlm-ngram" cache -text $file >$file.cache
    done 2>/dev/null
    for result in arpa table scores ppl best cache; do
        [ -s plain.$result ]
        cmp text.$result plain.$result
    done
    "$BIN/rnnlm-wer" -form plain plain text | grep '%WER 0.00 \[ 0 / 2'
    printf '#!MLF!#\n"*/a.lab"\n0 5\r%s\rnoise\n%s\n.\n' "$1" "$2" >mlf
    sed 's/^/a /' text >kaldi
    "$BIN/rnnlm-wer" mlf kaldi | grep '%WER 0.00 \[ 0 / 2'
}
