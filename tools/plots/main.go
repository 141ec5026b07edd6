// Command plots draws what docs/bench holds: docs/kernels.svg, how near each kernel
// comes to its roof; docs/depth.svg, how fast a token is behind how many;
// docs/quantization.svg, what few bits a weight cost; and docs/mtp.svg, what drafts
// gain.
//
//	plots BENCH DOCS
package main

import (
	"encoding/csv"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
)

//go:generate go run . ../../docs/bench ../../docs

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: plots BENCH DOCS")
	}
	bench, docs := os.Args[1], os.Args[2]
	for _, p := range []struct {
		from, to string
		draw     func([]record) (string, error)
	}{
		{"kernels.csv", "kernels.svg", kernels},
		{"depth.csv", "depth.svg", depth},
		{"quantization.csv", "quantization.svg", quality},
		{"mtp.csv", "mtp.svg", gains},
	} {
		records, err := read(filepath.Join(bench, p.from))
		if err != nil {
			log.Fatal(err)
		}
		svg, err := p.draw(records)
		if err != nil {
			log.Fatalf("%s: %v", p.from, err)
		}
		if err := os.WriteFile(filepath.Join(docs, p.to), []byte(svg), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// A record is a line of a CSV file, by the names of its first line.
type record map[string]string

func read(path string) ([]record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var records []record
	for _, line := range lines[1:] {
		r := record{}
		for i, name := range lines[0] {
			r[name] = line[i]
		}
		records = append(records, r)
	}
	return records, nil
}

func (r record) number(name string) (float64, error) {
	v, err := strconv.ParseFloat(r[name], 64)
	if err != nil {
		return 0, fmt.Errorf("%s of %v: %w", name, r, err)
	}
	return v, nil
}
