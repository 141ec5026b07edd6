package quantize

import (
	"strings"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/tensor"
)

// A Preset says which type each part of the network gets.
//
// Nearly all weights are those of routed experts, 97 % in DeepSeek-V3, so that they
// decide how big a file is; and each is used for one token of thirty, and its errors
// are weighed by the router. Everything else works on every token. So it is wider: that
// costs 1 to 2 % of the size. Down matrices of routed experts get a bit more in the
// small presets: what they get wrong goes into the residual stream as it is.
// W^UKᵀ has rows too short for superblocks, and all queries go through it: Q8_0.
// Embeddings are only looked up.
//
// Routers, norms and biases are F32 in all of them.
type Preset struct {
	Name       string
	Routed     tensor.DType // gate and up matrices of routed experts
	RoutedDown tensor.DType
	Others     tensor.DType // attention, shared experts, dense layers, output, MTP projection
	Embedding  tensor.DType
}

// Presets returns the presets, widest first.
func Presets() []Preset {
	return []Preset{
		{"q8", tensor.Q8_0, tensor.Q8_0, tensor.Q8_0, tensor.Q8_0},
		{"q6", tensor.Q6_K, tensor.Q6_K, tensor.Q8_0, tensor.Q6_K},
		{"q5", tensor.Q5_K, tensor.Q5_K, tensor.Q8_0, tensor.Q5_K},
		{"q4", tensor.Q4_K, tensor.Q4_K, tensor.Q6_K, tensor.Q4_K},
		{"q3", tensor.Q3_K, tensor.Q4_K, tensor.Q6_K, tensor.Q4_K},
		{"q2", tensor.Q2_K, tensor.Q3_K, tensor.Q6_K, tensor.Q4_K},
	}
}

func presetNames() (names []string) {
	for _, p := range Presets() {
		names = append(names, p.Name)
	}
	return names
}

// findPreset returns nil where there is none of that name.
func findPreset(name string) *Preset {
	for _, p := range Presets() {
		if p.Name == name {
			return &p
		}
	}
	return nil
}

// of returns the type of a matrix's role.
func (p *Preset) of(r deepseek.Role) tensor.DType {
	switch r {
	case deepseek.RoutedUp:
		return p.Routed
	case deepseek.RoutedDown:
		return p.RoutedDown
	case deepseek.Embedding:
		return p.Embedding
	case deepseek.UpKey:
		return tensor.Q8_0
	}
	return p.Others
}

// wanted returns the type that a tensor is to have, were its rows long enough, and
// whether a rule says so.
func (o *Options) wanted(w *deepseek.Weight) (d tensor.DType, ruled bool) {
	mlx := o.Format == checkpoint.MLX
	switch {
	case w.Inputs == 0 && mlx && w.Role != deepseek.RouterBias:
		return tensor.BF16, false
	case w.Inputs == 0:
		return tensor.F32, false
	}
	for i := range o.Rules {
		if o.Rules[i].matches(w.Name) {
			d, ruled = o.Rules[i].Type, true
		}
	}
	switch {
	case ruled:
		return d, true
	case w.Role == deepseek.RouterScore && mlx:
		return tensor.BF16, false
	case w.Role == deepseek.RouterScore:
		return tensor.F32, false
	case o.Preset != "":
		return findPreset(o.Preset).of(w.Role), false
	}
	return o.Type, false
}

// fit returns the type that rows of cols values get where d is wanted:
// checkpoint.Fallback's if they are no whole number of d's blocks, and a plain one
// if they are none of the other's. W^UKᵀ, through which all queries go, falls back to Q8_0.
func fit(d tensor.DType, r deepseek.Role, cols int) tensor.DType {
	whole := func(d tensor.DType) bool {
		values, _ := d.Block()
		if d == tensor.MLX4 || d == tensor.MLX8 {
			values = mlxGroup
		}
		return cols%values == 0
	}
	if whole(d) {
		return d
	}
	if d == tensor.MLX4 || d == tensor.MLX8 {
		return tensor.BF16
	}
	other, ok := checkpoint.Fallback(d)
	if ok && r == deepseek.UpKey {
		other = tensor.Q8_0
	}
	if !ok || !whole(other) {
		return tensor.F16
	}
	return other
}

// classOf names the part of the network that a tensor belongs to.
func classOf(w *deepseek.Weight, c *deepseek.Config) string {
	if w.Layer == c.Layers {
		return "MTP layer"
	}
	switch w.Role {
	case deepseek.RoutedUp:
		return "routed experts, gate and up"
	case deepseek.RoutedDown:
		return "routed experts, down"
	case deepseek.SharedUp, deepseek.SharedDown:
		return "shared experts"
	case deepseek.DenseUp, deepseek.DenseDown:
		return "dense layers"
	case deepseek.Embedding:
		return "embedding"
	case deepseek.Head:
		return "output"
	case deepseek.RouterScore, deepseek.RouterBias:
		return "routers"
	case deepseek.NormWeight:
		return "norms"
	}
	return "attention"
}

// pattern is a tensor's name with its layer left open.
func pattern(name string) string {
	parts := strings.Split(name, ".")
	for i, p := range parts {
		if p != "" && strings.Trim(p, "0123456789") == "" {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, ".")
}
