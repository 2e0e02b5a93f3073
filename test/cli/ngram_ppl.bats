# rnnlm-ngram ppl: SRILM's numbers and its form of telling them.

load helpers

ngram() {
    "$BIN/rnnlm-ngram" "$@"
}

setup() {
    cd "$BATS_TEST_TMPDIR"
    printf '%s\n' 'text before the data' '\data\' 'ngram 1=5' 'ngram 2=3' 'ngram 3=1' '' '\1-grams:' \
        "-99	<s>	-0.5" "-1.0	</s>" "-0.5 a -0.3" "-99 z	 -0.1" '-inf  y' '' '\2-grams:' \
        '-0.1 <s> a -0.2' '-0.25 a a' '-0.3 z a' '' '\3-grams:' '-0.05 <s> a a' '' '\end\' >small.arpa
}

need_srilm_golden() {
    [ -d "$GOLDEN/srilm" ] || skip "RNNLM_GOLDEN is not set: no outputs of SRILM to compare with"
    cd "$GOLDEN/text"
    out="$BATS_TEST_TMPDIR/out"
}

# same_report FOUND WANTED: the same text, numbers equal but for the last of their seven digits.
same_report() {
    awk -v wanted="$2" '
        function near(a, b, d) {
            if (a == b) return 1
            if (a !~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/ || b !~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/) return 0
            d = a - b
            return (d < 0 ? -d : d) <= 1.1e-6 * (b < 0 ? -b : b + 0)
        }
        {
            if ((getline line <wanted) <= 0) line = "(nothing)"
            n = split($0, a, " "); m = split(line, b, " ")
            bad = n != m
            for (i = 1; i <= n && !bad; i++) bad = !near(a[i], b[i])
            if (bad) { printf "line %d: found \"%s\", wanted \"%s\"\n", NR, $0, line; exit }
        }
        END {
            if (!bad && (getline line <wanted) > 0) { printf "wanted more: \"%s\"\n", line; bad = 1 }
            exit bad
        }' "$1" >&2
}

check_golden() {
    local model="$1"
    shift
    for debug in 0 2; do
        ngram ppl -lm "../srilm/$model.arpa" -text test.txt "$@" -debug $debug >"$out"
        same_report "$out" "$GOLDEN/srilm/$model.ppl$debug"
    done
    ngram ppl -lm "../srilm/$model.arpa" -text test.txt "$@" -debug 1 | head -n 40 >"$out"
    same_report "$out" "$GOLDEN/srilm/$model.ppl1.head"
}

@test "SRILM's numbers: a model of order 3" {
    need_srilm_golden
    check_golden kn3
}

@test "SRILM's numbers: a model with <unk>" {
    need_srilm_golden
    check_golden kn3.unk -unk
}

@test "SRILM's numbers: a model of order 5" {
    need_srilm_golden
    check_golden kn5
}

@test "SRILM's form: contexts, zero probabilities, OOVs, empty lines" {
    printf 'a a a\n\n \t \na  z q\ty a' >text
    ngram ppl -lm small.arpa -text text -debug 2 >found
    printf '%s\n' 'a a a' \
        '	p( a | <s> ) 	= [2gram] 0.7943282 [ -0.1 ]' \
        '	p( a | a ...) 	= [3gram] 0.8912509 [ -0.05 ]' \
        '	p( a | a ...) 	= [2gram] 0.5623413 [ -0.25 ]' \
        '	p( </s> | a ...) 	= [1gram] 0.05011873 [ -1.3 ]' \
        '1 sentences, 3 words, 0 OOVs' \
        '0 zeroprobs, logprob= -1.7 ppl= 2.660725 ppl1= 3.686945' \
        '' \
        'a z q y a' \
        '	p( a | <s> ) 	= [2gram] 0.7943282 [ -0.1 ]' \
        '	p( z | a ...) 	= [1gram] 0 [ -inf ]' \
        '	p( <unk> | z ...) 	= [OOV] 0 [ -inf ]' \
        '	p( y | <unk> ...) 	= [1gram] 0 [ -inf ]' \
        '	p( a | y ...) 	= [1gram] 0.3162278 [ -0.5 ]' \
        '	p( </s> | a ...) 	= [1gram] 0.05011873 [ -1.3 ]' \
        '1 sentences, 5 words, 1 OOVs' \
        '2 zeroprobs, logprob= -1.9 ppl= 4.298662 ppl1= 8.912509' \
        '' \
        'file text: 2 sentences, 8 words, 1 OOVs' \
        '2 zeroprobs, logprob= -3.6 ppl= 3.268027 ppl1= 5.248075' >wanted
    same_report found wanted
}

