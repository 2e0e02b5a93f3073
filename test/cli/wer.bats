#!/usr/bin/env bats
# rnnlm-wer: figures, tables, alignments, two systems, and bad input.

bats_require_minimum_version 1.5.0

setup() {
    BIN="${RNNLM_BIN:-$BATS_TEST_DIRNAME/../../bin}"
    BIN="$(cd "$BIN" && pwd)"
    export LC_ALL=C
    mkdir -p "$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR"
    printf '%s\n' "it rained all day long (ann-1)" "i've { um / uh / @ } seen it (ann-2)" \
        "so (uh) what (bob_1)" "nothing was said (bob_2)" >ref.trn
    printf '%s\n' "It rained hall day (ann-1)" "i've seen IT (ann-2)" "so what now (bob_1)" \
        "nothing was said (bob_2)" >hyp.trn
}

wer() {
    "$BIN/rnnlm-wer" "$@"
}

# refuses STATUS "the one line on standard error" ARGUMENTS...
refuses() {
    local status_wanted="$1" message="$2"
    run --separate-stderr "$BIN/rnnlm-wer" "${@:3}"
    echo "status $status, stderr: $stderr"
    [ "$status" -eq "$status_wanted" ]
    [ "$stderr" = "rnnlm-wer: $message" ]
}

@test "counts, percentages, and the lines that scripts look for" {
    run wer -D ref.trn hyp.trn
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"words                          14"* ]]
    [[ "$output" == *"correct                        12    85.71 %"* ]]
    [[ "$output" == *"%WER 21.43 [ 3 / 14, 1 ins, 1 del, 1 sub ]"* ]]
    [[ "$output" == *"%SER 50.00 [ 2 / 4 ]"* ]]
    [[ "$output" == *"Scored 4 sentences, 0 not present in hyp."* ]]
}

@test "case matters with -s, (WORD) without -D" {
    wer -s ref.trn hyp.trn | grep -F '%WER 42.86 [ 6 / 14, 1 ins, 2 del, 3 sub ]' ||
        { wer -s -align ref.trn hyp.trn; false; }
    wer -D -ignore UH -ignore now ref.trn hyp.trn | grep -F '%WER 15.38 [ 2 / 13, 0 ins, 1 del, 1 sub ]'
}

@test "alignments as sclite prints them" {
    wer -D -align ref.trn hyp.trn >out
    {
        printf 'id: (ann-1)\nScores: (#C #S #D #I) 3 1 1 0\n'
        printf 'REF:  it rained ALL  day LONG \nHYP:  it rained HALL day **** \nEval:           S        D    \n\n'
        printf 'id: (ann-2)\nScores: (#C #S #D #I) 3 0 0 0\n'
        printf "REF:  i've seen it \nHYP:  i've seen it \nEval:              \n\n"
        printf 'id: (bob_1)\nScores: (#C #S #D #I) 3 0 0 1\n'
        printf 'REF:  so (uh) what *** \nHYP:  so      what NOW \nEval:              I   \n\n'
    } >wanted
    head -n 18 out | diff wanted -
}

timed_transcripts() {
    printf '%s\n' ';; LABEL "o" "all"' 'talk 1 ann 0.0 2.0 <o> it rained all day' \
        'talk 1 bob 2.0 4.0 { um / @ } nothing (was) said' 'talk 1 ann 4.0 5.0 IGNORE_TIME_SEGMENT_IN_SCORING' \
        'talk 2 cat 0.5 3.0 <o> so do not go' >ref.stm
    printf '%s\n' 'talk 1 0.10 0.2 it 0.9' 'talk 1 0.5 0.4 rained 0.9' 'talk 1 1.0 0.2 hall' 'talk 1 1.5 0.3 day' \
        'talk 1 2.5 0.3 nothing' 'talk 1 3.2 0.3 said' 'talk 1 4.5 0.2 laughter' \
        'talk 2 0.2 0.1 so' 'talk 2 1.0 0.5 don'"'"'t' 'talk 2 2.0 0.2 go' >hyp.ctm
    printf "[don't] => {do not / don't} / [ ] __ [ ]\n" >rules.glm
}

