package bus

import "encoding/binary"

// Partition returns the partition, 0 ≤ p < partitions, that Publish and the Java client's
// default partitioner choose for key: murmur2 with the sign bit cleared, modulo the count.
// It panics if partitions is not positive.
//
// The partition count and this function are part of the address of all state that is kept
// per partition: a record found elsewhere was written by a producer with another
// partitioner.
func Partition(key []byte, partitions int) int32 {
	if partitions <= 0 {
		panic("bus: Partition needs a positive partition count")
	}
	return int32((murmur2(key) & 0x7fffffff) % uint32(partitions))
}

// murmur2 is the 32-bit MurmurHash2 with the seed that org.apache.kafka.common.utils.Utils
// uses.
func murmur2(data []byte) uint32 {
	const (
		seed uint32 = 0x9747b28c
		m    uint32 = 0x5bd1e995
		r           = 24
	)
	h := seed ^ uint32(len(data))
	for ; len(data) >= 4; data = data[4:] {
		k := binary.LittleEndian.Uint32(data)
		k *= m
		k ^= k >> r
		k *= m
		h *= m
		h ^= k
	}
	switch len(data) {
	case 3:
		h ^= uint32(data[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(data[1]) << 8
		fallthrough
	case 1:
		h ^= uint32(data[0])
		h *= m
	}
	h ^= h >> 13
	h *= m
	h ^= h >> 15
	return h
}
