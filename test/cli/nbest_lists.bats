#!/usr/bin/env bats
# rnnlm-nbest: n-best lists in all their forms, mixtures, re-ranking, tuning, bad input; the scripts for Kaldi and SRILM.

setup() {
    . "$BATS_TEST_DIRNAME/helpers.bash"
    MODEL="$(cd "$BATS_TEST_DIRNAME/../golden" && pwd)/elman.model"
    WANTED="$(cd "$BATS_TEST_DIRNAME/../golden" && pwd)/elman.nbest"
    SCRIPTS="$(cd "$BATS_TEST_DIRNAME/../../scripts" && pwd)"
    export RNNLM_NBEST="$BIN/rnnlm-nbest"
    mkdir -p "$BATS_TEST_TMPDIR/work"
    cd "$BATS_TEST_TMPDIR/work"
    small_texts .
    small_nbest test >nbest
}

nbest() {
    "$BIN/rnnlm-nbest" -rnnlm "$MODEL" -threads 2 "$@"
}

# The lists of a file "ID word word ..." in every other form.
make_forms() {
    mkdir -p plain packed first second kaldi
    awk '{ if (NR == 1 || $1 != id) file = sprintf("plain/u%03d", ++n)
           id = $1; $1 = ""; print -100 - NR, -NR / 10, NF - 1, "<s>" $0, "</s>" >file }' "$1"
    cp plain/* packed
    gzip packed/*
    ls packed/* >files
    awk '{ if (NR == 1 || $1 != id) { file = sprintf("first/u%03d", ++n); print "NBestList1.0" >file }
           id = $1; $1 = ""; print "(" (-1000 - NR) ")" $0 >file }' "$1"
    awk '{ if (NR == 1 || $1 != id) { file = sprintf("second/u%03d", ++n); print "NBestList2.0" >file }
           id = $1; line = "(" (-1000 - NR) ")"
           for (i = 2; i <= NF; i++)
               line = line " " $i " ( st: " i " et: " i + 0.9 " g: -2 a: -5 ) ph ( st: " i " et: " i + 0.5 " g: 0 a: -2 )"
           print line >file }' "$1"
    awk '{ n = NR > 1 && $1 == id ? n + 1 : 1; id = $1; $1 = "utt" id "-" n; print }' "$1" >kaldi/words_text
    awk '{ print $1, NR * 1.5 }' kaldi/words_text >kaldi/acwt
    awk '{ print $1, NR * 0.5 }' kaldi/words_text >kaldi/lmwt.lmonly
    awk '{ id = $1; sub(/^[^ ]+ /, ""); print id "\t" (-NR / 8) "\t-3.5\t7\t" $0 }' "$1" >tabs
    awk '{ id = $1; sub(/^[^ ]+ /, "")
           print id " ||| " $0 " ||| LM0= " (-NR) " D: 0 -1 ||| " (-NR / 2) " ||| 0-0" }' "$1" >moses
    awk '{ id = $1; sub(/^[^ ]+ /, ""); print id " ||| " $0 }' "$1" >bars
    awk '{ print $0 " ||| " (-NR / 2) }' bars >totals
    awk '{ id = $1; $1 = ""; print id, -100 - NR, -NR / 10, NF - 1, "<s>" $0, "</s>" }' "$1" >numbered
}

# every_form WANTED ARGUMENTS...: these scores in every form, and once more from the lists with scores that were written.
every_form() {
    local form
    for form in nbest plain packed files first second kaldi kaldi/words_text tabs moses bars totals numbered; do
        "$BIN/rnnlm-nbest" "${@:2}" "$form" >scores
        same_numbers scores "$1" 0.001 || fail "in the form of $form"
        "$BIN/rnnlm-nbest" "${@:2}" -write lists "$form" >written
        "$BIN/rnnlm-nbest" "${@:2}" written >scores
        same_numbers scores "$1" 0.001 || fail "written from $form"
        [ -d "$form" ] || ! cmp -s written "$form" || fail "$form: nothing was filled in"
        "$BIN/rnnlm-nbest" "${@:2}" -write lists written | cmp - written
    done
}

# refused TEXT... -- ARGUMENTS: status 1 and one line on standard error that holds every TEXT.
refused() {
    refused_with 1 "$@"
}

# misused TEXT... -- ARGUMENTS: the same with status 2.
misused() {
    refused_with 2 "$@"
}

refused_with() {
    local wanted="$1" texts=() text code=0
    shift
    while [ "$1" != -- ]; do
        texts+=("$1")
        shift
    done
    shift
    nbest "$@" >refused.out 2>refused.err || code=$?
    [ "$code" -eq "$wanted" ] || fail "$*" "exit status $code" "$(cat refused.err)" || return 1
    [ "$(wc -l <refused.err)" -eq 1 ] || fail "$*" "$(cat refused.err)" || return 1
    for text in "rnnlm-nbest: " "${texts[@]}"; do
        grep -qF -e "$text" refused.err || fail "$*" "no \"$text\" in: $(cat refused.err)" || return 1
    done
}

@test "rnnlm-nbest: --help, --version, unknown options" {
    nbest --help | grep -q 'rnnlm-nbest \[-rnnlm MODEL\] \[-ngram MODEL\]'
    nbest --version | grep -q '^rnnlm-nbest '
    run nbest -no-such-option
    [ "$status" -eq 2 ]
    run nbest
    [ "$status" -eq 2 ]
    run "$BIN/rnnlm-nbest" nbest
    [ "$status" -eq 2 ]
    [[ "$output" == 'rnnlm-nbest: no model named: -rnnlm FILE or -ngram FILE is wanted,'* ]]
}

@test "rnnlm-nbest: the scores of rnnlm -nbest in every form, round trip" {
    make_forms nbest
    rnnlm -rnnlm "$MODEL" -test nbest -nbest -debug 0 >scores
    same_numbers scores "$WANTED" 0.001
    every_form "$WANTED" -rnnlm "$MODEL" -history previous
}

@test "rnnlm-nbest: an n-gram model's own scores in every form, those of rnnlm-ngram ppl" {
    make_forms nbest
    cut -d ' ' -f 2- nbest >text
    "$BIN/rnnlm-ngram" train -text train -order 3 -o arpa 2>log
    "$BIN/rnnlm-ngram" ppl -lm arpa -text text -debug 2 | awk '
        $1 == "p(" { sum += $(NF - 1) == "-inf" ? -5 : $(NF - 1) }
        $1 == "p(" && $2 == "</s>" { printf "%f\n", sum; sum = 0 }' >wanted
    every_form wanted -ngram arpa
}

@test "rnnlm-nbest: the reference's golden scores in every form" {
    need_golden
    skip_if_slow
    cp "$GOLDEN/text/nbest.txt" nbest
    make_forms nbest
    every_form "$GOLDEN/mikolov/elman.nbest" -rnnlm "$GOLDEN/mikolov/elman.model" -history previous
}

@test "rnnlm-nbest: the reference's golden scores of every model, and with another model" {
    need_golden
    for model in elman elman-text srn maxent compression independent oldclasses beta; do
        "$BIN/rnnlm-nbest" -rnnlm "$GOLDEN/mikolov/$model.model" -history previous "$GOLDEN/text/nbest.txt" >scores
        same_numbers scores "$GOLDEN/mikolov/$model.nbest" 0.001
    done
    "$BIN/rnnlm-nbest" -rnnlm "$GOLDEN/mikolov/elman.model" -history previous -lm-prob "$GOLDEN/srilm/kn3.nbest.prob" \
        -lambda 0.6 "$GOLDEN/text/nbest.txt" >scores
    same_numbers scores "$GOLDEN/mikolov/elman.lmprob.nbest" 0.001
}

@test "names that may be those of hypotheses or of utterances: the guess is told, -form says which" {
    set -- $(awk '/^Vocabulary:/ { on = 1; next } on && NF == 0 { exit } on { print $3 }' "$MODEL" | sed -n '2,3p')
    printf '%s\n' "spk-1 $1 $2" "spk-2 $1 $1" >list
    warning="warning: list: names such as spk-1 are taken for UTTERANCE-N, hypothesis N of an utterance: -form kaldi says so, -form id takes each for an utterance"
    run --separate-stderr nbest -write best list
    [ "$stderr" = "rnnlm-nbest: $warning" ]
    [ "${#lines[@]}" -eq 1 ]
    run --separate-stderr nbest -write best -form kaldi list
    [ "$stderr" = "" ]
    [ "${#lines[@]}" -eq 1 ]
    run --separate-stderr nbest -write best -form id list
    [ "$stderr" = "" ]
    [ "$output" = "$(cat list)" ]
    # Costs belong to Kaldi's lists alone.
    printf 'spk-1 1\nspk-2 2\n' >costs
    run --separate-stderr nbest -write best -ac-cost costs list
    [ "$stderr" = "" ]
    # Once, and not where nothing is guessed.
    cp list other
    run --separate-stderr nbest list other
    [ "${#stderr_lines[@]}" -eq 1 ]
    run --separate-stderr "$BIN/makenbest" list
    [ "$stderr" = "makenbest: $warning" ]
    [ "$(echo $output)" = "0 $1 $2 0 $1 $1" ]
    run --separate-stderr "$BIN/makenbest" -form id list
    [ "$stderr" = "" ]
    [ "$(echo $output)" = "0 $1 $2 1 $1 $1" ]
    printf -- '-2\n-1\n' >scores
    run --separate-stderr "$BIN/getbest" scores list
    [ "$stderr" = "getbest: $warning" ]
    [ "$output" = "$1 $1" ]
    run --separate-stderr "$BIN/getbest" -form id scores list
    [ "$stderr" = "" ]
    [ "${#lines[@]}" -eq 2 ]
    run --separate-stderr "$BIN/getbest" -form it scores list
    [ "$stderr" = 'getbest: option -form: found "it", wanted one of id, kaldi, srilm, nbestlist1, nbestlist2, tabs, moses, moses-words, moses-total, id-srilm' ]
}

@test "rnnlm -nbest reads Moses' lists too" {
    make_forms nbest
    rnnlm -rnnlm "$MODEL" -test nbest -nbest -debug 0 >wanted
    for form in moses bars totals; do
        rnnlm -rnnlm "$MODEL" -test $form -nbest -debug 0 | cmp - wanted
    done
    # Bars elsewhere are words.
    printf 'u the ||| the\nu the new the\n' >words
    rnnlm -rnnlm "$MODEL" -test words -nbest -debug 0 | uniq | wc -l | grep -qx 1
}

@test "rnnlm-nbest: without history a hypothesis scores the same wherever it stands" {
    nbest nbest >all
    "$BIN/rnnlm-nbest" -rnnlm "$MODEL" -threads 1 nbest >one
    cmp all one
    tail -n 50 nbest >part
    nbest part >found
    tail -n 50 all >wanted
    same_numbers found wanted 0.00001
    # the reference's -independent, behind its first list
    rnnlm -rnnlm "$MODEL" -test nbest -nbest -independent -debug 0 | tail -n +6 >wanted
    nbest -independent nbest | tail -n +6 >found
    same_numbers found wanted 0.00001
    ! cmp -s found <(tail -n +6 all)
    # without it, a sentence has the score that it has in a lattice
    for i in 1 2 7; do
        awk -v i=$i 'NR == i {
            print "base=10"
            for (j = 2; j <= NF + 1; j++) print "I=" j - 2
            for (j = 2; j <= NF; j++) print "J=" j - 2, "S=" j - 2, "E=" j - 1, "W=" $j
        }' nbest >one.slf
        "$BIN/rnnlm-lattice" -rnnlm "$MODEL" one.slf -write nbest | cut -f 3
    done >found
    sed -n '1p;2p;7p' all >wanted
    same_numbers found wanted 0.0001
    nbest -history previous nbest >previous
    ! cmp -s previous all
}

@test "rnnlm-nbest: -speaker-field and -history best" {
    # another speaker: as if the lists began there
    awk '{ $1 = (NR <= 50 ? "ann-" : "bob-") $1; print }' nbest >named
    nbest -history previous -speaker-field 1 named >found
    tail -n +51 named >bob
    nbest -history previous bob >wanted
    tail -n +51 found >behind
    same_numbers behind wanted 0.00001
    # the best is the first where lists have one hypothesis
    awk '$1 != id { id = $1; print }' nbest >single
    nbest -history best single >best
    nbest -history none single >none
    ! cmp -s best none
    [ "$(head -n 1 best)" = "$(head -n 1 none)" ]
}

@test "rnnlm-nbest: mixtures" {
    "$BIN/rnnlm-ngram" train -text train -order 3 -o arpa >log 2>&1
    nbest nbest >networks
    nbest -ngram arpa -lambda 0 -mix sentence nbest >ngram
    nbest -ngram arpa -lambda 0.25 -mix sentence nbest >mixed
    paste networks ngram | awk '{ printf "%f\n", 0.25 * $1 + 0.75 * $2 }' >wanted
    same_numbers mixed wanted 0.00001
    # word by word, as rnnlm has it
    nbest -ngram arpa -lambda 0.5 -history previous nbest >words
    rnnlm -rnnlm "$MODEL" -ngram arpa -lambda 0.5 -test nbest -nbest -debug 0 >wanted
    same_numbers words wanted 0.00001
    # a network mixed with itself
    nbest -rnnlm "$MODEL" -weights 0.3,0.7 nbest >twice
    same_numbers twice networks 0.00001
    # scores that the lists have
    printf 'u\t-10\t-4\tthe\nu\t-10\t-6\ta\n' >tabs
    nbest tabs >alone
    nbest -list-lm -mix sentence -lambda 0.5 tabs >mixed
    paste alone - <<<"$(printf -- '-4\n-6')" | awk '{ printf "%f\n", ($1 + $2) / 2 }' >wanted
    same_numbers mixed wanted 0.00001
}

@test "rnnlm-nbest: unknown words" {
    printf 'u the\nu notaword the\n' >lists
    nbest lists >five
    nbest -oov-penalty -6 lists >six
    [ "$(head -n 1 five)" = "$(head -n 1 six)" ]
    within "$(tail -n 1 six)" "$(tail -n 1 five | awk '{ printf "%f", $1 - 1 }')" 0.00001
    # a word of the table costs the class's probability times its own
    printf 'u of\nu notaword\nu other\n' >lists
    printf 'notaword 0.25\n' >unk.probs
    nbest -unk-probs unk.probs -unk-word of lists >scores
    within "$(sed -n 2p scores)" "$(awk 'NR == 1 { printf "%f", $1 - 0.602060 }' scores)" 0.00001
    within "$(sed -n 3p scores)" "$(awk 'NR == 1 { printf "%f", $1 - 7 }' scores)" 0.00001
    # a word outside the list of words is unknown
    printf 'the\n' >wordlist
    nbest -word-list wordlist -unk-probs unk.probs -unk-word of -oov-penalty -3 lists >scores
    within "$(sed -n 3p scores)" "$(sed -n 1p scores)" 0.00001
    refused 'has no word nowhere' -- -unk-probs unk.probs -unk-word nowhere lists
    printf 'notaword 1.5\n' >unk.probs
    refused 'unk.probs: line 1: found "notaword 1.5"' -- -unk-probs unk.probs -unk-word of lists
}

@test "rnnlm-nbest: -write" {
    printf -- '-100 -20 2 the company\n-10 -20 1 the\n' >u1
    nbest u1 >scores
    nbest -write srilm u1 >found
    awk 'FNR == NR { score[FNR] = $1; next } { printf "%s %.4f %s\n", $1, score[FNR], $3 }' scores u1 >wanted
    awk '{ printf "%s %.4f %s\n", $1, $2, $3 }' found | cmp - wanted
    nbest -write kaldi u1 >found
    awk '{ print $1 }' found | tr '\n' ' ' | grep -qx 'u1-1 u1-2 '
    paste scores found | awk '{ d = $1 * 2.302585093 + $3; if (d < -0.0001 || d > 0.0001) exit 1 }'
    [ "$(nbest -write best u1)" = 'u1 the' ]
    [ "$(nbest -write best -ac-scale 0 -word-penalty 100 u1)" = 'u1 the company' ]
    nbest -write ranked u1 | awk '{ print $4 $5 }' | tr '\n' ' ' | grep -qx 'the thecompany '
    cp u1 u2
    nbest -write srilm -out scored/ u1 u2
    [ "$(ls scored | tr '\n' ' ')" = 'u1.gz u2.gz ' ]
    nbest scored >again
    cat scores scores >twice
    same_numbers again twice 0.0001
    nbest -out file -write best u1 u2
    [ "$(cat file)" = "$(printf 'u1 the\nu2 the')" ]
}

@test "rnnlm-nbest: -dynamic learns from the best hypotheses, in memory" {
    cp "$MODEL" model
    "$BIN/rnnlm-nbest" -rnnlm model -dynamic 0.1 nbest >found
    cmp model "$MODEL"
    nbest nbest >wanted
    head -n 5 found >first
    head -n 5 wanted >unadapted
    same_numbers first unadapted 0.00001
    ! cmp -s found wanted
    # what has been heard again and again becomes likely
    for i in 1 2 3 4 5 6 7 8; do echo "u$i of of of of"; done >same
    "$BIN/rnnlm-nbest" -rnnlm model -dynamic 0.1 same | awk 'NR > 1 && $1 <= last { exit 1 } { last = $1 }'
    # each of several networks learns by itself: twice the same is as one
    "$BIN/rnnlm-nbest" -rnnlm model -rnnlm model -dynamic 0.1 nbest >twice
    same_numbers twice found 0.00001
}

@test "rnnlm-nbest: -dynamic-rule rms, and speakers" {
    cp "$MODEL" model
    "$BIN/rnnlm-model" -rnnlm model -statistics train
    nbest nbest >plain
    set -- -rnnlm model -dynamic-rule rms
    "$BIN/rnnlm-nbest" "$@" -dynamic 1e-30 -dynamic-decay 0 nbest >still
    same_numbers still plain 0.00001
    "$BIN/rnnlm-nbest" "$@" -dynamic 2e-3 -dynamic-words 5 nbest >found
    ! cmp -s found plain
    for i in 1 2 3 4 5 6 7 8; do echo "u$i of of of of"; done >same
    "$BIN/rnnlm-nbest" "$@" -dynamic 1e-2 -dynamic-words 5 same | awk 'NR > 1 && $1 <= last { exit 1 } { last = $1 }'
    # another speaker: as if the lists began there
    awk '{ $1 = (NR <= 50 ? "ann-" : "bob-") $1; print }' nbest >named
    awk '{ print $1, substr($1, 1, 3) }' named | sort -u >utt2spk
    tail -n +51 named >bob
    for rule in "-dynamic-rule rms -dynamic 2e-3 -dynamic-words 5" "-dynamic-rule sgd -dynamic 0.1 -history best"; do
        "$BIN/rnnlm-nbest" -rnnlm model $rule bob >wanted
        "$BIN/rnnlm-nbest" -rnnlm model $rule -dynamic-reset -utt2spk utt2spk named >reset
        "$BIN/rnnlm-nbest" -rnnlm model $rule -dynamic-reset -speaker-field 1 named | cmp - reset
        "$BIN/rnnlm-nbest" -rnnlm model $rule -utt2spk utt2spk named >kept
        tail -n +51 reset | cmp - wanted
        tail -n +51 kept >behind
        ! cmp -s behind wanted
    done
    # only what is past counts: what follows a list changes none of its scores
    awk '{ print } NR > 50 { exit }' nbest >some
    { cat some; sed 's/^/x/' same; } >more
    n=$(awk '{ id[NR] = $1 } END { while (id[NR] == id[NR - 1]) NR--; print NR - 1 }' some)
    "$BIN/rnnlm-nbest" "$@" -dynamic 2e-3 -dynamic-words 5 more | head -n "$n" >one
    head -n "$n" found | cmp - one
    head -n 3 utt2spk >short
    refused 'short: there is no speaker for utterance' -- -dynamic 0.1 -utt2spk short named
    sed 's/$/ more/' utt2spk >long
    refused 'long: line 1: found 2 words behind an utterance' -- -dynamic 0.1 -utt2spk long named
    misused 'is for -dynamic RATE with' -- -dynamic 0.1 -dynamic-reset nbest
    misused 'exclude each other' -- -dynamic 0.1 -utt2spk utt2spk -speaker-field 1 nbest
    misused 'is for -history or -dynamic' -- -utt2spk utt2spk nbest
    misused '-dynamic-decay is for -dynamic-rule rms' -- -dynamic 0.1 -dynamic-decay 0.1 nbest
    misused '-dynamic-rule is for -dynamic RATE' -- -dynamic-rule rms nbest
    refused 'rnnlm-model -statistics TEXT makes it' -- -dynamic 0.1 -dynamic-rule rms nbest
}

# total WANTED ARGUMENTS...: the sum of the scores of `nbest`; kernels differ by 0.0002.
total() {
    within "$("$BIN/rnnlm-nbest" "${@:2}" nbest | awk '{ sum += $1 } END { printf "%.6f\n", sum }')" "$1" 0.005
}

# Learning from the first hypotheses instead of the best: -4746.4168, -4736.7636, -4735.0652. Without steps back through
# time: -4742.6728, -4732.1381, -4730.4552.
@test "rnnlm-nbest: what -dynamic gives, to the digit" {
    total -4746.0763 -rnnlm "$MODEL" -dynamic 0.1 -history none
    total -4735.5303 -rnnlm "$MODEL" -dynamic 0.1 -history previous
    total -4733.8442 -rnnlm "$MODEL" -dynamic 0.1 -history best
}

# An output layer of ten times its weights has errors below it that the bound of 15 cuts. Without the bound: -10601.65;
# without that on errors back through time alone: -11012.78, on those below the output layer -10519.15.
@test "rnnlm-nbest: -dynamic bounds errors" {
    gzip -dc "$(dirname "$MODEL")/elman-text.model.gz" |
        awk '/:$/ { output = $0 == "Weights 1->2:" } output && /[0-9]$/ { $0 = 10 * $1 } 1' >steep
    total -10968.3393 -rnnlm steep -dynamic 0.02 -history none
}

@test "rnnlm-nbest: -tune finds weights, -weights-file uses them" {
    # the right words have the best acoustic score, the language model is given far too much weight
    awk '{ n = NR > 1 && $1 == id ? n + 1 : 1; id = $1; sub(/^[^ ]+ /, ""); print id "\t" (n == 1 ? -1 : -2) "\t" $0 }' nbest >tabs
    awk '$1 != id { id = $1; print }' nbest >refs
    nbest -tune refs -lm-scale 20 -write-weights weights tabs >report
    cmp report weights
    grep -q '^# errors: 0 ' weights
    ! grep -q '^# errors before: 0 ' weights
    nbest -weights-file weights -write best tabs | cmp - refs
    ! nbest -lm-scale 20 -write best tabs | cmp -s - refs
    # what is on the command line goes before the file
    nbest -weights-file weights -lm-scale 20 -write best tabs >found
    ! cmp -s found refs
    # references in NIST's form
    awk '{ id = $1; sub(/^[^ ]+ /, ""); print $0 " (" id ")" }' refs >refs.trn
    nbest -tune refs.trn -lm-scale 20 tabs | cmp - weights
}

@test "rnnlm-nbest: utterances that are not in both lists and references" {
    printf 'a\t-1\tthe\nb\t-1\tthe\n' >lists
    printf 'a the\n' >few
    printf 'a the\nb the\nc the\n' >many
    refused 'lists: line 2: utterance b is not in the references few' -- -tune few lists
    # References may be those of more than the lists.
    for option in '' -keep-going; do
        run --separate-stderr nbest $option -tune many lists
        [ "$status" -eq 0 ]
        [[ "$output" == *'# 2 utterances'* ]]
        [ "$stderr" = 'rnnlm-nbest: warning: many: 1 of 3 utterances are not in the lists and count nowhere: line 3: c' ]
    done
    sed 's/^/x/' many >others
    nbest -keep-going -tune others lists 2>&1 | grep -q '^rnnlm-nbest: no utterance is in both lists and references others$'
    run --separate-stderr nbest -keep-going -tune few lists
    [ "$status" -eq 1 ]
    [[ "$output" == *'# 1 utterances'* ]]
}

@test "rnnlm-nbest: -tune -ignore leaves noises out, -ref-form and -marks say what the references are" {
    printf '%s\n' "a	-1	the %noise the" "a	-2	the" "b	-1	the" "b	-2	the %NOISE the" >lists
    printf 'a the the\nb %%noise the the\n' >refs
    nbest -tune refs -lm-scale 20 lists | grep -q '^# errors before: [1-9]'
    nbest -tune refs -ignore %Noise -lm-scale 20 -word-penalty 100 lists >out
    grep -qx '# 2 utterances, 4 words' out
    grep -q '^# errors before: 0 ' out
    printf 'the { the (a)\nthe the (b)\n' >refs.trn
    refused 'refs.trn: line 1: found { without }: -marks none takes marks for words' -- -tune refs.trn lists
    nbest -tune refs.trn -marks none lists | grep -q '2 utterances, 5 words'
    nbest -tune refs -ref-form kaldi lists | grep -q '2 utterances'
    misused 'option -ref-form: found "any", wanted trn, mlf, kaldi or plain' -- -tune refs -ref-form any lists
}

@test "rnnlm-nbest: -lm-score has a score a hypothesis" {
    awk '{ print -NR / 7 }' nbest >scores
    awk '{ id = $1; sub(/^[^ ]+ /, ""); print id "\t0\t" (-NR / 7) "\t" $0 }' nbest >tabs
    nbest -mix sentence -lambda 0.25 -list-lm tabs >wanted
    nbest -mix sentence -lambda 0.25 -lm-score scores nbest | cmp - wanted
    misused '-lm-score wants -mix sentence' -- -lm-score scores nbest
    misused '-lm-score and -keep-going exclude each other' -- -lm-score scores -mix sentence -keep-going nbest
    misused 'exclude each other' -- -lm-score scores -mix sentence -list-lm nbest
    sed '$d' scores >short
    refused 'short: ends after line' -- -lm-score short -mix sentence nbest
    echo -1 >>scores
    refused 'found one more score' -- -lm-score scores -mix sentence nbest
    refused 'wanted a probability' '(log10 scores of hypotheses, one a line: -lm-score FILE)' -- -lm-prob scores nbest
}

@test "rnnlm-nbest: utterances are named by files without .gz and .score" {
    printf -- '-1 -2 1 the\n' >u1.score
    gzip -c u1.score >u2.score.gz
    cp u1.score u3.lat
    [ "$(nbest -write best u1.score u2.score.gz u3.lat)" = "$(printf 'u1 the\nu2 the\nu3.lat the')" ]
}

@test "rnnlm-nbest: bad lists are named, -keep-going leaves them out" {
    printf -- '-1 -2 1 the\n' >good
    printf -- '-1 -2 1 the\nu1 the company\n' >mixed
    printf 'NBestList1.0\n' >hollow
    : >empty
    printf -- '-1 -2 1 the\nnan -2 1 the\n' >nan
    printf -- '-1 -2 1 the\n-2 1 the\n' >missing
    head -c 100000 /dev/zero | tr '\0' 'a' | fold -w 10 | tr '\n' ' ' | sed 's/^/-1 -2 9 /' | gzip >whole.gz
    head -c 60 whole.gz >cut.gz
    refused 'mixed: line 2: found "u1 the company", wanted ACOUSTIC' -- mixed
    refused 'hollow: line 1: found the header of a list without hypotheses' -- hollow
    refused 'empty: the file is empty' -- empty
    refused 'nan: line 2: found "nan -2 1 the"' -- nan
    refused 'missing: line 2: found "-2 1 the"' -- missing
    refused 'cut.gz' -- cut.gz
    refused 'cannot open nowhere' -- nowhere
    misused 'wants -mix sentence' -- -list-lm good
    printf 'u\t-1\tthe\n' >one
    refused 'one: line 1: utterance u: hypothesis 1 has no language' -- -list-lm -mix sentence one
    nbest good >wanted
    for bad in mixed hollow empty nan missing cut.gz; do
        run --separate-stderr nbest -keep-going good "$bad" good
        [ "$status" -eq 1 ]
        [ "$output" = "$(cat wanted wanted)" ]
        [[ "${stderr_lines[0]}" == "rnnlm-nbest: left out: $bad"* ]]
        [ "${stderr_lines[1]}" = 'rnnlm-nbest: 1 left out, see above' ]
    done
    # lists in one file: only the bad one is left out
    printf 'u\t-1\tthe\nv\t-1\tthe\nv\tx\tthe\nw\t-1\tthe\n' >three
    run --separate-stderr nbest -keep-going -write best three
    [ "$output" = "$(printf 'u the\nw the')" ]
}

@test "rnnlm-nbest: -form id: a list is a list, although its first line is the name of a file" {
    printf 'train\ntrain mary dances\n' >list
    refused 'list: line 2' 'wanted the path of a file' -- list
    nbest -form id list >scores
    [ "$(wc -l <scores)" -eq 2 ]
    make_forms nbest
    nbest -form srilm files | wc -l | grep -qx "$(wc -l <nbest)"
}

@test "rnnlm-nbest: bad Kaldi archives" {
    printf 'u-1 the\nu-2 of\nv-1 the\n' >words
    printf 'u-1 1\nu-2 2\n' >few
    printf 'u-1 1\nu-2 nan\nv-1 2\n' >nan
    refused 'words: utterance v: few has no cost of v-1' -- -ac-cost few words
    refused 'nan: line 2: found "u-2 nan"' -- -ac-cost nan words
    run --separate-stderr nbest -keep-going -write best -ac-cost few words
    [ "$status" -eq 1 ]
    [ "${lines[0]%% *}" = u ]
    [ "${#lines[@]}" -eq 1 ]
}

@test "rnnlm-nbest: hostile words" {
    printf 'u \303\244hnlich \344hnlich\nu \001a b\n' >bytes
    nbest bytes >scores
    [ "$(wc -l <scores)" -eq 2 ]
    nbest -write best bytes | grep -qa "$(printf '\303\244hnlich \344hnlich')"
    awk 'BEGIN { printf "u"; for (i = 0; i < 100000; i++) printf " the"; print "" }' >long
    nbest long >scores
    awk '{ exit !($1 < -10000) }' scores
    printf 'u\n' >wordless
    [ "$(nbest wordless | wc -l)" -eq 1 ]
    printf '../u\t-1\tthe\n' >climbing
    refused 'cannot be that of a file' -- -write lists -out folder/ climbing
    local code=0
    nbest nbest >/dev/full 2>error || code=$?
    [ "$code" -eq 1 ]
    grep -q '^rnnlm-nbest: ' error
}

@test "rnnlm-nbest: bad settings" {
    misused 'option -write: found "x", wanted one of scores, srilm' -- -write x nbest
    misused 'option -history: found "x"' -- -history x nbest
    misused 'option -form: found "x"' -- -form x nbest
    misused 'option -mix: found "x"' -- -mix x nbest
    misused 'option -weights: ' -- -weights 0.5,0.5 nbest
    misused 'exclude each other' -- -ngram a -lm-prob b nbest
    misused '-write-weights wants -tune' -- -write-weights w nbest
    printf 'lm-scale x\n' >weights
    refused 'weights: line 1: found "lm-scale x"' -- -weights-file weights nbest
    printf '0.5\n' >probs
    refused 'probs' -- -lm-prob probs nbest
}

@test "kaldi/rnnlm_compute_scores.sh" {
    mkdir -p rnn
    cp "$MODEL" rnn/rnnlm
    cut -d ' ' -f 2- train | tr ' ' '\n' | sort -u >rnn/wordlist.rnn
    printf 'notaword 0.001\n' >rnn/unk.probs
    awk '{ n = NR > 1 && $1 == id ? n + 1 : 1; id = $1; $1 = id "-" n; print }' nbest >text
    # a model without a word for rare words is refused, and nothing is written
    run "$SCRIPTS/kaldi/rnnlm_compute_scores.sh" --rnnlm_ver rnnlm-0.3e rnn temp text scores
    [ "$status" -eq 1 ]
    [[ "$output" == *'has no word RNN_UNK'* ]]
    [ ! -e scores ]
    RNNLM_OPTIONS='-unk-word of' "$SCRIPTS/kaldi/rnnlm_compute_scores.sh" --rnnlm_ver=rnnlm-0.3e rnn temp text scores
    cut -d ' ' -f 1 text | cmp - <(cut -d ' ' -f 1 scores)
    nbest -form id -independent -history previous -word-list rnn/wordlist.rnn -unk-probs rnn/unk.probs -unk-word of text |
        awk '{ printf "%.4f\n", -$1 * 2.302585093 }' >wanted
    cut -d ' ' -f 2 scores >found
    same_numbers found wanted 0.001
    # of words that are all known the costs are those of rnnlm -nbest, the first one too
    cp -r rnn rare.rnn
    awk "{ print \"u-\" NR, \$0 }" train | head -n 20 >known
    tr " " "\n" <known | sort -u >rare.rnn/wordlist.rnn
    RNNLM_OPTIONS='-unk-word of' "$SCRIPTS/kaldi/rnnlm_compute_scores.sh" rare.rnn temp known costs 2>err
    [ ! -s err ]
    rnnlm -rnnlm "$MODEL" -test known -nbest -independent -debug 0 | awk '{ printf "%.4f\n", -$1 * 2.302585093 }' >wanted
    cut -d ' ' -f 2 costs >found
    same_numbers found wanted 0.001
    # no words are one that is not known, and what is not known is told once
    printf 'u-1 of\nu-2\nu-3 strange of strange\nu-4 notaword\nu-5 strange\n' >rare
    RNNLM_OPTIONS='-unk-word of' "$SCRIPTS/kaldi/rnnlm_compute_scores.sh" rare.rnn temp rare costs 2>err
    [ "$(grep -v ^rnnlm-nbest err)" = "$(printf '%s\n' "rnnlm_compute_scores.sh: warning: u-2: no words" \
        "rnnlm_compute_scores.sh: warning: unknown word strange")" ]
    [ "$(awk '$1 == "u-2" { print $2 }' costs)" = "$(awk '$1 == "u-5" { print $2 }' costs)" ]
    near "$(awk '{ c[$1] = $2 } END { print c["u-5"] - c["u-4"] }' costs)" 9.210340 1e-5
    # names that look like options
    cp -r rnn ./-rnn
    cp -r rnn a=b
    cp text c=d
    RNNLM_OPTIONS='-unk-word of' "$SCRIPTS/kaldi/rnnlm_compute_scores.sh" a=b temp c=d equal
    cmp scores equal
    cp text ./--text
    RNNLM_OPTIONS='-unk-word of' "$SCRIPTS/kaldi/rnnlm_compute_scores.sh" -rnn -temp --text -scores
    cmp scores ./-scores
    RNNLM_OPTIONS='-unk-word of' "$SCRIPTS/kaldi/rnnlm_compute_scores.sh" -- ./-rnn --temp --text --scores
    cmp scores ./--scores
    run "$SCRIPTS/kaldi/rnnlm_compute_scores.sh" rnn temp text
    [ "$status" -eq 1 ]
    rm rnn/unk.probs
    run "$SCRIPTS/kaldi/rnnlm_compute_scores.sh" rnn temp text scores
    [ "$status" -eq 1 ]
    [[ "$output" == *'expected file rnn/unk.probs'* ]]
}

@test "srilm/rescore" {
    make_forms nbest
    "$SCRIPTS/srilm/rescore" packed scored -rnnlm "$MODEL"
    [ "$(ls scored | head -n 1)" = u001.gz ]
    zcat scored/* >found
    nbest nbest | awk '{ printf "%.3f\n", $1 }' >wanted
    awk '{ print $2 }' found >scores
    same_numbers scores wanted 0.001
    # the best by SRILM's rule is ours
    for file in scored/*; do
        name="${file##*/}"
        zcat "$file" | awk -v name="${name%.gz}" '
            { total = $1 + 8 * $2 - 0.5 * $3
              if (NR == 1 || total > best) { best = total; $1 = $2 = $3 = ""; sub(/^ +/, ""); words = $0 } }
            END { print name " " words }'
    done >wanted
    nbest -lm-scale 8 -word-penalty -0.5 -write best packed | cmp - wanted
    mv packed ./-packed
    "$SCRIPTS/srilm/rescore" -packed -scored -rnnlm "$MODEL"
    zcat ./-scored/* | cmp - found
    run "$SCRIPTS/srilm/rescore" packed
    [ "$status" -eq 2 ]
}
