package checkpoint

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// seeds returns the headers in testdata whose names match.
func seeds(f *testing.F, pattern string) [][]byte {
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		f.Fatal(pattern, err)
	}
	var list [][]byte
	for _, file := range files {
		list = append(list, mustRead(f, file))
	}
	return list
}

// FuzzGGUF: what is accepted can be read, and written again as it was.
func FuzzGGUF(f *testing.F) {
	for _, head := range seeds(f, "tiny-gguf*/*.gguf.head") {
		f.Add(head)
	}
	f.Add(smallGGUF(f))
	f.Add(part(0, 0, "a"))
	f.Add(withUnread())
	f.Add(newGGUF(2, 1).kv(alignmentKey, uint32(64)).info("a", 0, 0, 8).info("b", 8, 64, 32).data(162))
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := parseGGUF("fuzz", data)
		if err != nil {
			return
		}
		c := &Checkpoint{metadata: g.metadata}
		if err := c.add(g.tensors); err != nil {
			t.Fatal(err) // names that come twice were refused before
		}
		readable(t, c)
		for _, key := range g.metadata.Keys() {
			g.metadata.Uint(key)
			g.metadata.Ints(key)
			g.metadata.Strings(key)
		}
		rewrite(t, c)
	})
}

// rewrite checks that a checkpoint the writer accepts comes back the same.
func rewrite(t *testing.T, c *Checkpoint) {
	var out bytes.Buffer
	if err := WriteGGUF(&out, c.metadata, outTensors(c)); err != nil {
		return // the writer is stricter
	}
	again, err := parseGGUF("again", out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range again.tensors {
		if want := c.tensors[c.names[i]]; w.Name != want.Name || w.DType != want.DType ||
			!slices.Equal(w.Shape, want.Shape) || !bytes.Equal(w.Data, want.Data) {
			t.Fatalf("tensor %q changed", w.Name)
		}
	}
	if len(again.tensors) != len(c.names) || len(again.metadata) != len(c.metadata) {
		t.Fatal("something was lost")
	}
}

// FuzzSafetensors reads a file as one of FP8 weights.
func FuzzSafetensors(f *testing.F) {
	for _, head := range seeds(f, "tiny-fp8/*.head") {
		f.Add(head)
	}
	f.Add(smallSafetensors())
	f.Add(safetensorsFile(stored{"a", "C64", []int{2}, 16}, stored{"b", "F32", []int{2}, 8}))
	f.Add(rawSafetensors(`{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  `, 8))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := OpenBytes("fuzz", data); err == nil && c.Format() == Safetensors {
			readable(t, c)
		}
	})
}

// FuzzMLX reads a shard beside a config.json.
func FuzzMLX(f *testing.F) {
	shard, config := smallMLX()
	f.Add(shard, config)
	for _, head := range seeds(f, "tiny-mlx4-mla/*.head") {
		f.Add(head, mustRead(f, "testdata/tiny-mlx4-mla/config.json"))
	}
	f.Fuzz(func(t *testing.T, shard, config []byte) {
		s, err := parseSafetensors("fuzz", shard)
		if err != nil {
			return
		}
		q, err := parseQuantization("config", config)
		if err != nil || q == nil {
			return
		}
		c := &Checkpoint{}
		if c.add(s.tensors) != nil {
			return
		}
		if err := joined("fuzz", append(c.joinPacked(q), c.attachScales()...)); err != nil {
			if lines := strings.Count(err.Error(), "\n"); lines > mostShown+1 {
				t.Fatalf("an error of %d lines", lines)
			}
			return
		}
		readable(t, c)
	})
}

// FuzzIndex: an accepted index names files of its own folder only.
func FuzzIndex(f *testing.F) {
	f.Add(mustRead(f, "testdata/tiny-fp8/"+indexName))
	f.Add([]byte(`{"metadata": {}, "weight_map": {"a": "b.safetensors"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := parseIndex("fuzz", data)
		if err != nil {
			return
		}
		for _, shard := range x.shards() {
			if filepath.Dir(filepath.Join("folder", shard)) != "folder" || !x.names(shard) {
				t.Fatalf("shard %q", shard)
			}
		}
	})
}

// BenchmarkOpen measures headers of the size that the real model's have.
func BenchmarkOpen(b *testing.B) {
	b.Run("GGUF", func(b *testing.B) {
		tokens, merges := make([]string, 129280), make([]string, 127741)
		for i := range tokens {
			tokens[i] = "Ġtoken"
		}
		for i := range merges {
			merges[i] = "Ġto ken"
		}
		var out bytes.Buffer
		if err := WriteGGUF(&out, []KeyValue{{"tokens", tokens}, {"merges", merges}}, nil); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := OpenBytes("bench", out.Bytes()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("safetensors", func(b *testing.B) {
		header := map[string]headerEntry{}
		for i := range int64(560) { // a shard of 163
			name := "model.layers.17.mlp.experts.100.down_proj.weight" + string(rune('a'+i/26)) + string(rune('a'+i%26))
			header[name] = headerEntry{"BF16", []uint64{1, 2}, []int64{4 * i, 4 * (i + 1)}}
		}
		text, err := json.Marshal(header)
		if err != nil {
			b.Fatal(err)
		}
		data := rawSafetensors(string(text), 4*560)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := OpenBytes("bench", data); err != nil {
				b.Fatal(err)
			}
		}
	})
}