@test "sentences without a probability have no perplexity; <s> and </s> may stand in the text" {
    printf 'y\n<s> a </s>\na </s> a\n' >text
    ngram ppl -lm small.arpa -text text -debug 1 >found
    printf '%s\n' 'y' '1 sentences, 1 words, 0 OOVs' '1 zeroprobs, logprob= -1 ppl= 10 ppl1= undefined' '' \
        '<s> a </s>' '1 sentences, 1 words, 0 OOVs' \
        '0 zeroprobs, logprob= -1.6 ppl= 6.309573 ppl1= 39.81072' '' \
        'a </s> a' '1 sentences, 3 words, 0 OOVs' \
        '0 zeroprobs, logprob= -3.4 ppl= 7.079458 ppl1= 13.59356' '' \
        'file text: 3 sentences, 5 words, 0 OOVs' \
        '1 zeroprobs, logprob= -6 ppl= 7.196857 ppl1= 31.62278' >wanted
    same_report found wanted
}

@test "a </s> that only longer n-grams have is found there, and is nowhere <unk>" {
    printf '%s\n' '\data\' 'ngram 1=4' 'ngram 2=2' '' '\1-grams:' "-99	<s>	-0.5" "-0.5 a -0.3" '-0.25 <unk>' '-1 b' '' \
        '\2-grams:' '-0.1 <s> a' '-0.25 a </s>' '' '\end\' >endless.arpa
    printf 'a\na b\n' >text
    run --separate-stderr ngram ppl -lm endless.arpa -text text -debug 2
    [ "$status" -eq 0 ]
    [[ "$output" == *'p( </s> | a ...) 	= [2gram] 0.5623413 [ -0.25 ]'* ]]
    [[ "$output" == *'p( </s> | b ...) 	= [OOV] 0 [ -inf ]'* ]]
    [[ "$output" == *'1 zeroprobs, logprob= -1.75 ppl= 2.738'* ]]
    warning='warning: endless.arpa: </s> is not among the 1-grams'
    [[ "$stderr" == "rnnlm-ngram ppl: $warning"* ]]
    # The same number in rnnlm, which says what it leaves out; and every program warns.
    MODEL="$BATS_TEST_DIRNAME/../golden/elman.model"
    awk '/^Vocabulary:/ { on = 1; next } on && NF == 0 { exit } on { print $3 }' "$MODEL" | sed -n '2,3p' >words
    sed -e "s/ a / $(sed -n 1p words) /" -e "s/ b\$/ $(sed -n 2p words)/" -e "s/ a\$/ $(sed -n 1p words)/" endless.arpa >lm
    sed -e "s/a/$(sed -n 1p words)/" -e "s/ b/ $(sed -n 2p words)/" text >known
    rnnlm -rnnlm "$MODEL" -test known -ngram lm -debug 0 >out 2>err
    within "$(figure 'test log probability given by other lm' out)" -1.75 1e-6
    within "$(figure 'PPL other' out)" 2.738420 1e-5
    grep -q '^rnnlm: warning: the other model gives 1 of 5 words no probability: its figures leave them out$' err
    sed 's/^/u /' known >list
    printf '%s\n' u '0 1 a 1,2,' '1 0,0,' >lattice
    rnnlm -rnnlm "$MODEL" -test known -ngram lm 2>&1 >/dev/null | grep -q '^rnnlm: warning: lm: </s>'
    "$BIN/rnnlm-nbest" -rnnlm "$MODEL" -ngram lm list 2>&1 >/dev/null | grep -q '^rnnlm-nbest: warning: lm: </s>'
    "$BIN/rnnlm-lattice" -rnnlm "$MODEL" -ngram lm lattice 2>&1 >/dev/null | grep -q '^rnnlm-lattice: warning: lm: </s>'
    "$BIN/rnnlm-arpa" -rnnlm "$MODEL" -ngrams lm -o new 2>&1 | grep -q '^rnnlm-arpa: warning: lm: </s>'
}

@test "a probability above 1 ends every program: a back-off weight is too large" {
    printf '%s\n' '\data\' 'ngram 1=4' 'ngram 2=1' '' '\1-grams:' '-99 <s> 50.3' '-0.5 </s>' '-0.4 the' \
        '-0.5 old' '' '\2-grams:' '-0.1 the old' '' '\end\' >large.arpa
    printf 'VERSION=1.0\nUTTERANCE=u\nN=2 L=1\nI=0\nI=1\nJ=0 S=0 E=1 W=the a=-5 l=-1\n' >u.slf
    echo "1 the old" >list
    printf 'the old\nold the\n' >text
    head -n 30 "$DATA/train.txt" >train
    "$BIN/rnnlm" -train train -rnnlm model -hidden 2 -class 5 -one-iter -debug 0
    wrong='the n-gram model'"'"'s probability of "the" is 10^49.9: a back-off weight is too large'
    for command in "rnnlm-ngram ppl -lm large.arpa -text text" "rnnlm -rnnlm model -ngram large.arpa -test text" \
        "rnnlm-nbest -rnnlm model -ngram large.arpa list" "rnnlm-nbest -ngram large.arpa list" "rnnlm-lattice -rnnlm model -ngram large.arpa u.slf"; do
        run "$BIN"/$command
        [ "$status" -eq 1 ]
        [[ "$output" == *"$wrong" ]]
    done
}

