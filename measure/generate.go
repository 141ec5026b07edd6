package measure

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/engine"
	"github.com/deskseek/deskseek/token"
)

// A generation measures the continuation of sequences by the engine, as an
// application has it: with sampling, and with drafts where they are wanted. Their
// prefixes are random latents.
//
// What counts begins when every sequence has its first token, and ends when one has
// all since: so that in every step that counts all take part.
type generation struct {
	bench     *Bench
	c         Case
	model     *deepseek.Model
	engine    *engine.Engine
	replay    *Replay      // nil where the network says what follows
	sure      []float32    // logits that leave no choice, where there is a replay
	prompts   [][]token.ID // each begins with its number
	said      [][]token.ID // what follows, where that was recorded
	recording bool
	random    *rand.Rand

	// Of the repetition that runs; the engine's goroutine writes them between two
	// steps.
	given   map[int]int // tokens by sequence, since begin
	stop    func()      // ends the repetition
	begin   time.Time
	seconds float64 // from begin to the end
	tokens  int     // meanwhile
	steps   int
	reads   *deepseek.ReadCounter // nil where nothing is counted
	counted *deepseek.ReadCounter // what reads was
	result  *Result
}

// early is how many tokens a sequence may have before all others have their first.
const early = 64

// generation makes one for a case, and starts its engine.
func (b *Bench) generation(c Case, d engine.Drafting) (*generation, error) {
	g := &generation{bench: b, c: c, model: b.model, random: rand.New(rand.NewPCG(3, 4)), replay: b.options.Replay}
	each := (c.Depth+c.Tokens+early)/deepseek.PageSize + 2
	pages := c.Streams * each * 2 // what was generated before stays for a while
	if err := b.model.Reserve(pages); err != nil {
		return nil, err
	}
	if d.MTP == "" {
		d.MTP = engine.Off
	}
	if g.replay != nil {
		g.sure = make([]float32, b.model.Vocabulary())
	} else {
		d.Lookup = engine.Off // random tokens do not repeat themselves
	}
	if b.options.Accept > 0 {
		d.Rewrite = g.rewrite
	}
	n := engine.Network{Model: g, Memory: b.model.Cache()}
	if t := b.model.MTP(); t != nil && d.MTP != engine.Off {
		n.MTP = generationMTP{g, t}
	}
	config := &b.model.Config
	g.engine = engine.New(n, engine.Options{
		Context: config.Context, Vocabulary: b.model.Vocabulary(), Pages: pages, ExpandFrom: config.ExpandFrom(),
		MaxStepTokens: max(512, c.Streams*(deepseek.PageSize+8)), MaxSequences: c.Streams,
		Drafting: d, Trace: engine.Trace{Step: g.step},
	})
	g.plant()
	return g, nil
}

// plant makes the sequences, and random latents of all their prefixes but what is
// less than a page.
func (g *generation) plant() {
	random := rand.New(rand.NewPCG(1, 2))
	cache := g.model.Cache()
	page := make([]float32, cache.Values())
	for i := range page {
		page[i] = float32(random.NormFloat64())
	}
	for i := range g.c.Streams {
		p := make([]token.ID, g.c.Depth+1)
		for k := range p {
			p[k] = token.ID(random.IntN(g.model.Vocabulary()))
		}
		if g.replay != nil {
			copy(p, g.replay.Prompt)
		}
		p[0] = token.ID(i % g.model.Vocabulary())
		g.prompts = append(g.prompts, p)
		g.engine.Plant(p[:g.c.Depth/deepseek.PageSize*deepseek.PageSize], func(id deepseek.PageID) {
			mixed(page, random)
			cache.SetLatents(id, page)
		})
	}
}

// errApart is what once ends with if the streams were never together.
var errApart = errors.New("the first had ended before the last began")

// run generates once. With r it counts what the steps read and compute. Streams that were
// not together, since a busy machine let one end before the next was asked for, begin again.
func (g *generation) run(ctx context.Context, r *Result) (err error) {
	for range 10 {
		if err = g.once(ctx, r); !errors.Is(err, errApart) {
			return err
		}
	}
	return err
}

