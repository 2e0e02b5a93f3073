#!/bin/sh
# Rescores n-best lists that were decoded from lattices, with a network and a 5-gram model.
rnnpath=${1:-../rnnlm}

rm -f model model.output.txt
$rnnpath/rnnlm -train train -valid valid -rnnlm model -hidden 15 -rand-seed 1 -class 100 -bptt 4 -independent > train.log
ngram-count -text train -order 5 -lm templm -kndiscount -interpolate

# lattice-tool -in-lattice-list lattices -nbest-decode 100 -out-nbest-dir nbest
$rnnpath/makenbest nbest/*.gz > nbest.txt
$rnnpath/gettext < nbest.txt > nbest.words
ngram -lm templm -order 5 -ppl nbest.words -debug 2 > temp.ppl
$rnnpath/convert < temp.ppl > srilm.txt

$rnnpath/rnnlm -rnnlm model -test nbest.txt -nbest -independent -debug 0 > scores.net
$rnnpath/rnnlm -rnnlm model -test nbest.txt -nbest -independent -lm-prob srilm.txt -lambda 0.75 -debug 0 > scores
$rnnpath/getbest scores nbest.txt > best.txt
