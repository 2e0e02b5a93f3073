# Sampling: -gen-sentences, -temperature and -prefix, with mixtures of networks and n-gram models.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    awk 'BEGIN { for (i = 1; i <= 300; i++) print (i % 3 ? "a b" : "b c a") (i % 4 ? " c" : "") (i % 5 ? "" : " a a") }' >train
    "$BIN/rnnlm" -train train -rnnlm net -hidden 3 -class 2 -one-iter -debug 0 >log
    "$BIN/rnnlm" -train train -rnnlm other -layers gru:4 -class 2 -one-iter -debug 0 -rand-seed 4 >log 2>&1
    # Words that no network has.
    sed 's/c a/d a/' train >train.d
    "$BIN/rnnlm-ngram" train -order 2 -text train.d -discount-fallback -o arpa
}

setup() {
    in_own_folder
}

mixture="-rnnlm net -rnnlm other -weights 0.7,0.3 -ngram arpa -lambda 0.6"

# probabilities MODELS PREFIX: of each word behind the words of a prefix at the start of a sentence.
probabilities() {
    local models="$1" prefix="$2" word
    for word in a b c d; do
        printf '%s %s\n' "$prefix" "$word"
    done >lines
    printf '%s\n' "$prefix" >>lines # whose next word is </s>
    rnnlm $models -per-sentence -test lines -write srilm -debug 2 >out
    awk -v at="$(wc -w <<<"$prefix")" '
        /^\tp\(/ { if (n++ == at) { split($0, part, "] "); split(part[2], number, " "); print number[1] } }
        /logprob=/ { n = 0 }' out | head -n 5
}

# fits FILE TEMPERATURE WORDS: FILE has the probabilities P of a, b, c, d and </s>; standard input has what was drawn, a word
# a line. Chi-square with four degrees of freedom is above 18.5 in one case of a thousand; the seed is fixed.
fits() {
    awk -v t="$2" '
        NR == FNR { name = substr("abcd/", FNR, 1); p[name] = $1 > 0 ? exp(log($1) / t) : 0; sum += p[name]; next }
        { count[$1]++; total++ }
        END {
            for (name in count) if (!(p[name] > 0)) bad = 1
            for (name in p) if (p[name] > 0) {
                wanted = total * p[name] / sum
                chi += (count[name] - wanted) ^ 2 / wanted
            }
            if (bad || total < 1000 || chi > 18.5) { print "chi-square " chi; exit 1 }
        }' "$1" - >&2
}

# drawn MODELS PREFIX TEMPERATURE: the word behind the prefix in each of many sentences.
drawn() {
    local models="$1" prefix="$2"
    rnnlm $models -gen-sentences 4000 -gen-longest 1 -prefix "$prefix" -temperature "$3" -debug 0 2>err |
        awk -v at="$(wc -w <<<"$prefix")" '{ print (NF > at ? $(at + 1) : "/") }'
}

@test "what is drawn behind a prefix follows the distribution, at every temperature" {
    need_logarithms
    skip_if_slow
    for models in "-rnnlm net" "-rnnlm net -ngram arpa -lambda 0.5" "$mixture"; do
        for prefix in a 'b c'; do
            probabilities "$models" "$prefix" >p
            [ "$(wc -l <p)" -eq 5 ]
            for temperature in 0.4 0.999 1 1.001 3; do
                drawn "$models" "$prefix" $temperature >words
                fits p $temperature <words || fail "$models, $prefix, $temperature"
            done
        done
    done
    # The check can fail.
    drawn "$mixture" a 3 >words
    probabilities "$mixture" a >p
    ! fits p 0.4 <words 2>err
}

@test "limits: the likeliest word, and all alike" {
    for models in "-rnnlm net" "$mixture"; do
        probabilities "$models" a >p
        best=$(awk '{ print $1, substr("abcd/", NR, 1) }' p | sort -gr | head -n 1 | cut -d ' ' -f 2)
        for temperature in 0 0.001; do
            drawn "$models" a $temperature | sort -u | grep -qx "$best"
            [ "$(drawn "$models" a $temperature | sort -u | wc -l)" -eq 1 ]
        done
        sed 's/^[^0].*/1/; s/^0\..*/1/' p >alike
        drawn "$models" a 1e6 >words
        fits alike 1 <words
    done
    # Another seed, the same words.
    rnnlm $mixture -gen 30 -temperature 0 -debug 0 >one
    rnnlm $mixture -gen 30 -temperature 0 -rand-seed 5 -debug 0 | cmp - one
}

@test "a seed makes the same text, whatever the threads" {
    for options in '-gen 50' '-gen-sentences 9' '-gen-sentences 9 -temperature 1.5' '-gen 50 -prefix a -temperature 0.5'; do
        rnnlm $mixture $options -debug 0 >one 2>err
        rnnlm $mixture $options -debug 0 -threads 1 2>err | cmp - one
        rnnlm $mixture $options -debug 0 -rand-seed 7 2>err >second
        ! cmp -s second one || fail "$options"
    done
    # What 1 says is the default, drawn as ever.
    rnnlm -rnnlm net -gen 50 -debug 0 >one
    rnnlm -rnnlm net -gen 50 -temperature 1 -debug 0 | cmp - one
}

@test "sentences: so many, each beginning with the prefix, none longer than asked for" {
    rnnlm $mixture -gen-sentences 200 -debug 0 2>err >out
    [ "$(wc -l <out)" -eq 200 ]
    rnnlm $mixture -gen-sentences 200 -prefix ' b  c ' -gen-longest 3 -debug 0 2>err >out
    [ "$(wc -l <out)" -eq 200 ]
    ! grep -qv '^b c ' out
    awk 'NF > 5 { exit 1 }' out
    cut=$(grep -o '[0-9]* of 200 sentences were cut off behind 3 words (-gen-longest)' err | cut -d ' ' -f 1)
    [ "$cut" -gt 0 ] && [ "$cut" -le "$(awk 'NF == 5' out | wc -l)" ]
    # No sentence depends on what was drawn before: the first word is always the start's.
    rnnlm -rnnlm net -gen-sentences 20 -temperature 0 -gen-longest 5 -debug 0 2>err | sort -u | wc -l | grep -qx 1
    # It is that of a text's start, not where the training's text has ended.
    rnnlm -rnnlm net -gen-sentences 200 -debug 0 >out
    rnnlm -rnnlm net -gen-sentences 200 -per-sentence -debug 0 | cmp - out
    # Running text begins with it once.
    rnnlm -rnnlm net -gen 40 -prefix 'c a b' -debug 0 >out
    head -n 1 out | grep -q '^c a b '
    [ "$(tr -d '\n' <out | wc -w)" -ge 3 ]
    grep -q 'Generating # sentences: 2' <(rnnlm -rnnlm net -gen-sentences 2)
}

@test "what cannot be drawn" {
    refuses 'option -prefix: no model has the word "zebra"' -- -rnnlm net -gen 5 -prefix 'a zebra' -debug 0
    refuses 'option -prefix: found </s>' -- -rnnlm net -gen 5 -prefix 'a </s>' -debug 0
    rnnlm -rnnlm net -ngram arpa -gen 5 -prefix 'd' -debug 0 >out # the n-gram model has it
    rnnlm -rnnlm net -gen 5 -prefix 'zebra' -unk -debug 0 | grep -q '^zebra '
    printf '0.5\n' >probs
    for temperature in 1 2; do
        refuses 'cannot be drawn from a file of probabilities' -- -rnnlm net -lm-prob probs -lambda 0 -gen 5 -temperature $temperature -debug 0
    done
    refuses_with 2 '-gen and -gen-sentences exclude each other' -- -rnnlm net -gen 5 -gen-sentences 5 -debug 0
    refuses_with 2 '-gen-longest is for -gen-sentences' -- -rnnlm net -gen 5 -gen-longest 5 -debug 0
    refuses_with 2 '-prefix is for -gen' -- -rnnlm net -test train -prefix a -debug 0
    refuses_with 2 '-temperature is for -gen' -- -rnnlm net -test train -temperature 2 -debug 0
    refuses_with 2 'option -temperature' -- -rnnlm net -gen 5 -temperature -1 -debug 0
}

@test "mixtures: weights that are none, and an n-gram model without ends of sentences" {
    for weights in x,0.5 0.5,x 2,0.5 -1,2; do
        says 2 'option -weights: found ".*", wanted a number from 0 to 1' rnnlm -rnnlm net -rnnlm other -test train -weights $weights
    done
    says 2 'wanted 2 numbers, one for each -rnnlm' rnnlm -rnnlm net -rnnlm other -test train -weights 1
    printf '\\data\\\nngram 1=3\n\n\\1-grams:\n-1\t<s>\n-0.3\ta\n-0.3\tb\n\n\\end\\\n' >endless
    says 0 'endless: </s> is not among the 1-grams' rnnlm -rnnlm net -ngram endless -test train -lambda 0.5
}
