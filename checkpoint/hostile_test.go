package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// hostile is a folder that must be refused with one sentence about it: sentence
// follows the name of the file to blame, open is what of the folder is opened.
type hostile struct {
	name     string
	files    map[string][]byte
	open     string
	blame    string
	sentence string
}

func one(name, file string, data []byte, sentence string) hostile {
	return hostile{name, map[string][]byte{file: data}, file, file, sentence}
}

func checkHostile(t *testing.T, cases []hostile) {
	for _, h := range cases {
		t.Run(h.name, func(t *testing.T) {
			dir := writeFiles(t, h.files)
			c, err := Open(filepath.Join(dir, h.open))
			if err == nil {
				c.Close()
				t.Fatal("it was opened")
			}
			want := filepath.Join(dir, h.blame) + ": " + strings.ReplaceAll(h.sentence, "DIR", dir)
			if err.Error() != want {
				t.Errorf("error\n%s\nwant\n%s", err, want)
			}
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%v is not ErrFormat", err)
			}
		})
	}
}

func TestNotACheckpoint(t *testing.T) {
	const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4302000000\n"
	none := "no checkpoint: looked for model.safetensors.index.json, model.safetensors, any other safetensors file, and a GGUF file"
	lfs := "a git-lfs pointer, not the file it points to: run git lfs pull, or download the file itself"
	checkHostile(t, []hostile{
		one("pointer", "m.gguf", []byte(pointer), lfs),
		{"pointer in a folder", map[string][]byte{"m.gguf": []byte(pointer)}, "", "m.gguf", lfs},
		{"pointer as a shard", map[string][]byte{
			"a.safetensors": []byte(pointer), indexName: []byte(`{"weight_map": {"a": "a.safetensors"}}`),
		}, "", "a.safetensors", lfs},
		{"pointer as an index", map[string][]byte{indexName: []byte(pointer)}, "", indexName, lfs},
		{"pointer as config.json", map[string][]byte{"model.safetensors": smallSafetensors(), "config.json": []byte(pointer)}, "", "config.json", lfs},
		one("HTML", "m.safetensors", []byte("\n<!DOCTYPE html><html>Not found"), "an HTML page, not a checkpoint: the download gave an error or a login page"),
		one("empty", "m.gguf", nil, "the file is empty"),
		one("zip", "pytorch_model.bin", []byte("PK\x03\x04..."), "a PyTorch file (zip or pickle), which is not read: convert it to safetensors"),
		one("pickle", "model.pt", []byte("\x80\x02\x8a\x0a"), "a PyTorch file (zip or pickle), which is not read: convert it to safetensors"),
		one("old GGML", "ggml-model.bin", []byte("tjgg\x03\x00\x00\x00"), "a GGML file from before GGUF, which is not read: convert the original weights to GGUF"),
		one("JSON", "config.json", []byte(`{"a": 1}`), "JSON, which holds no tensors: name the folder that holds the checkpoint"),
		one("text", "m.gguf", []byte("Entry not found, sorry"), `neither GGUF nor safetensors: it begins with "Entry not found,"`),
		{"empty folder", nil, "", "", none},
		{"folder without one", map[string][]byte{"config.json": []byte("{}"), "README.md": []byte("hello")}, "", "", none},
		{"folder of PyTorch files", map[string][]byte{"a.bin": []byte("PK\x03\x04"), "b.bin": []byte("PK\x03\x04")}, "", "",
			"only PyTorch files (a.bin, b.bin), which are not read: convert them to safetensors"},
		{"several", map[string][]byte{"a.gguf": smallGGUF(t), "b.gguf": smallGGUF(t)}, "", "", "several checkpoints (a.gguf, b.gguf): name one of them"},
		{"shards without an index", map[string][]byte{"a.safetensors": smallSafetensors(), "b.safetensors": smallSafetensors()}, "", "",
			"2 safetensors files, but no model.safetensors.index.json to say what they hold together"},
	})
	if _, err := Open(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrFormat) {
		t.Errorf("absent file: %v", err)
	}
	if _, err := OpenBytes("demo", nil); err == nil || err.Error() != "demo: the file is empty" {
		t.Errorf("OpenBytes of nothing: %v", err)
	}
	if _, err := OpenBytes("demo", part(0, 2, "a")); err == nil || !strings.Contains(err.Error(), "one of 2 files of a split GGUF") {
		t.Errorf("OpenBytes of a part: %v", err)
	}
}

