package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/shirou/gopsutil/v4/disk"
	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/demo"
	"github.com/deskseek/deskseek/quantize"
)

// quantizeFlags are those of `deskseek quantize`.
type quantizeFlags struct {
	format       string
	kind         string
	rules        []string
	noMTP        bool
	splitSize    string
	splitTensors int
	threads      int
	imatrix      string
	dryRun       bool
}

func newQuantize() *cobra.Command {
	var f quantizeFlags
	c := &cobra.Command{
		Use:   "quantize IN OUT",
		Short: "Write a model in fewer bits, as GGUF or MLX",
		Long: `Write the model IN, in any format that is read, to OUT: a GGUF file that
llama.cpp loads as well, or an MLX folder. IN "demo" is the built-in model.

It needs little memory, whatever the model's size. An interrupted run is gone on with
by the same command, and the result is the same; OUT appears when it is complete.

--type is a preset, which gives wider types to what works on every token
(docs/quantization.md says which), or one type for all matrices.`,
		Args: usageArgs(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args[0], args[1]) },
	}
	var presets []string
	for _, p := range quantize.Presets() {
		presets = append(presets, p.Name)
	}
	c.Flags().StringVar(&f.kind, "type", "", "preset "+strings.Join(presets, " ")+", or one type for all matrices, such as Q4_K or BF16 (default q4; of mlx MLX4)")
	c.Flags().StringVar(&f.format, "format", string(checkpoint.GGUF), "gguf or mlx")
	c.Flags().StringArrayVar(&f.rules, "tensor", nil, "PATTERN=TYPE: the type of matrices whose name has the regular expression; the last that matches counts")
	c.Flags().StringVar(&f.imatrix, "imatrix", "", "file that says how much columns matter, as llama-imatrix writes it in GGUF; for gguf")
	c.Flags().BoolVar(&f.noMTP, "no-mtp", false, "leave the MTP layer out")
	c.Flags().StringVar(&f.splitSize, "split-size", "", "cut a GGUF into files of at most so much, such as 48G or 500M")
	c.Flags().IntVar(&f.splitTensors, "split-tensors", 0, "cut a GGUF into files of at most so many tensors")
	c.Flags().IntVarP(&f.threads, "threads", "t", 0, "number of threads (default one for each processor)")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "print the plan, and write nothing")
	return c
}

// options makes Options of the flags.
func (f *quantizeFlags) options() (o quantize.Options, err error) {
	o = quantize.Options{Format: checkpoint.Format(f.format), NoMTP: f.noMTP, Threads: f.threads}
	if f.format != string(checkpoint.GGUF) && f.format != string(checkpoint.MLX) {
		return o, usagef("--format %s is not known; want gguf or mlx", f.format)
	}
	if f.threads < 0 {
		return o, usagef("--threads is %d, want 0 (one for each processor) or more", f.threads)
	}
	if f.splitTensors < 0 {
		return o, usagef("--split-tensors is %d, want 1 or more", f.splitTensors)
	}
	o.Split.Tensors = f.splitTensors
	if o.Split.Bytes, err = parseSize(f.splitSize); err != nil {
		return o, usagef("--split-size: %w", err)
	}
	for _, p := range quantize.Presets() {
		if strings.EqualFold(p.Name, f.kind) {
			o.Preset = p.Name
		}
	}
	if f.kind != "" && o.Preset == "" {
		if o.Type, err = quantize.ParseType(f.kind); err != nil {
			return o, usagef("--type: %w", err)
		}
	}
	for _, text := range f.rules {
		r, err := quantize.ParseRule(text)
		if err != nil {
			return o, usagef("--tensor: %w", err)
		}
		o.Rules = append(o.Rules, r)
	}
	return o, nil
}

// parseSize reads a number of bytes as llama-gguf-split does: G is 10⁹, M 10⁶. An
// empty text is 0.
func parseSize(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	number, unit := text, int64(1)
	switch text[len(text)-1] {
	case 'G', 'g':
		number, unit = text[:len(text)-1], 1_000_000_000
	case 'M', 'm':
		number, unit = text[:len(text)-1], 1_000_000
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 1 || n > 1<<40/unit*1000 {
		return 0, fmt.Errorf("%q is no size; want such as 48G or 500M", text)
	}
	return n * unit, nil
}

func (f *quantizeFlags) run(c *cobra.Command, in, out string) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	if f.imatrix != "" {
		if o.Imatrix, err = quantize.ReadImatrix(f.imatrix); err != nil {
			return err
		}
	}
	open := checkpoint.Open
	if in == "demo" {
		open = func(string) (*checkpoint.Checkpoint, error) { return demo.Open() }
	}
	ck, err := open(in)
	if err != nil {
		return err
	}
	defer ck.Close()
	p, err := quantize.NewPlan(ck, out, o)
	if err != nil {
		return err
	}
	if f.dryRun {
		stdout := bufio.NewWriter(c.OutOrStdout())
		printPlan(stdout, p)
		return stdout.Flush()
	}
	errs := c.ErrOrStderr()
	printPlan(errs, p)
	if err := checkDisk(out, p.Left()); err != nil {
		return err
	}
	err = p.Write(c.Context(), toldLeft(errs))
	if interrupted := (*quantize.Interrupted)(nil); errors.As(err, &interrupted) && errors.Is(err, context.Canceled) {
		fmt.Fprintf(errs, "deskseek: interrupted: %d of %d tensors are done; the same command goes on from there\n", interrupted.Done, interrupted.Tensors)
	}
	return err
}

// checkDisk says when the disk can't hold what is to be written to path.
func checkDisk(path string, need int64) error {
	folder := filepath.Dir(path)
	usage, err := disk.Usage(folder)
	if err != nil {
		return fmt.Errorf("how much is free at %s: %w", folder, err)
	}
	if uint64(need) > usage.Free {
		return fmt.Errorf("%s needs %s, and the disk has %s free", path, bytesOf(need), bytesOf(int64(usage.Free)))
	}
	return nil
}

// printPlan prints what is to be written, by parts of the network.
func printPlan(w io.Writer, p *quantize.Plan) {
	fmt.Fprintf(w, "%s\n", p)
	printClasses(w, p.Classes())
	for _, s := range append(p.Fallbacks(), p.Notes()...) {
		fmt.Fprintf(w, "  %s\n", s)
	}
	if !p.MTP() {
		fmt.Fprintln(w, "  no MTP layer")
	}
}

// printClasses prints a table of the parts of a network, and their sum.
func printClasses(w io.Writer, classes []quantize.Class) {
	fmt.Fprintf(w, "  %-30s %8s %10s %10s %6s  %s\n", "", "tensors", "weights", "size", "bits", "types")
	for _, c := range append(classes, quantize.Total(classes)) {
		var types []string
		for _, d := range c.Types {
			types = append(types, d.String())
		}
		row := fmt.Sprintf("  %-30s %8d %10s %10s %6.2f  %s", c.Name, c.Tensors, weightsOf(c.Weights), bytesOf(c.Bytes), c.BitsPerWeight(), strings.Join(types, " "))
		fmt.Fprintln(w, strings.TrimRight(row, " "))
	}
}

// weightsOf writes a number of weights as people say it: 671B.
func weightsOf(n int64) string {
	v, unit := float64(n), ""
	for _, u := range []string{"K", "M", "B"} {
		if v < 1000 {
			break
		}
		v, unit = v/1000, u
	}
	if unit == "" || v >= 100 {
		return fmt.Sprintf("%.0f%s", v, unit)
	}
	return fmt.Sprintf("%.1f%s", v, unit)
}
