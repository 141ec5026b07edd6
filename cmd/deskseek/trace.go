package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/internal/npy"
	"github.com/deskseek/deskseek/nn"
	"github.com/deskseek/deskseek/token"
)

// traceFlags are those of `deskseek trace`.
type traceFlags struct {
	model modelFlag
	ids   string
	what  []string
	out   string
}

// traceable are the values of --what.
var traceable = []string{"logits", "hidden", "experts", "mtp"}

func newTrace() *cobra.Command {
	var f traceFlags
	c := &cobra.Command{
		Use:   "trace --ids 1,2,3 --out DIR",
		Short: "Write what the network computes, as .npy files",
		Long: `Compute a prompt in exact math and write what the network computes on it, as
NumPy files (.npy 1.0, C order, <f4 and <i4), to check a conversion or another
engine. For n tokens:

  logits          logits.npy [n, vocabulary]
  hidden          hidden.npy [layers+1, n, dim]: the embedding, then the residual
                  stream after each layer, without the MTP layer
  experts         experts.npy [moe layers, n, k] and expert_weights.npy likewise
  mtp             mtp_logits.npy [n-1, vocabulary]: row i, from the hidden state of
                  token i and token i+1, predicts token i+2`,
		Example: `  deskseek trace --ids 0,5,9 --out /tmp/trace
  deskseek trace -m model.gguf --ids 0,5,9 --what logits,mtp --out trace`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c) },
	}
	f.model.addPath(c)
	c.Flags().StringVar(&f.model.math, "math", string(deepseek.Exact), "how to compute; a trace is of exact math")
	f.model.addThreads(c)
	c.Flags().StringVar(&f.ids, "ids", "", "token ids of the prompt, used as they are")
	c.Flags().StringSliceVar(&f.what, "what", nil, "what to write: "+strings.Join(traceable, ", ")+" (default everything there is)")
	c.Flags().StringVar(&f.out, "out", "", "folder to write to; it is made where it is not there")
	return c
}

func (f *traceFlags) run(c *cobra.Command) error {
	for _, w := range f.what {
		if !slices.Contains(traceable, w) {
			return usagef("--what: %q is not known; want %s", w, strings.Join(traceable, ", "))
		}
	}
	if f.ids == "" || f.out == "" {
		return usagef("--ids and --out are needed; see deskseek trace --help")
	}
	ids, err := parseIDs(f.ids)
	if err != nil {
		return err
	}
	if err := f.model.check(c); err != nil {
		return err
	}
	if f.model.math != string(deepseek.Exact) {
		return usagef("a trace is of exact math; --math %s does not go with it", f.model.math)
	}
	ck, err := f.model.loaded(c)
	if err != nil {
		return err
	}
	defer ck.Close()
	m, err := deepseek.Load(ck, deepseek.Options{Workers: f.model.threads})
	if err != nil {
		return err
	}
	defer m.Close()
	t := &tracer{model: m, ids: ids, what: f.what, out: f.out}
	if err := t.check(ck.Path()); err != nil {
		return err
	}
	if err := os.MkdirAll(f.out, 0o777); err != nil {
		return err
	}
	return t.run(c)
}

// A tracer computes one prompt and keeps what is asked for.
type tracer struct {
	model   *deepseek.Model
	ids     []token.ID
	what    []string
	out     string
	hidden  []float32
	experts []int32
	weights []float32
}

// wants returns whether something is to be written.
func (t *tracer) wants(what string) bool {
	if len(t.what) == 0 {
		return what != "mtp" || t.model.MTP() != nil && len(t.ids) > 1
	}
	return slices.Contains(t.what, what)
}

// check says what can't be traced, before anything is computed.
func (t *tracer) check(path string) error {
	for _, id := range t.ids {
		if id < 0 || int(id) >= t.model.Vocabulary() {
			return fmt.Errorf("the prompt has token %d, and the vocabulary 0 to %d", id, t.model.Vocabulary()-1)
		}
	}
	switch limit := t.model.Config.Context; {
	case len(t.ids) > limit:
		return fmt.Errorf("the prompt has %d tokens, which exceed the context of %d", len(t.ids), limit)
	case t.wants("mtp") && t.model.MTP() == nil:
		return fmt.Errorf("%s has no MTP layer; --what mtp can't be traced", path)
	case t.wants("mtp") && len(t.ids) < 2:
		return fmt.Errorf("--what mtp needs at least 2 tokens, of which each but the first has a draft; %d given", len(t.ids))
	}
	return nil
}

func (t *tracer) run(c *cobra.Command) error {
	n, config := len(t.ids), &t.model.Config
	run := deepseek.Run{Tokens: t.ids, Logits: n}
	if n >= config.ExpandFrom() {
		run.Form = deepseek.Expanded
	}
	need := (n + deepseek.PageSize - 1) / deepseek.PageSize
	if err := t.model.Reserve(need); err != nil {
		return err
	}
	for p := range need {
		run.Pages = append(run.Pages, deepseek.PageID(p))
	}
	o, err := t.model.Forward(c.Context(), &deepseek.Batch{Runs: []deepseek.Run{run}, Observe: t.observe})
	if err != nil {
		return err
	}
	defer o.Release()
	moe := config.Layers - config.DenseLayers
	if t.wants("logits") {
		if err := t.write("logits", []int{n, config.Vocabulary}, logitsOf(o, n)); err != nil {
			return err
		}
	}
	if t.wants("hidden") {
		if err := t.write("hidden", []int{config.Layers + 1, n, config.Dim}, t.hidden); err != nil {
			return err
		}
	}
	if t.wants("experts") {
		if err := npy.WriteFile(filepath.Join(t.out, "experts.npy"), []int{moe, n, config.TopK}, t.experts); err != nil {
			return err
		}
		if err := t.write("expert_weights", []int{moe, n, config.TopK}, t.weights); err != nil {
			return err
		}
	}
	if !t.wants("mtp") {
		return nil
	}
	run.Tokens, run.Position, run.Logits = t.ids[1:], 1, n-1
	run.Hidden = []nn.Mat{o.Hidden(0).Slice(0, n-1)}
	d, err := t.model.MTP().Forward(c.Context(), &deepseek.Batch{Runs: []deepseek.Run{run}})
	if err != nil {
		return err
	}
	defer d.Release()
	return t.write("mtp_logits", []int{n - 1, config.Vocabulary}, logitsOf(d, n-1))
}

// observe keeps the residual stream and the routes.
func (t *tracer) observe(s deepseek.Stage) {
	switch {
	case (s.Name == "embedding" || s.Name == "h") && t.wants("hidden"):
		t.hidden = append(t.hidden, s.Values.Host(nil)...)
	case s.Name == "routes" && t.wants("experts"):
		experts, weights := s.Routes.Host()
		t.experts, t.weights = append(t.experts, experts...), append(t.weights, weights...)
	}
}

// logitsOf returns the logits of the n tokens of the only run.
func logitsOf(o *deepseek.Output, n int) []float32 {
	var all, row []float32
	for i := range n {
		row = o.Logits(0, i, row)
		all = append(all, row...)
	}
	return all
}

func (t *tracer) write(name string, shape []int, values []float32) error {
	return npy.WriteFile(filepath.Join(t.out, name+".npy"), shape, values)
}
