package measure

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/nn"
	"github.com/deskseek/deskseek/quantize"
	"github.com/deskseek/deskseek/token"
)

// CollectOptions are the choices of Collect. The zero value is good.
type CollectOptions struct {
	// Window is how many tokens are read before the network forgets. Default 512.
	Window int
	// Windows is the most that are read, those of From included. Default all that the
	// text fills.
	Windows int
	// Head is whether the output head's inputs are wanted too; llama-imatrix has them
	// only with --process-output.
	Head bool
	// From is what an earlier Collect came to, which is gone on with. Default: nothing.
	From *quantize.Imatrix
	// Network tells the network, and how it computes, from others. From is refused if
	// it was another.
	Network string
	// Datasets are the names of the text that the file will tell.
	Datasets []string
	// SaveEvery is after how many windows Save is called, where it is not nil; and it is
	// called at the end, also at that of an interrupted Collect. Default 10.
	SaveEvery int
	Save      func(*quantize.Imatrix) error
	// Progress, where it is not nil, is told after each window; first are those of From.
	Progress func(first, done, total int)
}

func (o CollectOptions) withDefaults() CollectOptions {
	if o.Window == 0 {
		o.Window = 512
	}
	if o.SaveEvery == 0 {
		o.SaveEvery = 10
	}
	return o
}

// ErrAnother says that CollectOptions.From can't be gone on with.
var ErrAnother = errors.New("it was collected from something else")

// Collect reads a text in windows, as llama-imatrix does, and returns the sums of squares
// of what each matrix was multiplied with, those of the MTP layer included where the model
// has it. BOS and the text's tokens are cut into windows, what is left over is not read; in
// each window the first token is replaced by BOS.
//
// What it returns depends on the windows, and not on where it was interrupted. An error
// about the network comes with what was collected, and saved, until then. It overwrites the
// model's cache.
func Collect(ctx context.Context, m *deepseek.Model, text []token.ID, o CollectOptions) (*quantize.Imatrix, error) {
	o = o.withDefaults()
	cut, err := PerplexityOptions{Window: o.Window, Windows: o.Windows}.cut(m, text, 1)
	if err != nil {
		return nil, err
	}
	if o.SaveEvery < 0 {
		return nil, fmt.Errorf("saving every %d windows, want 1 or more", o.SaveEvery)
	}
	w, err := newWindow(m, o.Window)
	if err != nil {
		return nil, err
	}
	in := m.Watch(o.Head)
	defer in.Close()
	im := &quantize.Imatrix{Datasets: o.Datasets, ChunkSize: o.Window, Source: o.source(m, text)}
	if from := o.From; from != nil {
		if from.Source != im.Source || from.ChunkSize != o.Window {
			return nil, fmt.Errorf("%w: text, network or options", ErrAnother)
		}
		if err := from.Check(in); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrAnother, err)
		}
		im = from
	}
	c := &collector{o: o, in: in, window: w, im: im}
	return im, c.windows(ctx, cut)
}

// source returns what tells the imatrix of this text and network from others.
func (o *CollectOptions) source(m *deepseek.Model, text []token.ID) string {
	h := sha256.New()
	config, _ := json.Marshal(m.Config)
	fmt.Fprintln(h, "collect 1", o.Window, o.Head, m.MTP() != nil, m.CacheType(), o.Network, string(config))
	for _, t := range text {
		fmt.Fprintln(h, t)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// A collector is a Collect that is on its way.
type collector struct {
	o      CollectOptions
	in     *deepseek.Inputs
	window *window
	im     *quantize.Imatrix
	last   []float32 // hidden state of the token before a step
}

func (c *collector) windows(ctx context.Context, text []token.ID) error {
	size := c.o.Window
	first, total := c.im.Chunks, len(text)/size
	saved := first
	save := func() error {
		if saved == c.im.Chunks || c.o.Save == nil {
			return nil
		}
		saved = c.im.Chunks
		return c.o.Save(c.im)
	}
	for i := first; i < total; i++ {
		if err := c.one(ctx, text[i*size:][:size]); err != nil {
			if e := save(); e != nil {
				return e
			}
			return fmt.Errorf("window %d: %w", i+1, err)
		}
		if c.im.Chunks%c.o.SaveEvery == 0 {
			if err := save(); err != nil {
				return err
			}
		}
		if c.o.Progress != nil {
			c.o.Progress(first, i+1, total)
		}
	}
	return save()
}

// one reads a window, and adds what was seen when all of it is.
func (c *collector) one(ctx context.Context, tokens []token.ID) error {
	c.in.Reset()
	for at := 0; at < len(tokens); at += stepTokens {
		if err := c.step(ctx, tokens[at:min(at+stepTokens, len(tokens))], at); err != nil {
			return err
		}
	}
	if err := c.im.Add(c.in); err != nil {
		return err
	}
	c.im.Chunks++
	return nil
}

// step computes tokens at position at, and the MTP layer's pairs of each with the hidden
// state of the one before it.
func (c *collector) step(ctx context.Context, tokens []token.ID, at int) error {
	run := deepseek.Run{Tokens: tokens, Position: at, Pages: c.window.pages, Form: deepseek.Absorbed}
	if c.o.Head {
		run.Logits = len(tokens)
	}
	model := c.window.model
	out, err := model.Forward(ctx, &deepseek.Batch{Runs: []deepseek.Run{run}})
	if err != nil {
		return err
	}
	defer out.Release()
	mtp := model.MTP()
	if mtp == nil {
		return nil
	}
	h, n := out.Hidden(0), len(tokens)
	run.Hidden, run.Logits = []nn.Mat{h.Slice(0, n-1)}, 0
	if at == 0 {
		run.Tokens, run.Position = tokens[1:], 1
	} else {
		run.Hidden = append([]nn.Mat{nn.FromHost(1, h.Cols(), c.last)}, run.Hidden...)
	}
	if c.o.Head && mtp.OwnHead() {
		run.Logits = len(run.Tokens)
	}
	drafts, err := mtp.Forward(ctx, &deepseek.Batch{Runs: []deepseek.Run{run}})
	if err != nil {
		return err
	}
	drafts.Release()
	c.last = h.Slice(n-1, n).Host(c.last)
	return nil
}
