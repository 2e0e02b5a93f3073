#!/usr/bin/env bats
# rnnlm-ngram count and train: counts in files, and in folders of Google's form.

bats_require_minimum_version 1.5.0

setup_file() {
    NGRAM="$(cd "${RNNLM_BIN:-$BATS_TEST_DIRNAME/../../bin}" && pwd)/rnnlm-ngram"
    export NGRAM
    cd "$BATS_FILE_TMPDIR"
    awk 'function random() { x = x * 16807 % 2147483647; return x / 2147483647 }
        BEGIN { x = 7; for (i = 0; i < 60; i++) { s = ""; n = 1 + int(random() * 6)
        for (j = 0; j < n; j++) s = s "w" int(30 * random() ^ 3) " "; print s } }' > text
    "$NGRAM" count -text text -order 3 -o counts
    "$NGRAM" count -text text -order 3 -google whole -google-each 40
}

setup() {
    cd "$BATS_TEST_TMPDIR"
    IN="$BATS_FILE_TMPDIR"
}

# A small folder of plain files.
small() {
    rm -rf small
    mkdir -p small/1gms small/2gms
    printf '</S>\t2\n<S>\t2\na\t3\nb\t2\n' > small/1gms/vocab
    printf '2gm-0001\t<S> a\n2gm-0002\tb </S>\n' > small/2gms/2gm.idx
    printf '<S> a\t2\na a\t1\na b\t2\n' > small/2gms/2gm-0001
    printf 'b </S>\t2\n' > small/2gms/2gm-0002
}

# fails MESSAGE: so does reading the small folder.
fails() {
    run "$NGRAM" count -counts small -order 2
    [ "$status" -eq 1 ]
    [[ "$output" == "rnnlm-ngram count: "*"$1"* ]] || { echo "$output"; return 1; }
}

@test "folders: written, with words, totals and indices, and read again" {
    "$NGRAM" count -counts "$IN/whole" | cmp - "$IN/counts"
    for k in 2 3; do
        cut -f 1 "$IN/whole/${k}gms/${k}gm.idx" | while read -r file; do
            gunzip < "$IN/whole/${k}gms/$file"
        done > all
        awk -F '\t' -v k=$k 'split($1, w, " ") == k' "$IN/counts" | cmp - all
        LC_ALL=C sort -c all
        [ "$(gunzip < "$IN/whole/${k}gms/${k}gm-0001.gz" | head -n 1 | cut -f 1)" = \
            "$(sed -n '2s/.*\t//p' "$IN/whole/${k}gms/${k}gm.idx")" ]
        [ "$(gunzip < "$IN/whole/${k}gms/${k}gm-0000.gz" | wc -l)" -eq 40 ]
    done
    gunzip < "$IN/whole/1gms/vocab.gz" | cmp - <(awk -F '\t' '$1 !~ / /' "$IN/counts")
    gunzip < "$IN/whole/1gms/vocab_cs.gz" | cmp - \
        <(awk -F '\t' '$1 !~ / /' "$IN/counts" | LC_ALL=C sort -s -t "$(printf '\t')" -k 2,2nr)
    [ "$(cat "$IN/whole/1gms/total")" -eq "$(awk '{ n += NF + 1 } END { print n }' "$IN/text")" ]
}

@test "folders: the model of the text" {
    "$NGRAM" train -text "$IN/text" -discount-fallback -o a.arpa
    "$NGRAM" train -counts "$IN/whole" -discount-fallback -o b.arpa
    cmp a.arpa b.arpa
}

@test "folders: Google's names of sentence ends, files that count from 1" {
    small
    run "$NGRAM" count -counts small -order 2
    [ "$status" -eq 0 ]
    [ "$(echo "$output" | tr '\t\n' ' ;')" = "</s> 2;<s> 2;<s> a 2;a 3;a a 1;a b 2;b 2;b </s> 2;" ]
    [ "$("$NGRAM" count -counts small -order 1 | wc -l)" -eq 4 ]
}

