package measure

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/demo"
	"github.com/deskseek/deskseek/nn"
	"github.com/deskseek/deskseek/quantize"
	"github.com/deskseek/deskseek/token"
)

// demoWithMTP loads the built-in model with its MTP layer.
func demoWithMTP(t *testing.T, workers int) *deepseek.Model {
	t.Helper()
	ck, err := demo.Open()
	if err != nil {
		t.Fatal(err)
	}
	m, err := deepseek.Load(ck, deepseek.Options{Math: deepseek.Fast, Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func collect(t *testing.T, m *deepseek.Model, text []token.ID, o CollectOptions) *quantize.Imatrix {
	t.Helper()
	im, err := Collect(t.Context(), m, text, o)
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// bytesOf returns the file.
func bytesOf(t *testing.T, im *quantize.Imatrix) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := im.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestCollect compares with what the network is told to add up while each window, longer
// than a step, is read by other steps; and every matrix is known, with as many tokens as
// were read.
func TestCollect(t *testing.T) {
	m := demoWithMTP(t, 2)
	const size, windows = stepTokens + 70, 2
	text := randomText(m, size*windows+30)
	got := collect(t, m, text, CollectOptions{Window: size, Head: true})
	whole := append([]token.ID{token.ID(m.Config.BOS)}, text...)
	whole[size] = token.ID(m.Config.BOS)
	want := &quantize.Imatrix{ChunkSize: size, Chunks: windows, Source: got.Source}
	read, err := newWindow(m, size)
	if err != nil {
		t.Fatal(err)
	}
	pages := read.pages
	in := m.Watch(true)
	defer in.Close()
	for w := range windows {
		in.Reset()
		tokens := whole[w*size:][:size]
		var h []float32
		for _, part := range [][2]int{{0, 100}, {100, 101}, {101, size}} {
			out, err := m.Forward(t.Context(), &deepseek.Batch{Runs: []deepseek.Run{{Tokens: tokens[part[0]:part[1]], Position: part[0], Pages: pages, Logits: part[1] - part[0]}}})
			if err != nil {
				t.Fatal(err)
			}
			h = append(h, out.Hidden(0).Host(nil)...)
			out.Release()
		}
		out, err := m.MTP().Forward(t.Context(), &deepseek.Batch{Runs: []deepseek.Run{{
			Tokens: tokens[1:], Hidden: []nn.Mat{nn.FromHost(size-1, m.Config.Dim, h)}, Position: 1, Pages: pages,
		}}})
		if err != nil {
			t.Fatal(err)
		}
		out.Release()
		if err := want.Add(in); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(bytesOf(t, got), bytesOf(t, want)) {
		t.Error("the sums are others")
	}
	for _, s := range in.Sums {
		for _, name := range s.Names {
			n, want := 0, size*windows
			for _, c := range got.Counts(name) {
				n += c
			}
			if strings.HasPrefix(name, "blk.4.") {
				want -= windows // the first token of a window has no pair
			}
			if strings.Contains(name, "_exps.") {
				want *= m.Config.TopK
			}
			if n != want {
				t.Errorf("%s: %d tokens, want %d", name, n, want)
			}
		}
	}
	for _, name := range []string{"output.weight", "blk.4.nextn.eh_proj.weight", "blk.4.ffn_up_exps.weight", "blk.0.attn_k_b.weight"} {
		if got.Counts(name) == nil {
			t.Errorf("%s is not known", name)
		}
	}
	if m := collect(t, m, text, CollectOptions{Window: size}); m.Counts("output.weight") != nil {
		t.Error("the head is known without being asked for")
	}
}

// TestCollectGoesOn: whatever is lost of a run, what goes on from what was saved comes to
// the same bytes; on more workers, too.
func TestCollectGoesOn(t *testing.T) {
	m := demoWithMTP(t, 1)
	const size, windows = 24, 9
	text := randomText(m, size*windows)
	o := CollectOptions{Window: size, Network: "demo", Datasets: []string{"text"}, SaveEvery: 2}
	want := bytesOf(t, collect(t, m, text, o))
	if !bytes.Equal(want, bytesOf(t, collect(t, demoWithMTP(t, 3), text, o))) {
		t.Error("the result depends on the workers")
	}
	for end := range windows {
		path := t.TempDir() + "/imatrix"
		ctx, cancel := context.WithCancel(t.Context())
		part, saves := o, []int{}
		part.Save = func(im *quantize.Imatrix) error {
			saves = append(saves, im.Chunks)
			if len(saves) > 1+end/2 {
				return nil // killed before it was written
			}
			return im.WriteFile(path)
		}
		part.Progress = func(first, done, total int) {
			if first != 0 || total != windows {
				t.Errorf("from %d to %d", first, total)
			}
			if done == end+1 {
				cancel()
			}
		}
		_, err := Collect(ctx, m, text, part)
		if err == nil != (end == windows-1) || err != nil && !errors.Is(err, context.Canceled) {
			t.Fatalf("ended after window %d: %v", end+1, err)
		}
		cancel()
		if last := saves[len(saves)-1]; last != end+1 {
			t.Errorf("ended after window %d: saved after %d", end+1, saves)
		}
		from, err := quantize.ReadImatrix(path)
		if err != nil {
			t.Fatal(err)
		}
		rest := o
		rest.From = from
		if got := collect(t, m, text, rest); got.Chunks != windows || !bytes.Equal(bytesOf(t, got), want) {
			t.Errorf("gone on after window %d: %d windows, or other bytes", from.Chunks, got.Chunks)
		}
	}
	// A larger number of windows goes on, too; a smaller one changes nothing.
	few := o
	few.Windows = 4
	from := collect(t, m, text, few)
	few.Windows, few.From = 2, from
	if got := collect(t, m, text, few); got.Chunks != 4 {
		t.Errorf("%d windows, want the 4 that are there", got.Chunks)
	}
	few.Windows = 0
	if got := collect(t, m, text, few); !bytes.Equal(bytesOf(t, got), want) {
		t.Error("more windows have other bytes")
	}
}

// TestCollectRefuses: what is not of this text, network or options, and what can't be.
func TestCollectRefuses(t *testing.T) {
	m := demoWithMTP(t, 2)
	text := randomText(m, 100)
	o := CollectOptions{Window: 16, Windows: 2}
	from := collect(t, m, text, o)
	again := func() *quantize.Imatrix { // the file, since what goes on changes it
		c := *from
		return &c
	}
	other := slices.Clone(text)
	other[90]++ // not even read
	strange := &quantize.Imatrix{ChunkSize: 16, Chunks: 2, Source: from.Source}
	if err := strange.Set("blk.0.attn_q_a.weight", []int{1}, []float32{1}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text []token.ID
		o    CollectOptions
	}{
		"another text":    {other, CollectOptions{Window: 16, From: again()}},
		"another window":  {text, CollectOptions{Window: 32, From: again()}},
		"the head":        {text, CollectOptions{Window: 16, Head: true, From: again()}},
		"another network": {text, CollectOptions{Window: 16, Network: "x", From: again()}},
		"other tensors":   {text, CollectOptions{Window: 16, From: strange}},
		"no source":       {text, CollectOptions{Window: 16, From: &quantize.Imatrix{ChunkSize: 16}}},
	} {
		if _, err := Collect(t.Context(), m, c.text, c.o); !errors.Is(err, ErrAnother) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, o := range []CollectOptions{{Window: 3}, {Window: 16, Windows: -1}, {Window: 200}, {Window: 16, SaveEvery: -1}} {
		if _, err := Collect(t.Context(), m, text, o); err == nil || errors.Is(err, ErrAnother) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	full := errors.New("full")
	if _, err := Collect(t.Context(), m, text, CollectOptions{Window: 16, SaveEvery: 1, Save: func(*quantize.Imatrix) error { return full }}); !errors.Is(err, full) {
		t.Errorf("full disk: %v", err)
	}
}