@test "segments and words with times: STM against CTM" {
    timed_transcripts
    wer -D -speakers ref.stm hyp.ctm >out
    grep -F '%WER 27.27 [ 3 / 11, 0 ins, 1 del, 2 sub ]' out || { cat out; false; }
    grep -E '^bob +1 +3 \| +100.0' out
    grep -F 'reference   ref.stm (stm)' out
    wer -ref-form stm -hyp-form ctm ref.stm hyp.ctm | grep -F '%WER 36.36 [ 4 / 11, 0 ins, 2 del, 2 sub ]'
    # What is known of a reference without times.
    refuses 1 'hyp.ctm: words with times (ctm) want a reference with segments (stm), found trn in ref.trn: -ref-form and -hyp-form tell the forms' ref.trn hyp.ctm
}

@test "rules of a global mapping file, hyphens, and characters" {
    timed_transcripts
    wer -D -glm rules.glm ref.stm hyp.ctm | grep -F '%WER 9.09 [ 1 / 11, 0 ins, 0 del, 1 sub ]'
    printf 'a 1 s 0.0 1.0 well-known\n' >h.stm
    printf 'a 1 0.1 0.2 well\na 1 0.4 0.2 known\n' >h.ctm
    wer h.stm h.ctm | grep -F '%WER 200.00 [ 2 / 1, 1 ins, 0 del, 1 sub ]'
    wer -dh h.stm h.ctm | grep -F '%WER 0.00 [ 0 / 2, 0 ins, 0 del, 0 sub ]'
    printf 'caf\303\251 ole (x-1)\n' >r.trn
    printf 'cafe ol (x-1)\n' >h.trn
    wer -unit char -align r.trn h.trn >out
    grep -F '%CER 28.57 [ 2 / 7, 0 ins, 1 del, 1 sub ]' out || { cat out; false; }
    grep -E '^characters +7$' out
    ! grep -F '%WER' out
    echo x >bad.glm
    refuses 1 'bad.glm: line 1: found "x", wanted [INPUT] => [OUTPUT] / [LEFT] __ [RIGHT]' -glm bad.glm r.trn h.trn
}

@test "a table by speaker, by several rules" {
    wer -D -speakers ref.trn hyp.trn >out
    grep -E '^ann +2 +8 \| +75.0 +12.5 +12.5 +0.0 +25.0 +50.0$' out
    grep -E '^bob +2 +6 \| +100.0 +0.0 +0.0 +16.7 +16.7 +50.0$' out
    grep -E '^Sum/Avg +4 +14 \| +85.7 +7.1 +7.1 +7.1 +21.4 +50.0$' out
    grep -E '^Median +2.0 +7.0 \|' out
    wer -D -speakers -speaker 1 ref.trn hyp.trn | grep -E '^b +2 +6 '
    printf 'ann-1 x\nann-2 y\nbob_1 y\nbob_2 y\n' >map
    wer -D -speakers -utt2spk map ref.trn hyp.trn | grep -E '^y +3 +9 '
    sed 2d map >short
    refuses 1 "short: there is no speaker for utterance ann-2" -utt2spk short ref.trn hyp.trn
    refuses 2 '-speaker: found "second", wanted first, last or a number of bytes' -speaker second ref.trn hyp.trn
}

@test "one transcript in every form, plain or gz, has one error rate" {
    printf '%s\n' "u-1 a b c d" "u-2 e f" "u-3" >ref.kaldi
    sed 's/^u-[0-9] *//' ref.kaldi >ref.plain
    awk '{ id = $1; $1 = ""; print substr($0, 2) " (" id ")" }' ref.kaldi >ref.trn
    awk 'BEGIN { print "#!MLF!#" } { print "\"*/" $1 ".lab\""; for (i = 2; i <= NF; i++) print $i; print "." }' \
        ref.kaldi >ref.mlf
    printf '%s\n' "u-3 g" "u-1 a x c d" "u-2 f" >hyp.kaldi
    awk '{ id = $1; $1 = ""; print substr($0, 2) " (" id ")" }' hyp.kaldi >hyp.trn
    awk 'BEGIN { print "#!MLF!#" } { print "\"*/" $1 ".rec\""; for (i = 2; i <= NF; i++) print i, i + 1, $i, -1.5; print "." }' \
        hyp.kaldi >hyp.mlf
    sort hyp.kaldi | sed 's/^u-[0-9] *//' >hyp.plain
    gzip -k ref.mlf hyp.trn
    for reference in ref.kaldi ref.trn ref.mlf ref.mlf.gz; do
        for hypothesis in hyp.kaldi hyp.trn hyp.mlf hyp.trn.gz; do
            wer $reference $hypothesis | grep -F '%WER 50.00 [ 3 / 6, 1 ins, 1 del, 1 sub ]' ||
                { echo "$reference $hypothesis"; false; }
        done
    done
    wer ref.plain hyp.plain | grep -F '%WER 50.00 [ 3 / 6, 1 ins, 1 del, 1 sub ]'
    wer - hyp.trn <ref.kaldi | grep -F '%WER 50.00'
}

