package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/engine"
	"github.com/deskseek/deskseek/kernel"
	"github.com/deskseek/deskseek/measure"
)

// benchFlags are those of `deskseek bench`.
type benchFlags struct {
	model       modelFlag
	prompts     []int
	tokens      []int
	depths      []int
	streams     []int
	repetitions int
	readMiB     int
	json, csv   bool
	engine      engineFlag
	accept      float64
	replay      replayFlags
	synthesize  synthesizeFlags
}

func newBench() *cobra.Command {
	var f benchFlags
	c := &cobra.Command{
		Use:   "bench [OUT]",
		Short: "Measure how fast a model runs, beside what this machine can",
		Long: `Measure how fast a model runs here: prompts of -p tokens, and the continuation of
-s sequences together by -n tokens each, with drafts as far as they pay, each behind -d tokens that are in the cache already. Beside tokens a second
stand the bytes of weights read a second, as a share of what a loop reaches that
does nothing but read, and the operations, as a share of what a loop reaches that
does nothing but multiply, both measured in the same run. docs/bench.md says how
the table is to be read.

--synthesize SHAPE OUT writes a model of random weights to measure, instead.`,
		Example: `  deskseek bench
  deskseek bench -m DeepSeek-V3-0324-Q4_K_M-00001-of-00009.gguf -p 512 -n 64 -d 0,4096,32768
  deskseek bench -m model.gguf -p 0 -n 32 -s 1,2,4,8 --csv
  deskseek bench -m model.gguf -p 0 -s 1,2,4,8 --accept 0.8
  deskseek bench -m model.gguf --replay before.go,after.go -n 256
  deskseek bench --synthesize v3slice v3slice.gguf`,
		Args: usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args) },
	}
	f.model.add(c)
	c.Flags().IntSliceVarP(&f.prompts, "prompt", "p", []int{512}, "tokens of a prompt, one or several numbers; 0 is none")
	c.Flags().IntSliceVarP(&f.tokens, "tokens", "n", []int{64}, "tokens that each sequence is continued by; 0 is none")
	c.Flags().IntSliceVarP(&f.depths, "depth", "d", []int{0, 4096}, "tokens in the cache before them; of a short context by default half of it")
	c.Flags().IntSliceVarP(&f.streams, "streams", "s", []int{1}, "sequences that are continued together, with -n")
	f.engine.addDrafts(c)
	c.Flags().Float64Var(&f.accept, "accept", 0, "make drafts hold with this probability, each if those before it do, whatever the MTP layer says, which computes all the same: to see what an acceptance would give")
	f.replay.add(c, &f.engine)
	c.Flags().IntVarP(&f.repetitions, "repetitions", "r", 5, "how often each is measured, after once without")
	c.Flags().IntVar(&f.readMiB, "read-mib", 0, "memory that the read loop goes through, in MiB (default 1024, or an eighth of what is free)")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	c.Flags().BoolVar(&f.csv, "csv", false, "print comma-separated values, a line for each measurement")
	f.synthesize.add(c)
	return c
}

func (f *benchFlags) run(c *cobra.Command, args []string) error {
	if err := f.check(c, args); err != nil {
		return err
	}
	if f.synthesize.shape != "" {
		return f.synthesize.run(c, args[0])
	}
	if err := f.replay.open(); err != nil {
		return err
	}
	ck, err := f.model.loaded(c)
	if err != nil {
		return err
	}
	defer ck.Close()
	m, err := deepseek.Load(ck, deepseek.Options{Math: deepseek.Math(f.model.math), Cache: deepseek.CacheType(f.model.cache), Workers: f.model.threads, NoMTP: f.engine.mtp == string(engine.Off)})
	if err != nil {
		return err
	}
	defer m.Close()
	if m.MTP() == nil && (f.engine.mtp == string(engine.On) || f.accept > 0) {
		return fmt.Errorf("%s has no MTP layer to draft with", ck.Path())
	}
	tellTwins(c.ErrOrStderr(), m.TwinBytes())
	r, err := f.measure(c, ck, m)
	if err != nil {
		return err
	}
	switch {
	case f.json:
		return printJSON(c.OutOrStdout(), r)
	case f.csv:
		return r.printCSV(c.OutOrStdout())
	}
	return r.print(c.OutOrStdout())
}

