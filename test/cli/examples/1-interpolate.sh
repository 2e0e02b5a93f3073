#!/bin/sh
# Trains a network and interpolates it with a 5-gram model of SRILM's.
rnnpath=${1:-../rnnlm}

rm -f model model.output.txt
$rnnpath/rnnlm -train train -valid valid -rnnlm model -hidden 15 -rand-seed 1 -debug 2 -class 100 -bptt 4 -bptt-block 10 -binary

ngram-count -text train -order 5 -lm templm -kndiscount -interpolate -gt3min 1 -gt4min 1
ngram -lm templm -order 5 -ppl test -debug 2 > temp.ppl

$rnnpath/convert < temp.ppl > srilm.txt
$rnnpath/rnnlm -rnnlm model -test test -lm-prob srilm.txt -lambda 0.5
