package deskseek

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// texts makes a folder of a tokenizer, under the given name, and of the
// templates that files carry: by the network they are of.
func texts(t *testing.T, tokenizer string, carried map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	read := func(path ...string) []byte {
		content, err := os.ReadFile(filepath.Join(path...))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	write(tokenizer, read("token", "testdata", "tiny-tokenizer.json"))
	for name, network := range carried {
		content := read("chat", network+".jinja")
		if name == tokenizerConfigFile {
			var err error
			if content, err = json.Marshal(map[string]string{"chat_template": string(content)}); err != nil {
				t.Fatal(err)
			}
		}
		write(name, content)
	}
	return dir
}

// TestTemplateFiles checks which file's template is taken, of a folder and of a
// tokenizer alone, which may go by any name.
func TestTemplateFiles(t *testing.T) {
	const v3, v30324 = "deepseek-v3", "deepseek-v3-0324"
	for _, test := range []struct {
		name    string
		carried map[string]string
		want    string // "" is none
	}{
		{"file and key", map[string]string{templateFile: v30324, tokenizerConfigFile: v3}, v30324},
		{"key and file", map[string]string{templateFile: v3, tokenizerConfigFile: v30324}, v3},
		{"file", map[string]string{templateFile: v30324}, v30324},
		{"key", map[string]string{tokenizerConfigFile: v3}, v3},
		{"neither", nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder, other := texts(t, tokenizerFile, test.carried), texts(t, "other.json", test.carried)
			for _, path := range []string{folder, filepath.Join(folder, tokenizerFile), filepath.Join(other, "other.json")} {
				text, err := OpenText(path)
				if err != nil || text.Tokenizer == nil || text.TemplateError != nil {
					t.Fatalf("%s: %+v, %v", path, text, err)
				}
				got := ""
				if text.Template != nil {
					got = text.Template.Name()
				}
				if got != test.want {
					t.Errorf("%s: template %q, want %q", path, got, test.want)
				}
			}
		})
	}
}
