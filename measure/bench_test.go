package measure

import (
	"context"
	"flag"
	"fmt"
	"testing"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/demo"
	"github.com/deskseek/deskseek/engine"
)

var benchModel = flag.String("model", "", "the model of BenchmarkCase; the built-in one by default")

// BenchmarkCase is what deskseek bench measures, for a profile: with -cpuprofile and
// -args -model FILE.
func BenchmarkCase(b *testing.B) {
	ck, err := demo.Open()
	if *benchModel != "" {
		ck, err = checkpoint.Open(*benchModel)
	}
	if err != nil {
		b.Fatal(err)
	}
	defer ck.Close()
	m, err := deepseek.Load(ck, deepseek.Options{Math: deepseek.Fast, NoMTP: true})
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	bench := NewBench(m, Options{})
	deep := min(4096, m.Config.Context/2)
	for _, c := range []Case{{Decode, 16, 0, 1}, {Decode, 16, deep, 1}, {Decode, 16, 0, 8}, {Prefill, 512, 0, 1}} {
		b.Run(fmt.Sprintf("%s/%d/%d", c.Kind, c.Depth, c.Streams), func(b *testing.B) {
			run := repeated(b, bench, c)
			for b.Loop() {
				if err := run(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(c.Tokens*c.Streams*b.N)/b.Elapsed().Seconds(), "tok/s")
		})
	}
}

// repeated returns what does a case once.
func repeated(b *testing.B, bench *Bench, c Case) func() error {
	ctx := context.Background()
	if c.Kind == Prefill {
		s, err := bench.streams(c)
		if err != nil {
			b.Fatal(err)
		}
		return func() error { return bench.repeat(ctx, c, s, nil, nil) }
	}
	g, err := bench.generation(c, engine.Drafting{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(g.engine.Close)
	return func() error { return g.run(ctx, nil) }
}
