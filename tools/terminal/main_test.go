package main

import (
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", []string{""}},
		{"a dog ran", []string{"a dog", "ran"}},
		{"a dog, ran", []string{"a dog,", "ran"}},
		{"elephants", []string{"elephants"}}, // nowhere to cut
	} {
		if got := wrap(c.text, 6); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

// TestDraw: what is drawn is XML, whatever the text, and has the text.
func TestDraw(t *testing.T) {
	lines := []line{{`$ deskseek run "a < b & c"`, true}, {"", false}, {`"It's <b>!"`, false}}
	var texts []string
	for d := xml.NewDecoder(strings.NewReader(draw(lines))); ; {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := tok.(xml.StartElement); ok && e.Name.Local == "text" {
			var text string
			if err := d.DecodeElement(&text, &e); err != nil {
				t.Fatal(err)
			}
			texts = append(texts, text)
		}
	}
	for i, l := range lines {
		if i >= len(texts) || texts[i] != l.text {
			t.Fatalf("%q, want those of %v", texts, lines)
		}
	}
}
