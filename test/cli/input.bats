# What every program does alike with what it reads: white space, byte order marks, content that is not text.

load helpers

setup() {
    MODEL="$(cd "$BATS_TEST_DIRNAME/../golden" && pwd)/elman.model"
    cd "$BATS_TEST_TMPDIR"
    out="$BATS_TEST_TMPDIR/out"
}

# Two words that the model knows.
two_words() {
    sed -n '/^Vocabulary:/,/^$/p' "$MODEL" | awk 'NF > 2 { print $3 }' | sed -n '3,4p'
}

# with_mark FILE: writes FILE.marked, which begins with a byte order mark.
with_mark() {
    { printf '\357\273\277'; cat "$1"; } >"$1.marked"
}

# same ARGUMENTS...: the output of a program is the same where each "@" is nothing or ".marked".
same() {
    "${@//@/}" >plain.out
    "${@//@/.marked}" >marked.out
    [ -s plain.out ]
    cmp plain.out marked.out || fail "$*"
}

@test "a carriage return is a blank for every reader" {
    set -- $(two_words)
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

@test "a byte order mark is passed over by every reader" {
    set -- $(two_words)
    printf '%s\n' "$1 $2" "$2 $1" "$1" >text
    awk '{ print "u", $0 }' text >list
    awk '{ print "u-" NR, $0 }' text >kaldi.list
    awk '{ print "-1 -2", NF, $0 }' text >srilm.list
    awk '{ print "s-" NR, $0 }' text >refs
    awk '{ print $0, "(s-" NR ")" }' text >trn
    printf '%s\n' 'u-1 1' 'u-2 2' 'u-3 3' >costs
    printf '%s\n' '#!MLF!#' '"*/s-1.lab"' "$1" . '"*/s-2.lab"' "$1" . '"*/s-3.lab"' "$1" . >mlf
    printf '%s\n' VERSION=1.0 UTTERANCE=u N=2 L=1 I=0 I=1 "J=0 S=0 E=1 W=$1 a=-1 l=-1" >lat.slf
    printf '%s\n' u1 '0 1 7 1,2,' '1 0,0,' '' >lat.txt
    printf '%s\n' '<eps> 0' "$1 7" >words.txt
    printf '%s\n' "$1" "$2" >vocabulary
    "$BIN/rnnlm-ngram" train -order 2 -text text -discount-fallback -o lm.arpa
    "$BIN/rnnlm-ngram" ppl -lm lm.arpa -text text -debug 2 >ppl
    rnnlm -rnnlm "$MODEL" -test text -debug 2 | sed -n '/^Index/,$p' >table
    rnnlm -rnnlm "$MODEL" -test list -nbest -debug 0 >scores
    awk 'NF == 4 && $1 ~ /^[0-9]+$/ { print $2 } /^[0-9]+\t/ { print $2 }' table >numbers
    printf 'lm-scale 2\n' >weights
    cp "$MODEL" model
    for file in text list kaldi.list srilm.list refs trn costs mlf lat.slf lat.txt words.txt vocabulary lm.arpa ppl table \
        scores numbers weights model; do
        with_mark $file
    done
    same "$BIN/rnnlm-ngram" train -order 1 -text text@ -vocab vocabulary@ -discount-fallback
    same "$BIN/rnnlm-ngram" ppl -lm lm.arpa@ -text text -debug 2
    same "$BIN/rnnlm-ngram" cache -text text@
    same "$BIN/rnnlm" -rnnlm model@ -test text -debug 2 -write srilm
    for other in ppl table numbers; do
        same "$BIN/rnnlm" -rnnlm "$MODEL" -test text -lm-prob $other@ -debug 0
        same "$BIN/prob" $other@ $other 0.5
    done
    same "$BIN/rnnlm" -rnnlm "$MODEL" -test list@ -nbest -debug 0
    for form in list srilm.list; do
        same "$BIN/rnnlm-nbest" -rnnlm "$MODEL" -write ranked -weights-file weights@ $form@
        same "$BIN/getbest" -id scores@ $form
    done
    same "$BIN/rnnlm-nbest" -rnnlm "$MODEL" -write ranked -ac-cost costs@ kaldi.list@
    same "$BIN/rnnlm-wer" -align refs trn
    for transcript in refs trn mlf; do
        "$BIN/rnnlm-wer" refs $transcript | grep %WER >plain.out
        "$BIN/rnnlm-wer" refs $transcript.marked | grep %WER | cmp - plain.out
    done
    same "$BIN/rnnlm-lattice" -rnnlm "$MODEL" -write nbest lat.txt@ -words words.txt@
    "$BIN/rnnlm-lattice" -write lattice lat.slf.marked | cmp - <("$BIN/rnnlm-lattice" -write lattice - <lat.slf)
    gzip -c text.marked | "$BIN/rnnlm-ngram" ppl -lm lm.arpa -text - | tail -1 |
        cmp - <("$BIN/rnnlm-ngram" ppl -lm lm.arpa -text text | tail -1)
}

# every_reader "MESSAGE" FILE: each program refuses the file, whatever it is to it, and prints no number.
every_reader() {
    local message="$1" file="$2" code
    for command in "rnnlm-ngram train -order 1 -discount-fallback -text $file" \
        "rnnlm-ngram train -order 1 -discount-fallback -text text -vocab $file" \
        "rnnlm-ngram ppl -lm $file -text text" "rnnlm-ngram ppl -lm lm.arpa -text $file" \
        "rnnlm-ngram cache -text $file" "rnnlm-mix $file $file" "prob $file $file 0.5" "makenbest $file" \
        "getbest $file text" "rnnlm -rnnlm $MODEL -debug 0 -test $file" "rnnlm -rnnlm $file -debug 0 -test text" \
        "rnnlm -rnnlm $MODEL -debug 0 -test $file -nbest" "rnnlm -rnnlm $MODEL -debug 0 -test text -lm-prob $file" \
        "rnnlm -rnnlm $MODEL -debug 0 -test text -ngram $file" "rnnlm-nbest -rnnlm $MODEL $file" \
        "rnnlm-nbest -rnnlm $MODEL -tune $file list" "rnnlm-nbest -rnnlm $MODEL -ac-cost $file list" \
        "rnnlm-lattice $file" "rnnlm-lattice -rnnlm $file lat" "rnnlm-wer $file text" "rnnlm-wer text $file" "rnnlm-report $file" \
        "rnnlm-vectors train -train $file -output - -min-count 1 -debug 0" "rnnlm-vectors train -train text -output - -read-vocab $file -debug 0" \
        "rnnlm-model -rnnlm $file -check" "rnnlm-arpa -rnnlm $MODEL -ngrams lm.arpa -text $file -o new"; do
        code=0
        # shellcheck disable=SC2086 # a list of arguments
        "$BIN/"$command >out 2>err || code=$?
        [ "$code" -eq 1 ] || fail "$command: status $code"
        [ ! -s out ] || fail "$command: $(cat out)"
        grep -qF "$file: $message" err || fail "$command: $(cat err)"
    done
}

@test "content that is not text is refused by every reader" {
    set -- $(two_words)
    printf '%s\n' "$1 $2" >text
    printf '%s\n' "u $1 $2" >list
    "$BIN/rnnlm-ngram" train -order 1 -text text -discount-fallback -o lm.arpa
    printf '\377\376a\000 \000b\000\n\000' >utf16
    printf 'BZh91AY&SY\001\002' >text.bz2
    printf '\375\067zXZ\000\000\004' >text.xz
    printf 'mmap lm http://kheafield.com/code format version 5\n\000' >kenlm.bin
    printf 'SRILM_BINARY_NGRAM_002\n\001' >srilm.bin
    printf 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n' >pointer
    printf 'u1 \000BCM \004' >lat.ark
    every_reader "found UTF-16, wanted UTF-8: iconv -f UTF-16 -t UTF-8" utf16
    every_reader "found bzip2's compression, wanted none or gzip's: bzip2 -d" text.bz2
    every_reader "found xz's compression, wanted none or gzip's: xz -d" text.xz
    every_reader "found a binary model of KenLM's, wanted the ARPA file" kenlm.bin
    every_reader "found a binary file of SRILM's, wanted an ARPA file: ngram -lm FILE -write-lm NEW" srilm.bin
    every_reader "found a pointer of Git LFS, wanted the file itself: git lfs pull" pointer
    every_reader "found a binary file of Kaldi's, wanted its text form: \`lattice-copy ark:FILE ark,t:-\`" lat.ark
}

@test "a training with such a text does not begin" {
    small_texts .
    printf 'BZh91AY&SY\001\002' >valid.bz2
    refuses "valid.bz2: found bzip2's compression" -- -train train -valid valid.bz2 -rnnlm new -hidden 5 -debug 0
    [ ! -e new ]
}