func TestHostileSafetensors(t *testing.T) {
	file := func(name string, data []byte, sentence string) hostile {
		return one(name, "m.safetensors", data, sentence)
	}
	header := func(name, json, sentence string) hostile { return file(name, rawSafetensors(json, 64), sentence) }
	checkHostile(t, []hostile{
		file("truncated header", smallSafetensors()[:100], "truncated in its header, which has 92 bytes of 1093"),
		file("absurd header", append(little.AppendUint64(nil, 1<<40), "{}"...), "damaged: its header claims 1099511627776 bytes, the format allows 100000000"),
		file("truncated data", safetensorsFile(stored{"a", "F32", []int{4}, 16}, stored{"b", "F32", []int{4}, 16}, stored{"c", "U8", []int{1}, 1})[:192],
			"truncated: tensor b is at bytes 188 to 204, the file has 192 bytes (tensors cut off: 2 of 3)"),
		header("no JSON", `{"a": `, "damaged: header of tensor a: unexpected EOF"),
		header("unclosed", `{"a": {"dtype":"U8","shape":[1],"data_offsets":[0,1]}`, "damaged: its header is not the JSON it should be: unexpected EOF"),
		header("more than one object", `{} {}`, "damaged: something follows the JSON in its header"),
		header("bad metadata", `{"__metadata__": 5}`, "damaged: its header is not the JSON it should be: unexpected number"),
		header("no UTF-8", "{\"a\xff\": 1}", "damaged: its header is not UTF-8"),
		header("null", `{"a": null}`, "tensor a: its header has no dtype"),
		header("number", `{"a b": 5}`, `damaged: header of tensor "a b": unexpected number`),
		header("negative", `{"a": {"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}`, "damaged: header of tensor a: unexpected number -1 as shape"),
		header("unread and empty", `{"a": {"dtype":"F8_E5M2","shape":[1],"data_offsets":[1,1]}}`, "tensor a: F8_E5M2 [1] takes 1 bytes, data_offsets give it 0"),
		header("unread and huge", `{"a": {"dtype":"F8_E5M2","shape":[1],"data_offsets":[0,9223372036854775807]}}`,
			"tensor a: F8_E5M2 [1] takes 2251799813685248 bytes, data_offsets give it 9223372036854775807"),
		header("unread, cut off", `{"a": {"dtype":"F8_E5M2","shape":[1],"data_offsets":[0,100]}}`,
			"truncated: tensor a is at bytes 69 to 169, the file has 133 bytes (tensors cut off: 1 of 1)"),
		header("unread with a bad shape", `{"a": {"dtype":"C64","shape":[2,0],"data_offsets":[0,1]}}`, "tensor a: shape [2 0] has no values"),
		header("no shape", `{"a": {"dtype":"U8","data_offsets":[0,1]}}`, "tensor a: its header has no shape"),
		header("no offsets", `{"a": {"dtype":"U8","shape":[1]}}`, "tensor a: data_offsets [] are no range"),
		header("backwards", `{"a": {"dtype":"U8","shape":[1],"data_offsets":[2,1]}}`, "tensor a: data_offsets [2 1] are no range"),
		header("size", `{"a": {"dtype":"F32","shape":[2,2],"data_offsets":[0,15]}}`, "tensor a: F32 [2 2] takes 16 bytes, data_offsets give it 15"),
		header("no values", `{"a": {"dtype":"F32","shape":[2,0],"data_offsets":[0,0]}}`, "tensor a: shape [2 0] has no values"),
		header("absurd shape", `{"a": {"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,0]}}`,
			"tensor a: shape [4294967296 4294967296 4294967296] is absurdly large"),
		header("dimensions", `{"a": {"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}}`, "tensor a: 9 dimensions, the most is 8"),
		header("far away", `{"a": {"dtype":"U8","shape":[1],"data_offsets":[9223372036854775806,9223372036854775807]}}`,
			"tensor a: begins at byte 9223372036854775806, which is absurdly far"),
		header("twice", `{"a": {"dtype":"U8","shape":[1],"data_offsets":[0,1]}, "a": {"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`,
			"damaged: tensor a is in the header twice"),
		header("overlap", `{"b": {"dtype":"U8","shape":[4],"data_offsets":[2,6]}, "a": {"dtype":"U8","shape":[3],"data_offsets":[0,3]}}`,
			"tensor b begins at byte 118, inside tensor a, which ends at byte 119"),
	})
}

