package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/measure"
	"github.com/deskseek/deskseek/quantize"
	"github.com/deskseek/deskseek/token"
)

// imatrixFlags are those of `deskseek imatrix`.
type imatrixFlags struct {
	windowFlags
	out       string
	saveEvery int
	head      bool
}

func newImatrix() *cobra.Command {
	var f imatrixFlags
	c := &cobra.Command{
		Use:   "imatrix -f TEXT -o OUT.gguf",
		Short: "Collect how much the columns of a model's matrices matter",
		Long: `Read a text in windows of -c tokens, and write how large the inputs of each column of
each matrix were: the importance matrix that quantize --imatrix and llama.cpp's
llama-quantize take. Of the routed experts it says how often each was chosen; of those
that no token chose, columns count alike. The MTP layer, where there is one, reads along.

OUT is written every --save-every windows, whole or not at all. The same command goes
on where an interrupted one was, and a larger --chunks where a smaller one ended; the result
is that of one run. Progress goes to standard error.`,
		Example: `  deskseek imatrix -m DeepSeek-V3-0324 -f calibration.txt -o v3.imatrix.gguf
  deskseek quantize DeepSeek-V3-0324 v3-q3.gguf --type q3 --imatrix v3.imatrix.gguf`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c) },
	}
	f.add(c, "tokens of a window")
	c.Flags().StringVarP(&f.out, "output", "o", "", "file to write, a GGUF")
	c.Flags().IntVar(&f.saveEvery, "save-every", 10, "windows between writes of OUT: the most that a kill loses")
	c.Flags().BoolVar(&f.head, "process-output", false, "the output head as well (output.weight)")
	return c
}

func (f *imatrixFlags) run(c *cobra.Command) error {
	switch {
	case f.out == "":
		return usagef("-o is needed: the file to write")
	case f.saveEvery < 1:
		return usagef("--save-every is %d, want 1 or more", f.saveEvery)
	}
	if err := f.check(c, true); err != nil {
		return err
	}
	var from *quantize.Imatrix
	_, err := os.Lstat(f.out)
	if err == nil {
		from, err = quantize.ReadImatrix(f.out)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return withModel(c, &f.model, f.file, true, func(ck *checkpoint.Checkpoint, m *deepseek.Model, text []token.ID) error {
		return f.collect(c, ck, m, text, from)
	})
}

func (f *imatrixFlags) collect(c *cobra.Command, ck *checkpoint.Checkpoint, m *deepseek.Model, text []token.ID, from *quantize.Imatrix) error {
	errs := c.ErrOrStderr()
	saved := 0
	im, err := measure.Collect(c.Context(), m, text, measure.CollectOptions{
		Window: f.window, Windows: f.chunks, Head: f.head, From: from,
		Network:   quantize.Identity(ck) + " " + f.model.math,
		Datasets:  []string{filepath.Base(f.file)},
		SaveEvery: f.saveEvery,
		Save: func(im *quantize.Imatrix) error {
			if err := im.WriteFile(f.out); err != nil {
				return err
			}
			saved = im.Chunks
			return nil
		},
		Progress: imatrixProgress(errs),
	})
	switch {
	case errors.Is(err, measure.ErrAnother):
		return fmt.Errorf("%s is there already: %w; remove it, or choose another name", f.out, err)
	case err != nil && errors.Is(err, context.Canceled) && saved > 0:
		fmt.Fprintf(errs, "deskseek: interrupted: %d windows are in %s; the same command goes on from there\n", saved, f.out)
		return err
	case err != nil:
		return err
	}
	if from != nil && saved == 0 {
		fmt.Fprintf(errs, "%s has these windows already\n", f.out)
	}
	return f.print(c.OutOrStdout(), im)
}

// An imatrixSummary is what --json prints.
type imatrixSummary struct {
	File    string         `json:"file"`
	Windows int            `json:"windows"`
	Window  int            `json:"window"`
	Tensors int            `json:"tensors"`
	Math    string         `json:"math"`
	Experts []expertCounts `json:"experts"`
}

type expertCounts struct {
	Layer  int   `json:"layer"`
	Counts []int `json:"counts"` // tokens, by expert
	Unseen []int `json:"unseen"` // ids
}

func (f *imatrixFlags) print(w io.Writer, im *quantize.Imatrix) error {
	s := imatrixSummary{f.out, im.Chunks, im.ChunkSize, len(im.Names()), f.model.math, []expertCounts{}}
	for _, e := range im.Experts() {
		s.Experts = append(s.Experts, expertCounts{e.Layer, e.Counts, append([]int{}, e.Unseen()...)})
	}
	if f.json {
		return printJSON(w, s)
	}
	if _, err := fmt.Fprintf(w, "%s: %d tensors, %d windows of %d tokens\n", s.File, s.Tensors, s.Windows, s.Window); err != nil {
		return err
	}
	for _, e := range s.Experts {
		if _, err := fmt.Fprintln(w, expertLine(e)); err != nil {
			return err
		}
	}
	return nil
}

// expertLine says how often the experts of a layer were chosen, and which never.
func expertLine(e expertCounts) string {
	least, most := e.Counts[0], 0
	for _, n := range e.Counts {
		least, most = min(least, n), max(most, n)
	}
	line := fmt.Sprintf("layer %2d: %d experts, chosen for %d to %d tokens", e.Layer, len(e.Counts), least, most)
	if n := len(e.Unseen); n > 0 {
		line += fmt.Sprintf("; %d never: %s", n, idList(e.Unseen))
	}
	return line
}

// mostIDs is how many experts a line names.
const mostIDs = 16

func idList(ids []int) string {
	text := ""
	for i, id := range ids {
		switch {
		case i == mostIDs:
			return fmt.Sprintf("%s and %d more", text, len(ids)-i)
		case i > 0:
			text += ", "
		}
		text += fmt.Sprint(id)
	}
	return text
}

// imatrixProgress tells w once a second how far it is.
func imatrixProgress(w io.Writer) func(first, done, total int) {
	pace := newPace()
	return func(first, done, total int) {
		if passed, ok := pace.due(); ok {
			fmt.Fprintf(w, "window %d of %d, %v left\n", done, total, left(passed, int64(done-first), int64(total-first)))
		}
	}
}
