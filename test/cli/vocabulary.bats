# Vocabularies under control: -vocab, -min-count and -vocab-size in training, rnnlm-ngram vocab.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
}

setup() {
    in_own_folder
    net="-rnnlm model -class 12 -rand-seed 3 -debug 0"
}

ngram() {
    "$BIN/rnnlm-ngram" "$@"
}

# refuses_ngram STATUS TEXT ARGUMENTS...
refuses_ngram() {
    local status_wanted=$1 text=$2
    shift 2
    run --separate-stderr ngram "$@"
    [ "$status" -eq "$status_wanted" ] || fail "rnnlm-ngram $*: status $status"
    [[ "$stderr" == *"$text"* ]] || fail "rnnlm-ngram $*: $stderr"
}

# Kaldi's preparation as its recipes do it: all words counted, the most frequent listed, the others' shares of what they
# occur together, and <RNN_UNK> for them in the texts.
kaldi_prepares() { # SIZE
    cat train | awk '{ for (i = 1; i <= NF; i++) count[$i]++ } END { for (word in count) print count[word], word }' |
        sort -nr >unigram.counts
    head -n "$1" unigram.counts | awk '{ print $2, $1 }' >wordlist.rnn
    tail -n +"$(($1 + 1))" unigram.counts |
        awk '{ total += $1; count[NR] = $1; word[NR] = $2 } END { for (i = 1; i <= NR; i++) print word[i], count[i] / total }' >unk.probs
    mkdir -p mapped
    for text in train valid test; do
        awk 'NR == FNR { known[$1]; next }
             { for (i = 1; i <= NF; i++) if (!($i in known)) $i = "<RNN_UNK>"; print }' wordlist.rnn $text >mapped/$text
    done
}

# In folders of their own, as a model keeps the names of its texts.
@test "Kaldi's preparation by options alone: the same list, table, text, model and scores" {
    kaldi_prepares 150
    ngram vocab -text train -vocab-size 150 -unk-word '<RNN_UNK>' -counts -o list -unk-probs probs -write-text text
    cmp list wordlist.rnn
    cmp probs unk.probs
    cmp text mapped/train
    i=0
    for kind in '-hidden 5 -bptt 2 -max-iter 2' '-class-by context -format native -max-iter 1' '-streams 3 -max-iter 2 -binary' \
        '-layers gru:4 -fast -epochs 1 -format native' '-direct 1 -one-iter'; do
        mkdir -p by-script by-options by-list
        cp mapped/* by-script
        cp train valid by-options
        cp train valid wordlist.rnn by-list
        (cd by-script && rnnlm -train train -valid valid $net $kind >log 2>err)
        (cd by-options && rnnlm -train train -valid valid $net $kind -vocab-size 150 -unk-word '<RNN_UNK>' >log 2>err)
        (cd by-list && rnnlm -train train -valid valid $net $kind -vocab wordlist.rnn -unk-word '<RNN_UNK>' >log 2>err)
        cmp by-script/model by-options/model || fail "$kind"
        cmp by-script/model by-list/model || fail "$kind"
        mv by-options/model model.$((i += 1))
        rm -r by-script by-options by-list
    done
    # A pipe cannot be read twice.
    mkdir piped
    (cd piped && rnnlm -train - -valid <(cat ../valid) $net -hidden 5 -bptt 2 -max-iter 2 -vocab-size 150 -unk-word '<RNN_UNK>' <../train >log)
    rnnlm -rnnlm piped/model -test test -unk -debug 0 >a
    rnnlm -rnnlm model.1 -test test -unk -debug 0 | cmp - a
    rnnlm -rnnlm model.1 -test mapped/test -debug 0 | cmp - a
    # And its lists.
    awk '{ print NR, $0 }' test >lists
    "$BIN/rnnlm-nbest" -rnnlm model.1 -unk-probs probs lists >found
    rnnlm -rnnlm model.1 -test test -unk-probs unk.probs -per-sentence -write scores >scores
    same_numbers scores found 5e-6
    "$BIN/rnnlm-nbest" -rnnlm piped/model -unk-probs unk.probs lists | cmp - found
}

@test "a least count, with <unk> that the text has already" {
    sed '1~7s/ [a-z]*/ <unk>/' train >own
    awk '{ for (i = 1; i <= NF; i++) count[$i]++ } END { for (word in count) if (count[word] >= 3 && word != "<unk>") print word }' own >known
    mkdir a b
    cp own valid a
    for text in own valid; do
        awk 'NR == FNR { known[$1]; next } { for (i = 1; i <= NF; i++) if (!($i in known)) $i = "<unk>"; print }' known $text >b/$text
    done
    (cd a && rnnlm -train own -valid valid $net -max-iter 2 -min-count 3 >log)
    (cd b && rnnlm -train own -valid valid $net -max-iter 2 >log)
    cmp a/model b/model
    ngram vocab -text own -min-count 3 | sort | cmp - <(sort known)
    # Both bounds.
    ngram vocab -text own -min-count 3 -vocab-size 10 >ten
    ngram vocab -text own -vocab-size 10 | cmp - ten
    [ "$(wc -l <ten)" -eq 10 ]
    # What is left out is told.
    rnnlm -train own -one-iter -rnnlm told -hidden 2 -class 5 -min-count 3 >log
    words=$(ngram vocab -text own | grep -vcxF -f known)
    grep -qx "Words left out: $words, [0-9]* times in train file: they are <unk>" log
}