// check says which flags make no sense, alone or together.
func (f *benchFlags) check(c *cobra.Command, args []string) error {
	if f.synthesize.shape != "" {
		for _, name := range []string{"model", "math", "cache-type", "threads", "load", "prompt", "tokens", "depth", "streams", "repetitions", "read-mib", "json", "csv", "mtp", "drafts", "accept", "replay", "ids", "lookup"} {
			if c.Flags().Changed(name) {
				return usagef("--%s measures a model; it does not go with --synthesize", name)
			}
		}
		if len(args) == 0 {
			return usagef("--synthesize %s needs the file or folder to write: --synthesize %[1]s OUT", f.synthesize.shape)
		}
		return nil
	}
	for _, name := range []string{"format", "type", "with-mtp", "seed"} {
		if c.Flags().Changed(name) {
			return usagef("--%s goes with --synthesize", name)
		}
	}
	switch {
	case len(args) > 0:
		return usagef("%s: only --synthesize takes an argument; the model is named by -m", args[0])
	case f.json && f.csv:
		return usagef("both --json and --csv are given; want one of them")
	case f.repetitions < 1:
		return usagef("-r is %d, want 1 or more", f.repetitions)
	case f.readMiB < 0:
		return usagef("--read-mib is %d, want 0 (as much as is good) or more", f.readMiB)
	case c.Flags().Changed("accept") && (f.accept <= 0 || f.accept > 1):
		return usagef("--accept is %g, want more than 0, and at most 1", f.accept)
	case f.accept > 0 && f.engine.mtp == string(engine.Off):
		return usagef("--accept is of drafts; it does not go with --mtp off")
	case slices.Min(f.streams) < 1:
		return usagef("-s is %d, want 1 or more", slices.Min(f.streams))
	case slices.Min(slices.Concat(f.prompts, f.tokens, f.depths)) < 0:
		return usagef("-p, -n and -d are 0 or more, not %d", slices.Min(slices.Concat(f.prompts, f.tokens, f.depths)))
	}
	if err := f.replay.check(c); err != nil {
		return err
	}
	if err := f.engine.check(c); err != nil {
		return err
	}
	return f.model.check(c)
}

// cases returns what is measured, on a network of the given context.
func (f *benchFlags) cases(context int, depthsGiven bool) (cases []measure.Case) {
	depths := f.depths
	if !depthsGiven {
		depths = slices.Clone(depths)
		for i, d := range depths {
			depths[i] = min(d, context/2)
		}
	}
	for _, d := range depths {
		for _, p := range f.prompts {
			if p > 0 {
				cases = append(cases, measure.Case{Kind: measure.Prefill, Tokens: p, Depth: d, Streams: 1})
			}
		}
	}
	for _, d := range depths {
		for _, n := range f.tokens {
			for _, s := range f.streams {
				if n > 0 {
					cases = append(cases, measure.Case{Kind: measure.Decode, Tokens: n, Depth: d, Streams: s})
				}
			}
		}
	}
	return cases
}

// measure runs the cases, their repetitions by turns with the roofs.
func (f *benchFlags) measure(c *cobra.Command, ck *checkpoint.Checkpoint, m *deepseek.Model) (*benchReport, error) {
	var prober *measure.Prober
	var roofs, all measure.Roofs // of a case, of all
	replay, err := f.replay.replay(ck, m)
	if err != nil {
		return nil, err
	}
	b := measure.NewBench(m, measure.Options{
		Repetitions: f.repetitions, Between: func() { prober.Probe(&roofs) },
		Drafting: f.engine.drafting(c), Accept: f.accept, Replay: replay,
	})
	cases := f.cases(m.Config.Context, c.Flags().Changed("depth"))
	if replay != nil {
		cases = f.replayed(replay, c.Flags().Changed("tokens"))
	}
	for _, x := range cases {
		if err := b.Check(x); err != nil {
			return nil, usagef("%w", err)
		}
	}
	if len(cases) == 0 {
		return nil, usagef("-p and -n are both 0: there is nothing to measure")
	}
	bytes := int64(f.readMiB) << 20
	if bytes == 0 {
		bytes = roofBytes(freeMemory())
	}
	prober = measure.NewProber(m.Workers(), bytes)
	var results []benchResult
	for i, x := range cases {
		fmt.Fprintf(c.ErrOrStderr(), "%d of %d: %s of %d tokens at depth %d, streams: %d: ", i+1, len(cases), x.Kind, x.Tokens, x.Depth, x.Streams)
		roofs = measure.Roofs{}
		r, err := b.Run(c.Context(), x)
		if err != nil {
			fmt.Fprintln(c.ErrOrStderr())
			return nil, err
		}
		fmt.Fprintf(c.ErrOrStderr(), "%.2f tok/s%s\n", measure.Median(r.Tokens()), draftsOf(r.ByPlace, r.Gain))
		results = append(results, resultOf(r, &roofs))
		all.Add(&roofs)
	}
	return &benchReport{
		Model: filepath.Base(ck.Path()), Bytes: ck.Size(), Math: f.model.math, Cache: string(m.CacheType()), CPU: kernel.Tier(), Threads: m.Workers(),
		Roofs:   roofsReport{spreadOf(all.Read), spreadOf(all.Multiply), all.Multiplier},
		Results: results,
	}, nil
}

// roofBytes is how much memory the read loop reads: 1 GiB, but at most an eighth
// of what is free.
func roofBytes(free int64) int64 {
	const most = 1 << 30
	if free == 0 {
		return most
	}
	return min(most, free/8)
}