@test "many sentences of different lengths keep their order" {
    awk 'BEGIN { for (i = 0; i < 100; i++) { s = "a"; for (j = 0; j < i * 7 % 11; j++) s = s (j % 3 ? " a" : " z"); print s } }' >text
    ngram ppl -lm small.arpa -text text -debug 1 | grep '^a' >found
    diff found text
    head -n 12 text | while read -r line; do
        printf '%s\n' "$line" | ngram ppl -lm small.arpa -text - -debug 2 | sed '$d' | sed '$d'
    done >alone
    ngram ppl -lm small.arpa -text text -debug 2 | head -n "$(wc -l <alone)" >together
    diff alone together
}

@test "-order uses the shorter n-grams only" {
    echo a a >text
    [ "$(ngram ppl -lm small.arpa -text text -order 1 | tail -n 1)" = "0 zeroprobs, logprob= -2 ppl= 4.641589 ppl1= 10" ]
    ngram ppl -lm small.arpa -text text -order 2 -debug 2 >found
    grep -q 'p( a | a ...) 	= \[2gram\]' found
    ngram ppl -lm small.arpa -text text -order 9 -debug 2 >found
    grep -q 'p( a | a ...) 	= \[3gram\]' found
}

@test "models and texts may be compressed or standard input" {
    echo a a >text
    ngram ppl -lm small.arpa -text text >wanted
    gzip -c small.arpa >small.arpa.gz
    ngram ppl -lm small.arpa.gz -text text | diff - wanted
    ngram ppl -lm - -text text <small.arpa | diff - wanted
    gzip -c small.arpa | ngram ppl -lm - -text text | diff - wanted
    ngram ppl -lm small.arpa -text - <text | sed 's/file -:/file text:/' | diff - wanted
}

# refused STATUS MESSAGE COMMAND...
refused() {
    local status_wanted="$1" message="$2"
    shift 2
    run "$@"
    [ "$status" -eq "$status_wanted" ] || fail "status $status, wanted $status_wanted: $*"
    case "$output" in
    "rnnlm-ngram"*"$message"*) ;;
    *) fail "found: $output" "wanted: $message" ;;
    esac
    [ "${#lines[@]}" -eq 1 ] || fail "more than one line: $output"
}

@test "bad input is an error that names file and line" {
    echo a >text
    : >empty
    printf '\n \n' >blank
    refused 1 "empty: the text is empty" ngram ppl -lm small.arpa -text empty
    refused 1 "blank: the text is empty" ngram ppl -lm small.arpa -text blank
    refused 1 "cannot open nothing" ngram ppl -lm nothing -text text
    refused 1 "cannot open nothing" ngram ppl -lm small.arpa -text nothing
    refused 2 "wanted: -lm MODEL and -text FILE" ngram ppl -lm small.arpa
    refused 1 "text: line 1: the file ends, wanted the line" ngram ppl -lm text -text text
    sed 's/^-0.3 z a/0.3 z a/' small.arpa >bad
    refused 1 "bad: line 17: found \"0.3\", wanted a log10 probability" ngram ppl -lm bad -text text
    sed 's/^-0.3 z a/-0.3 a a/' small.arpa >bad
    refused 1 "bad: line 17: \"a a\" stands twice among the 2-grams" ngram ppl -lm bad -text text
    refused 1 "standard input: line 19: \"a a\" stands twice among the 2-grams that begin at line 14" \
        ngram ppl -lm - -text text <bad
    sed '/end/d' small.arpa >bad
    refused 1 "bad: line 21: the file ends" ngram ppl -lm bad -text text
    gzip -c small.arpa | head -c 100 >bad.gz
    refused 1 "bad.gz: cannot read on" ngram ppl -lm bad.gz -text text
}

@test "bad options" {
    echo a >text
    refused 2 "option -order: found \"0\"" ngram ppl -lm small.arpa -text text -order 0
    refused 2 "option -order: found \"12\"" ngram ppl -lm small.arpa -text text -order 12
    refused 2 "unknown option -ordre" ngram ppl -lm small.arpa -text text -ordre 3
    refused 2 "found nothing-known, wanted a command" ngram nothing-known
    refused 2 "found no arguments, wanted a command" ngram
    ngram --help | grep -q 'ppl -lm'
    ngram ppl --help | grep -q -- '-order N'
}

@test "a full disk is an error" {
    [ -e /dev/full ] || skip "no /dev/full"
    echo a >text
    run bash -c "'$BIN/rnnlm-ngram' ppl -lm small.arpa -text text >/dev/full"
    [ "$status" -eq 1 ]
}
