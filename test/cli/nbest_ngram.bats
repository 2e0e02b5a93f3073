#!/usr/bin/env bats
# rnnlm-nbest without networks: an n-gram model alone, or scores that are there already.

setup() {
    . "$BATS_TEST_DIRNAME/helpers.bash"
    mkdir -p "$BATS_TEST_TMPDIR/work"
    cd "$BATS_TEST_TMPDIR/work"
    small_texts .
    small_nbest test >nbest
    cut -d ' ' -f 2- nbest >text
    "$BIN/rnnlm-ngram" train -text train -order 3 -o arpa 2>log
}

nbest() {
    "$BIN/rnnlm-nbest" "$@"
}

# lines LM ARGUMENTS...: what rnnlm-ngram ppl gives each line of the text, and how many of its words have nothing.
lines() {
    "$BIN/rnnlm-ngram" ppl -lm "$1" -text text -debug 1 "${@:2}" 2>log | awk '
        $1 == "file" { exit }
        / sentences, .* OOVs$/ { oovs = $5 }
        sub(/^.* zeroprobs, logprob= /, "") { print $1, oovs }'
}

# misused TEXT... -- ARGUMENTS: status 2 and one line on standard error that holds every TEXT.
misused() {
    local texts=() text
    while [ "$1" != -- ]; do
        texts+=("$1")
        shift
    done
    shift
    run --separate-stderr nbest "$@"
    [ "$status" -eq 2 ] && [ "${#stderr_lines[@]}" -eq 1 ] || fail "$*" "exit status $status" "$stderr" || return 1
    for text in "rnnlm-nbest: " "${texts[@]}"; do
        [[ "$stderr" == *"$text"* ]] || fail "$*" "no \"$text\" in: $stderr" || return 1
    done
}

@test "an n-gram model alone gives the scores of rnnlm-ngram ppl" {
    lines arpa >ppl
    awk '$2 > 0 { oovs = 1 } $2 == 0 { none = 1 } END { exit !(oovs && none) }' ppl
    for penalty in 5 7.5; do
        awk -v p=$penalty '{ printf "%f\n", $1 - p * $2 }' ppl >wanted
        nbest -ngram arpa -oov-penalty -$penalty nbest >scores
        same_numbers scores wanted 0.0001
    done
    nbest -lm arpa nbest >scores
    # a binary model, other threads, the mixtures that there are nothing but it in
    "$BIN/rnnlm-ngram" build -lm arpa -o binary
    nbest -ngram binary nbest | cmp - scores
    for options in "-threads 1" "-threads 3" "-mix sentence" "-independent"; do
        nbest -ngram arpa $options nbest | cmp - scores
    done
    nbest -rnnlm "$BATS_TEST_DIRNAME/../golden/elman.model" -ngram arpa -lambda 0 -mix sentence nbest | cmp - scores
    # so many lists that they are scored in several parts, and a sentence without words
    for i in 1 2 3 4 5; do sed "s/^/$i-/" nbest; done >many
    cat scores scores scores scores scores >wanted
    nbest -ngram arpa -form id many | cmp - wanted
    printf '1\n' >empty
    echo '<s>' >text
    within "$(nbest -ngram arpa empty)" "$(lines arpa | cut -d ' ' -f 1)" 0.0001
}

