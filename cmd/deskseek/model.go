package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/shirou/gopsutil/v4/mem"
	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek"
	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/demo"
	"github.com/deskseek/deskseek/internal/memory"
)

// A modelFlag is what commands that use a model have in common.
type modelFlag struct {
	path    string
	math    string
	cache   string
	threads int
	load    string
}

func (f *modelFlag) add(c *cobra.Command) {
	f.addPath(c)
	c.Flags().StringVar(&f.math, "math", string(deepseek.Fast), `how to compute: "fast" rounds activations to few bits, as the weights are, "exact" is f32 throughout`)
	c.Flags().StringVar(&f.cache, "cache-type", "", `how the latent cache holds its values: "bf16", "q8_0" (8 bits) or "f32" (default bf16, in exact math f32)`)
	f.addThreads(c)
}

func (f *modelFlag) addThreads(c *cobra.Command) {
	c.Flags().IntVarP(&f.threads, "threads", "t", 0, "number of threads (default one for each processor)")
	c.Flags().StringVar(&f.load, "load", string(checkpoint.Map), `"map" leaves the weights to the system, which reads them when they are needed; "copy" reads them first, into huge pages where the system has them: faster, if they fit in memory`)
}

func (f *modelFlag) addPath(c *cobra.Command) {
	c.Flags().StringVarP(&f.path, "model", "m", "", "folder or file of the model (default the built-in demo model)")
}

// checkPath says what is wrong with -m: an empty one is likely a variable that
// is not set, and no wish for the demo model.
func (f *modelFlag) checkPath(c *cobra.Command) error {
	if c.Flags().Changed("model") && f.path == "" {
		return usagef("-m is empty; want a folder or file, or no -m for the built-in model")
	}
	return nil
}

// check says what is wrong with the flags.
func (f *modelFlag) check(c *cobra.Command) error {
	if err := f.checkPath(c); err != nil {
		return err
	}
	if f.math != string(deepseek.Exact) && f.math != string(deepseek.Fast) {
		return usagef("--math %s is not known; want exact or fast", f.math)
	}
	switch cache := deepseek.CacheType(f.cache); {
	case cache != "" && cache != deepseek.CacheF32 && cache != deepseek.CacheBF16 && cache != deepseek.CacheQ8:
		return usagef("--cache-type %s is not known; want bf16, q8_0 or f32", f.cache)
	case cache != "" && cache != deepseek.CacheF32 && f.math == string(deepseek.Exact):
		return usagef("--cache-type %s is for fast math; --math exact wants f32", f.cache)
	}
	if f.threads < 0 {
		return usagef("--threads is %d, want 0 (one for each processor) or more", f.threads)
	}
	switch {
	case f.load != string(checkpoint.Map) && f.load != string(checkpoint.Copy):
		return usagef("--load %s is not known; want map or copy", f.load)
	case f.load == string(checkpoint.Copy) && f.path == "":
		return usagef("--load copy goes with -m; the built-in model is in memory already")
	}
	return nil
}

// checkpoint opens the model's files.
func (f *modelFlag) checkpoint() (*checkpoint.Checkpoint, error) {
	if f.path == "" {
		return demo.Open()
	}
	return checkpoint.Open(f.path)
}

// loaded opens the model's files, says what their size means for this machine, and
// reads them where that is asked for.
func (f *modelFlag) loaded(c *cobra.Command) (*checkpoint.Checkpoint, error) {
	ck, err := f.checkpoint()
	if err != nil {
		return nil, err
	}
	errs, free := c.ErrOrStderr(), freeMemory()
	if f.load != string(checkpoint.Copy) {
		fmt.Fprintln(errs, outlook(ck.Path(), ck.Size(), free))
		if smallPages(ck) {
			fmt.Fprintf(errs, "%s: in memory in small pages, as what was just written or downloaded is; --load copy takes large ones, and is faster if it fits\n", ck.Path())
		}
		return ck, nil
	}
	if err := checkFits(ck.Path(), ck.Size(), free); err != nil {
		ck.Close()
		return nil, err
	}
	fmt.Fprintf(errs, "%s: reading %s of weights into memory\n", ck.Path(), bytesOf(ck.Size()))
	if err := ck.Copy(c.Context(), told(errs)); err != nil {
		ck.Close()
		return nil, err
	}
	return ck, nil
}

