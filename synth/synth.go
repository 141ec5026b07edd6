// Package synth writes random checkpoints of true shape: files that have the
// tensors, names, encodings and sizes of a real network, and weights that keep
// all values finite, but say nothing. They are for measuring, and for comparing
// engines on the same file.
//
// It knows how big networks are, how formats encode their weights, and how to
// fill blocks with bits that a quantizer could have written. What the weights
// are called it asks package deepseek. It computes nothing with them.
package synth

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/internal/memory"
	"github.com/deskseek/deskseek/tensor"
)

// A Format is how a checkpoint is stored.
type Format string

// The formats.
const (
	GGUF Format = "gguf" // one file, as llama.cpp and ik_llama.cpp load it
	FP8  Format = "fp8"  // Hugging Face folder, F8_E4M3 with 128×128 scales
	BF16 Format = "bf16" // Hugging Face folder
	MLX4 Format = "mlx4" // MLX folder, affine, 4 bits, groups of 64
)

// Formats returns the formats, as their names are given.
func Formats() []Format { return []Format{GGUF, FP8, BF16, MLX4} }

// Options are the choices of NewPlan. The zero value is good.
type Options struct {
	// Format is how the checkpoint is stored. Default GGUF.
	Format Format
	// Type is the encoding of all matrices in GGUF but the routers', which
	// are F32. Where rows are no whole number of blocks, the type llama.cpp
	// falls back to. Default Q4_K, with Q6_K for the head and for the down
	// matrix of dense layers.
	Type tensor.DType
	// MTP adds the MTP layer. Default none.
	MTP bool
	// Seed decides all bits. The same seed gives the same bytes.
	Seed uint64
	// ChatTemplate is the Jinja text to go with the tokenizer. Default none.
	ChatTemplate string
}

func (o Options) withDefaults() Options {
	if o.Format == "" {
		o.Format = GGUF
	}
	return o
}

func (o Options) validate() error {
	switch o.Format {
	case GGUF:
		if _, ok := checkpoint.FileType(o.Type); !ok && o.Type != tensor.Invalid {
			return fmt.Errorf("type %v can't be synthesized, want one of %v", o.Type, Types())
		}
	case FP8, BF16, MLX4:
		if o.Type != tensor.Invalid {
			return fmt.Errorf("format %s has encodings of its own; a type (%v) goes with %s", o.Format, o.Type, GGUF)
		}
	default:
		return fmt.Errorf("format %q is not known, want one of %v", o.Format, Formats())
	}
	return nil
}

// A Plan is a checkpoint that is to be written: all of it but the bytes.
type Plan struct {
	shape   Shape
	options Options
	values  *values
	parts   []part // in file order
}

// A part is a stored tensor and what fills it.
type part struct {
	name  string
	dtype tensor.DType
	shape []int // as stored, outermost first
	bytes int64
	data  content
}

// NewPlan lists the tensors of a network of shape s.
func NewPlan(s Shape, o Options) (*Plan, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	if s.Config.Vocabulary < leastVocabulary {
		return nil, fmt.Errorf("shape %s has a vocabulary of %d, want at least %d", s.Name, s.Config.Vocabulary, leastVocabulary)
	}
	p := &Plan{shape: s, options: o, values: newValues()}
	for _, w := range deepseek.Weights(o.Format.container(), &s.Config, o.MTP) {
		if err := p.add(w); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Bytes returns the bytes of all tensors: what the files have beside their
// headers.
func (p *Plan) Bytes() (n int64) {
	for _, x := range p.parts {
		n += x.bytes
	}
	return n
}

// Stored returns how many of these bytes take space on a disk whose files may
// have holes.
func (p *Plan) Stored() (n int64) {
	for _, x := range p.parts {
		if _, isHole := x.data.(hole); !isHole {
			n += x.bytes
		}
	}
	return n
}

// Write writes the checkpoint: a file for GGUF, a folder for the other formats.
// out must not exist; it is removed again after an error. progress, where it is
// not nil, is told now and then how many of Bytes are done. Nothing bigger than a
// chunk of a tensor is held in memory.
func (p *Plan) Write(ctx context.Context, out string, progress func(done int64)) error {
	if _, err := os.Lstat(out); err == nil {
		return fmt.Errorf("%s exists already; it is not overwritten", out)
	}
	if progress == nil {
		progress = func(int64) {}
	}
	w := &writer{ctx: ctx, progress: progress}
	if p.options.Format == GGUF {
		return w.file(out, p.writeGGUF)
	}
	if err := os.Mkdir(out, 0o755); err != nil {
		return err
	}
	if err := p.writeFolder(w, out); err != nil {
		return errors.Join(err, os.RemoveAll(out))
	}
	return nil
}

// A writer makes files one after the other, and counts.
type writer struct {
	ctx      context.Context
	progress func(done int64)
	f        *os.File
	offset   int64 // in f
	before   int64 // bytes of the files before f
}

// file makes one file of what write writes. It is removed after an error.
func (w *writer) file(path string, write func(*writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	w.f, w.offset = f, 0
	err = write(w)
	if err == nil {
		err = f.Truncate(w.offset) // a hole at the end takes no write
	}
	if err == nil {
		err = memory.Written(f)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", filepath.Base(path), err), os.Remove(path))
	}
	w.before += w.offset
	return nil
}

// Write writes to the present file.
func (w *writer) Write(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, context.Cause(w.ctx)
	}
	n, err := w.f.Write(b)
	w.offset += int64(n)
	w.progress(w.before + w.offset)
	return n, err
}

// skip leaves n bytes of the present file unwritten.
func (w *writer) skip(n int64) error {
	if _, err := w.f.Seek(n, 1); err != nil {
		return err
	}
	w.offset += n
	return nil
}
