package measure

import (
	"context"
	"flag"
	"fmt"
	"testing"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/demo"
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
	for _, c := range []Case{{Decode, 16, 0, 1}, {Decode, 16, deep, 1}, {Prefill, 512, 0, 1}} {
		b.Run(fmt.Sprintf("%s/%d", c.Kind, c.Depth), func(b *testing.B) {
			s, err := bench.streams(c)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if err := bench.repeat(context.Background(), c, s, nil, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(c.Tokens*b.N)/b.Elapsed().Seconds(), "tok/s")
		})
	}
}
