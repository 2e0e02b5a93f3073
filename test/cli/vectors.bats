# Words as vectors: rnnlm-model -vectors, -neighbours, -analogy, networks that begin with vectors; -hidden-states.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    rnnlm -train train -valid valid -rnnlm model -layers gru:7 -embedding 5 -class 20 -fast -epochs 1 >log
    rnnlm -train train -valid valid -rnnlm tied -layers gru:6 -embedding 6 -tied -class 20 -fast -epochs 1 >log
    rnnlm -train train -valid valid -rnnlm tree -hidden 6 -output tree -fast -epochs 1 >log
}

setup() {
    in_own_folder
}

model() {
    "$BIN/rnnlm-model" "$@"
}

@test "vectors are written in all forms" {
    words=$(model -rnnlm model -check | sed -n 's/^vocabulary size: //p')
    model -rnnlm model -vectors in -o in
    [ "$(head -n 1 in)" = "$words 5" ]
    [ "$(wc -l <in)" -eq $((words + 1)) ]
    awk 'NR > 1 && NF != 6 { exit 1 }' in
    model -rnnlm model -vectors in -format text -o text
    tail -n +2 in | cmp - text
    model -rnnlm model -vectors out -format word2vec -o - | head -n 1 | grep -qx "$words 7"
    model -rnnlm model -vectors in -format binary -o binary
    [ "$(head -n 1 binary)" = "$words 5" ]
    letters=$(tail -n +2 in | awk '{ n += length($1) + 2 } END { print n }')
    [ "$(wc -c <binary)" -eq $(($(head -n 1 in | wc -c) + letters + 20 * words)) ]
    model -rnnlm tied -vectors in -o in
    model -rnnlm tied -vectors out -o out
    cmp in out
    model -rnnlm model -vectors in -o in.gz
    gzip -dc in.gz | head -n 1 | grep -qx "$words 5"
}

@test "neighbours are those of a plain search" {
    model -rnnlm model -vectors in -format text -o text
    word=$(sed -n 20p text | cut -d ' ' -f 1)
    model -rnnlm model -neighbours "$word" -nearest 7 >found
    awk -v word="$word" '{ n[NR] = $1; for (i = 2; i <= NF; i++) { x[NR, i] = $i; s[NR] += $i * $i } if ($1 == word) at = NR }
        END { for (k = 1; k <= NR; k++) { d = 0; for (i = 2; i <= NF; i++) d += x[k, i] * x[at, i]
            if (k != at) printf "%s\t%s\t%.4f\n", word, n[k], d / sqrt(s[k] * s[at]) } }' text |
        sort -t "$(printf '\t')" -k3,3gr | head -n 7 | cut -f 3 >wanted
    cut -f 3 found | cmp - wanted
    [ "$(wc -l <found)" -eq 7 ]
    model -rnnlm model -vectors out -neighbours "$word" -neighbours the >both
    [ "$(cut -f 1 both | uniq -c | awk '{ printf "%s ", $1 }')" = "10 10 " ]
    three=$(sed -n '21p;22p;23p' text | cut -d ' ' -f 1 | paste -s -d ' ')
    model -rnnlm model -analogy "$three" -nearest 3 >found
    [ "$(cut -f 1 found | uniq)" = "$three" ] && [ "$(wc -l <found)" -eq 3 ]
    for word in $three; do ! cut -f 2 found | grep -qx -- "$word"; done
}

@test "a network begins with vectors of a file" {
    for format in word2vec text binary; do
        model -rnnlm model -vectors in -format $format -o vectors
        rm -f new*
        rnnlm -train train -valid valid -rnnlm new -layers gru:7 -embedding 5 -class 20 -fast -epochs 1 -alpha 1e-30 \
            -embedding-from vectors >log
        words=$(model -rnnlm model -check | sed -n 's/^vocabulary size: //p')
        grep -qx "Vectors taken from vectors: $words of $words words have one" log
        model -rnnlm new -vectors in -format $format -o again
        cmp again vectors
    done
    grep -v '^the ' vectors >fewer || true
    model -rnnlm model -vectors in -format text -o vectors
    { sed '/^the /d' vectors | head -n 30; echo 'unheard 1 2 3 4 5'; } >some
    rm new*
    rnnlm -train train -valid valid -rnnlm new -layers gru:7 -embedding 5 -class 20 -fast -epochs 1 -embedding-from some >log
    grep -q "Vectors taken from some: 30 of $words words have one" log
    # the same command goes on with a model that is there
    rnnlm -train train -valid valid -rnnlm new -layers gru:7 -embedding 5 -class 20 -fast -epochs 2 -embedding-from missing >log
}

