#!/usr/bin/env bats
# scripts/recipes: each on a tiny text.

load helpers

setup() {
    RECIPES="$BATS_TEST_DIRNAME/../../scripts/recipes"
    export RNNLM_BIN="$BIN"
    in_own_folder
    head -n 60 "$DATA/train.txt" >"-a text"
}

# cell FILE ROW COLUMN
cell() {
    sed -n "$2p" "$1" | cut -f "$3"
}

@test "chars: a table of models, each trained once" {
    two() {
        "$RECIPES/chars" -o "a folder" -text "-a text" -epochs 2 -layers "elman:5:tanh lstm:5" -- \
            -threads 1 -streams 2 --bptt=10
    }
    two >out
    cat "a folder"/texts/{train,valid,test} | cmp - "./-a text"
    [ "$(wc -l <"a folder/texts/train")" -eq 54 ] && [ "$(wc -l <"a folder/texts/valid")" -eq 3 ]
    cut -f 1-3 "a folder/table" | sed 's/\t[0-9]*\t/ /' >found
    printf 'model\tweights\tepochs\nelman:5:tanh 2\nlstm:5 2\n' | cmp - found
    [ "$(rnnlm -rnnlm "a folder/lstm-5" -test "a folder/texts/test" | figure 'bits a character' /dev/stdin)" = \
        "$(cell "a folder/table" 3 5)" ]
    [ "$(grep -c -- '-streams 2 --bptt=10' out)" -eq 2 ]
    [ "$(grep -c -- '-streams\|-bptt=\|-bptt ' out)" -eq 2 ]
    grep -q '</html>' "a folder/learning.html"
    # once more it trains nothing, and says the same
    cp -r "a folder" before
    two >again 2>/dev/null
    cmp before/lstm-5 "a folder/lstm-5"
    diff -r before/table "a folder/table"
    ! grep Iter again
    says 1 'begun with other settings' "$RECIPES/chars" -o "a folder" -text "-a text" -epochs 3
}

@test "chars: an interrupted recipe goes on to the same models; minutes become epochs" {
    "$RECIPES/chars" -o whole -text "-a text" -epochs 1 -layers lstm:5 -- -threads 1 -streams 2 >out
    mkdir fake
    # shellcheck disable=SC2016
    printf '#!/bin/sh\n[ -e "$GO" ] || exit 130\nexec "%s/rnnlm" "$@"\n' "$BIN" >fake/rnnlm
    chmod +x fake/rnnlm
    ln -s "$BIN/rnnlm-report" fake
    export RNNLM_BIN=fake GO="$PWD/go"
    code=0
    "$RECIPES/chars" -o parts -text "-a text" -epochs 1 -layers lstm:5 -- -threads 1 -streams 2 >out || code=$?
    [ $code -eq 130 ] && [ ! -e parts/table ]
    touch go
    "$RECIPES/chars" -o parts -text "-a text" -epochs 1 -layers lstm:5 -- -threads 1 -streams 2 >out
    cmp whole/lstm-5 parts/lstm-5
    cmp whole/table parts/table
    says 1 'holds other things' "$RECIPES/chars" -o . -text "-a text" -epochs 1
    "$RECIPES/chars" -o timed -text "-a text" -minutes 0.005 -layers lstm:5 -- -threads 1 -streams 2 >out
    [ "$(cat timed/lstm-5.epochs)" -ge 1 ] && [ ! -e timed/trial.log ]
    [ "$(cell timed/table 2 3)" -eq "$(cat timed/lstm-5.epochs)" ]
}

@test "japanese: words and characters of the same sentences" {
    # every second character ends a word
    cat >cut.sh <<'SH'
LC_ALL=C sed 's/[\xc0-\xff][\x80-\xbf]*[\xc0-\xff][\x80-\xbf]*/& /g'
SH
    "$RECIPES/japanese" -o found -sentences 200 -epochs 1 -layers lstm:5 -segment "sh '$PWD/cut.sh'" -- -threads 1 >out
    [ "$(wc -l <found/texts/train)" -eq 200 ] && [ "$(wc -l <found/texts/test)" -eq 21 ]
    ! grep -q ' ' found/texts/test
    # a sentence has the probability that each model gives its line
    rnnlm -rnnlm found/characters -test found/texts/test -write scores |
        awk '{ print -$1 / (log(2) / log(10)) }' >wanted
    tail -n +2 found/sentences | cut -f 6 >bits
    paste bits wanted | awk '{ d = $1 - $2 } d > 1e-3 || d < -1e-3 { exit 1 } END { exit NR != 21 }'
    tail -n +2 found/sentences | cut -f 8 | cmp - found/texts/test
    # of the sentences whose words are known
    awk -F '\t' 'NR > 1 && $4 + $7 == 0 { n++; w += $3; c += $6 } END { printf "%d %.2f %.2f\n", n, w / n, c / n }' \
        found/sentences >wanted
    sed -n -e 's/^sentences compared\t//p' -e 's/^bits a sentence, by [wc][a-z]*\t//p' found/table |
        paste -s -d ' ' | cmp - wanted
    # the grammar's own bits are those of its words
    words=$("$RECIPES/../generate-text" -grammar "$RECIPES/japanese.grammar" -seed 3 -sentences 21 -entropies 2>err |
        awk '{ bits += $2 / (log(2) / log(10)) } END { printf "%.2f", bits / 21 }')
    within "$(sed -n 's/^bits a sentence, by the grammar itself[^\t]*\t//p' found/table)" "$words" 0.011
}