func TestHostileScales(t *testing.T) {
	weight := stored{"a.weight", "F8_E4M3", []int{129, 4}, 516}
	file := func(name, sentence string, tensors ...stored) hostile {
		return one(name, "m.safetensors", safetensorsFile(tensors...), sentence)
	}
	checkHostile(t, []hostile{
		file("missing", "tensor a.weight is F8_E4M3, but its scales a.weight_scale_inv are missing", weight),
		file("dtype", "tensor a.weight_scale_inv: scales in F16, want F32 or BF16", weight, stored{"a.weight_scale_inv", "F16", []int{2, 1}, 4}),
		file("grid", "tensor a.weight_scale_inv: shape [1 1], want [2 1]: one scale for each 128×128 block of a.weight [129 4] in m.safetensors",
			weight, stored{"a.weight_scale_inv", "F32", []int{1, 1}, 4}),
		file("grid of a vector", "tensor a.weight_scale_inv: shape [2], want [2 1]: one scale for each 128×128 block of a.weight [129 4] in m.safetensors",
			weight, stored{"a.weight_scale_inv", "F32", []int{2}, 8}),
		file("vector", "tensor a.weight: F8_E4M3 of shape [4], want a matrix", stored{"a.weight", "F8_E4M3", []int{4}, 4}),
		file("unread", "tensor a.weight_scale_inv: scales in F8_E8M0, want F32 or BF16", weight, stored{"a.weight_scale_inv", "F8_E8M0", []int{2, 1}, 2}),
	})
	var tensors []stored
	for i := range 30 {
		tensors = append(tensors, stored{fmt.Sprintf("%02d", i), "F8_E4M3", []int{1, 1}, 1})
	}
	checkProblems(t, map[string][]byte{"m.safetensors": safetensorsFile(tensors...)}, "m.safetensors", 30,
		"tensor 00 is F8_E4M3, but its scales 00_scale_inv are missing",
		"tensor 01 is F8_E4M3, but its scales 01_scale_inv are missing")
}

// checkProblems: the folder is refused for that many reasons, the first of which
// are these. open is what of it is opened, and what the first line names.
func checkProblems(t *testing.T, files map[string][]byte, open string, count int, first ...string) {
	t.Helper()
	path := filepath.Join(writeFiles(t, files), open)
	c, err := Open(path)
	if err == nil {
		c.Close()
		t.Fatal("it was opened")
	}
	lines := strings.Split(err.Error(), "\n")
	if want := fmt.Sprintf("%s: %d problems:", path, count); lines[0] != want {
		t.Errorf("first line %s, want %s", lines[0], want)
	}
	if last := lines[len(lines)-1]; count > mostShown && (len(lines) != mostShown+2 || last != fmt.Sprintf("  and %d more", count-mostShown)) {
		t.Errorf("%d lines, the last: %s", len(lines), last)
	} else if count <= mostShown && len(lines) != count+1 {
		t.Errorf("%d lines for %d problems", len(lines), count)
	}
	for i, want := range first {
		if lines[i+1] != "  "+want {
			t.Errorf("line %d is\n%s\nwant\n  %s", i+1, lines[i+1], want)
		}
	}
	if !errors.Is(err, ErrFormat) {
		t.Errorf("%v is not ErrFormat", err)
	}
	if all, ok := errors.AsType[*formatErrors](err); !ok || len(all.Unwrap()) != count {
		t.Errorf("%v does not unwrap to %d errors", err, count)
	}
}

