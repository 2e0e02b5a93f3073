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
    grep -v 'file:\|^bits a\|^perplexity a' found >found.lines
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
        printf "bits a character: %.4f\nbits a word: %.4f\n", bits / c, bits / w
        printf "perplexity a word: %.4g\n", exp(bits / w * log(2)) }' >wanted
    grep '^bits a\|^perplexity a' out | awk '/^perp/ { printf "%s %s %s %.4g\n", $1, $2, $3, $4; next } 1' | cmp - wanted
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
    rnnlm -train train -valid valid -rnnlm words -hidden 5 -class 20 -max-iter 1 -format native >out
    says 2 'found "syllable", wanted word, char or pieces' rnnlm -train train -valid valid -rnnlm new -unit syllable
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

# ---- pieces -------------------------------------------------------------------------------------

# pieces: words cut behind every third letter, as SentencePiece marks them.
pieces() {
    awk '{ for (i = 1; i <= NF; i++) { word = $i; printf "%s▁%s", (i > 1 ? " " : ""), substr(word, 1, 3)
               for (at = 4; at <= length(word); at += 3) printf " %s", substr(word, at, 3) }
           print "" }'
}

@test "pieces: figures of words are sums over their pieces" {
    for text in train valid test; do pieces <$text >$text.pieces; done
    rnnlm -train train.pieces -valid valid.pieces -rnnlm new -unit pieces -hidden 12 -class 20 -max-iter 2 >out 2>&1
    "$BIN/rnnlm-model" -rnnlm new -check | grep -qx 'unit: pieces'
    # the network is that of the same words without a unit
    rnnlm -train train.pieces -valid valid.pieces -rnnlm plain -hidden 12 -class 20 -max-iter 2 -format native >out
    rnnlm -rnnlm new -test test.pieces -unk -debug 2 | grep -v 'file:\|^bits a\|^perplexity a' >found
    rnnlm -rnnlm plain -test test.pieces -unk -debug 2 | grep -v 'file:' | diff - found
    rnnlm -rnnlm new -test valid.pieces >out
    rnnlm -rnnlm new -test valid.pieces -debug 2 | awk '$1 ~ /^[0-9]/ && NF == 3 { bits -= log($2) / log(2); tokens++
            words += $3 == "</s>" || index($3, "▁") == 1 }
        END { printf "bits a piece: %.4f\nbits a word: %.4f\n", bits / tokens, bits / words }' >wanted
    grep '^bits' out | awk 'NR == FNR { a[NR] = $4; next } ($4 - a[FNR]) ^ 2 > 1e-6 { exit 1 }' - wanted
    awk '/^bits a word/ { b = $4 } /^perplexity a word/ { p = $4 } END { exit !((log(p) / log(2) - b) ^ 2 < 1e-6) }' out
    [ "$(sed -n 's/^bits a word: //p' out)" != "$(sed -n 's/^bits a piece: //p' out)" ]
    # the table has a row for each word of the text
    head -n 100 train >known
    pieces <known >known.pieces
    rnnlm -rnnlm new -test known.pieces >out
    rnnlm -rnnlm new -test known.pieces -write surprisal >table
    tail -n +2 table | cut -f 3 | sed 's,^</s>$,|,' | paste -s -d ' ' | sed 's, *| *,\n,g' >found
    sed 's/[ \t][ \t]*/ /g; s/^ //; s/ $//' known | diff - <(sed '$d' found)
    awk -F '\t' 'NR > 1 && $4 != "NA" { n++; bits += $4 } END { print bits / n }' table >found
    awk -v a="$(cat found)" '/^bits a word/ { exit !((a - $4) ^ 2 < 1e-5) }' out
    tail -n +2 table | awk -F '\t' '$1 != sentence { sentence = $1; position = 0 } $2 != ++position { exit 1 } NF != 8 { exit 1 }'
}

@test "pieces: a word's probability is the product of those of its pieces, for unknown ones too" {
    for text in train valid test; do pieces <$text >$text.pieces; done
    rnnlm -train train.pieces -valid valid.pieces -rnnlm new -unit pieces -min-count 2 -hidden 12 -class 20 -max-iter 1 >out 2>&1
    printf '▁the ▁xyz xyz ▁dog\nno ▁dragon s\n' >text
    rnnlm -rnnlm new -test text -unk -write surprisal 2>err >table
    rnnlm -rnnlm new -test text -unk -debug 2 2>err | awk 'NF == 3 && $1 ~ /^[0-9]/ { print -log($2) / log(2) }' >bits
    awk 'NR == FNR { bits[NR] = $1; next } FNR > 1 { print $4 }' bits table |
        paste - <(awk '{ b[NR] = $1 } END { print b[1]; print b[2] + b[3]; print b[4]; print b[5]; print b[6]; print b[7] + b[8]; print b[9] }' bits) |
        awk '($1 - $2) ^ 2 > 1e-6 { exit 1 } END { exit NR != 7 }'
    cut -f 3 table | paste -s -d ' ' | grep -qx 'word the xyzxyz dog </s> no dragons </s>'
    cut -f 7 table | paste -s -d ' ' | grep -qx 'unknown 0 1 [01] 0 [01] [01] 0'
}

@test "pieces: text drawn is of words, and text without marks is refused" {
    pieces <train >train.pieces
    pieces <valid >valid.pieces
    rnnlm -train train.pieces -valid valid.pieces -rnnlm new -unit pieces -hidden 12 -class 20 -max-iter 1 >out 2>&1
    rnnlm -rnnlm new -gen-sentences 10 -debug 0 >drawn
    ! grep -q '▁\|^ \|  ' drawn
    grep -q '[a-z][a-z][a-z][a-z]' drawn
    rnnlm -rnnlm new -gen-sentences 3 -debug 0 -prefix '▁the ▁dra gon' | grep -c '^the dragon' | grep -qx 3
    ! rnnlm -train train -valid valid -rnnlm other -unit pieces -hidden 5 2>err >out
    grep -q 'train: found no word that begins with ▁' err
    [ ! -e other ]
    head -n 1 valid.pieces | sed 's/^/1 /' >list
    "$BIN/rnnlm-nbest" -rnnlm new -unk -write scores list >out # what stands between blanks are its words
}
