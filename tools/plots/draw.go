package main

import (
	"fmt"
	"math"
	"strings"
)

const (
	font  = `font-family="sans-serif" font-size="12"`
	blue  = "#3b6ea8"
	amber = "#c98a1b"
	grey  = "#999"
)

// A picture is an SVG that is being drawn.
type picture struct {
	strings.Builder
	width, height int
}

func (p *picture) add(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *picture) text(x, y float64, anchor, s string) {
	p.add(`<text x="%.0f" y="%.0f" text-anchor="%s">%s</text>`, x, y, anchor, s)
}

func (p *picture) line(x1, y1, x2, y2 float64, colour string) {
	p.add(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>`, x1, y1, x2, y2, colour)
}

// whole returns the file.
func (p *picture) whole() string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" %s>`+"\n"+
		`<rect width="100%%" height="100%%" fill="white"/>`+"\n%s</svg>\n", p.width, p.height, font, p.String())
}

// turin is the machine whose figures are drawn, as the CSVs name it.
const turin = "EPYC Turin (Zen 5)"

// kernels draws two bars an encoding, of the best tier: its share of the read roof with
// one token, and of the multiply roof with 512.
func kernels(records []record) (string, error) {
	type bars struct {
		name      string
		one, many float64
	}
	var all []*bars
	by := map[string]*bars{}
	for _, r := range records {
		if r["machine"] != turin || r["tier"] != "avx512" || r["tokens"] != "1" && r["tokens"] != "512" {
			continue
		}
		share, err := r.number("share")
		if err != nil {
			return "", err
		}
		b := by[r["encoding"]]
		if b == nil {
			b = &bars{name: r["encoding"]}
			by[b.name], all = b, append(all, b)
		}
		if r["tokens"] == "1" {
			b.one = share
		} else {
			b.many = share
		}
	}
	const left, scale, row = 80, 560, 26
	p := &picture{width: 720, height: 70 + row*len(all)}
	p.text(left, 18, "start", "Share of the machine's roof, AVX-512, one core of Zen 5")
	p.add(`<rect x="%d" y="26" width="10" height="10" fill="%s"/>`, left, blue)
	p.text(left+16, 36, "start", "1 token: reading")
	p.add(`<rect x="%d" y="26" width="10" height="10" fill="%s"/>`, left+150, amber)
	p.text(left+166, 36, "start", "512 tokens: multiplying")
	bottom := float64(50 + row*len(all))
	for i := 0; i <= 100; i += 25 {
		x := left + scale*float64(i)/100
		p.line(x, 46, x, bottom, "#ddd")
		p.text(x, bottom+14, "middle", fmt.Sprintf("%d %%", i))
	}
	for i, b := range all {
		y := 50 + row*i
		p.text(left-6, float64(y+15), "end", b.name)
		p.add(`<rect x="%d" y="%d" width="%.1f" height="10" fill="%s"/>`, left, y, scale*min(b.one, 1.1), blue)
		p.add(`<rect x="%d" y="%d" width="%.1f" height="10" fill="%s"/>`, left, y+10, scale*min(b.many, 1.1), amber)
	}
	return p.whole(), nil
}

// depth draws tokens a second of one stream over the depth, and what both roofs allow.
func depth(records []record) (string, error) {
	type point struct{ depth, rate, least float64 }
	var points []point
	deepest, fastest := 1.0, 0.0
	for _, r := range records {
		if r["machine"] != turin || r["kind"] != "decode" || r["streams"] != "1" {
			continue
		}
		var v [3]float64
		for i, name := range []string{"depth", "tokens_per_second", "least_share"} {
			var err error
			if v[i], err = r.number(name); err != nil {
				return "", err
			}
		}
		x := point{v[0], v[1], v[1] / v[2]}
		points = append(points, x)
		deepest, fastest = max(deepest, x.depth), max(fastest, x.least)
	}
	const left, top, wide, high = 60, 50, 600, 260
	p := &picture{width: 700, height: 350}
	p.text(left, 18, "start", "v3slice: tokens a second behind a context")
	p.add(`<rect x="%d" y="28" width="10" height="3" fill="%s"/>`, left, blue)
	p.text(left+16, 36, "start", "measured")
	p.add(`<rect x="%d" y="28" width="10" height="3" fill="%s"/>`, left+110, grey)
	p.text(left+126, 36, "start", "what reading and multiplying allow at best")
	most := math.Ceil(fastest/5) * 5
	x := func(depth float64) float64 { return left + wide*depth/deepest }
	y := func(rate float64) float64 { return top + high*(1-rate/most) }
	for r := 0.0; r <= most; r += 5 {
		p.line(left, y(r), left+wide, y(r), "#ddd")
		p.text(left-6, y(r)+4, "end", fmt.Sprint(r))
	}
	curve := func(colour string, of func(point) float64) {
		var s strings.Builder
		for _, v := range points {
			fmt.Fprintf(&s, "%.1f,%.1f ", x(v.depth), y(of(v)))
		}
		p.add(`<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`, strings.TrimSpace(s.String()), colour)
	}
	curve(grey, func(v point) float64 { return v.least })
	curve(blue, func(v point) float64 { return v.rate })
	for _, v := range points {
		p.add(`<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`, x(v.depth), y(v.rate), blue)
		p.text(x(v.depth), top+high+16, "middle", fmt.Sprint(v.depth))
	}
	return p.whole(), nil
}
