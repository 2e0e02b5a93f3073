# -per-sentence: each line of a text from the start state.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    # Words that occur once are unknown ones.
    awk 'NR == FNR { for (i = 1; i <= NF; i++) count[$i]++; next }
         { for (i = 1; i <= NF; i++) if (count[$i] == 1) $i = "<unk>"; print }' train train >some
    mv some train
    printf '\nzebra %s\n' "$(head -n 1 test)" >>test
    for model in 'net -hidden 8 -class 10 -bptt 2 -direct 1 -direct-order 2' 'free -hidden 5 -class 10 -independent' \
        'deep -layers lstm:6,gru:4 -class 10 -streams 4 -format native'; do
        "$BIN/rnnlm" -train train -one-iter -debug 0 -rnnlm $model >log
    done
    "$BIN/rnnlm-ngram" train -order 2 -text train -unk -discount-fallback -o arpa
    # An n-best list for each line that has words.
    awk 'NF > 0 { print "u" NR, $0 }' test >lists
    awk 'NF > 0' test >lines
}

setup() {
    in_own_folder
}

# The models, and their mixtures.
ways=("-rnnlm net" "-rnnlm free" "-rnnlm deep" "-rnnlm net -rnnlm deep -rnnlm free -weights 0.5,0.3,0.2"
    "-rnnlm net -ngram arpa -lambda 0.6" "-rnnlm deep -rnnlm net -ngram arpa")

@test "a line's score is rnnlm-nbest's, and the sum of its words'" {
    for way in "${ways[@]}"; do
        rnnlm $way -unk -per-sentence -test lines -write scores 2>err >found
        "$BIN/rnnlm-nbest" $way -unk lists 2>err >wanted
        same_numbers found wanted 5e-6 || fail "$way"
        # SRILM's form: seven digits of each word and of each sentence.
        rnnlm $way -unk -per-sentence -test lines -write srilm -debug 2 >srilm
        awk '/logprob=/ { split($0, part, "logprob= "); print part[2] + 0 }' srilm | sed '$d' >sentences
        same_numbers sentences found 1e-3
        awk '/p\( / && !/-inf/ { n = split($0, part, "[[] "); sum += part[n] } /p\( <\/s>/ { print sum; sum = 0 }' srilm >sums
        same_numbers sums found 1e-3
        # The totals are the sum of the lines.
        rnnlm $way -unk -per-sentence -test lines -debug 0 >totals
        awk '{ sum += $1 } END { printf "%f\n", sum }' found >sum
        grep '^test log probability' totals | tail -n 1 | sed 's/.*: //' >total
        same_numbers total sum 1e-3
    done
}

@test "the table's words, line by line" {
    need_logarithms
    rnnlm -rnnlm net -per-sentence -test lines -debug 2 >out
    table out | awk -F '\t' '$1 >= 0 { sum += log($2) / log(10) } $1 == 0 { print sum; sum = 0 }' >sums
    rnnlm -rnnlm net -per-sentence -test lines -write scores 2>err >scores
    same_numbers sums scores 1e-4
    grep -q 'warning: [0-9]* words that no model knows count in no line' err
}

@test "lines do not depend on each other, and no thread changes a byte" {
    sort -r lines >turned
    for way in "${ways[@]}"; do
        for write in '-write scores' '-write srilm -debug 2' '-debug 2'; do
            rnnlm $way -unk -per-sentence -test test $write -threads 1 >one 2>err
            for threads in 2 3 7; do
                rnnlm $way -unk -per-sentence -test test $write -threads $threads 2>err | cmp - one
            done
        done
        rnnlm $way -per-sentence -test lines -write scores 2>err | paste -d ' ' - lines | sort -r -k 2 >found
        rnnlm $way -per-sentence -test turned -write scores 2>err | paste -d ' ' - turned | sort -r -k 2 >wanted
        cut -d ' ' -f 1 found >a
        cut -d ' ' -f 1 wanted >b
        same_numbers a b 5e-6
    done
}

@test "independent networks do it by themselves; others go on from line to line without it" {
    for write in '-debug 0' '-write scores'; do
        rnnlm -rnnlm free -test test $write 2>err | tail -n 3 >running
        rnnlm -rnnlm free -test test $write -per-sentence 2>err | tail -n 3 >lines
        grep -o '[-0-9.]*$' running >a
        grep -o '[-0-9.]*$' lines >b
        sed -i '/^$/d' a b
        same_numbers a b 1e-3
    done
    rnnlm -rnnlm net -test test -debug 0 >a
    rnnlm -rnnlm net -test test -debug 0 -per-sentence >b
    ! cmp -s a b
}

@test "weights are found on lines that begin so" {
    cat valid valid >twice
    rnnlm -rnnlm net -ngram arpa -lambda auto -tune valid -per-sentence -test valid | grep '^lambda' >a
    rnnlm -rnnlm net -ngram arpa -lambda auto -tune twice -per-sentence -test valid | grep '^lambda' | cmp - a
    rnnlm -rnnlm net -ngram arpa -lambda auto -tune valid -test valid -per-sentence -write scores | wc -l | grep -qx "$(wc -l <valid)"
}

@test "another model's probabilities, in step" {
    "$BIN/rnnlm-ngram" ppl -lm arpa -text lines -debug 2 >ppl
    rnnlm -rnnlm net -per-sentence -test lines -lm-prob ppl -unk -write scores 2>err >found
    rnnlm -rnnlm net -per-sentence -test lines -ngram arpa -unk -write scores 2>err >wanted
    same_numbers found wanted 1e-3
}

@test "samples of lines that begin so" {
    rnnlm -rnnlm net -gen 200 -per-sentence -debug 0 >a
    rnnlm -rnnlm net -gen 200 -per-sentence -debug 0 | cmp - a
    rnnlm -rnnlm net -gen 200 -debug 0 >b
    ! cmp -s a b
}

@test "what does not go together" {
    refuses_with 2 '-per-sentence' 'rnnlm-nbest' -- -rnnlm net -test lists -nbest -per-sentence -debug 0
    refuses_with 2 '-per-sentence and -dynamic' -- -rnnlm net -test test -per-sentence -dynamic 0.1 -debug 0
    refuses_with 2 '-per-sentence is for -test and -gen' -- -rnnlm new -train train -one-iter -per-sentence -debug 0
    refuses_with 2 '-write scores is for texts' -- -rnnlm net -test lists -nbest -write scores -debug 0
    refuses_with 2 'wanted srilm, scores or surprisal' -- -rnnlm net -test test -write score -debug 0
    : >empty
    refuses 'empty: the text is empty' -- -rnnlm net -test empty -per-sentence -debug 0
    refuses 'empty: the text is empty' -- -rnnlm net -test empty -per-sentence -write scores
}
