// Command terminal draws docs/run.svg: a terminal in which deskseek answers, and says
// what it runs. It runs the commands, and shows their standard output; what goes to
// standard error depends on the machine.
//
//	terminal OUT
package main

import (
	"fmt"
	"html"
	"log"
	"os"
	"os/exec"
	"strings"
)

//go:generate go run . ../../docs/run.svg

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: terminal OUT")
	}
	var lines []line
	for _, args := range [][]string{{"run", "Tell me a story about a dog."}, {"inspect"}} {
		out, err := exec.Command("go", append([]string{"run", "github.com/deskseek/deskseek/cmd/deskseek"}, args...)...).Output()
		if err != nil {
			log.Fatalf("deskseek %q: %v", args, err)
		}
		prompt := "$ deskseek " + args[0]
		for _, a := range args[1:] {
			prompt += fmt.Sprintf(" %q", a)
		}
		lines = append(lines, line{prompt, true})
		for s := range strings.Lines(strings.TrimRight(string(out), "\n")) {
			for _, part := range wrap(strings.TrimRight(s, "\n"), columns) {
				lines = append(lines, line{part, false})
			}
		}
	}
	if err := os.WriteFile(os.Args[1], []byte(draw(lines)), 0o644); err != nil {
		log.Fatal(err)
	}
}

// A line is what the user typed, or what came.
type line struct {
	text  string
	typed bool
}

// columns are those of the terminal.
const columns = 108

// wrap cuts a line between words where it is too long.
func wrap(s string, columns int) (parts []string) {
	for len(s) > columns {
		at := strings.LastIndexByte(s[:columns+1], ' ')
		if at <= 0 {
			break
		}
		parts, s = append(parts, s[:at]), s[at+1:]
	}
	return append(parts, s)
}

func draw(lines []line) string {
	const width, left, top, step = 900, 18, 60, 19
	height := top + step*len(lines)
	var b strings.Builder
	add := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	add(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="13">`,
		width, height, width, height)
	add(`<rect width="%d" height="%d" rx="10" fill="#1b1e28"/>`, width, height)
	for i, colour := range []string{"#ff5f57", "#febc2e", "#28c840"} {
		add(`<circle cx="%d" cy="20" r="6" fill="%s"/>`, 26+20*i, colour)
	}
	for i, l := range lines {
		colour := "#d8dee9"
		if l.typed {
			colour = "#9ece6a"
		}
		add(`<text x="%d" y="%d" fill="%s" xml:space="preserve">%s</text>`, left, top+step*i, colour, html.EscapeString(l.text))
	}
	add(`</svg>`)
	return b.String()
}
