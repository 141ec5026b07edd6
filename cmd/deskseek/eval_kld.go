package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/measure"
	"github.com/deskseek/deskseek/token"
)

// kldFlags are those of `deskseek eval kld`.
type kldFlags struct {
	windowFlags
	save      string
	reference string
}

func newEvalKLD() *cobra.Command {
	var f kldFlags
	c := &cobra.Command{
		Use:   "kld {--save LOGITS -f TEXT | --reference LOGITS}",
		Short: "How far a model's guesses are from another's",
		Long: `Save what a model guesses of a text, and say how far another model, or other math,
is from it: Kullback-Leibler divergence in nats, with the standard error, how often both
find the same token likeliest, and the logarithm of the ratio of their perplexities.
Windows and tokens are those of eval ppl.

A file takes 2 bytes a token of the vocabulary and scored token: 66 MB a window of 512
for DeepSeek-V3. That of llama-perplexity --kl-divergence-base is a reference too. The
reference has its text's tokens; with -f beside it, the text is compared with them.`,
		Example: `  deskseek eval kld -m model-bf16 -f book.txt --math exact --save logits
  deskseek eval kld -m model-q4.gguf --reference logits --json`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c) },
	}
	f.add(c, "tokens of a window; a reference has its own")
	c.Flags().StringVar(&f.save, "save", "", "file to write the reference to; it must not exist")
	c.Flags().StringVar(&f.reference, "reference", "", "file of the reference to compare with")
	return c
}

func (f *kldFlags) run(c *cobra.Command) error {
	switch {
	case (f.save == "") == (f.reference == ""):
		return usagef("want one of --save and --reference")
	case f.reference != "" && c.Flags().Changed("ctx"):
		return usagef("-c goes with --save; a reference has its own windows")
	}
	if err := f.check(c, f.save != ""); err != nil {
		return err
	}
	if f.save != "" {
		if _, err := os.Lstat(f.save); err == nil {
			return fmt.Errorf("%s exists already", f.save)
		}
		return withModel(c, &f.model, f.file, false, func(_ *checkpoint.Checkpoint, m *deepseek.Model, text []token.ID) error {
			return f.write(c, m, text)
		})
	}
	return f.compare(c)
}

// write saves the reference: beside its name until it is complete.
func (f *kldFlags) write(c *cobra.Command, m *deepseek.Model, text []token.ID) (err error) {
	out, err := os.Create(f.save + ".partial")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			out.Close()
			os.Remove(out.Name())
		}
	}()
	p, err := saveTo(c.Context(), m, text, out, f.options(c))
	if err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	if err := os.Rename(out.Name(), f.save); err != nil {
		return err
	}
	return f.printPerplexity(c.OutOrStdout(), p)
}

func saveTo(ctx context.Context, m *deepseek.Model, text []token.ID, out io.Writer, o measure.PerplexityOptions) (measure.Perplexity, error) {
	b := bufio.NewWriterSize(out, 1<<20)
	p, err := measure.SaveReference(ctx, m, text, b, o)
	if err != nil {
		return p, err
	}
	return p, b.Flush()
}

func (f *kldFlags) compare(c *cobra.Command) error {
	in, err := os.Open(f.reference)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	r, err := measure.NewReference(in, info.Size())
	if err != nil {
		return fmt.Errorf("%s: %w", f.reference, err)
	}
	return withModel(c, &f.model, f.file, false, func(_ *checkpoint.Checkpoint, m *deepseek.Model, text []token.ID) error {
		if f.file != "" {
			if err := r.Check(m, text); err != nil {
				return fmt.Errorf("%s, %s: %w", f.reference, f.file, err)
			}
		}
		d, err := measure.Compare(c.Context(), m, r, measure.CompareOptions{Windows: f.chunks, Progress: kldProgress(c.ErrOrStderr())})
		if err != nil {
			return fmt.Errorf("%s: %w", f.reference, err)
		}
		return f.print(c.OutOrStdout(), d, r.Window)
	})
}

func (f *kldFlags) print(w io.Writer, d *measure.Divergence, window int) error {
	mean, meanError := d.Mean()
	same, sameError := d.SameTop()
	ratio, ratioError := d.LogRatio()
	q := d.Quantiles(0.5, 0.99, 1)
	value, e := d.Network.Value()
	base, baseError := d.Reference.Value()
	if f.json {
		return printJSON(w, struct {
			KLD                 float64 `json:"kld"`
			KLDError            float64 `json:"kld_error"`
			Median              float64 `json:"kld_median"`
			P99                 float64 `json:"kld_99"`
			Max                 float64 `json:"kld_max"`
			SameTop             float64 `json:"same_top"`
			SameTopError        float64 `json:"same_top_error"`
			LogRatio            float64 `json:"ln_ppl_ratio"`
			LogRatioError       float64 `json:"ln_ppl_ratio_error"`
			Perplexity          float64 `json:"perplexity"`
			ReferencePerplexity float64 `json:"reference_perplexity"`
			Tokens              int     `json:"tokens"`
			Windows             int     `json:"windows"`
			Window              int     `json:"window"`
			Math                string  `json:"math"`
		}{mean, meanError, q[0], q[1], q[2], same, sameError, ratio, ratioError, value, base, d.Tokens(), d.Network.Windows, window, f.model.math})
	}
	_, err := fmt.Fprintf(w, `divergence    %.6f ± %.6f nats (median %.6f, 99 %% %.6f, greatest %.6f)
same top      %.2f ± %.2f %%
ln ppl ratio  %.6f ± %.6f
perplexity    %.4f ± %.4f, the reference's %.4f ± %.4f (%d tokens in %d windows)
`, mean, meanError, q[0], q[1], q[2], 100*same, 100*sameError, ratio, ratioError, value, e, base, baseError, d.Tokens(), d.Network.Windows)
	return err
}

// kldProgress tells w once a second how far it is.
func kldProgress(w io.Writer) func(done, total int, d *measure.Divergence) {
	pace := newPace()
	return func(done, total int, d *measure.Divergence) {
		if passed, ok := pace.due(); ok {
			mean, e := d.Mean()
			fmt.Fprintf(w, "window %d of %d: divergence %.6f ± %.6f, %v left\n", done, total, mean, e, left(passed, int64(done), int64(total)))
		}
	}
}
