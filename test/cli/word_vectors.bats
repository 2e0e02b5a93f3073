# rnnlm-vectors: learning vectors from a text, neighbours, analogies; what does not fit.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    # Of each pair of words, contexts say which pair it is and which of the two.
    awk 'BEGIN { srand(3); for (n = 0; n < 1500; n++) { i = int(rand() * 8); second = rand() < 0.5
        line = ""; for (k = 0; k < 4; k++) line = line " t" i "-" int(rand() * 3) " " (second ? "q" : "p") "mark" int(rand() * 3)
        print line, (second ? "q" : "p") i } }' >text
    awk 'BEGIN { print ": pairs"; for (i = 0; i < 8; i++) for (k = 0; k < 8; k++) if (i != k) printf "p%d q%d p%d q%d\n", i, i, k, k }' >questions
    "$BIN/rnnlm-vectors" train -train text -output vectors -size 12 -cbow 0 -iter 10 -alpha 0.2 -sample 0 -threads 1 -debug 0
}

setup() {
    in_own_folder
}

vectors() {
    "$BIN/rnnlm-vectors" "$@"
}

# learn OPTION...: quickly.
learn() {
    vectors train -train text $(defaults "-output made -size 5 -iter 1 -debug 0" "$@") "$@"
}

@test "analogies of a text are learnt" {
    vectors analogy -vectors vectors -questions questions >answers
    [ "$(cut -f 1,3,5 answers)" = "$(printf 'pairs\t56\t0\nall\t56\t0')" ]
    awk -F '\t' '$2 < 45 || $4 != sprintf("%.2f%%", 100 * $2 / 56) { exit 1 }' answers || fail "$(cat answers)"
    vectors analogy -vectors vectors -nearest 1 'p1 q1 p2' 'p2 q2 p1' >answers
    [ "$(cut -f 1,2 answers)" = "$(printf 'p1 q1 p2\tq2\np2 q2 p1\tq1')" ]
    vectors neighbours -vectors vectors -nearest 2 p3 q4 >near
    [ "$(cut -f 1 near | paste -s -d ' ')" = "p3 p3 q4 q4" ]
    # as rnnlm-model finds them in networks
    sed 1d vectors | vectors neighbours -vectors - -nearest 2 p3 q4 | cmp - near
    echo 'unheard p1 q1 p2' >some
    vectors analogy -vectors vectors -questions some | grep -qx "$(printf 'all\t0\t0\t0.00%%\t1')"
}

@test "every kind of learning, on any number of threads" {
    skip_if_slow
    for kind in "-cbow 0" "-cbow 1" "-cbow 0 -hs 1 -negative 0" "-cbow 1 -hs 1"; do
        # shellcheck disable=SC2086
        learn $kind -threads 1 -output one
        # shellcheck disable=SC2086
        learn $kind -threads 3 -output three
        cmp one three
        [ "$(head -n 1 one)" = "47 5" ]
        [ "$(sed -n 2p one | cut -d ' ' -f 1)" = "</s>" ]
    done
    learn -rand-seed 2 -output two
    ! cmp -s one two
}

@test "threads" {
    head -n 300 text >short
    vectors train -train short -output one -size 5 -hs 1 -iter 1 -debug 0 -threads 1
    vectors train -train short -output two -size 5 -hs 1 -iter 1 -debug 0 -threads 2
    cmp one two
}

