package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek/demo"
	"github.com/deskseek/deskseek/synth"
)

// synthesizeFlags are those of `deskseek bench --synthesize`.
type synthesizeFlags struct {
	shape  string
	format string
	kind   string
	mtp    bool
	seed   uint64
}

func (f *synthesizeFlags) add(c *cobra.Command) {
	var shapes, formats []string
	for _, s := range synth.Shapes() {
		shapes = append(shapes, s.Name)
	}
	for _, x := range synth.Formats() {
		formats = append(formats, string(x))
	}
	c.Flags().StringVar(&f.shape, "synthesize", "", "write a model of random weights to OUT, of the shape "+strings.Join(shapes, ", "))
	c.Flags().StringVar(&f.format, "format", string(synth.GGUF), "of --synthesize: "+strings.Join(formats, ", ")+"; all but gguf are folders")
	c.Flags().StringVar(&f.kind, "type", "", "of --synthesize, in GGUF: type of all matrices (default Q4_K, with Q6_K for the head and dense down matrices)")
	c.Flags().BoolVar(&f.mtp, "with-mtp", false, "of --synthesize: add the MTP layer")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "of --synthesize: the same seed gives the same bytes")
}

// run writes the model, after checking that there is room for it.
func (f *synthesizeFlags) run(c *cobra.Command, out string) error {
	shape, err := synth.Find(f.shape)
	if err != nil {
		return usagef("--synthesize: %w", err)
	}
	o := synth.Options{Format: synth.Format(f.format), MTP: f.mtp, Seed: f.seed}
	if f.kind != "" {
		if o.Type, err = synth.FindType(f.kind); err != nil {
			return usagef("--type: %w", err)
		}
	}
	if o.ChatTemplate, err = familyTemplate(); err != nil {
		return err
	}
	p, err := synth.NewPlan(shape, o)
	if err != nil {
		return usagef("%w", err)
	}
	if err := checkRoom(p, out); err != nil {
		return err
	}
	errs := c.ErrOrStderr()
	fmt.Fprintf(errs, "%s: %s of weights, %s on disk: %s\n", out, bytesOf(p.Bytes()), bytesOf(p.Stored()), shape.About)
	return p.Write(c.Context(), out, tenths(errs, p.Bytes()))
}

// tenths tells w of every tenth of the bytes.
func tenths(w io.Writer, total int64) func(done int64) {
	told := int64(0)
	return func(done int64) {
		if now := min(10*done/total, 10); now > told {
			told = now
			fmt.Fprintf(w, "%d %%\n", 10*now)
		}
	}
}

// familyTemplate returns the chat template of DeepSeek-V3, which the built-in
// model has too.
func familyTemplate() (string, error) {
	ck, err := demo.Open()
	if err != nil {
		return "", err
	}
	defer ck.Close()
	t, _, err := ck.Metadata().Str("tokenizer.chat_template")
	return t, err
}

// checkRoom says when the disk can't hold a model.
func checkRoom(p *synth.Plan, out string) error {
	need := p.Stored()
	if runtime.GOOS == "windows" {
		need = p.Bytes() // holes take space there
	}
	return checkDisk(out, need)
}
