package main

import (
	"fmt"
	"math"
)

// quality draws the divergence of each preset and type over its bits a weight, with an
// importance matrix and without. What diverges by nothing is not on the logarithmic axis.
func quality(records []record) (string, error) {
	const left, top, wide, high = 60, 50, 600, 300
	const fewest, most = 2.5, 8.0     // bits
	const least, greatest = -3.5, 0.0 // powers of ten of nats
	p := &picture{width: 700, height: 400}
	p.text(left, 18, "start", "Built-in model: divergence from Q8_0 (nats) over bits a weight")
	p.add(`<circle cx="%d" cy="32" r="4" fill="%s"/>`, left+5, blue)
	p.text(left+16, 36, "start", "all columns alike")
	p.add(`<circle cx="%d" cy="32" r="4" fill="none" stroke="%s" stroke-width="2"/>`, left+155, amber)
	p.text(left+166, 36, "start", "with an importance matrix")
	x := func(bits float64) float64 { return left + wide*(bits-fewest)/(most-fewest) }
	y := func(power float64) float64 { return top + high*(greatest-power)/(greatest-least) }
	for power := -3.0; power <= 0; power++ {
		p.line(left, y(power), left+wide, y(power), "#ddd")
		p.text(left-6, y(power)+4, "end", fmt.Sprint(math.Pow(10, power)))
	}
	for bits := 3.0; bits <= most; bits++ {
		p.line(x(bits), top, x(bits), top+high, "#ddd")
		p.text(x(bits), top+high+16, "middle", fmt.Sprint(bits))
	}
	for _, r := range records {
		bits, err := r.number("bits")
		if err != nil {
			return "", err
		}
		nats, err := r.number("kld")
		if err != nil {
			return "", err
		}
		if nats == 0 {
			continue
		}
		cx, cy := x(bits), y(math.Log10(nats))
		if r["imatrix"] == "yes" {
			p.add(`<circle cx="%.1f" cy="%.1f" r="6" fill="none" stroke="%s" stroke-width="2"/>`, cx, cy, amber)
			continue
		}
		p.add(`<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`, cx, cy, blue)
		p.text(cx+10, cy-6, "start", r["type"])
	}
	return p.whole(), nil
}
