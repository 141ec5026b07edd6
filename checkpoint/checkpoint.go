// Package checkpoint opens the files that networks are stored in: safetensors
// (one file, or shards with an index), MLX's quantized safetensors, and GGUF
// (one file, or split). It maps them into memory, checks every length before it
// is believed, and gives each stored weight as a tensor.Tensor. It writes GGUF.
//
// It knows the syntax of these containers. It does not know what a tensor's name
// means, which tensors a model needs, or what the metadata say of it.
package checkpoint

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/deskseek/deskseek/tensor"
)

// A Format is the kind of container a checkpoint is.
type Format string

// The kinds that are read.
const (
	Safetensors Format = "safetensors"
	MLX         Format = "mlx" // safetensors whose weights MLX may have packed
	GGUF        Format = "gguf"
)

// A Checkpoint is an opened set of files: tensors by name, and what the files
// say beside them.
//
// The tensors' bytes are windows of read-only, shared mappings of the files,
// which must not shrink meanwhile, unless Copy reads them; Close ends them, and no
// tensor may be used after it. A Checkpoint does not change once opened, and any
// number of goroutines may read it.
type Checkpoint struct {
	format   Format
	path     string
	folder   string // where companions lie; "" where there are none
	config   []byte
	metadata Metadata
	tensors  map[string]*tensor.Tensor
	names    []string
	size     int64
	files    []string
	mappings []Mapping
	release  []func() error // by mapping
}

// A Mapping is one file in memory, whole, from a page's start: mapped, or after
// Copy read. Tensor.Source says where in it a tensor lies.
type Mapping struct {
	File string
	Data []byte
}

// Open opens the checkpoint at path: a file, any one file of a set, or the
// folder that holds it. What a file is, its content decides, not its name. Errors
// about the content wrap ErrFormat, and name the file.
func Open(path string) (*Checkpoint, error) {
	c := &Checkpoint{path: path}
	if err := c.open(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Checkpoint) open() error {
	info, err := os.Stat(c.path)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return c.openFolder(c.path)
	}
	return c.openFile(c.path)
}

// openFile opens the set of files that the one at path belongs to.
func (c *Checkpoint) openFile(path string) error {
	path = filepath.Clean(path)
	data, err := c.mapped(path)
	if err != nil {
		return err
	}
	format, err := recognise(path, data)
	if err != nil {
		return err
	}
	if format == GGUF {
		return c.openGGUF(path, data)
	}
	return c.openSafetensors(path, data)
}

// OpenBytes opens one GGUF or safetensors file that is in memory already, such
// as an embedded one. Nothing is copied: the tensors are windows of data, which
// must not change. name stands for it in errors, in Path and in Files.
func OpenBytes(name string, data []byte) (*Checkpoint, error) {
	format, err := recognise(name, data)
	if err != nil {
		return nil, err
	}
	c := &Checkpoint{path: name, format: format, files: []string{name}}
	var tensors []*tensor.Tensor
	if format == GGUF {
		g, err := parseGGUF(name, data)
		if err != nil {
			return nil, err
		}
		if count, err := g.splitCount(); err != nil {
			return nil, err
		} else if count > 1 {
			return nil, badf(name, "one of %d files of a split GGUF, but there is only this one in memory", count)
		}
		c.metadata, tensors = g.metadata, g.tensors
	} else {
		s, err := parseSafetensors(name, data)
		if err != nil {
			return nil, err
		}
		tensors = s.tensors
	}
	if err := c.add(tensors); err != nil {
		return nil, err
	}
	if err := joined(name, c.attachScales()); err != nil {
		return nil, err
	}
	return c, nil
}

// add takes tensors in, and refuses names that are taken.
func (c *Checkpoint) add(tensors []*tensor.Tensor) error {
	if c.tensors == nil {
		c.tensors = make(map[string]*tensor.Tensor, len(tensors))
	}
	for _, t := range tensors {
		if other := c.tensors[t.Name]; other != nil {
			return badf(t.Source.File, "tensor %s is stored in %s too", printable(t.Name), filepath.Base(other.Source.File))
		}
		c.tensors[t.Name] = t
		c.names = append(c.names, t.Name)
		c.size += t.Source.Length
	}
	return nil
}

// Format returns the kind of container.
func (c *Checkpoint) Format() Format { return c.format }

// Path returns what Open was given, or OpenBytes' name.
func (c *Checkpoint) Path() string { return c.path }

// Config returns config.json as it lies beside safetensors or MLX files; nil
// where there is none, and for GGUF.
func (c *Checkpoint) Config() []byte { return c.config }

// Metadata returns the keys and values of a GGUF, in file order; of a split one
// those of its first file. nil for the other formats.
func (c *Checkpoint) Metadata() Metadata { return c.metadata }

// Tensor returns the tensor of that name, or nil. One whose encoding is not read
// is there, too: it has no Data, and Unsupported names the encoding.
//
// A F8_E4M3 tensor X has its Scale from X_scale_inv, which is a tensor of its
// own as well. An MLX-packed X.weight has Scale and Bias from X.scales and
// X.biases, which are not.
func (c *Checkpoint) Tensor(name string) *tensor.Tensor { return c.tensors[name] }

// Names returns the tensors' names in file order: file by file, as the data lie
// in them. The caller must not change the slice.
func (c *Checkpoint) Names() []string { return c.names }

// Size returns the bytes of all tensors, scales and biases included.
func (c *Checkpoint) Size() int64 { return c.size }

// Files returns the files that hold tensors, in order.
func (c *Checkpoint) Files() []string { return c.files }

// Mappings returns the files as they lie in memory, each from the start of a
// page, in no particular order. A checkpoint from OpenBytes has none.
func (c *Checkpoint) Mappings() []Mapping { return c.mappings }

// Companion reads a file that lies beside safetensors or MLX files, such as
// tokenizer.json. The error is fs.ErrNotExist where there is none, and for GGUF
// and OpenBytes, which bring all they have in one file.
func (c *Checkpoint) Companion(name string) ([]byte, error) {
	if c.folder == "" || !isBase(name) {
		return nil, fmt.Errorf("%s beside %s: %w", name, c.path, fs.ErrNotExist)
	}
	return readWhole(filepath.Join(c.folder, name), mostCompanion)
}

// Close unmaps the files, and frees what Copy has read.
func (c *Checkpoint) Close() error {
	var first error
	for i, m := range c.mappings {
		if err := c.release[i](); err != nil && first == nil {
			first = fmt.Errorf("%s: %w", m.File, err)
		}
	}
	c.mappings, c.release = nil, nil
	return first
}