@test "vectors: what does not fit" {
    says 1 'output tree has no vector for each word' model -rnnlm tree -vectors out -o out
    says 1 'model has no word "unheard"' model -rnnlm model -neighbours unheard
    says 2 'found "both", wanted in or out' model -rnnlm model -vectors both -o out
    says 2 'wanted word2vec, text or binary' model -rnnlm model -vectors in -format native -o out
    says 2 'wanted three words' model -rnnlm model -analogy 'the the'
    says 2 'wanted three words' model -rnnlm model -analogy 'the the the the'
    says 2 '-vectors wants -o FILE' model -rnnlm model -vectors in
    says 2 'is for -vectors in or out' model -rnnlm model -neighbours the -o out
    says 2 'without -add-words' model -rnnlm model -vectors in -o out -check
    says 1 'replace' model -rnnlm model -vectors in -o model
    echo 'the 1 2 3' >three
    echo 'unheard 1 2 3 4 5' >unheard
    set -- -train train -valid valid -rnnlm new -layers gru:7 -embedding 5 -class 20 -fast -epochs 1
    says 1 'three: line 1: found vectors of 3 numbers, wanted 5: -embedding 3 takes them' rnnlm "$@" -embedding-from three
    says 1 'unheard: found vectors of none of the' rnnlm "$@" -embedding-from unheard
    says 1 'missing' rnnlm "$@" -embedding-from missing
    says 2 '-embedding-from is for training' rnnlm -rnnlm model -test test -embedding-from three
    [ ! -e new ]
}

@test "hidden states of a text" {
    rnnlm -rnnlm model -test test -hidden-states states.npy >log
    rnnlm -rnnlm model -test test >plain
    cmp log plain
    rows=$(($(wc -w <test) + $(wc -l <test)))
    grep -aq "'shape': ($rows, 7), }" states.npy
    [ "$(wc -c <states.npy)" -eq $((128 + 4 * 7 * rows)) ]
    # lines on their own, of characters, packed
    rnnlm -rnnlm model -test test -per-sentence -hidden-states lines.npy >log
    ! cmp -s states.npy lines.npy
    start=$(od -An -v -tf4 -w28 -j128 lines.npy | sed -n "$(($(head -n 1 test | wc -w) + 1))p")
    [ "$(od -An -v -tf4 -w28 -j128 lines.npy | tail -n 1)" = "$start" ]
    rnnlm -train train -valid valid -rnnlm letters -layers elman:3 -unit char -fast -epochs 1 >log
    rnnlm -rnnlm letters -test test -hidden-states letters.npy.gz >log
    gzip -dc letters.npy.gz | head -c 128 | grep -aq "'shape': ([0-9]*, 3), }"
    # a network learns with -train and -test first
    rnnlm -train train -valid valid -rnnlm other -layers elman:3 -class 20 -fast -epochs 1 -test test -hidden-states other.npy >log
    grep -aq "'shape': ($rows, 3), }" other.npy
}

@test "hidden states: what does not fit" {
    says 2 '-hidden-states is for texts of -test' rnnlm -rnnlm model -gen 3 -hidden-states out.npy
    says 2 'wanted, not standard input' rnnlm -rnnlm model -test - -hidden-states out.npy
    says 2 'found 2 of -rnnlm' rnnlm -rnnlm model -rnnlm tied -test test -hidden-states out.npy
    says 2 'exclude each other' rnnlm -rnnlm model -test test -dynamic 0.1 -hidden-states out.npy
    says 1 'replace' rnnlm -rnnlm model -test test -hidden-states model
    says 1 'replace' rnnlm -rnnlm model -test test -hidden-states test
    says 1 'none/out' rnnlm -rnnlm model -test test -hidden-states none/out.npy
    [ ! -e out.npy ]
}
