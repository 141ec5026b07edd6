package synth

import (
	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/tensor"
)

// writeGGUF writes the one file of a GGUF.
func (p *Plan) writeGGUF(w *writer) error {
	tensors := make([]checkpoint.OutTensor, len(p.parts))
	for i, x := range p.parts {
		tensors[i] = checkpoint.OutTensor{Name: x.name, DType: x.dtype, Shape: x.shape, Data: x.data}
	}
	return checkpoint.WriteGGUF(w, p.metadata(), tensors)
}

func (p *Plan) metadata() []checkpoint.KeyValue {
	t := p.options.Type
	if t == tensor.Invalid {
		t = tensor.Q4_K
	}
	fileType, _ := checkpoint.FileType(t)
	kv := append(p.shape.Config.GGUF(p.options.MTP),
		checkpoint.KeyValue{Key: "general.type", Value: "model"},
		checkpoint.KeyValue{Key: "general.name", Value: "random " + p.shape.Name},
		checkpoint.KeyValue{Key: "general.file_type", Value: fileType},
		checkpoint.KeyValue{Key: "general.quantization_version", Value: uint32(2)})
	v := newVocabulary(p.shape.Config.Vocabulary)
	kv = append(kv,
		checkpoint.KeyValue{Key: "tokenizer.ggml.model", Value: "gpt2"},
		checkpoint.KeyValue{Key: "tokenizer.ggml.pre", Value: "deepseek-v3"},
		checkpoint.KeyValue{Key: "tokenizer.ggml.tokens", Value: v.texts},
		checkpoint.KeyValue{Key: "tokenizer.ggml.token_type", Value: v.types()},
		checkpoint.KeyValue{Key: "tokenizer.ggml.merges", Value: merges},
		checkpoint.KeyValue{Key: "tokenizer.ggml.bos_token_id", Value: uint32(bos)},
		checkpoint.KeyValue{Key: "tokenizer.ggml.eos_token_id", Value: uint32(eos)},
		checkpoint.KeyValue{Key: "tokenizer.ggml.padding_token_id", Value: uint32(pad)},
		checkpoint.KeyValue{Key: "tokenizer.ggml.add_bos_token", Value: true},
		checkpoint.KeyValue{Key: "tokenizer.ggml.add_eos_token", Value: false})
	if p.options.ChatTemplate != "" {
		kv = append(kv, checkpoint.KeyValue{Key: "tokenizer.chat_template", Value: p.options.ChatTemplate})
	}
	return kv
}
