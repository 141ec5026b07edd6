package checkpoint

import (
	"path/filepath"

	"github.com/deskseek/deskseek/tensor"
)

// attachScales gives every F8_E4M3 tensor its scales. DeepSeek-V3's release
// stores them beside the weight, perhaps in another shard:
//
//	X            F8_E4M3       [N, K]
//	X_scale_inv  F32 or BF16   [ceil(N/128), ceil(K/128)]   (it multiplies)
//
// It returns every tensor's error.
func (c *Checkpoint) attachScales() (errs []error) {
	for _, name := range c.names {
		t := c.tensors[name]
		if t.DType != tensor.F8E4M3 {
			continue
		}
		scale := c.tensors[name+"_scale_inv"]
		if err := checkScales(t, scale); err != nil {
			errs = append(errs, err)
			continue
		}
		t.Scale = scale
	}
	return errs
}

// checkScales: scale, nil if there is none, has the scales of t.
func checkScales(t, scale *tensor.Tensor) error {
	file, name := t.Source.File, printable(t.Name)
	switch {
	case len(t.Shape) != 2:
		return badf(file, "tensor %s: F8_E4M3 of shape %d, want a matrix", name, t.Shape)
	case scale == nil:
		return badf(file, "tensor %s is F8_E4M3, but its scales %s are missing", name, printable(t.Name+"_scale_inv"))
	case scale.DType != tensor.F32 && scale.DType != tensor.BF16:
		return badf(scale.Source.File, "tensor %s: scales in %s, want F32 or BF16", printable(scale.Name), scale.Type())
	}
	const side = tensor.F8Block
	rows, cols := (t.Rows+side-1)/side, (t.Cols+side-1)/side
	if len(scale.Shape) != 2 || scale.Rows != rows || scale.Cols != cols {
		return badf(scale.Source.File, "tensor %s: shape %d, want [%d %d]: one scale for each 128×128 block of %s %d in %s",
			printable(scale.Name), scale.Shape, rows, cols, name, t.Shape, filepath.Base(file))
	}
	return nil
}
