package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"unicode/utf8"

	"github.com/deskseek/deskseek/tensor"
)

// A safetensors file (github.com/huggingface/safetensors, "Format"):
//
//	┌──────────────┬───────────────────────┬────────────────────┐
//	│ n <uint64le> │ header <n bytes JSON> │ data <to the end>  │
//	└──────────────┴───────────────────────┴────────────────────┘
//
//	header: {"__metadata__": {"format": "pt"},
//	         name: {"dtype": "BF16", "shape": [N, K], "data_offsets": [begin, end]}, …}
//
// Offsets count from the start of the data. Trailing spaces may pad the header.
type safetensors struct {
	tensors []*tensor.Tensor // sorted by offset
	byMLX   bool             // __metadata__ says that MLX wrote the file
}

// longestHeader is the format's own limit.
const longestHeader = 100_000_000

// safetensorsTypes are the encodings a header may name, of those that are read.
var safetensorsTypes = map[string]tensor.DType{
	"BF16": tensor.BF16, "F16": tensor.F16, "F32": tensor.F32, "F64": tensor.F64, "F8_E4M3": tensor.F8E4M3,
	"U32": tensor.U32, "I32": tensor.I32, "I64": tensor.I64, "I16": tensor.I16, "U8": tensor.U8, "I8": tensor.I8,
	"BOOL": tensor.Bool,
}

func parseSafetensors(file string, data []byte) (*safetensors, error) {
	if len(data) < 8 {
		return nil, badf(file, "truncated: %d bytes are too few for a safetensors file", len(data))
	}
	n := little.Uint64(data)
	switch have := uint64(len(data) - 8); {
	case n > longestHeader:
		return nil, badf(file, "damaged: its header claims %d bytes, the format allows %d", n, longestHeader)
	case n > have:
		return nil, badf(file, "truncated in its header, which has %d bytes of %d", have, n)
	}
	header := data[8 : 8+n]
	if !utf8.Valid(header) {
		return nil, badf(file, "damaged: its header is not UTF-8")
	}
	s, err := parseHeader(file, header, int64(8+n))
	if err != nil {
		return nil, err
	}
	if err := place(file, data, s.tensors); err != nil {
		return nil, err
	}
	return s, nil
}

// parseHeader reads the JSON as a stream, so that a name that comes twice is
// seen. start is where the data begin in the file.
func parseHeader(file string, header []byte, start int64) (*safetensors, error) {
	damaged := func(err error) error {
		return badf(file, "damaged: its header is not the JSON it should be: %v", plain(err))
	}
	dec := json.NewDecoder(bytes.NewReader(header))
	if token, err := dec.Token(); err != nil {
		return nil, damaged(err)
	} else if token != json.Delim('{') {
		return nil, badf(file, "damaged: its header is JSON, but no object")
	}
	s := &safetensors{}
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, damaged(err)
		}
		name := key.(string) // the decoder allows no other key
		if seen[name] {
			return nil, badf(file, "damaged: tensor %s is in the header twice", printable(name))
		}
		seen[name] = true
		if name == "__metadata__" {
			var about map[string]string
			if err := dec.Decode(&about); err != nil {
				return nil, damaged(err)
			}
			s.byMLX = about["format"] == "mlx"
			continue
		}
		var e headerEntry
		if err := dec.Decode(&e); err != nil {
			return nil, badf(file, "damaged: header of tensor %s: %v", printable(name), plain(err))
		}
		t, err := e.tensor(file, name, start)
		if err != nil {
			return nil, err
		}
		s.tensors = append(s.tensors, t)
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return nil, damaged(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, badf(file, "damaged: something follows the JSON in its header")
	}
	return s, nil
}

// A headerEntry is what the header says of one tensor.
type headerEntry struct {
	DType   string   `json:"dtype"`
	Shape   []uint64 `json:"shape"`
	Offsets []int64  `json:"data_offsets"`
}

func (e *headerEntry) tensor(file, name string, start int64) (*tensor.Tensor, error) {
	if e.DType == "" {
		return nil, badf(file, "tensor %s: its header has no dtype", printable(name))
	}
	if e.Shape == nil {
		return nil, badf(file, "tensor %s: its header has no shape", printable(name))
	}
	d, known := safetensorsTypes[e.DType]
	how := plainly(d)
	if !known {
		how = encoding{unsupported: printable(e.DType)}
	}
	t, err := shaped(file, name, how, e.Shape)
	if err != nil {
		return nil, err
	}
	if len(e.Offsets) != 2 || e.Offsets[0] < 0 || e.Offsets[1] < e.Offsets[0] {
		return nil, badf(file, "tensor %s: data_offsets %d are no range", printable(name), e.Offsets)
	}
	begin, end := e.Offsets[0], e.Offsets[1]
	if !known { // how much it takes, only the offsets say
		t.Source.Length = min(max(end-begin, 1), 8*mostValues)
	}
	if have, want := end-begin, t.Source.Length; have != want {
		return nil, badf(file, "tensor %s: %s %d takes %d bytes, data_offsets give it %d", printable(name), t.Type(), e.Shape, want, have)
	}
	if begin > mostValues*8 {
		return nil, badf(file, "tensor %s: begins at byte %d, which is absurdly far", printable(name), begin)
	}
	t.Source.Offset = start + begin
	return t, nil
}

// openSafetensors opens a mapped safetensors file; if an index beside it names
// it as a shard, the whole set.
func (c *Checkpoint) openSafetensors(path string, data []byte) error {
	folder := filepath.Dir(path)
	index, err := readIndex(filepath.Join(folder, indexName))
	if err != nil {
		return err
	}
	if index != nil && index.names(filepath.Base(path)) {
		return c.openShards(folder, index)
	}
	s, err := parseSafetensors(path, data)
	if err != nil {
		return err
	}
	c.files = []string{path}
	if err := c.add(s.tensors); err != nil {
		return err
	}
	return c.finish(folder, s.byMLX)
}

// finish reads config.json and joins weights with their scales, once all tensors
// are in.
func (c *Checkpoint) finish(folder string, byMLX bool) error {
	c.folder, c.format = folder, Safetensors
	if byMLX {
		c.format = MLX
	}
	path := filepath.Join(folder, "config.json")
	config, err := readWhole(path, 16<<20)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return joined(c.path, c.attachScales())
	case err != nil:
		return err
	}
	c.config = config
	q, err := parseQuantization(path, config)
	if err != nil {
		return err
	}
	var errs []error
	if q != nil {
		c.format = MLX
		errs = c.joinPacked(q)
	}
	return joined(c.path, append(errs, c.attachScales()...))
}