@test "folders: what is missing" {
    small; rm small/1gms/vocab; fails "small: neither 1gms/vocab.gz nor"
    small; rm small/2gms/2gm.idx; fails "2gms/2gm.idx: No such file"
    small; rm small/2gms/2gm-0002; fails "2gms/2gm-0002: No such file"
    small; mv small/2gms small/3gms; fails "3gms is there, but 2gms is missing"
    small; rm -r small/2gms; fails "no n-grams of more than 1 word (-order 1)"
    small; sed -i 's/0002/0003/' small/2gms/2gm.idx; fails "line 2: found 2gm-0003, wanted number 2"
    small; sed -i 2d small/2gms/2gm.idx; fails "2gm-0002 is there, but not named"
    small; echo nonsense >> small/2gms/2gm.idx; fails '2gm.idx: line 3: found "nonsense"'
    small; : > small/2gms/2gm-0002; fails 'found no n-gram, wanted "b </S>"'
}

@test "folders: what is out of order or contradicts" {
    small; sed -i '1!G;h;$!d' small/1gms/vocab; fails 'vocab: line 2: out of order: found "a" behind "b"'
    small; sed -i 's/^a a/c a/' small/2gms/2gm-0001; fails '2gm-0001: line 3: out of order: found "a b" behind "c a"'
    small; sed -i 's/^a a/a b/' small/2gms/2gm-0001; fails 'line 3: found "a b" twice'
    small; sed -i 's/<S> a/<S> b/' small/2gms/2gm.idx; fails 'line 1: found "<S> a", wanted "<S> b"'
    small; sed -i 's/^a a/a a a/' small/2gms/2gm-0001; fails "line 2: found 3 words and a count, wanted 2"
    small; sed -i 's/^a\t3/a\t2/' small/1gms/vocab; fails 'contradictory counts: "a" has 2'
    small; echo 4 > small/1gms/total; fails "total has 4, but the words in vocab have 5"
    small; echo x > small/1gms/total; fails 'total: found "x", wanted a number'
    small; echo 5 > small/1gms/total
    "$NGRAM" count -counts small -order 2 -o counts
}

@test "folders: none is written over" {
    mkdir full; echo here > full/file
    run "$NGRAM" count -text "$IN/text" -google full
    [ "$status" -eq 1 ]
    [[ "$output" == *"full is not empty"* ]]
    [ "$(ls full)" = file ]
    run "$NGRAM" count -text "$IN/text" -google full/file
    [ "$status" -eq 1 ]
    run "$NGRAM" count -text "$IN/text" -google none/folder
    [ "$status" -eq 1 ]
    run "$NGRAM" count -text "$IN/text" -google new -o counts
    [ "$status" -eq 2 ]
    [ ! -e new ]
    run "$NGRAM" count -text "$IN/text" -google new -google-each 0
    [ "$status" -eq 2 ]
    run bash -c "ulimit -f 0; '$NGRAM' count -text '$IN/text' -google new"
    [ "$status" -ne 0 ]
    mkdir -p new/2gms
    echo old > new/2gms/2gm-0003.gz
    run "$NGRAM" count -counts new
    [ "$status" -eq 1 ]
    [[ "$output" == *"neither 1gms/vocab.gz nor"* ]]
    run "$NGRAM" count -text "$IN/text" -order 1 -google new
    [ "$status" -eq 1 ]
    "$NGRAM" count -text "$IN/text" -order 3 -google new -google-each 40
    diff -r new "$IN/whole"
    run "$NGRAM" count -text "$IN/text" -google new
    [ "$status" -eq 1 ]
}

@test "counts of words alone, with an order above theirs" {
    printf 'a 3\n<s> 4\n</s> 4\nb 3\n' >words.counts
    "$NGRAM" train -counts words.counts -order 3 -discount-fallback -o words.arpa
    grep -q '^ngram 1=4$' words.arpa
    grep -q '^ngram 2=0$' words.arpa
    awk -F '\t' 'NF >= 2 && $2 != "<s>" { sum += 10 ^ $1 } END { exit !(sum > 0.999999 && sum < 1.000001) }' words.arpa
}