// smallPages reports whether most of a model's bytes lie in pages that slow it down.
func smallPages(ck *checkpoint.Checkpoint) bool {
	var small, all int
	for _, m := range ck.Mappings() {
		all += len(m.Data)
		if memory.SmallPages(m.File, m.Data) {
			small += len(m.Data)
		}
	}
	return 2*small > all
}

// checkFits says when a copy of the weights has no room in memory. A system that
// does not say what is free has to try.
func checkFits(name string, size, free int64) error {
	if free == 0 || size <= free {
		return nil
	}
	return fmt.Errorf("%s: %s of weights do not fit in the %s of memory that are free; with --load map they are read from disk as they are needed", name, bytesOf(size), bytesOf(free))
}

// open loads the model, to generate with.
func (f *modelFlag) open(c *cobra.Command, e *engineFlag) (*deskseek.LLM, error) {
	if err := f.check(c); err != nil {
		return nil, err
	}
	if err := e.check(c); err != nil {
		return nil, err
	}
	ck, err := f.loaded(c)
	if err != nil {
		return nil, err
	}
	weights := ck.Size() // that are to be in memory yet
	if f.load == string(checkpoint.Copy) {
		weights = 0
	}
	o, err := e.options(c, deskseek.Options{Math: deepseek.Math(f.math), Cache: deepseek.CacheType(f.cache), Workers: f.threads}, weights)
	var llm *deskseek.LLM
	if err == nil {
		llm, err = deskseek.New(ck, o)
	}
	if dir := (*deskseek.CacheDirError)(nil); errors.As(err, &dir) && e.dir == "" {
		llm, err = deskseek.New(ck, e.without(c, o, err))
	}
	if err != nil {
		ck.Close()
		return nil, err
	}
	tellTwins(c.ErrOrStderr(), llm.TwinBytes())
	return llm, nil
}

// tellTwins says how much memory weights take a second time.
func tellTwins(w io.Writer, bytes int64) {
	if bytes > 0 {
		fmt.Fprintf(w, "%s of memory beside: the keys' part of kv_b transposed, as generation needs it\n", bytesOf(bytes))
	}
}

// freeMemory returns the bytes that can be used without pushing something else
// out; 0 where the system does not say.
func freeMemory() int64 {
	v, err := mem.VirtualMemory()
	if err != nil {
		return 0
	}
	return int64(v.Available)
}

// outlook compares a model's size with the free memory, in one line.
func outlook(name string, size, free int64) string {
	switch {
	case free == 0:
		return fmt.Sprintf("%s: %s of weights; this system does not say how much memory is free", name, bytesOf(size))
	case size <= free:
		return fmt.Sprintf("%s: %s of weights, %s of memory free: it fits, and stays in memory once read", name, bytesOf(size), bytesOf(free))
	default:
		return fmt.Sprintf("%s: %s of weights, %s of memory free: it does not fit, weights will be read from disk again and again, at the disk's speed", name, bytesOf(size), bytesOf(free))
	}
}

// bytesOf writes a number of bytes as people say it: 9.1 MB, 377 GB.
func bytesOf(n int64) string {
	v, unit := float64(n), "B"
	for _, u := range []string{"KB", "MB", "GB", "TB"} {
		if v < 1000 {
			break
		}
		v, unit = v/1000, u
	}
	if unit == "B" || v >= 100 {
		return fmt.Sprintf("%.0f %s", v, unit)
	}
	return fmt.Sprintf("%.1f %s", v, unit)
}
