package main

import (
	"fmt"

	"github.com/shirou/gopsutil/v4/mem"
	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek"
	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/demo"
)

// A modelFlag is what commands that use a model have in common.
type modelFlag struct {
	path    string
	math    string
	threads int
}

func (f *modelFlag) add(c *cobra.Command) {
	f.addPath(c)
	c.Flags().StringVar(&f.math, "math", string(deepseek.Exact), `how to compute: "exact" is f32 throughout, "fast" multiplies integer weights with 8-bit activations, FP8 weights with 16-bit ones`)
	c.Flags().IntVarP(&f.threads, "threads", "t", 0, "number of threads (default one for each processor)")
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
	if f.threads < 0 {
		return usagef("--threads is %d, want 0 (one for each processor) or more", f.threads)
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

// open loads the model, and says before what its size means for this machine.
func (f *modelFlag) open(c *cobra.Command) (*deskseek.LLM, error) {
	if err := f.check(c); err != nil {
		return nil, err
	}
	ck, err := f.checkpoint()
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(c.ErrOrStderr(), outlook(ck.Path(), ck.Size(), freeMemory()))
	llm, err := deskseek.New(ck, deskseek.Options{Math: deepseek.Math(f.math), Workers: f.threads})
	if err != nil {
		ck.Close()
		return nil, err
	}
	return llm, nil
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
