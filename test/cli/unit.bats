# Units: models of characters read text as it is.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    head -n 800 "$DATA/train.txt" >train
    head -n 150 "$DATA/valid.txt" >valid
    { head -n 100 "$DATA/test.txt"; echo; printf '  a  b \t\n'; } >test
    for text in train valid test; do spaced <$text >$text.spaced; done
    chars model -max-iter 2
}

setup() {
    in_own_folder
}

# Each character a word, as scripts have it for programs that know words alone.
spaced() {
    sed 's/^[ \t]*//; s/[ \t]*$//; s/[ \t][ \t]*/ /g; s/ /#/g; s/[^#]/& /g; s/#/\xe2\x96\x81 /g'
}

chars() { # MODEL OPTIONS...
    local model="$1"
    shift
    rnnlm -train train -valid valid -rnnlm "$model" -unit char -layers gru:12 -streams 4 -class 6 "$@" >"$model.out" 2>&1
}

@test "a model of characters is that of a text in which each is a word" {
    rnnlm -train train.spaced -valid valid.spaced -rnnlm spaced -layers gru:12 -streams 4 -class 6 -max-iter 2 >log 2>&1
    grep 'VALID entropy' log | sed 's/.*VALID/VALID/' >wanted
    grep 'VALID entropy' model.out | sed 's/.*VALID/VALID/' | cmp - wanted
    rnnlm -rnnlm model -test test -debug 2 2>err >found
    rnnlm -rnnlm spaced -test test.spaced -debug 2 2>err >wanted
    grep -v 'file:\|^bits a' found >found.lines
    grep -v 'file:' wanted | diff - found.lines
    for way in scores surprisal srilm; do
        rnnlm -rnnlm model -test test -write $way 2>err | grep -v 'file' >found
        rnnlm -rnnlm spaced -test test.spaced -write $way 2>err | grep -v 'file' | diff - found
    done
}

@test "bits a character and bits a word" {
    rnnlm -rnnlm model -test test >out
    characters=$(awk '{ $1 = $1; n += length + 1 } END { print n }' test)
    words=$(awk '{ n += NF + 1 } END { print n }' test)
    total=$(sed -n 's/^test log probability: //p' out)
    awk -v t="$total" -v c="$characters" -v w="$words" 'BEGIN { bits = -t / (log(2) / log(10))
        printf "bits a character: %.4f\nbits a word: %.4f\n", bits / c, bits / w }' >wanted
    grep '^bits a' out | cmp - wanted
}

@test "text of characters is drawn as text" {
    rnnlm -rnnlm model -gen-sentences 20 -debug 0 >drawn
    [ "$(wc -l <drawn)" -eq 20 ]
    ! grep -q '▁' drawn
    grep -q '^[a-z]* [a-z]' drawn
    rnnlm -rnnlm model -gen-sentences 5 -debug 0 -prefix 'at s' | grep -c '^at s' | grep -qx 5
    ! rnnlm -rnnlm model -gen-sentences 5 -prefix 'Ä' 2>err >out
    grep -q 'no model has the word "Ä"' err
    rnnlm -rnnlm model -gen-sentences 1 -debug 0 -prefix 'Ä' -unk | grep -q '^Ä'
}

@test "characters of any script, and what is none" {
    printf '日本語の文。\nひらがな カタカナ\nहिन्दी\nnaïve 👩‍👩‍👧 ▁\n' >text
    for i in $(seq 30); do cat text; done >many
    rnnlm -train many -valid text -rnnlm new -unit char -hidden 8 -class 5 -max-iter 2 >out 2>&1
    rnnlm -rnnlm new -test text -write surprisal | cut -f 3 | tail -n +2 | sed 's,^</s>$,\n,' | tr -d '\n' >found
    sed 's/ /▁/g' text | tr -d '\n' | cmp - found
    printf 'gut\nschlecht \374ber\n' >latin
    ! rnnlm -rnnlm new -test latin 2>err >out
    grep -q 'latin: line 2: byte 14: found 0xfc, wanted UTF-8' err
    ! rnnlm -train latin -valid text -rnnlm other -unit char -hidden 8 2>err >out
    grep -q 'latin: line 2: byte 14: found 0xfc, wanted UTF-8' err
    [ ! -e other ]
    printf 'a\nb\303' >cut
    ! rnnlm -rnnlm new -test cut 2>err >out
    grep -q 'cut: line 2: byte 4: found 0xc3' err
}

