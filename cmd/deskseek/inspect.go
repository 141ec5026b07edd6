package main

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek"
	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
)

// inspectFlags are those of `deskseek inspect`.
type inspectFlags struct {
	model    modelFlag
	json     bool
	tensors  bool
	metadata bool
}

func newInspect() *cobra.Command {
	var f inspectFlags
	c := &cobra.Command{
		Use:   "inspect",
		Short: "Show what a model's files hold, and what is missing",
		Long: `Show what a model's files hold: the shape of the network, how its weights are
stored and split, the MTP layer, tokenizer and chat template; and all that is
missing or has a wrong shape.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c) },
	}
	f.model.addPath(c)
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	c.Flags().BoolVar(&f.tensors, "tensors", false, "list all tensors with type, shape and size")
	c.Flags().BoolVar(&f.metadata, "metadata", false, "list all metadata of a GGUF file")
	return c
}

// A report is what inspect finds.
type report struct {
	Path      string           `json:"path"`
	Format    string           `json:"format"`
	Files     []string         `json:"files"`
	Bytes     int64            `json:"bytes"`
	Config    *deepseek.Config `json:"config,omitempty"`
	KVUp      string           `json:"kv_up,omitempty"`
	MTP       bool             `json:"mtp"`
	Tokenizer string           `json:"tokenizer"`
	Template  string           `json:"chat_template"`
	Types     []typeShare      `json:"types"`
	Tensors   []tensorInfo     `json:"tensors,omitempty"`
	Metadata  []keyValue       `json:"metadata,omitempty"`
	Unused    []string         `json:"unused,omitempty"`
	Problems  []string         `json:"problems,omitempty"`
}

type typeShare struct {
	Type    string `json:"type"`
	Tensors int    `json:"tensors"`
	Bytes   int64  `json:"bytes"`
}

type tensorInfo struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Shape []int  `json:"shape"`
	Bytes int64  `json:"bytes"`
	File  string `json:"file"`
}

type keyValue struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

func (f *inspectFlags) run(c *cobra.Command) error {
	if err := f.model.checkPath(c); err != nil {
		return err
	}
	ck, err := f.model.checkpoint()
	if err != nil {
		return err
	}
	defer ck.Close()
	r := f.report(ck)
	if f.json {
		err = printJSON(c.OutOrStdout(), r)
	} else {
		out := bufio.NewWriter(c.OutOrStdout())
		r.print(out)
		err = out.Flush()
	}
	if err == nil && len(r.Problems) > 0 {
		err = fmt.Errorf("%s can't be run: %d problems", ck.Path(), len(r.Problems))
	}
	return err
}

func (f *inspectFlags) report(ck *checkpoint.Checkpoint) *report {
	r := &report{Path: ck.Path(), Format: string(ck.Format()), Files: ck.Files(), Bytes: ck.Size()}
	shares := map[string]*typeShare{}
	for _, name := range ck.Names() {
		t := ck.Tensor(name)
		kind, n := t.Type(), t.Source.Length
		if shares[kind] == nil {
			shares[kind] = &typeShare{Type: kind}
		}
		shares[kind].Tensors++
		shares[kind].Bytes += n
		if f.tensors {
			r.Tensors = append(r.Tensors, tensorInfo{name, kind, t.Shape, n, filepath.Base(t.Source.File)})
		}
	}
	for _, s := range shares {
		r.Types = append(r.Types, *s)
	}
	slices.SortFunc(r.Types, func(a, b typeShare) int { return strings.Compare(a.Type, b.Type) })
	if f.metadata {
		m := ck.Metadata()
		for _, k := range m.Keys() {
			r.Metadata = append(r.Metadata, keyValue{k, shown(m.Value(k))})
		}
	}
	r.network(ck)
	r.text(ck)
	return r
}

// network says which network the tensors make.
func (r *report) network(ck *checkpoint.Checkpoint) {
	found := deepseek.Inspect(ck)
	r.Config, r.KVUp, r.MTP, r.Unused = found.Config, found.KVUp, found.MTP, found.Unused
	for _, err := range found.Problems {
		r.Problems = append(r.Problems, err.Error())
	}
}

// text says what there is of tokenizer and chat template.
func (r *report) text(ck *checkpoint.Checkpoint) {
	text := deskseek.LoadText(ck)
	switch {
	case text.Tokenizer != nil:
		r.Tokenizer = fmt.Sprintf("%d tokens", text.Tokenizer.Size())
	case text.TokenizerError != nil:
		r.Tokenizer = "can't be used: " + text.TokenizerError.Error()
	default:
		r.Tokenizer = "none"
	}
	switch {
	case text.Template != nil:
		r.Template = text.Template.Name()
	case text.TemplateError != nil:
		r.Template = "can't be used: " + text.TemplateError.Error()
	default:
		r.Template = "none"
	}
}

// shown writes a metadata value; of a long list its length.
func shown(v any) string {
	s := fmt.Sprint(v)
	if list, ok := v.([]string); ok {
		return fmt.Sprintf("%d strings", len(list))
	}
	if strings.HasPrefix(s, "[") && len(s) > 100 {
		return fmt.Sprintf("%d values", strings.Count(s, " ")+1)
	}
	if line, rest, cut := strings.Cut(s, "\n"); cut || len(line) > 200 {
		line = line[:min(len(line), 200)]
		return fmt.Sprintf("%s… (%d bytes)", line, len(line)+len(rest))
	}
	return s
}

func (r *report) print(w io.Writer) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-14s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("model", "%s", r.Path)
	line("format", "%s, %s, %s of weights", r.Format, filesOf(len(r.Files)), bytesOf(r.Bytes))
	if c := r.Config; c != nil {
		r.printConfig(line, c)
	}
	line("tokenizer", "%s", r.Tokenizer)
	line("chat template", "%s", r.Template)
	for _, t := range r.Types {
		line("type "+t.Type, "%d tensors, %s", t.Tensors, bytesOf(t.Bytes))
	}
	for _, kv := range r.Metadata {
		line("key", "%s = %s", kv.Key, kv.Value)
	}
	for _, t := range r.Tensors {
		line("tensor", "%s %s %v %s", t.Name, t.Type, t.Shape, bytesOf(t.Bytes))
	}
	for _, u := range r.Unused {
		line("unused", "%s", u)
	}
	for _, p := range r.Problems {
		line("problem", "%s", p)
	}
}

func filesOf(n int) string {
	if n == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", n)
}

func (r *report) printConfig(line func(name, format string, args ...any), c *deepseek.Config) {
	line("network", "%d layers (%d dense), dim %d, vocabulary %d, context %d", c.Layers, c.DenseLayers, c.Dim, c.Vocabulary, c.Context)
	q := fmt.Sprintf("q_lora %d", c.QRank)
	if c.QRank == 0 {
		q = "no q_lora"
	}
	line("attention", "MLA, %d heads, %s, kv_lora %d, nope %d, rope %d, v %d; kv_b: %s", c.Heads, q, c.KVRank, c.Nope, c.Rope, c.V, r.KVUp)
	line("experts", "%d of %d in %d of %d groups, %d shared, width %d, scale %g", c.TopK, c.Experts, c.KeptGroups, c.Groups, c.SharedExperts, c.ExpertHidden, c.RoutedScale)
	if y := c.YaRN; y != nil {
		line("rope", "theta %g, YaRN factor %g from %d, mscale_all_dim %g", c.RopeTheta, y.Factor, y.Original, y.MscaleAllDim)
	} else {
		line("rope", "theta %g", c.RopeTheta)
	}
	if r.MTP {
		line("MTP layer", "yes")
	} else {
		line("MTP layer", "no")
	}
}
