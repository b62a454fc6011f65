// Command bench measures Vigia on real servers, prints a table and writes the figures as JSON lines. `make bench` starts it; see scripts/bench.sh.
//
// Every figure is the median of several repetitions, and the smallest and largest value stand beside it. Each repetition works on topics and keys of its own, which are
// removed afterwards. The load is written before the clock starts, by another process than the one that is measured; the processor time of the worker and of Redis is
// charged, that of Kafka is not. Before a figure counts, the numbers that came out are compared with what went in.
package main
