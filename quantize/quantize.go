// Package quantize writes checkpoints in fewer bits: from any that is read to GGUF
// or MLX, tensor by tensor, whatever the size of the model, in little memory; and to
// be gone on with after a kill.
//
// It knows encodings (Encode), which of them a preset gives to which part of the
// network, and how a file comes to be whole or not at all. What the parts of the
// network are called, stacked and split it asks package deepseek, how files are laid
// out package checkpoint. It computes nothing with the weights, and prints nothing.
package quantize

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/tensor"
)

// Options are the choices of NewPlan. The zero value is good.
type Options struct {
	// Format is what is written: checkpoint.GGUF or checkpoint.MLX. Default GGUF.
	Format checkpoint.Format
	// Preset names the types of the network's parts (see Presets). Default q4,
	// where there is no Type; MLX has none, but 4 bits.
	Preset string
	// Type is the one type of all matrices but the routers' instead of a preset's,
	// one of Types or, for MLX, one of MLXTypes.
	Type tensor.DType
	// Rules are exceptions by name.
	Rules []Rule
	// NoMTP leaves the MTP layer out. Default: it is kept where there is one.
	NoMTP bool
	// Split cuts a GGUF into several files. Default one file.
	Split checkpoint.SplitLimit
	// Threads is how many goroutines work. The bytes do not depend on it. Default
	// one a processor.
	Threads int
	// Imatrix says how much each column of a matrix matters; GGUF only. What it does
	// not know of has columns that are alike. NewPlan fits it to the network.
	// Default none.
	Imatrix *Imatrix
}

func (o Options) withDefaults() Options {
	if o.Format == "" {
		o.Format = checkpoint.GGUF
	}
	if o.Preset == "" && o.Type == tensor.Invalid {
		if o.Format == checkpoint.MLX {
			o.Type = tensor.MLX4
		} else {
			o.Preset = "q4"
		}
	}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	return o
}

// types are those that matrices of the format may have.
func (o *Options) types() []tensor.DType {
	if o.Format == checkpoint.MLX {
		return MLXTypes()
	}
	return Types()
}

func (o *Options) validate() error {
	types := o.types()
	switch {
	case o.Format != checkpoint.GGUF && o.Format != checkpoint.MLX:
		return fmt.Errorf("format %q can't be written, want gguf or mlx", o.Format)
	case o.Preset != "" && o.Type != tensor.Invalid:
		return fmt.Errorf("both preset %s and type %v, want one of them", o.Preset, o.Type)
	case o.Preset != "" && o.Format == checkpoint.MLX:
		return fmt.Errorf("preset %s is of GGUF's types; MLX has %s", o.Preset, list(types))
	case o.Preset != "" && findPreset(o.Preset) == nil:
		return fmt.Errorf("preset %q is not known, want one of %s", o.Preset, strings.Join(presetNames(), ", "))
	case o.Preset == "" && !slices.Contains(types, o.Type):
		return fmt.Errorf("type %v is not written in %s, want one of %s", o.Type, o.Format, list(types))
	case o.Threads < 1:
		return fmt.Errorf("%d threads, want 1 or more", o.Threads)
	case o.Split.Bytes < 0 || o.Split.Tensors < 0:
		return fmt.Errorf("a split after %d bytes or %d tensors, want numbers that are not negative", o.Split.Bytes, o.Split.Tensors)
	case o.Split != (checkpoint.SplitLimit{}) && o.Format == checkpoint.MLX:
		return fmt.Errorf("only GGUF is split on demand; MLX folders have shards of %d GB", shardBytes/1_000_000_000)
	}
	if o.Imatrix != nil && o.Format == checkpoint.MLX {
		return errors.New("an importance matrix is for GGUF; MLX's rule knows no importance")
	}
	for _, r := range o.Rules {
		if !slices.Contains(types, r.Type) {
			return fmt.Errorf("rule %s: type %v is not written in %s, want one of %s", r, r.Type, o.Format, list(types))
		}
	}
	return nil
}

func list(types []tensor.DType) string {
	var names []string
	for _, d := range types {
		names = append(names, d.String())
	}
	return strings.Join(names, " ")
}
