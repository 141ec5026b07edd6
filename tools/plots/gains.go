package main

import (
	"fmt"
	"slices"
	"strings"
)

// gains draws what drafts gain over their acceptance, a panel for each overlap of
// experts and a line for each number of sequences: with one draft, and, thin, with the
// best number up to three where that is more than one.
func gains(records []record) (string, error) {
	type curve struct{ overlap, sequences string }
	one, best := map[curve]map[float64]float64{}, map[curve]map[float64]float64{}
	var overlaps, sequences []string
	for _, r := range records {
		p, err := r.number("acceptance")
		if err != nil {
			return "", err
		}
		gain, err := r.number("gain")
		if err != nil {
			return "", err
		}
		c := curve{r["overlap"], r["sequences"]}
		if one[c] == nil {
			one[c], best[c] = map[float64]float64{}, map[float64]float64{}
		}
		if r["drafts"] == "1" {
			one[c][p] = gain
		}
		best[c][p] = max(best[c][p], gain)
		if !slices.Contains(overlaps, c.overlap) {
			overlaps = append(overlaps, c.overlap)
		}
		if !slices.Contains(sequences, c.sequences) {
			sequences = append(sequences, c.sequences)
		}
	}
	const left, top, wide, high, apart = 50, 78, 300, 280, 350
	const least, most = 0.5, 2.0
	colours := []string{blue, amber, "#4b8f4b", "#b0413e", grey}
	p := &picture{width: left + apart*len(overlaps), height: top + high + 50}
	p.text(left, 18, "start", "DeepSeek-V3 in 4 bits: gain over no drafts, by the bytes that are read")
	p.text(left, 36, "start", "Sequences together:")
	for i, n := range sequences {
		x := left + 130 + 60*float64(i)
		p.add(`<rect x="%.0f" y="29" width="14" height="3" fill="%s"/>`, x, colours[i%len(colours)])
		p.text(x+18, 36, "start", n)
	}
	p.text(left+130+60*float64(len(sequences)), 36, "start", "thin: best of 1 to 3 drafts")
	for i, overlap := range overlaps {
		x0 := left + apart*float64(i)
		x := func(acceptance float64) float64 { return x0 + wide*acceptance }
		y := func(gain float64) float64 { return top + high*(most-gain)/(most-least) }
		p.text(x0, top-12, "start", "overlap of experts "+overlap)
		for k := range 7 {
			g := least + 0.25*float64(k)
			colour := "#ddd"
			if g == 1 {
				colour = "#666"
			}
			p.line(x0, y(g), x0+wide, y(g), colour)
			p.text(x0-6, y(g)+4, "end", fmt.Sprintf("%.2f", g))
		}
		for k := range 6 {
			a := 0.2 * float64(k)
			p.text(x(a), top+high+16, "middle", fmt.Sprintf("%.1f", a))
		}
		p.text(x0+wide/2, top+high+36, "middle", "acceptance of a draft")
		for k, n := range sequences {
			c, colour := curve{overlap, n}, colours[k%len(colours)]
			var line, thin strings.Builder
			for step := range 21 {
				a := float64(5*step) / 100
				fmt.Fprintf(&line, "%.1f,%.1f ", x(a), y(one[c][a]))
				if b := best[c][a]; b > one[c][a] && b <= most {
					if thin.Len() == 0 && step > 0 { // it leaves the line at the point before
						before := float64(5*step-5) / 100
						fmt.Fprintf(&thin, "%.1f,%.1f ", x(before), y(one[c][before]))
					}
					fmt.Fprintf(&thin, "%.1f,%.1f ", x(a), y(b))
				}
			}
			p.add(`<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`, strings.TrimSpace(line.String()), colour)
			if thin.Len() > 0 {
				p.add(`<polyline points="%s" fill="none" stroke="%s" stroke-width="1"/>`, strings.TrimSpace(thin.String()), colour)
			}
		}
	}
	return p.whole(), nil
}
