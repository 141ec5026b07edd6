package main

import (
	"bufio"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek/quantize"
)

// bitsFlags are those of `deskseek eval bits`.
type bitsFlags struct {
	model modelFlag
	json  bool
}

func newEvalBits() *cobra.Command {
	var f bitsFlags
	c := &cobra.Command{
		Use:   "bits",
		Short: "Size and bits per weight, by parts of the network",
		Long: `Say how many bytes, and bits per weight, the parts of a network take as they are
stored, scales included, and in which types. Nothing is computed.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c) },
	}
	f.model.addPath(c)
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	return c
}

// bitsRow is a part of the network in JSON.
type bitsRow struct {
	Class   string   `json:"class"`
	Tensors int      `json:"tensors"`
	Weights int64    `json:"weights"`
	Bytes   int64    `json:"bytes"`
	Bits    float64  `json:"bits_per_weight"`
	Types   []string `json:"types,omitempty"`
}

func (f *bitsFlags) run(c *cobra.Command) error {
	if err := f.model.checkPath(c); err != nil {
		return err
	}
	ck, err := f.model.checkpoint()
	if err != nil {
		return err
	}
	defer ck.Close()
	classes, err := quantize.ClassesOf(ck)
	if err != nil {
		return err
	}
	if !f.json {
		out := bufio.NewWriter(c.OutOrStdout())
		fmt.Fprintln(out, ck.Path())
		printClasses(out, classes)
		return out.Flush()
	}
	var rows []bitsRow
	for _, x := range append(classes, quantize.Total(classes)) {
		row := bitsRow{Class: x.Name, Tensors: x.Tensors, Weights: x.Weights, Bytes: x.Bytes, Bits: x.BitsPerWeight()}
		for _, d := range x.Types {
			row.Types = append(row.Types, d.String())
		}
		rows = append(rows, row)
	}
	return printJSON(c.OutOrStdout(), rows)
}