@test "a model remembers its unit" {
    "$BIN/rnnlm-model" -rnnlm model -check | grep -qx 'unit: char'
    cp model on
    rnnlm -train train -valid valid -rnnlm on -streams 4 -max-iter 3 >out 2>&1
    grep -q 'Iter:   2' out
    cp model again
    rnnlm -train train -valid valid -rnnlm again -unit char -streams 4 -max-iter 3 >out 2>&1
    cmp on again
    ! rnnlm -train train -valid valid -rnnlm again -unit word -max-iter 4 2>err >out
    grep -q 'again: found a model of unit char: -unit char, or another -rnnlm FILE, is wanted' err
    "$BIN/rnnlm-model" -rnnlm model -o copy -format native-bf16
    "$BIN/rnnlm-model" -rnnlm copy -check | grep -qx 'unit: char'
    rnnlm -train train -valid valid -rnnlm words -hidden 5 -class 20 -max-iter 1 -format native >out
    "$BIN/rnnlm-model" -rnnlm words -check | grep -qx 'unit: word'
    ! grep -aq '^unit' words # which versions without units read, too
}

@test "bad units, and who reads words alone" {
    says() { # STATUS MESSAGE COMMAND...
        local wanted=$1 message="$2" code=0
        shift 2
        "$@" >out 2>err || code=$?
        [ $code -eq "$wanted" ] && grep -q -- "$message" err || fail "$*: $code, $(cat err)"
    }
    rnnlm -train train -valid valid -rnnlm words -hidden 5 -class 20 -max-iter 1 -format native >out
    says 2 'found "syllable", wanted word or char' rnnlm -train train -valid valid -rnnlm new -unit syllable
    says 2 '-unit is for training' rnnlm -rnnlm model -test test -unit char
    says 2 'format text holds models of words' rnnlm -train train -valid valid -rnnlm new -unit char -format text
    says 2 '-unit char and -cache-ids exclude each other' rnnlm -train train -valid valid -rnnlm new -unit char -cache-ids ids
    says 1 'words: found a model of unit word, wanted one of unit char as model is' rnnlm -rnnlm model -rnnlm words -test test
    echo '1 a b' >list
    says 1 'model: found a model of unit char, wanted one of words' rnnlm -rnnlm model -test list -nbest
    says 1 'model: found a model of unit char, wanted one of words' "$BIN/rnnlm-nbest" -rnnlm model list
    says 1 'model: found a model of unit char, wanted one of words' "$BIN/rnnlm-lattice" -rnnlm model list
    rnnlm -train train -valid valid -rnnlm elman -unit char -hidden 5 -class 6 -max-iter 1 >out 2>&1
    says 1 'format text holds models of words; found one of unit char' "$BIN/rnnlm-model" -rnnlm elman -o out.text -format text
}

@test "n-gram models of characters beside networks" {
    "$BIN/rnnlm-ngram" vocab -text train -unit char -write-text text -o list
    cmp text <(sed 's/ $//' train.spaced)
    "$BIN/rnnlm-ngram" train -text text -order 4 -o arpa 2>err || "$BIN/rnnlm-ngram" train -text text -order 4 -discount-fallback -o arpa
    rnnlm -rnnlm model -test test -ngram arpa -lambda 0.3 >out
    awk '/^PPL net/ { net = $3 } /^PPL combine/ { mixed = $3 } END { exit !(mixed > 1 && mixed < net) }' out
    awk '/^PPL combine/ { bits = log($3) / log(2) } /^bits a character/ { exit !((bits - $4) ^ 2 < 1e-6) }' out
}
