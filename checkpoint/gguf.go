package checkpoint

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/deskseek/deskseek/tensor"
)

// A GGUF file (ggml, docs/gguf.md), all of it little-endian:
//
//	┌────────┬─────────────┬─────────────┬─────────┬────────┬─────────┬─────┬──────┐
//	│ "GGUF" │ version u32 │ tensors u64 │ kvs u64 │ kvs ×  │ tensors │ pad │ data │
//	│        │ 2 or 3      │             │         │ kv     │ × info  │     │      │
//	└────────┴─────────────┴─────────────┴─────────┴────────┴─────────┴─────┴──────┘
//
//	string:  length u64, bytes
//	kv:      key string, kind u32, value
//	list:    kind u32, count u64, values             (a kind of value; no lists of lists)
//	info:    name string, dims u32, dims × ne u64 (innermost first), type u32, offset u64
//
// Offsets count from the start of data. They and that start are multiples of the
// metadata's general.alignment, or of 32.
type gguf struct {
	file     string
	metadata Metadata
	tensors  []*tensor.Tensor // sorted by offset
}

const (
	alignmentKey     = "general.alignment"
	defaultAlignment = 32
	mostGGUFDims     = 4
)

// The least bytes an entry takes bound how many there can be.
const (
	leastKV   = 8 + 4 + 1
	leastInfo = 8 + 4 + 4 + 8
)

func parseGGUF(file string, data []byte) (*gguf, error) {
	c := &cursor{file: file, data: data, part: "its first bytes", index: -1}
	c.take(4) // the magic, which brought us here
	version := c.u32()
	switch {
	case c.err != nil:
		return nil, c.err
	case version == 1:
		return nil, badf(file, "GGUF version 1, which is not read any more: convert it to version 3")
	case version&0xffff == 0 && version != 0:
		return nil, badf(file, "a big-endian GGUF, which is not read: get the usual little-endian file")
	case version != 2 && version != 3:
		return nil, badf(file, "GGUF version %d, versions 2 and 3 are read", version)
	}
	tensors, kvs := c.u64(), c.u64()
	rest := uint64(len(data) - c.pos)
	switch {
	case c.err != nil:
		return nil, c.err
	case kvs > rest/leastKV:
		return nil, badf(file, "truncated or damaged: it claims %d metadata keys, but has only %d bytes", kvs, len(data))
	case tensors > rest/leastInfo:
		return nil, badf(file, "truncated or damaged: it claims %d tensors, but has only %d bytes", tensors, len(data))
	}
	g := &gguf{file: file}
	if err := g.parseMetadata(c, kvs); err != nil {
		return nil, err
	}
	if err := g.parseTensors(c, tensors); err != nil {
		return nil, err
	}
	return g, place(file, data, g.tensors)
}

func (g *gguf) parseMetadata(c *cursor, kvs uint64) error {
	seen := map[string]bool{}
	for i := range int64(kvs) {
		c.part, c.index = "metadata key", i
		key := c.string()
		switch {
		case c.err != nil:
			return c.err
		case key == "" || !utf8.ValidString(key):
			return badf(g.file, "damaged: metadata key %d is %q, want a name in UTF-8", i, key[:min(len(key), 100)])
		case seen[key]:
			return badf(g.file, "damaged: metadata key %s comes twice", printable(key))
		}
		seen[key] = true
		c.part, c.index = "the value of metadata key "+printable(key), -1
		value := c.value(c.u32())
		if c.err != nil {
			return c.err
		}
		g.metadata = append(g.metadata, KeyValue{key, value})
	}
	return nil
}

func (g *gguf) parseTensors(c *cursor, tensors uint64) error {
	alignment, err := g.alignment()
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for i := range int64(tensors) {
		c.part, c.index = "the description of tensor", i
		t, err := c.tensor()
		switch {
		case err != nil:
			return err
		case seen[t.Name]:
			return badf(g.file, "damaged: tensor %s comes twice", printable(t.Name))
		case t.Source.Offset%alignment != 0:
			return badf(g.file, "tensor %s: offset %d is no multiple of the file's alignment %d", printable(t.Name), t.Source.Offset, alignment)
		}
		seen[t.Name] = true
		g.tensors = append(g.tensors, t)
	}
	start := (int64(c.pos) + alignment - 1) / alignment * alignment
	for _, t := range g.tensors {
		t.Source.Offset += start
	}
	return nil
}

// alignment returns what offsets are multiples of.
func (g *gguf) alignment() (int64, error) {
	n, ok, err := g.metadata.Uint(alignmentKey)
	switch {
	case err != nil:
		return 0, badf(g.file, "%v", err)
	case !ok:
		return defaultAlignment, nil
	case n == 0 || n&(n-1) != 0 || n > 1<<30:
		return 0, badf(g.file, "%s is %d, want a power of two up to 2^30", alignmentKey, n)
	}
	return int64(n), nil
}

// A cursor reads a GGUF header. After its first error it reads zeros. part, and
// index unless it is negative, say where it is.
type cursor struct {
	file  string
	data  []byte
	pos   int
	err   error
	part  string
	index int64
}

func (c *cursor) where() string {
	if c.index < 0 {
		return c.part
	}
	return fmt.Sprintf("%s %d", c.part, c.index)
}

func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = badf(c.file, format, args...)
	}
}