@test "an n-gram model alone: unknown words as <unk>, and its probability shared" {
    "$BIN/rnnlm-ngram" train -text train -min-count 2 -unk -order 2 -discount-fallback -o open 2>log
    lines open | cut -d ' ' -f 1 >wanted
    nbest -ngram open -unk nbest >scores 2>log
    same_numbers scores wanted 0.0001
    # without -unk they cost the penalty
    nbest -ngram open -oov-penalty -9 nbest >closed 2>log
    ! cmp -s closed scores
    # as many of them, a table of them, another word for them
    lines open -unk-count 1000 | cut -d ' ' -f 1 >wanted
    nbest -ngram open -unk-count 1000 nbest >scores 2>log
    same_numbers scores wanted 0.0001
    "$BIN/rnnlm-ngram" vocab -text train -min-count 2 -o words 2>log
    tr ' ' '\n' <text | sort -u | grep -vxFf words | awk 'NR % 2 { print $1, 0.25 / NR }' >table
    [ -s table ]
    lines open -unk-probs table | cut -d ' ' -f 1 >wanted
    nbest -ngram open -unk-probs table nbest >scores 2>log
    same_numbers scores wanted 0.0001
    sed 's/<unk>/RARE/g' open >renamed
    nbest -ngram renamed -unk-word RARE -unk-probs table nbest 2>log | cmp - scores
    # many unknown words are told; one of the table has a probability of its own
    printf 'u new newer newest\n' >strange
    run --separate-stderr nbest -ngram open -unk strange
    [ "$stderr" = 'rnnlm-nbest: warning: 3 of 3 words are unknown to the model' ]
    printf 'new 0.5\nnewer 0.25\nnewest 0.1\n' >table
    run --separate-stderr nbest -ngram open -unk-probs table strange
    [ "$stderr" = '' ]
    for option in "-unk-probs table" "-unk-count 9"; do
        run --separate-stderr nbest -ngram arpa $option nbest
        [ "$status" -eq 1 ]
        [ "$stderr" = "rnnlm-nbest: arpa: has no word RNN_UNK, <unk> or the like, which ${option% *} wants for rare words: -unk-word names another" ]
    done
    run --separate-stderr nbest -ngram open -unk-word nowhere nbest
    [ "$stderr" = 'rnnlm-nbest: option -unk-word: no model has the word "nowhere"' ]
}

@test "scores that are there already, without a model" {
    "$BIN/rnnlm-ngram" ppl -lm arpa -text text -debug 2 >words 2>log
    nbest -ngram arpa nbest >wanted
    nbest -lm-prob words nbest >scores
    same_numbers scores wanted 0.0001
    # -mix and words do not matter, nothing is known of them
    awk '{ printf "%f\n", -NR / 7 }' nbest >wanted
    awk '{ id = $1; sub(/^[^ ]+ /, ""); printf "%s\t%d\t%f\t%s\n", id, -NR % 3, -NR / 7, "x" $0 }' nbest >tabs
    for how in word sentence; do
        run --separate-stderr nbest -list-lm -mix $how tabs
        [ "$stderr" = '' ]
        cmp - wanted <<<"$output"
        nbest -lm-score wanted -mix $how nbest | cmp - wanted
    done
    # the list's own best one, by any scale
    for scale in 0 0.5 2; do
        awk -F '\t' -v x=$scale '{ total = $2 + x * $3 }
            $1 != id { if (NR > 1) print best; id = $1; most = total - 1 }
            total > most { most = total; best = $1 " " $4 }
            END { print best }' tabs >wanted
        nbest -list-lm -lm-scale $scale -write best tabs | cmp - wanted
    done
    printf 'u\t-1\tthe\n' >bare
    run nbest -list-lm bare
    [ "$status" -eq 1 ]
    [[ "$output" == *'has no language model score, which -list-lm wants' ]]
}