// once is run without trying again.
func (g *generation) once(ctx context.Context, r *Result) error {
	g.given, g.begin, g.seconds, g.tokens, g.steps = map[int]int{}, time.Time{}, 0, 0, 0
	g.result, g.reads = r, nil
	most := min(g.c.Tokens+1+early, g.model.Config.Context-g.c.Depth-1)
	running, stop := context.WithCancel(ctx)
	defer stop()
	g.stop = stop
	if g.recording {
		g.stop = func() {}
	}
	errs := make([]error, len(g.prompts))
	said := make([][]token.ID, len(g.prompts))
	var group sync.WaitGroup
	for i, p := range g.prompts {
		s, err := g.engine.Submit(engine.Request{Prompt: p, MaxTokens: most})
		if err != nil {
			return err
		}
		group.Go(func() {
			for c, err := range s.Tokens(running) {
				if err != nil {
					errs[i] = err
					return
				}
				said[i] = append(said[i], c.ID)
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil && (ctx.Err() != nil || g.seconds == 0 || !errors.Is(err, context.Canceled)) {
			return fmt.Errorf("%s of %d tokens at depth %d: %w", g.c.Kind, g.c.Tokens, g.c.Depth, err)
		}
	}
	if g.seconds == 0 { // the context ended before all had begun
		return fmt.Errorf("%s of %d tokens at depth %d in %d streams: %w", g.c.Kind, g.c.Tokens, g.c.Depth, g.c.Streams, errApart)
	}
	if g.recording {
		g.said = said
	}
	return nil
}

// step is told of each step of the engine, after it.
func (g *generation) step(s engine.StepInfo) {
	counts := !g.begin.IsZero() && g.seconds == 0
	done := false
	for _, r := range s.Runs {
		g.given[r.ID] += r.Chosen
		if counts {
			g.tokens += r.Chosen
		}
		done = done || g.given[r.ID] >= g.c.Tokens
	}
	switch {
	case counts:
		g.steps++
		if done {
			g.seconds = time.Since(g.begin).Seconds()
			g.reads = nil
			g.stop()
		}
	case g.begin.IsZero() && len(s.Runs) == len(g.prompts):
		for _, r := range s.Runs {
			if r.Chosen == 0 {
				return
			}
		}
		clear(g.given)
		g.begin = time.Now()
		if g.result != nil {
			g.reads = g.model.CountReads()
			g.counted = g.reads
		}
	}
}

// rewrite makes drafts right with the probability that is asked for: they are what
// the sequence said without drafts, or not.
func (g *generation) rewrite(tokens, drafts []token.ID) {
	i := int(tokens[0])
	if i >= len(g.said) {
		return
	}
	for k := range drafts {
		at := len(tokens) + k - len(g.prompts[i])
		if at >= len(g.said[i]) {
			return
		}
		drafts[k] = g.said[i][at]
		if g.random.Float64() >= g.bench.options.Accept {
			drafts[k] = (drafts[k] + 1) % token.ID(g.model.Vocabulary())
		}
	}
}

// Forward is that of the network, counted where that is wanted, and says what is to be
// said.
func (g *generation) Forward(ctx context.Context, b *deepseek.Batch) (*deepseek.Output, error) {
	o, err := g.forward(ctx, b)
	if err == nil && g.replay != nil {
		for i := range b.Runs {
			if !o.Canceled(i) {
				g.say(o, i, &b.Runs[i])
			}
		}
	}
	return o, err
}

// say makes the logits of a run those of the text that is replayed.
func (g *generation) say(o *deepseek.Output, run int, r *deepseek.Run) {
	first := r.Position + len(r.Tokens) - r.Logits
	for i := range r.Logits {
		id := g.replay.at(first+i+1, len(g.sure))
		g.sure[id] = 1
		o.SetLogits(run, i, g.sure)
		g.sure[id] = 0
	}
}

func (g *generation) forward(ctx context.Context, b *deepseek.Batch) (*deepseek.Output, error) {
	if g.reads == nil {
		return g.model.Forward(ctx, b)
	}
	watched := *b
	g.reads.Watch(&watched)
	for i := range b.Runs {
		g.result.Operations += g.model.Operations(&b.Runs[i])
		g.result.Attention += g.model.AttentionOperations(&b.Runs[i])
	}
	return g.model.Forward(ctx, &watched)
}

// generationMTP is the MTP layer, counted where that is wanted.
type generationMTP struct {
	g   *generation
	mtp *deepseek.MTP
}

func (m generationMTP) Forward(ctx context.Context, b *deepseek.Batch) (*deepseek.Output, error) {
	g := m.g
	if g.reads == nil {
		return m.mtp.Forward(ctx, b)
	}
	watched := *b
	g.reads.WatchMTP(&watched)
	for i := range b.Runs {
		g.result.Operations += m.mtp.Operations(&b.Runs[i])
		g.result.Attention += m.mtp.AttentionOperations(&b.Runs[i])
	}
	return m.mtp.Forward(ctx, &watched)
}

func (m generationMTP) Fill(ctx context.Context, b *deepseek.Batch) error {
	if g := m.g; g.reads != nil {
		g.reads.WatchFill(b)
		for i := range b.Runs {
			g.result.Operations += m.mtp.FillOperations(&b.Runs[i])
		}
	}
	return m.mtp.Fill(ctx, b)
}

// generate measures a case by the engine.
func (b *Bench) generate(ctx context.Context, c Case) (*Result, error) {
	r := &Result{Case: c}
	if b.options.Accept > 0 { // what is said without drafts is what they will be
		plain, err := b.generation(c, engine.Drafting{})
		if err != nil {
			return nil, err
		}
		plain.recording = true
		err = plain.run(ctx, nil)
		plain.engine.Close()
		if err != nil {
			return nil, err
		}
		return r, b.repeatGeneration(ctx, r, plain.said)
	}
	return r, b.repeatGeneration(ctx, r, nil)
}

// repeatGeneration fills a result. said is what drafts are made of, where they are.
func (b *Bench) repeatGeneration(ctx context.Context, r *Result, said [][]token.ID) error {
	g, err := b.generation(r.Case, b.options.Drafting)
	if err != nil {
		return err
	}
	defer g.engine.Close()
	g.said = said
	wanted := float64(r.Case.Tokens * r.Streams)
	var places []engine.Acceptance
	for i := range b.options.Repetitions + 1 {
		var counts *Result
		if i == 0 {
			counts = r
		} else if b.options.Between != nil {
			b.options.Between()
		}
		if err := g.run(ctx, counts); err != nil {
			return err
		}
		scale := wanted / float64(g.tokens)
		if i == 0 {
			r.Steps = g.steps
			r.ReadBytes = int64(float64(g.counted.Bytes) * scale)
			r.Operations, r.Attention = int64(float64(r.Operations)*scale), int64(float64(r.Attention)*scale)
			places = g.engine.Counts().ByPlace
		} else {
			r.Seconds = append(r.Seconds, g.seconds*scale)
		}
	}
	n := g.engine.Counts()
	r.Gain = n.Gain
	for i, a := range n.ByPlace {
		if i < len(places) {
			a.Drafted, a.Accepted = a.Drafted-places[i].Drafted, a.Accepted-places[i].Accepted
		}
		r.ByPlace = append(r.ByPlace, a)
	}
	return nil
}