@test "texts and files in all forms" {
    learn -threads 1
    vectors train -train - -output - -size 5 -iter 1 -debug 0 <text | cmp - made
    gzip -c text >text.gz
    vectors train -train text.gz -output out.gz -size 5 -iter 1 -debug 0
    gzip -dc out.gz | cmp - made
    learn -binary 1 -output binary
    vectors neighbours -vectors binary p1 | cmp - <(vectors neighbours -vectors made p1)
    # a network begins with them
    small_texts .
    vectors train -train train -output own -size 4 -iter 1 -min-count 1 2>err
    grep -qx "Vocab size: $(($(head -n 1 own | cut -d ' ' -f 1)))" err
    rnnlm -train train -valid valid -rnnlm new -layers elman:4 -embedding 4 -fast -epochs 1 -embedding-from own >log
    words=$(sed -n 's/^Vocab size: //p' log)
    grep -qx "Vectors taken from own: $words of $words words have one" log
    # classes: each word has one
    learn -classes 3 -output classes
    [ "$(cut -d ' ' -f 1 classes)" = "$(sed 1d made | cut -d ' ' -f 1)" ]
    awk 'NF != 2 || $2 !~ /^[0-2]$/ { exit 1 }' classes
}

@test "vocabularies" {
    learn -threads 1
    learn -save-vocab words -output again
    cmp made again
    [ "$(head -n 1 words)" = "</s> 1500" ]
    tr ' ' '\n' <text | sed '/^$/d' | sort | uniq -c | awk '{ print $2, $1 }' | sort >counts
    sed 1d words | sort | cmp - counts
    awk '{ print $2 }' words | sed 1d | sort -c -k 1,1nr
    learn -read-vocab words -output again
    cmp made again
    vectors train -train text -save-vocab only -min-count 200
    [ "$(cat only)" = "$(awk '$2 >= 200' words)" ]
    learn -min-count 200 -output few
    [ "$(head -n 1 few)" = "$(wc -l <only | tr -d ' ') 5" ]
}

@test "what does not fit" {
    says 2 '-train FILE is wanted' vectors train -output made
    says 2 '-output FILE is wanted' vectors train -train text
    says 2 '-negative 0 wants -hs 1' learn -negative 0
    says 2 'without -classes' learn -classes 2 -binary 1
    for bad in '-size 0' '-size x' '-window 0' '-window 1001' '-negative -1' '-cbow 2' '-hs yes' '-iter 0' '-alpha 0' '-alpha nan' \
        '-alpha -1' '-sample 2' '-sample nan' '-min-count 0' '-classes -1' '-binary 2' '-threads -1' '-unit page'; do
        # shellcheck disable=SC2086
        says 2 "option ${bad% *}\|unit: found" learn $bad
    done
    says 1 'missing' vectors train -train missing -output made
    says 1 'none/out' learn -output none/out
    says 1 'none/words' learn -save-vocab none/words
    says 1 'replace' learn -output text
    says 1 'replace' learn -save-vocab both -output both
    : >empty
    says 1 'empty: the text is empty' vectors train -train empty -output made
    for i in 1 2 3 4 5 6; do echo word; done >one
    says 1 'one: found 1 words that occur 5 times or more, wanted 2' vectors train -train one -output made
    echo 'a b' >rare
    says 1 'rare: found 0 words that occur 5 times' vectors train -train rare -output made
    printf 'p1 5\nq1 x\n' >bad
    says 1 'bad: line 2: found "q1 x", wanted WORD COUNT' learn -read-vocab bad
    printf 'nothing 5\nof-it 6\n' >others
    says 1 'others: found none of its words in text' learn -read-vocab others
    [ ! -e made ]
    says 2 'found nothing-known, wanted a command: train neighbours analogy' vectors nothing-known
    says 2 '-vectors FILE is wanted' vectors neighbours p1
    says 2 'no word given' vectors neighbours -vectors vectors
    says 1 'vectors has no word "unheard"' vectors neighbours -vectors vectors unheard
    says 2 'wanted three words' vectors analogy -vectors vectors 'p1 q1'
    says 2 'or -questions FILE' vectors analogy -vectors vectors
    says 1 'rare: line 1: found "a b", wanted four words' vectors analogy -vectors vectors -questions rare
    says 1 'text: line 1' vectors neighbours -vectors text p1
    printf 'a 1 2\na 1 2\n' >twice
    says 1 'twice: line 2: found "a" for the second time' vectors neighbours -vectors twice a
}
