#!/bin/sh
# Samples text from a network and trains an n-gram model on it.
rnnpath=${1:-../rnnlm}

rm -f model model.output.txt
$rnnpath/rnnlm -train train -valid valid -rnnlm model -hidden 15 -rand-seed 1 -class 100 -max-iter 3 > train.log
$rnnpath/rnnlm -rnnlm model -gen 20000 -debug 0 > sample

ngram-count -text sample -order 5 -lm templm -kndiscount -interpolate -gt3min 1 -gt4min 1
ngram -lm templm -order 5 -ppl test -debug 2 > temp.ppl
