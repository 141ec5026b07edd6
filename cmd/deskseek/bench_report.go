package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/deskseek/deskseek/measure"
)

// A benchReport is what `deskseek bench` finds, as --json prints it.
type benchReport struct {
	Model   string        `json:"model"`
	Bytes   int64         `json:"bytes"`
	Math    string        `json:"math"`
	Cache   string        `json:"cache_type"`
	CPU     string        `json:"cpu"`
	Threads int           `json:"threads"`
	Roofs   roofsReport   `json:"roofs"`
	Results []benchResult `json:"results"`
}

// A roofsReport is the machine's own speeds.
type roofsReport struct {
	Read       spread `json:"read_bytes_per_second"`
	Multiply   spread `json:"multiply_operations_per_second"`
	Multiplier string `json:"multiply_loop"`
}

// A benchResult is one measurement. Roofs are those measured by turns with its
// repetitions; shares are of medians.
type benchResult struct {
	Kind          measure.Kind `json:"kind"`
	Tokens        int          `json:"tokens"`
	Depth         int          `json:"depth"`
	Streams       int          `json:"streams"`
	Seconds       []float64    `json:"seconds"`
	Steps         int          `json:"steps"`
	Rate          spread       `json:"tokens_per_second"`
	ReadBytes     int64        `json:"read_bytes"`
	Read          spread       `json:"read_bytes_per_second"`
	ReadRoof      float64      `json:"read_roof"`
	ReadShare     float64      `json:"read_share"`
	Operations    int64        `json:"operations"`
	Multiply      spread       `json:"operations_per_second"`
	MultiplyRoof  float64      `json:"multiply_roof"`
	MultiplyShare float64      `json:"multiply_share"`
	Attention     int64        `json:"attention_operations"`
	LeastSeconds  float64      `json:"least_seconds"` // by both roofs
	LeastShare    float64      `json:"least_share"`
	Drafts        *benchDrafts `json:"drafts,omitempty"`
}

// benchDrafts say how drafts fared, and what they gained.
type benchDrafts struct {
	Drafted  int         `json:"drafted"`
	Accepted int         `json:"accepted"`
	ByPlace  []mtpCounts `json:"by_place"`
	Gain     float64     `json:"gain"`
}

func draftsOfResult(r *measure.Result) *benchDrafts {
	if len(r.ByPlace) == 0 {
		return nil
	}
	d := &benchDrafts{Gain: r.Gain}
	for _, a := range r.ByPlace {
		d.Drafted, d.Accepted = d.Drafted+a.Drafted, d.Accepted+a.Accepted
		d.ByPlace = append(d.ByPlace, mtpCounts{a.Drafted, a.Accepted})
	}
	return d
}

// A spread is several measurements of one thing.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func spreadOf(ascending []float64) spread {
	return spread{measure.Median(ascending), ascending[0], ascending[len(ascending)-1]}
}

func resultOf(r *measure.Result, roofs *measure.Roofs) benchResult {
	x := benchResult{
		Kind: r.Kind, Tokens: r.Case.Tokens, Depth: r.Depth, Streams: r.Streams,
		Seconds: r.Seconds, Steps: r.Steps, ReadBytes: r.ReadBytes, Operations: r.Operations,
		Rate: spreadOf(r.Tokens()), Read: spreadOf(r.Bytes()), Multiply: spreadOf(r.Rate()),
		ReadRoof: measure.Median(roofs.Read), MultiplyRoof: measure.Median(roofs.Multiply),
		Attention: r.Attention, Drafts: draftsOfResult(r),
	}
	x.LeastSeconds = r.Least(x.ReadRoof, x.MultiplyRoof)
	x.LeastShare = x.LeastSeconds * x.Rate.Median / float64(r.Case.Tokens*r.Streams)
	x.ReadShare = x.Read.Median / x.ReadRoof
	x.MultiplyShare = x.Multiply.Median / x.MultiplyRoof
	return x
}

const giga = 1e9

// print writes the table.
func (r *benchReport) print(w io.Writer) error {
	fmt.Fprintf(w, "%s: %s of weights, %s math, cache in %s, %s, %d threads\n", r.Model, bytesOf(r.Bytes), r.Math, r.Cache, r.CPU, r.Threads)
	fmt.Fprintf(w, "roofs: read %s GB/s, multiply %s GOP/s (%s)\n\n",
		r.Roofs.Read.show(giga, 1), r.Roofs.Multiply.show(giga, 0), r.Roofs.Multiplier)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\ttokens\tdepth\tstreams\ttok/s\tmin – max\tGB/s\tof read\tGOP/s\tof multiply\tof both\tdrafts\t")
	for _, x := range r.Results {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%.2f\t%.2f – %.2f\t%.2f\t%.1f %%\t%.0f\t%.1f %%\t%.1f %%\t%s\t\n",
			x.Kind, x.Tokens, x.Depth, x.Streams, x.Rate.Median, x.Rate.Min, x.Rate.Max,
			x.Read.Median/giga, 100*x.ReadShare, x.Multiply.Median/giga, 100*x.MultiplyShare, 100*x.LeastShare, x.Drafts)
	}
	return t.Flush()
}

// String says how many of how many held.
func (d *benchDrafts) String() string {
	if d == nil {
		return "–"
	}
	return fmt.Sprintf("%d of %d", d.Accepted, d.Drafted)
}

// show writes the median, and the range behind it.
func (s spread) show(unit float64, digits int) string {
	return fmt.Sprintf("%.*f (%.*f – %.*f)", digits, s.Median/unit, digits, s.Min/unit, digits, s.Max/unit)
}

// printCSV writes a line for each measurement, with all that is the same for
// them in each, so that files can be put together.
func (r *benchReport) printCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	lines := [][]string{{
		"model", "bytes", "math", "cache_type", "cpu", "threads", "kind", "tokens", "depth", "streams", "repetitions",
		"tokens_per_second", "tokens_per_second_min", "tokens_per_second_max", "read_bytes", "read_bytes_per_second", "read_share",
		"operations", "operations_per_second", "multiply_share", "read_roof", "multiply_roof", "multiply_loop", "attention_operations", "least_share", "drafted", "accepted",
	}}
	for _, x := range r.Results {
		drafts := x.Drafts
		if drafts == nil {
			drafts = &benchDrafts{}
		}
		lines = append(lines, []string{
			r.Model, strconv.FormatInt(r.Bytes, 10), r.Math, r.Cache, r.CPU, strconv.Itoa(r.Threads),
			string(x.Kind), strconv.Itoa(x.Tokens), strconv.Itoa(x.Depth), strconv.Itoa(x.Streams), strconv.Itoa(len(x.Seconds)),
			number(x.Rate.Median), number(x.Rate.Min), number(x.Rate.Max), strconv.FormatInt(x.ReadBytes, 10), number(x.Read.Median), number(x.ReadShare),
			strconv.FormatInt(x.Operations, 10), number(x.Multiply.Median), number(x.MultiplyShare),
			number(x.ReadRoof), number(x.MultiplyRoof), r.Roofs.Multiplier,
			strconv.FormatInt(x.Attention, 10), number(x.LeastShare), strconv.Itoa(drafts.Drafted), strconv.Itoa(drafts.Accepted),
		})
	}
	return c.WriteAll(lines)
}