@test "n-gram models: the words left out are <unk>, which is counted" {
    ngram vocab -text train -min-count 2 -write-text mapped -o list
    ngram train -order 3 -text train -min-count 2 -discount-fallback -o a.arpa
    ngram train -order 3 -text mapped -unk -discount-fallback -o b.arpa
    cmp a.arpa b.arpa
    ngram vocab -text train -min-count 2 -counts -o counts
    ngram train -order 3 -text train -vocab counts -unk -discount-fallback | cmp - a.arpa
    ngram train -order 3 -text train -vocab list -unk -discount-fallback | cmp - a.arpa
    ngram train -order 2 -text train -vocab-size 50 -unk-word rare -discount-fallback -o c.arpa
    awk '/^.1-grams/ { on = 1; next } /^.2-grams/ { on = 0 } on && NF > 1 { print $2 }' c.arpa | grep -vx '</*s>\|rare' | sort >words
    ngram vocab -text train -vocab-size 50 | sort | cmp - words
    # Several texts are one.
    ngram vocab -text train -text valid -counts >two
    cat train valid | ngram vocab -text - -counts | cmp - two
}

@test "lists: every form, and words that the text does not have" {
    head -n 60 train | tr ' ' '\n' | sort -u | grep -v 'brakous' >list
    tr '\n' ' ' <list >line
    awk '{ print $1, NR }' list >counts
    { printf '<s>\n</s>\n<unk>\n'; cat list; } | gzip >special.gz
    for form in line counts special.gz; do
        rm -rf one other
        rnnlm -train train -one-iter -rnnlm one -hidden 3 -class 5 -debug 0 -vocab list >log 2>err
        [ ! -s err ]
        rnnlm -train train -one-iter -rnnlm other -hidden 3 -class 5 -debug 0 -vocab $form >log 2>err
        [ ! -s err ]
        cmp one other
    done
    { cat list; printf '%s\n' nowhere everywhere; } >more
    rnnlm -train train -one-iter -rnnlm third -hidden 3 -class 5 -debug 0 -vocab more >log 2>err
    cmp third one
    grep -qx "rnnlm: warning: more: 2 of $(wc -l <more) words are not in the text, and not in the model" err
    # Nothing is left out.
    rnnlm -train train -one-iter -rnnlm all -hidden 3 -class 5 -debug 0 -min-count 1 >log 2>err
    grep -qx 'rnnlm: warning: no word of the text is left out' err
    rnnlm -train train -one-iter -rnnlm plain -hidden 3 -class 5 -debug 0 >log
    cmp all plain
}

@test "bad lists and options that contradict each other" {
    short='-train train -one-iter -rnnlm new -debug 0'
    printf 'a b\nthe\n\na\n' >twice
    printf 'a 3\nb 3\na 1\n' >counted
    : >none
    printf '</s>\n' >end
    refuses 'twice: line 4: found "a" for the second time' -- $short -vocab twice
    refuses 'counted: line 3: found "a" for the second time' -- $short -vocab counted
    refuses 'none: the vocabulary holds no word' -- $short -vocab none
    refuses 'end: the vocabulary holds no word' -- $short -vocab end
    refuses 'nothing-here' -- $short -vocab nothing-here
    refuses 'no word is left' -- $short -min-count 1000000
    refuses '"</s>" cannot be the word for unknown words' -- $short -min-count 2 -unk-word '</s>'
    refuses '"a b" cannot be the word for unknown words' -- $short -min-count 2 -unk-word 'a b'
    refuses_with 2 '-vocab and -min-count exclude each other' -- $short -vocab twice -min-count 2
    refuses_with 2 '-vocab and -vocab-size exclude each other' -- $short -vocab twice -vocab-size 2
    refuses_with 2 'option -min-count' -- $short -min-count 0
    refuses_with 2 '-min-count is for training' -- -rnnlm new -test test -min-count 2 -debug 0
    refuses_with 2 '-vocab is for training' -- -rnnlm new -test test -vocab list -debug 0
    [ ! -e new ]
    refuses_ngram 1 'twice: line 4: found "a" for the second time' vocab -text train -vocab twice
    refuses_ngram 2 '-vocab and -vocab-size exclude each other' vocab -text train -vocab twice -vocab-size 3
    refuses_ngram 2 '-vocab and -min-count exclude each other' train -text train -vocab twice -min-count 3
    refuses_ngram 2 '-min-count reads the text twice: a file is wanted' train -text - -min-count 3
    refuses_ngram 2 '-write-text reads the text twice' vocab -text - -write-text out
    refuses_ngram 2 '-text FILE is wanted' vocab
    refuses_ngram 1 'none: the text is empty' vocab -text none
    refuses_ngram 1 'no word is left' vocab -text train -min-count 1000000
    refuses_ngram 1 'no word is left' train -text train -min-count 1000000
    cp train kept
    refuses_ngram 1 kept vocab -text kept -o kept
    cmp kept train
}

@test "a training goes on with the words that it was begun with, and refuses others" {
    long="-train train -valid valid -rnnlm m -hidden 4 -class 8 -debug 0"
    rnnlm $long -min-count 3 -max-iter 3 >log
    cp m whole
    rm -f m*
    rnnlm $long -min-count 3 -max-iter 1 >log
    refuses 'm: found' 'words, other than the' 'the same options as before' -- $long -min-count 2 -max-iter 3
    refuses 'm: found' -- $long -min-count 3 -unk-word rare -max-iter 3
    rnnlm $long -min-count 3 -max-iter 3 >log
    cmp m whole
}

@test "a pipe whose training goes on, with classes by context" {
    long="-train - -valid valid -rnnlm m -hidden 4 -class 8 -class-by context -format native -debug 0 -vocab-size 100"
    rnnlm $long -max-iter 2 <train >log
    cp m whole
    rm -f m*
    rnnlm $long -max-iter 1 <train >log
    rnnlm $long -max-iter 2 <train >log
    cmp m whole
}
