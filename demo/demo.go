// Package demo is the built-in model: a small real network of the DeepSeek-V3
// architecture, with its MTP layer, that tells children's stories. Every command
// uses it where no other model is named. docs/demo-model.md is its card.
package demo

import (
	_ "embed"

	"github.com/deskseek/deskseek/checkpoint"
)

// Name is what the model is called in messages.
const Name = "stories-10m (built in)"

// weights is the model as a GGUF file, in Q8_0, as deskseek quantize
// writes it.
//
//go:embed stories-10m.gguf
var weights []byte

// Open returns the model's checkpoint.
func Open() (*checkpoint.Checkpoint, error) { return checkpoint.OpenBytes(Name, weights) }