func TestHostileIndex(t *testing.T) {
	a := safetensorsFile(stored{"a", "U8", []int{1}, 1})
	index := func(s string) []byte { return []byte(s) }
	both := `{"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}`
	checkHostile(t, []hostile{
		one("no JSON", indexName, index(`{"weight_map": `), "JSON, which holds no tensors: name the folder that holds the checkpoint"),
		{"broken", map[string][]byte{indexName: index(`{"weight_map": `)}, "", indexName, "damaged: not the JSON it should be: unexpected end of JSON input"},
		{"wrong", map[string][]byte{indexName: index(`{"weight_map": {"a": 5}}`)}, "", indexName, "damaged: not the JSON it should be: unexpected number as weight_map"},
		{"no names", map[string][]byte{indexName: index(`{}`)}, "", indexName, "damaged: its weight_map names no tensor"},
		{"outside", map[string][]byte{indexName: index(`{"weight_map": {"a": "../1.safetensors"}}`)}, "", indexName,
			"tensor a is said to be in ../1.safetensors, which is no file of this folder"},
		{"missing shard", map[string][]byte{"1.safetensors": a, indexName: index(both)}, "", "", "1 of 2 shards missing: 2.safetensors"},
		{"empty shard", map[string][]byte{"1.safetensors": a, "2.safetensors": nil, indexName: index(both)}, "", "2.safetensors", "the file is empty"},
		{"GGUF as a shard", map[string][]byte{"1.safetensors": a, "2.safetensors": smallGGUF(t), indexName: index(both)}, "", "2.safetensors",
			"gguf, where model.safetensors.index.json has a safetensors shard"},
		{"in two shards", map[string][]byte{"1.safetensors": a, "2.safetensors": a, indexName: index(both)}, "", "2.safetensors",
			"tensor a is stored in 1.safetensors too"},
		{"not in its shard", map[string][]byte{"1.safetensors": a, indexName: index(`{"weight_map": {"a": "1.safetensors", "b": "1.safetensors"}}`)}, "", indexName,
			"tensor b is said to be in 1.safetensors, which lacks it"},
		{"in another shard", map[string][]byte{"1.safetensors": a, "2.safetensors": safetensorsFile(stored{"b", "U8", []int{1}, 1}),
			indexName: index(`{"weight_map": {"a": "2.safetensors", "b": "2.safetensors", "c": "1.safetensors"}}`)}, "", indexName,
			"2 problems:\n  tensor a is said to be in 2.safetensors, but is in 1.safetensors\n  tensor c is said to be in 1.safetensors, which lacks it"},
		{"config", map[string][]byte{"model.safetensors": a, "config.json": index("[]")}, "", "config.json", "not the JSON it should be: unexpected array"},
	})
}