@test "weights of sclite, or the fewest errors" {
    printf 'u1 a b c d e\n' >r
    printf 'u1 b c d a x\n' >h
    wer r h | grep -F '%WER 60.00 [ 3 / 5, 1 ins, 1 del, 1 sub ]'
    printf 'u1 a b c x\n' >r
    printf 'u1 x a y z\n' >h
    wer -align r h | grep -F 'Scores: (#C #S #D #I) 1 2 1 1'
    wer -unweighted r h | grep -F '%WER 100.00 [ 4 / 4'
}

@test "bootstrap: repeatable, and an interval that holds the rate" {
    seq 1 50 | awk '{ print "s-" $1, "a b c d e f g h i j" }' >r
    seq 1 50 | awk '{ print "s-" $1, "a b c d e f g h", ($1 % 2 ? "x" : "i"), "j" }' >h
    wer -bootstrap 500 -seed 3 r h >one
    wer -bootstrap 500 -seed 3 r h >two
    cmp one two
    awk '/^%WER 95% interval/ { found = $4 > 3 && $4 < 5 && $6 > 5 && $6 < 7 } END { exit !found }' one
    ! grep -q interval <(wer r h)
}

@test "two systems are compared" {
    seq 1 50 | awk '{ print "s-" $1, "a b c d e f g h i j" }' >r
    seq 1 50 | awk '{ print "s-" $1, "a b c d e f g h", ($1 % 2 ? "x" : "i"), "j" }' >worse
    seq 1 50 | awk '{ print "s-" $1, "a b c d e f g h", ($1 % 10 == 1 ? "x" : "i"), "j" }' >better
    wer r worse better >out
    cat out
    [ "$(grep -c '^%WER' out)" -eq 2 ]
    grep -F 'difference of %WER      -4.00 (second - first)' out
    grep -F 'second better in 100.00 % of 1000 samples' out
    grep -E '^matched pairs +25 segments, W = 9.798, p = ' out
    grep -E '^sign test +20 better, 0 worse, 30 equal, p = 1.907e-06 \(significant at 0.05\)$' out
    wer r worse worse >out
    grep -F 'matched pairs           25 segments, W = 0.000, p = 1' out
    grep -F 'sign test               0 better, 0 worse, 50 equal, p = 1' out
}

@test "utterances that one side lacks" {
    sed 2d hyp.trn >less
    printf 'more (cy-1)\n' | cat hyp.trn - >more
    refuses 1 "less: there is no utterance ann-2, which ref.trn has in line 2: -missing deletions counts it, -missing ignore leaves it out" ref.trn less
    refuses 1 "more: line 5: utterance cy-1 is not in ref.trn: -keep-going leaves it out" ref.trn more
    run --separate-stderr wer -keep-going ref.trn less
    [ "$status" -eq 1 ]
    [[ "$output" == *"%WER 50.00 [ 7 / 14, 1 ins, 5 del, 1 sub ]"* ]] || { echo "$output"; false; }
    [[ "$output" == *"Scored 4 sentences, 1 not present in hyp."* ]]
    [[ "$stderr" == *"1 problems, reported above" ]]
    run --separate-stderr wer -D -keep-going ref.trn more
    [ "$status" -eq 1 ]
    [[ "$output" == *"%WER 21.43 [ 3 / 14, 1 ins, 1 del, 1 sub ]"* ]]
    run --separate-stderr wer -D -missing deletions ref.trn less
    [ "$status" -eq 0 ]
    [[ "$output" == *"4 sentences, 1 not present"* ]]
    run --separate-stderr wer -D -missing ignore ref.trn less
    [ "$status" -eq 0 ]
    [[ "$output" == *"%WER 27.27 [ 3 / 11, 1 ins, 1 del, 1 sub ]"* ]]
}