@test "an n-gram model alone: every -write, into files and folders" {
    printf -- '-100 -20 2 the company\n-10 -20 1 the\n' >u1
    cp u1 u2
    nbest -ngram arpa u1 >scores
    [ "$(nbest -ngram arpa -write best u1)" = 'u1 the' ]
    [ "$(nbest -ngram arpa -write best -ac-scale 0 -word-penalty 100 u1)" = 'u1 the company' ]
    nbest -ngram arpa -write lists u1 | awk '{ printf "%f\n", $2 }' >found
    same_numbers found scores 0.00001
    nbest -ngram arpa -write ranked u1 | awk '{ print $4 $5 }' | tr '\n' ' ' | grep -qx 'the thecompany '
    nbest -ngram arpa -write kaldi u1 | paste scores - |
        awk '{ d = $1 * 2.302585093 + $3; if (d < -0.0001 || d > 0.0001) exit 1 }'
    nbest -ngram arpa -write srilm -out scored/ u1 u2
    [ "$(ls scored | tr '\n' ' ')" = 'u1.gz u2.gz ' ]
    zcat scored/u2.gz | awk '{ printf "%f\n", $2 }' >found
    same_numbers found scores 0.0001
    mkdir lists
    cp u1 u2 lists
    RNNLM_NBEST="$BIN/rnnlm-nbest" "$BATS_TEST_DIRNAME/../../scripts/srilm/rescore" lists again -ngram arpa
    cmp again/u1.gz scored/u1.gz
}

@test "an n-gram model alone: -tune finds its scale and the penalty, and no lambda" {
    awk '{ n = NR > 1 && $1 == id ? n + 1 : 1; id = $1; sub(/^[^ ]+ /, "")
           print id "\t" (n == 1 ? -1 : -2) "\t" n "\t" $0 }' nbest >tabs
    awk '$1 != id { id = $1; print }' nbest >refs
    for model in "-ngram arpa" "-ngram arpa -mix sentence" "-list-lm"; do
        nbest $model -tune refs -lm-scale 20 -write-weights weights tabs >report
        cmp report weights
        grep -q '^# errors: 0 ' weights
        ! grep -q '^# errors before: 0 ' weights
        grep -v '^#' weights | cut -d ' ' -f 1 | tr '\n' ' ' | grep -qx 'ac-scale lm-scale word-penalty '
        nbest $model -weights-file weights -write best tabs | cmp - refs
        ! nbest $model -lm-scale 20 -write best tabs | cmp -s - refs
    done
    echo 'lambda 0.5' >>weights
    run --separate-stderr nbest -ngram arpa -weights-file weights tabs
    [ "$status" -eq 1 ]
    [ "$stderr" = 'rnnlm-nbest: weights: found lambda, which weighs networks beside another model: -rnnlm FILE is wanted' ]
}

@test "what wants a network says so" {
    misused 'no model named: -rnnlm FILE or -ngram FILE is wanted' '-list-lm, -lm-score FILE or -lm-prob FILE' -- nbest
    misused 'no model named' -- -lambda 0.5 nbest
    misused '-lambda wants -rnnlm FILE: it weighs networks beside another model' -- -ngram arpa -lambda 0.5 nbest
    misused '-weights wants -rnnlm FILE' -- -ngram arpa -weights 1 nbest
    misused '-dynamic wants -rnnlm FILE' -- -ngram arpa -dynamic 0.1 nbest
    misused '-history wants -rnnlm FILE' -- -ngram arpa -history best nbest
    misused '-word-list wants -rnnlm FILE' -- -ngram arpa -word-list train nbest
    for option in -unk '-unk-word x' '-unk-probs x' '-unk-count 2'; do
        misused '-unk-count want -rnnlm FILE or -ngram FILE' -- -list-lm $option nbest
    done
    misused 'exclude each other' -- -ngram arpa -list-lm nbest
    # nothing that changes nothing
    nbest -ngram arpa -history none -dynamic 0 nbest >scores
    # a model that is none, or that gives too much
    run --separate-stderr nbest -ngram train nbest
    [ "$status" -eq 1 ]
    [[ "$stderr" == 'rnnlm-nbest: train: '* ]]
    awk -F '\t' '$2 == "<s>" { $0 = $1 "\t<s>\t50" } 1' arpa >large
    run --separate-stderr nbest -ngram large nbest
    [ "$status" -eq 1 ]
    [[ "$stderr" == 'rnnlm-nbest: nbest: line '*": the n-gram model's probability of "*': a back-off weight is too large' ]]
}