func TestHostileMLX(t *testing.T) {
	weight, scales, biases := stored{"a.weight", "U32", []int{3, 16}, 192}, stored{"a.scales", "BF16", []int{3, 2}, 12}, stored{"a.biases", "BF16", []int{3, 2}, 12}
	four := `"group_size": 64, "bits": 4`
	file := func(name, blame, quantization, sentence string, tensors ...stored) hostile {
		return hostile{name, map[string][]byte{
			"model.safetensors": safetensorsFile(tensors...), "config.json": []byte(`{"quantization": ` + quantization + `}`),
		}, "", blame, sentence}
	}
	const weights, config = "model.safetensors", "config.json"
	checkHostile(t, []hostile{
		file("no scales", weights, "{"+four+"}", "tensor a.weight is packed in U32, but a.scales is missing", weight, biases),
		file("no biases", weights, "{"+four+"}", "tensor a.weight is packed in U32, but a.biases is missing", weight, scales),
		file("bits", config, `{"group_size": 64, "bits": 3}`, "quantization of a.weight to 3 bits is not supported, only 4 and 8", weight, scales, biases),
		file("module's bits", config, "{"+four+`, "a": {"bits": 6}}`, "quantization of a.weight to 6 bits is not supported, only 4 and 8", weight, scales, biases),
		file("mode", config, "{"+four+`, "mode": "mxfp4"}`, "quantization mode mxfp4 of a.weight is not supported, only affine", weight, scales, biases),
		file("group", config, `{"group_size": 0, "bits": 4}`, "quantization group_size 0 of a.weight: want a multiple of 8", weight, scales, biases),
		file("not quantized", weights, "{"+four+`, "a": false}`, "tensor a.weight is packed in U32, but DIR/config.json says that it is not quantized", weight, scales, biases),
		file("groups", weights, `{"group_size": 48, "bits": 4}`, "tensor a.weight: rows of 128 values are no whole number of groups of 48 (DIR/config.json)", weight, scales, biases),
		file("shape", weights, "{"+four+"}", "tensor a.biases: shape [3 1], want [3 2]: a.weight [3 128] in 4 bits, groups of 64",
			weight, scales, stored{"a.biases", "BF16", []int{3, 1}, 6}),
		file("dtype", weights, "{"+four+"}", "tensor a.scales: scales in I8, want F16, BF16 or F32", weight, stored{"a.scales", "I8", []int{3, 2}, 6}, biases),
		file("scalar", weights, "{"+four+"}", "tensor a.weight: a single U32 packs no matrix", stored{"a.weight", "U32", []int{}, 4}, scales, biases),
		file("no object", config, "5", `"quantization": unexpected number`, weight),
		file("bits as text", config, `{"group_size": 64, "bits": "4"}`, `"quantization": unexpected string as bits`, weight),
		file("module as text", config, "{"+four+`, "a": {"bits": "8"}}`, `"quantization" of a: unexpected string as bits`, weight),
		file("unread", weights, "{"+four+"}", "tensor a.scales: scales in F8_E8M0, want F16, BF16 or F32", weight, stored{"a.scales", "F8_E8M0", []int{3, 2}, 6}, biases),
	})
	shard := safetensorsFile(weight, scales, stored{"b.weight", "U32", []int{3, 16}, 192}, stored{"c.weight", "F8_E4M3", []int{3, 5}, 15},
		stored{"d.weight", "U32", []int{3, 16}, 192})
	checkProblems(t, map[string][]byte{"model.safetensors": shard, "config.json": []byte(`{"quantization": {` + four + `, "d": {"bits": 3}}}`)}, "", 4,
		"model.safetensors: tensor a.weight is packed in U32, but a.biases is missing",
		"model.safetensors: tensor b.weight is packed in U32, but b.scales is missing",
		"config.json: quantization of d.weight to 3 bits is not supported, only 4 and 8",
		"model.safetensors: tensor c.weight is F8_E4M3, but its scales c.weight_scale_inv are missing")
}