@test "bad files: the message names file and line" {
    : >empty
    gzip -c ref.trn | head -c 60 >cut.gz
    printf 'a (x-1)\nb\n' >mixed
    printf 'a (x-1)\nb (x-1)\n' >twice
    printf 'a\0b (x-1)\n' >zero
    refuses 1 "empty: there are no utterances" empty hyp.trn
    refuses 1 "empty: there are no utterances" ref.trn empty
    refuses 1 "cannot open nowhere: No such file or directory" ref.trn nowhere
    refuses 1 'mixed: line 2: found "b", wanted words and (UTTERANCE-ID), as the lines before have them' ref.trn mixed
    refuses 1 "twice: line 2: utterance x-1 is here again, after line 1" ref.trn twice
    refuses 1 "zero: line 1: found a zero byte, wanted text" ref.trn zero
    run --separate-stderr wer cut.gz hyp.trn
    echo "$stderr"
    [ "$status" -eq 1 ]
    [[ "$stderr" == "rnnlm-wer: cut.gz: "* ]]
    refuses 1 'ref.trn is trn, hyp.trn is plain: there are no names to match utterances by (-ref-form and -hyp-form tell the forms)' \
        -hyp-form plain ref.trn hyp.trn
    refuses 2 'found the form "sgm", wanted trn, stm, ctm, mlf, kaldi or plain' -form sgm ref.trn hyp.trn
    refuses 2 '-unit: found "letter", wanted word or char' -unit letter ref.trn hyp.trn
    refuses 2 "wanted: REFERENCE HYPOTHESIS [HYPOTHESIS2]" ref.trn
    run wer -nonsense ref.trn hyp.trn
    [ "$status" -eq 2 ]
}

@test "-keep-going leaves bad utterances out" {
    printf 'a b (x-1)\n{ c (x-2)\nd (x-3)\n' >r
    printf 'a b (x-1)\nc (x-2)\nd (x-3)\ne (x-3)\n' >h
    run --separate-stderr wer -keep-going r h
    echo "$output" "$stderr"
    [ "$status" -eq 1 ]
    [[ "$output" == *"%WER 0.00 [ 0 / 3, 0 ins, 0 del, 0 sub ]"* ]]
    [[ "$stderr" == *"r: line 2: found { without }"* ]]
    [[ "$stderr" == *"h: line 4: utterance x-3 is here again, after line 3"* ]]
    [[ "$stderr" == *"2 problems, reported above" ]]
}

@test "UTF-8 and Latin-1 words" {
    printf 'u1 \303\211tude na\303\257ve\n' >r
    printf 'u1 \303\251TUDE na\303\257ve\n' >h
    wer r h | grep -F '%WER 0.00 [ 0 / 2,'
    wer -s r h | grep -F '%WER 50.00 [ 1 / 2,'
    printf 'u1 \311tude na\357ve\n' >r
    printf 'u1 \351TUDE na\357ve\n' >h
    wer r h | grep -aF '%WER 0.00 [ 0 / 2,'
    wer -align r h | grep -aF 'Scores: (#C #S #D #I) 2 0 0 0'
}

@test "hypotheses of 100,000 words take little memory" {
    awk 'BEGIN { printf "u-1"; for (i = 0; i < 100000; i++) printf " w%d", i * 7919 % 4001; print "" }' >r
    awk '{ for (i = 1; i <= NF; i++) if (i % 997) printf "%s ", i % 499 ? $i : i == 1 ? $i : "x"; print "" }' r >h
    sed -i 's/^ *//' h
    (
        # Sanitizers reserve terabytes of address space.
        [ "${RNNLM_SLOW_BUILD:-0}" = 1 ] || ulimit -v 2000000
        wer r h >out
    )
    grep -F '%WER 0.30 [ 300 / 100000, 0 ins, 100 del, 200 sub ]' out || { cat out; false; }
}