// take returns the next n bytes; nil if there are not as many.
func (c *cursor) take(n uint64) []byte {
	if have := uint64(len(c.data) - c.pos); n > have {
		c.fail("truncated or damaged in %s: %d bytes wanted at byte %d, %d are left", c.where(), n, c.pos, have)
	}
	if c.err != nil {
		return nil
	}
	b := c.data[c.pos : c.pos+int(n)]
	c.pos += int(n)
	return b
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return little.Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if b := c.take(8); b != nil {
		return little.Uint64(b)
	}
	return 0
}

func (c *cursor) string() string { return string(c.take(c.u64())) }

// tensor reads one tensor's description; its offset still counts from the start
// of the data.
func (c *cursor) tensor() (*tensor.Tensor, error) {
	name := c.string()
	dims := c.u32()
	switch {
	case c.err != nil:
		return nil, c.err
	case !utf8.ValidString(name) || name == "":
		return nil, badf(c.file, "damaged: the name of tensor %d is %q, want a name in UTF-8", c.index, name[:min(len(name), 100)])
	case dims > mostGGUFDims:
		return nil, badf(c.file, "tensor %s: %d dimensions, the most is %d", printable(name), dims, mostGGUFDims)
	}
	shape := make([]uint64, dims)
	for i := range shape {
		shape[i] = c.u64()
	}
	slices.Reverse(shape)
	number, offset := c.u32(), c.u64()
	if c.err != nil {
		return nil, c.err
	}
	t, err := shaped(c.file, name, ggmlEncoding(number), shape)
	if err != nil {
		return nil, err
	}
	if offset > mostValues*8 {
		return nil, badf(c.file, "tensor %s: begins at byte %d, which is absurdly far", printable(name), offset)
	}
	t.Source.Offset = int64(offset)
	return t, nil
}

// value reads a metadata value of that kind.
func (c *cursor) value(kind uint32) any {
	switch kind {
	case kindList:
		kind, n := c.u32(), c.u64()
		return c.list(kind, n)
	case kindString:
		return c.string()
	}
	switch list := c.list(kind, 1).(type) {
	case []uint8:
		return first(list)
	case []int8:
		return first(list)
	case []uint16:
		return first(list)
	case []int16:
		return first(list)
	case []uint32:
		return first(list)
	case []int32:
		return first(list)
	case []uint64:
		return first(list)
	case []int64:
		return first(list)
	case []float32:
		return first(list)
	case []float64:
		return first(list)
	case []bool:
		return first(list)
	}
	return nil
}

// first returns a list's element, or nil where reading it failed.
func first[T any](list []T) any {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// list reads n values of one kind.
func (c *cursor) list(kind uint32, n uint64) any {
	switch kind {
	case kindU8:
		return numbers(c, n, 1, func(b []byte) uint8 { return b[0] })
	case kindI8:
		return numbers(c, n, 1, func(b []byte) int8 { return int8(b[0]) })
	case kindU16:
		return numbers(c, n, 2, little.Uint16)
	case kindI16:
		return numbers(c, n, 2, func(b []byte) int16 { return int16(little.Uint16(b)) })
	case kindU32:
		return numbers(c, n, 4, little.Uint32)
	case kindI32:
		return numbers(c, n, 4, func(b []byte) int32 { return int32(little.Uint32(b)) })
	case kindU64:
		return numbers(c, n, 8, little.Uint64)
	case kindI64:
		return numbers(c, n, 8, func(b []byte) int64 { return int64(little.Uint64(b)) })
	case kindF32:
		return numbers(c, n, 4, func(b []byte) float32 { return math.Float32frombits(little.Uint32(b)) })
	case kindF64:
		return numbers(c, n, 8, func(b []byte) float64 { return math.Float64frombits(little.Uint64(b)) })
	case kindBool:
		return numbers(c, n, 1, func(b []byte) bool { return b[0] != 0 })
	case kindString:
		return c.strings(n)
	case kindList:
		c.fail("%s is a list of lists, which is not supported", c.where())
	default:
		c.fail("damaged: %s has the unknown kind %d", c.where(), kind)
	}
	return nil
}

func numbers[T any](c *cursor, n, size uint64, get func([]byte) T) []T {
	if left := uint64(len(c.data) - c.pos); n > left/size {
		c.fail("truncated or damaged in %s: %d values claimed, %d bytes are left", c.where(), n, left)
	}
	b := c.take(n * size)
	if c.err != nil {
		return nil
	}
	list := make([]T, n)
	for i := range list {
		list[i] = get(b[i*int(size):])
	}
	return list
}

// strings reads n strings as pieces of one: a vocabulary has hundreds of
// thousands.
func (c *cursor) strings(n uint64) []string {
	if left := uint64(len(c.data) - c.pos); n > left/8 {
		c.fail("truncated or damaged in %s: %d strings claimed, %d bytes are left", c.where(), n, left)
	}
	start := c.pos
	for i := uint64(0); i < n && c.err == nil; i++ {
		c.take(c.u64())
	}
	if c.err != nil {
		return nil
	}
	all, list := string(c.data[start:c.pos]), make([]string, n)
	for i, at := 0, 0; i < len(list); i++ {
		length := int(little.Uint64(c.data[start+at:]))
		list[i] = all[at+8 : at+8+length]
		at += 8 + length
	}
	return list
}