func TestHostileGGUF(t *testing.T) {
	file := func(name string, data []byte, sentence string) hostile { return one(name, "m.gguf", data, sentence) }
	version := func(v uint32) []byte { return (&ggufBuilder{[]byte("GGUF")}).u32(v).u64(0).u64(0).b }
	whole := newGGUF(2, 0).info("a", 0, 0, 8).info("b", 8, 32, 32).data(32 + 34)
	checkHostile(t, []hostile{
		file("version 1", version(1), "GGUF version 1, which is not read any more: convert it to version 3"),
		file("version 4", version(4), "GGUF version 4, versions 2 and 3 are read"),
		file("big-endian", version(3<<24), "a big-endian GGUF, which is not read: get the usual little-endian file"),
		file("truncated magic", []byte("GGUF\x03"), "truncated or damaged in its first bytes: 4 bytes wanted at byte 4, 1 are left"),
		file("kv count", newGGUF(0, 1<<60).b, "truncated or damaged: it claims 1152921504606846976 metadata keys, but has only 24 bytes"),
		file("tensor count", newGGUF(1<<60, 0).b, "truncated or damaged: it claims 1152921504606846976 tensors, but has only 24 bytes"),
		file("string length", newGGUF(0, 1).u64(1<<63).data(64), "truncated or damaged in metadata key 0: 9223372036854775808 bytes wanted at byte 32, 64 are left"),
		file("key twice", newGGUF(0, 2).kv("a", uint8(1)).kv("a", uint8(1)).data(64), "damaged: metadata key a comes twice"),
		file("empty key", newGGUF(0, 1).kv("", uint8(1)).data(64), `damaged: metadata key 0 is "", want a name in UTF-8`),
		file("key not UTF-8", newGGUF(0, 1).kv("\xff", uint8(1)).data(64), `damaged: metadata key 0 is "\xff", want a name in UTF-8`),
		file("list of lists", newGGUF(0, 1).str("a").u32(kindList).u32(kindList).u64(1).data(64), "the value of metadata key a is a list of lists, which is not supported"),
		file("unknown kind", newGGUF(0, 1).str("a").u32(13).data(64), "damaged: the value of metadata key a has the unknown kind 13"),
		file("list length", newGGUF(0, 1).str("a").u32(kindList).u32(kindU64).u64(1<<61).data(64),
			"truncated or damaged in the value of metadata key a: 2305843009213693952 values claimed, 79 bytes are left"),
		file("strings length", newGGUF(0, 1).str("a").u32(kindList).u32(kindString).u64(1<<40).data(64),
			"truncated or damaged in the value of metadata key a: 1099511627776 strings claimed, 79 bytes are left"),
		file("alignment", newGGUF(0, 1).kv(alignmentKey, uint32(48)).data(64), "general.alignment is 48, want a power of two up to 2^30"),
		file("alignment's type", newGGUF(0, 1).kv(alignmentKey, "32").data(64), "metadata key general.alignment: it is a string, want a whole number"),
		file("tensor twice", newGGUF(2, 0).info("a", 0, 0, 8).info("a", 0, 32, 8).data(64), "damaged: tensor a comes twice"),
		file("name not UTF-8", newGGUF(1, 0).info("\xfe", 0, 0, 8).data(64), `damaged: the name of tensor 0 is "\xfe", want a name in UTF-8`),
		file("dimensions", newGGUF(1, 0).info("a", 0, 0, 1, 1, 1, 1, 1).data(64), "tensor a: 5 dimensions, the most is 4"),
		file("no values", newGGUF(1, 0).info("a", 0, 0, 8, 0).data(64), "tensor a: shape [0 8] has no values"),
		file("absurd shape", newGGUF(1, 0).info("a", 0, 0, 1<<40, 1<<40).data(64), "tensor a: shape [1099511627776 1099511627776] is absurdly large"),
		file("block", newGGUF(1, 0).info("a", 12, 0, 64, 4).data(256), "tensor a: rows of 64 values, but Q4_K comes in blocks of 256"),
		file("block of an unread type", newGGUF(1, 0).info("a", 35, 0, 64, 4).data(256), "tensor a: rows of 64 values, but TQ2_0 comes in blocks of 256"),
		file("unread, cut off", newGGUF(1, 0).info("a", 35, 0, 256).data(65), "truncated: tensor a is at bytes 64 to 130, the file has 129 bytes (tensors cut off: 1 of 1)"),
		file("unread, beyond the end", newGGUF(1, 0).info("a", 9999, 256, 256).data(256),
			"truncated: tensor a is at bytes 320 to 321, the file has 320 bytes (tensors cut off: 1 of 1)"),
		file("unread, overlap", newGGUF(2, 0).info("a", 339, 32, 256).info("b", 0, 32, 8).data(96), "tensor b begins at byte 128, inside tensor a, which ends at byte 129"),
		file("unread, inside another", newGGUF(2, 0).info("a", 0, 0, 16).info("b", 9999, 32, 8).data(96), "tensor b begins at byte 128, inside tensor a, which ends at byte 160"),
		file("offset", newGGUF(1, 0).info("a", 0, 16, 8).data(64), "tensor a: offset 16 is no multiple of the file's alignment 32"),
		file("far away", newGGUF(1, 0).info("a", 0, 1<<63, 8).data(64), "tensor a: begins at byte 9223372036854775808, which is absurdly far"),
		file("overlap", newGGUF(2, 0).info("a", 0, 0, 16).info("b", 0, 32, 8).data(96), "tensor b begins at byte 128, inside tensor a, which ends at byte 160"),
		file("truncated info", whole[:60], "truncated or damaged: it claims 2 tensors, but has only 60 bytes"),
		file("truncated data", whole[:len(whole)-1], "truncated: tensor b is at bytes 128 to 162, the file has 161 bytes (tensors cut off: 1 of 2)"),
	})
}

