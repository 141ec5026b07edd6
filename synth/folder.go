package synth

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/tensor"
)

// shardBytes is the most bytes of tensors of one safetensors file, as the Hub's
// own tools cut them.
const shardBytes = 5_000_000_000

// writeFolder writes a Hugging Face or MLX folder.
func (p *Plan) writeFolder(w *writer, folder string) error {
	files, err := p.companions()
	if err != nil {
		return err
	}
	shards := p.shards()
	where := map[string]string{}
	for i, s := range shards {
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(shards))
		for _, x := range s {
			where[x.name] = name
		}
		if err := w.file(filepath.Join(folder, name), func(w *writer) error { return p.writeShard(w, s) }); err != nil {
			return err
		}
	}
	index := map[string]any{"metadata": map[string]any{"total_size": p.Bytes()}, "weight_map": where}
	if files["model.safetensors.index.json"], err = indented(index); err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// companions returns the files beside the weights.
func (p *Plan) companions() (map[string][]byte, error) {
	var extra map[string]any
	switch p.options.Format {
	case FP8:
		extra = map[string]any{"quantization_config": map[string]any{
			"activation_scheme": "dynamic", "fmt": "e4m3", "quant_method": "fp8", "weight_block_size": []int{tensor.F8Block, tensor.F8Block},
		}}
	case MLX4:
		q := map[string]any{"group_size": mlxGroup, "bits": 4, "mode": "affine"}
		extra = map[string]any{"quantization": q, "quantization_config": q}
	}
	c := &p.shape.Config
	v := newVocabulary(c.Vocabulary)
	config, err := c.JSON(p.options.MTP, extra)
	if err != nil {
		return nil, err
	}
	tokenizer, err := v.tokenizerJSON()
	if err != nil {
		return nil, err
	}
	tokenizerConfig, err := v.tokenizerConfig(c.Context, p.options.ChatTemplate)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"config.json": config, "tokenizer.json": tokenizer, "tokenizer_config.json": tokenizerConfig}, nil
}

// shards cuts the parts into files.
func (p *Plan) shards() (all [][]part) {
	var size int64
	for i, x := range p.parts {
		if i == 0 || size+x.bytes > shardBytes {
			all, size = append(all, nil), 0
		}
		all[len(all)-1] = append(all[len(all)-1], x)
		size += x.bytes
	}
	return all
}

// writeShard writes one safetensors file.
func (p *Plan) writeShard(w *writer, parts []part) error {
	framework := "pt"
	if p.options.Format == MLX4 {
		framework = "mlx"
	}
	tensors := make([]checkpoint.OutTensor, len(parts))
	for i, x := range parts {
		tensors[i] = checkpoint.OutTensor{Name: x.name, DType: x.dtype, Shape: x.shape, Data: x.data}
	}
	l, err := checkpoint.LaySafetensors(framework, tensors)
	if err != nil {
		return err
	}
	if _, err := w.Write(l.Header); err != nil {
		return err
	}
	for _, x := range parts {
		if _, err := x.data.WriteTo(w); err != nil {
			return fmt.Errorf("tensor %s: %w", x.name, err)
		}
	}
	return nil
}
