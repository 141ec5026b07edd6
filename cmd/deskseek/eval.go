package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/measure"
	"github.com/deskseek/deskseek/token"
)

func newEval() *cobra.Command {
	c := &cobra.Command{
		Use:   "eval",
		Short: "Say how good a model's guesses are",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newEvalPPL(), newEvalKLD(), newEvalBits())
	return c
}

// windowFlags are those of commands that read a text in windows.
type windowFlags struct {
	model  modelFlag
	file   string
	window int
	chunks int
	json   bool
}

func (f *windowFlags) add(c *cobra.Command, window string) {
	f.model.add(c)
	c.Flags().StringVarP(&f.file, "file", "f", "", "the text, UTF-8; names of special tokens in it are plain text")
	c.Flags().IntVarP(&f.window, "ctx", "c", 512, window)
	c.Flags().IntVar(&f.chunks, "chunks", 0, "the most windows to read (default all)")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
}

// check says which flags make no sense; text is whether a text is needed.
func (f *windowFlags) check(c *cobra.Command, text bool) error {
	switch {
	case text && f.file == "":
		return usagef("-f is needed: the text to read")
	case f.window < 4:
		return usagef("-c is %d, want 4 or more", f.window)
	case f.chunks < 0:
		return usagef("--chunks is %d, want 0 (all) or more", f.chunks)
	}
	return f.model.check(c)
}

func (f *windowFlags) options(c *cobra.Command) measure.PerplexityOptions {
	return measure.PerplexityOptions{Window: f.window, Windows: f.chunks, Progress: pplProgress(c.ErrOrStderr())}
}

func newEvalPPL() *cobra.Command {
	var f windowFlags
	c := &cobra.Command{
		Use:   "ppl -f TEXT",
		Short: "Perplexity of a text",
		Long: `Read a text in windows of -c tokens, and say how well the model guesses the second
half of each: its perplexity, with the standard error. Windows, begin tokens and
what is scored are those of llama.cpp's llama-perplexity, so that figures compare.
Progress goes to standard error.`,
		Example: `  deskseek eval ppl -f book.txt
  deskseek eval ppl -m model.gguf -f book.txt --chunks 20 --math exact --json`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return f.perplexity(c) },
	}
	f.add(c, "tokens of a window")
	return c
}

func (f *windowFlags) perplexity(c *cobra.Command) error {
	if err := f.check(c, true); err != nil {
		return err
	}
	return withModel(c, &f.model, f.file, false, func(_ *checkpoint.Checkpoint, m *deepseek.Model, text []token.ID) error {
		p, err := measure.PerplexityOf(c.Context(), m, text, f.options(c))
		if err != nil {
			return err
		}
		return f.printPerplexity(c.OutOrStdout(), p)
	})
}

// withModel loads the model, with its MTP layer where mtp is true, and calls do with the
// tokens of a file; file "" is no text.
func withModel(c *cobra.Command, f *modelFlag, file string, mtp bool, do func(ck *checkpoint.Checkpoint, m *deepseek.Model, text []token.ID) error) error {
	var text string
	if file != "" {
		var err error
		if text, err = readText(file); err != nil {
			return err
		}
	}
	ck, err := f.loaded(c)
	if err != nil {
		return err
	}
	defer ck.Close()
	var ids []token.ID
	if file != "" {
		t, err := tokenizerOf(ck)
		if err != nil {
			return err
		}
		ids = t.Encode([]token.ID{}, text, false)
	}
	m, err := deepseek.Load(ck, deepseek.Options{Math: deepseek.Math(f.math), Cache: deepseek.CacheType(f.cache), Workers: f.threads, NoMTP: !mtp})
	if err != nil {
		return err
	}
	defer m.Close()
	return do(ck, m, ids)
}

func (f *windowFlags) printPerplexity(w io.Writer, p measure.Perplexity) error {
	value, e := p.Value()
	if !f.json {
		_, err := fmt.Fprintf(w, "perplexity %.4f ± %.4f (%d tokens in %d windows)\n", value, e, p.Tokens, p.Windows)
		return err
	}
	mean, meanError := p.Mean()
	return printJSON(w, struct {
		Perplexity      float64 `json:"perplexity"`
		PerplexityError float64 `json:"perplexity_error"`
		NLL             float64 `json:"nll"`
		NLLError        float64 `json:"nll_error"`
		Tokens          int     `json:"tokens"`
		Windows         int     `json:"windows"`
		Window          int     `json:"window"`
		Math            string  `json:"math"`
	}{value, e, mean, meanError, p.Tokens, p.Windows, f.window, f.model.math})
}

// pplProgress tells w once a second how far it is.
func pplProgress(w io.Writer) func(done, total int, p measure.Perplexity) {
	pace := newPace()
	return func(done, total int, p measure.Perplexity) {
		if passed, ok := pace.due(); ok {
			value, e := p.Value()
			fmt.Fprintf(w, "window %d of %d: perplexity %.4f ± %.4f, %v left\n", done, total, value, e, left(passed, int64(done), int64(total)))
		}
	}
}