func TestHostileSplit(t *testing.T) {
	first, second := part(0, 2, "a", KeyValue{splitTensorsKey, uint32(2)}), part(1, 2, "b")
	const one, two = "m-00001-of-00002.gguf", "m-00002-of-00002.gguf"
	checkHostile(t, []hostile{
		{"missing", map[string][]byte{two: second}, two, two, "1 of the split's 2 files missing: " + one},
		{"missing in a folder", map[string][]byte{two: second}, "", two, "1 of the split's 2 files missing: " + one},
		{"renamed", map[string][]byte{"x.gguf": second}, "x.gguf", "x.gguf",
			"one of 2 files of a split GGUF, but not named NAME-00001-of-00002.gguf, so that the others cannot be found"},
		{"name's count", map[string][]byte{"m-00001-of-00003.gguf": first}, "", "m-00001-of-00003.gguf",
			"it says that it is one of 2 files (split.count), its name says 3"},
		{"swapped", map[string][]byte{one: second, two: first}, "", one, "its name says part 1 of the split, its split.no (from 0) says 1"},
		{"other count", map[string][]byte{one: first, two: part(1, 3, "b")}, "", two, "split.count is 3, in the file that was opened it is 2"},
		{"tensor in both", map[string][]byte{one: first, two: part(1, 2, "a")}, "", two, "tensor a is stored in " + one + " too"},
		{"total", map[string][]byte{one: part(0, 2, "a", KeyValue{splitTensorsKey, uint32(5)}), two: second}, "", one,
			"split.tensors.count is 5, but the files have 2 tensors"},
		{"damaged part", map[string][]byte{one: first, two: second[:len(second)-1]}, "", two,
			"truncated: tensor b is at bytes 128 to 160, the file has 159 bytes (tensors cut off: 1 of 1)"},
		{"other format", map[string][]byte{one: first, two: smallSafetensors()}, one, two, "safetensors, where a part of a split GGUF should be"},
	})
}

// TestNoHugeAllocation: a few hostile bytes cost little memory, whatever counts
// they claim.
func TestNoHugeAllocation(t *testing.T) {
	for name, data := range map[string][]byte{
		"strings": newGGUF(0, 1).str("a").u32(kindList).u32(kindString).u64(1 << 40).data(64),
		"numbers": newGGUF(0, 1).str("a").u32(kindList).u32(kindF64).u64(1 << 61).data(64),
		"keys":    newGGUF(0, 1<<62).data(64),
		"tensors": newGGUF(1<<62, 0).data(64),
		"header":  append(little.AppendUint64(nil, 1<<50), bytes.Repeat([]byte("{"), 64)...),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := OpenBytes(name, data); err == nil {
			t.Errorf("%s: accepted", name)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
	}
}
