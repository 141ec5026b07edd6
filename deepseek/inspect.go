package deepseek

import (
	"errors"
	"fmt"

	"github.com/deskseek/deskseek/checkpoint"
)

// A Report says what a checkpoint holds of a network.
type Report struct {
	Config   *Config  // nil where the configuration can't be read
	KVUp     string   // how W^UK and W^UV are stored
	MTP      bool     // whether the MTP layer is there
	Unused   []string // tensors that are no part of the network
	Problems []error  // what keeps it from being run
}

// Inspect binds a checkpoint without keeping the network, and says what is
// there, what is missing and what is left over.
func Inspect(ck *checkpoint.Checkpoint) Report {
	c, err := ParseConfig(ck)
	if err != nil {
		return Report{Problems: []error{err}}
	}
	r := Report{Config: &c}
	m, used, err := bindUsing(ck, c, Options{}.withDefaults(c.Layers))
	var be *BindError
	if errors.As(err, &be) {
		r.Problems = be.Errs
	}
	r.MTP = m.mtp != nil
	r.KVUp = kvUp(ck)
	for _, name := range ck.Names() {
		if !used[name] {
			r.Unused = append(r.Unused, name)
		}
	}
	return r
}

// kvUp names the layout of the first layer's kv_b.
func kvUp(ck *checkpoint.Checkpoint) string {
	prefix := fmt.Sprintf(layerNaming(ck).names().layer, 0)
	for _, l := range []struct{ name, layout string }{
		{"attn_k_b.weight", "attn_k_b and attn_v_b"},
		{"attn_kv_b.weight", "attn_kv_b"},
		{"self_attn.embed_q.weight", "embed_q and unembed_out"},
		{"self_attn.kv_b_proj.weight", "kv_b_proj"},
	} {
		if ck.Tensor(prefix+l.name) == nil {
			continue
		}
		if l.name == "attn_k_b.weight" && ck.Tensor(prefix+"attn_kv_b.weight") != nil {
			return "attn_k_b, attn_v_b and attn_kv_b"
		}
		return l.layout
	}
	return "not found"
}