@test "grammars of one's own" {
    generate() { "$RECIPES/../generate-text" -grammar "$@"; }
    printf 'S 3 A | 1 よし\nA 1 [word] 。 A | 1 [word]\nflat word は が に で\n' >a=grammar
    generate a=grammar -sentences 50 >text 2>err
    tr -s ' ' '\n' <text | sort -u | wc -l | grep -qx 6
    grep -q 'vocabulary 6 ' err
    # a sentence: which rule for S; with A, two words on average, each of 2 bits and 1 for whether another follows
    [ "$(generate a=grammar -entropy)" = "vocabulary 6 entropy $(awk 'BEGIN {
        bits = -(0.75 * log(0.75) + 0.25 * log(0.25)) / log(2) + 0.75 * 2 * 3
        printf "%.4f bits/word perplexity %.1f", bits / (0.75 * 3 + 0.25 + 1), exp(bits / 3.5 * log(2)) }')" ]
    printf 'S 1 A\n' >grammar
    says 1 'undefined symbol A' generate grammar
    printf 'A 1 b\n' >grammar
    says 1 'found no rule for S' generate grammar
    says 2 "option -grammar: found 'none', wanted a file" generate none
}

@test "japanese: where sentences end, and a segmenter that changes text" {
    for i in $(seq 10); do printf '\xef\xbb\xbf 「行こう。行こう！」と 言った。\xe3\x80\x80本当？！そう（嘘。）だ\r\n\n'; done >text
    says 1 'wanted "「行こう' "$RECIPES/japanese" -o found -text text -epochs 1 -segment "tr -d '\343'"
    printf '「行こう。行こう！」と言った。\n本当？！\nそう（嘘。）だ\n' >wanted
    sort -u found/texts/train | diff - <(sort wanted)
    says 1 'found 3 sentences, wanted at least 20' "$RECIPES/japanese" -o few -text wanted -epochs 1 -segment cat
}

@test "pieces: a word's bits are the sum over its pieces" {
    cat >cut.sh <<'SH'
sed -E 's/[^ ]+/▁&/g; s/[a-z0-9]/ &/g; s/ +/ /g'
SH
    "$RECIPES/pieces" -o found -text "-a text" -epochs 1 -layers lstm:5 -segment "sh '$PWD/cut.sh'" -- -threads 1 >out
    rnnlm -rnnlm found/pieces -test found/texts/test.cut -debug 2 2>err |
        awk '$1 ~ /^[0-9]+$/ && NF == 3 { bits -= log($2) / log(2) } END { printf "%.2f\n", bits }' >wanted
    awk -F '\t' 'NR > 1 && $5 != "NA" { bits += $5 } END { printf "%.2f\n", bits }' found/surprisal | cmp - wanted
    awk 'NR == FNR { for (i = 1; i <= NF; i++) known[$i]; next }
        { n++; for (i = 1; i <= NF; i++) if ($i in known) n++; else lost++ }
        END { print n, lost }' found/texts/train found/texts/test >wanted
    sed -n -e 's/^perplexity\t\([0-9]*\)\t.*/\1/p' -e 's/^not known as words\t\([0-9]*\)\t.*/\1/p' found/table |
        paste -s -d ' ' | cmp - wanted
}

@test "the real segmenters" {
    command -v mecab >/dev/null && command -v spm_train >/dev/null || skip "no mecab, or no sentencepiece"
    "$RECIPES/japanese" -o words -sentences 100 -epochs 1 -layers lstm:5 -- -threads 1 >out
    grep -q '[^ ] は ' words/texts/test.cut
    "$RECIPES/pieces" -o pieces -pieces 60 -text "-a text" -epochs 1 -layers lstm:5 -- -threads 1 >out
    tr -d ' ' <pieces/texts/test.cut | sed 's/▁/ /g; s/^ //' | cmp - pieces/texts/test
    [ "$(wc -l <pieces/pieces.vocab)" -eq 60 ]
}

@test "what does not fit" {
    for recipe in chars japanese pieces; do
        "$RECIPES/$recipe" -help | grep -q "^Usage: scripts/recipes/$recipe -o FOLDER"
        says 2 "$recipe: -o FOLDER is wanted" "$RECIPES/$recipe" -text "-a text"
        says 2 'options of rnnlm stand behind --' "$RECIPES/$recipe" -o found -hidden 5
        says 2 'option -layers wants a value' "$RECIPES/$recipe" -o found -layers
    done
    chars() { "$RECIPES/chars" -o found "$@"; }
    says 2 '-text and -train, -valid, -test exclude' chars -text "-a text" -train "-a text"
    says 2 'are wanted together' chars -train "-a text" -valid "-a text"
    says 2 '-minutes and -epochs exclude' chars -minutes 1 -epochs 1
    says 2 'option -minutes: found "0", wanted a number above 0' chars -minutes 0
    says 2 'option -epochs: found "1.5", wanted a whole number' chars -epochs 1.5
    says 2 'option -layers: found "lstm:5 lstm:5", wanted networks that all differ' chars -layers "lstm:5 lstm:5"
    says 2 "-unit is chars's own" chars -text "-a text" -- -unit word
    says 1 'none: found no file, wanted a text' chars -text none
    says 1 'no program rnnlm in none' env RNNLM_BIN=none "$RECIPES/chars" -o found
    [ ! -e found ]
    says 2 'no-such-option' chars -text "-a text" -epochs 1 -- -no-such-option
    mkdir tools
    for tool in sh dirname awk grep; do ln -s "$(command -v $tool)" tools; done
    says 1 'apt-get install mecab mecab-ipadic-utf8' env PATH="$PWD/tools" "$RECIPES/japanese" -o other
    says 1 'apt-get install sentencepiece' env PATH="$PWD/tools" "$RECIPES/pieces" -o other
}
