package chat

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// between is where a block ends and the next begins.
var between = regexp.MustCompile(`-?%\}\{%-?`)

// TestSameTemplate has spellings of one program.
func TestSameTemplate(t *testing.T) {
	for i := range known {
		text := known[i].text
		for name, variant := range map[string]string{
			"itself":              text,
			"line at the end":     text + "\n",
			"DOS lines":           strings.ReplaceAll(text, "\n", "\r\n"),
			"literal line breaks": strings.ReplaceAll(text, `\n`, "\n"),
			"escaped line breaks": strings.ReplaceAll(text, "\n", `\n`),
			"blanks in tags":      strings.NewReplacer("{%-", "{%- ", "{{", "{{\t", "==", " == ", " + ", "+").Replace(text),
			"trimmed lines":       between.ReplaceAllString(text, "-%}\n  {%-"),
			"trimmed once":        between.ReplaceAllString(text, "%} \n {%-"),
			"lines of blocks":     strings.ReplaceAll(text, "%}{%", "%}\n    {%"),
			"comments":            strings.ReplaceAll(text, "%}{%", "%}{# it's {{ a }} comment #}{%"),
			"double quotes":       strings.ReplaceAll(text, "'", `"`),
			"trimmed output":      strings.ReplaceAll(strings.ReplaceAll(text, "}}{%", "-}}\n{%"), "{{", "{{-"),
		} {
			got, err := ParseTemplate(variant)
			if err != nil {
				t.Errorf("%s, %s: %v", known[i].name, name, err)
			} else if got.Name() != known[i].name {
				t.Errorf("%s, %s: taken for %s", known[i].name, name, got.Name())
			}
		}
	}
}

// TestOtherTemplate has programs that differ from the known ones.
func TestOtherTemplate(t *testing.T) {
	for i := range known {
		text := known[i].text
		for name, variant := range map[string]string{
			"other literal":        strings.ReplaceAll(text, "'<｜User｜>'", "'<｜User｜> '"),
			"other case":           strings.ReplaceAll(text, "json", "JSON"),
			"text in front":        "x" + text,
			"blank in front":       " {{''}}" + text,
			"line behind output":   strings.ReplaceAll(text, "}}{%-", "}}\n{%+"),
			"line kept":            strings.Replace(text, "%}{%", "+%}\n{%", 1),
			"blank between blocks": strings.Replace(text, "{% if", " x{% if", 1),
			"cut off":              text[:len(text)-20],
			"end of R1":            strings.Replace(text, "message['content'] + '<｜end", "(message['content'].split('</think>')|last) + '<｜end", 1),
			"other switch":         strings.ReplaceAll(text, "not ns.is_tool", "ns.is_tool"),
		} {
			if got, err := ParseTemplate(variant); err == nil {
				t.Errorf("%s, %s: taken for %s", known[i].name, name, got.Name())
			}
		}
	}
}

func TestTemplateErrors(t *testing.T) {
	if _, err := ParseTemplate(" \n"); err == nil || err.Error() != "chat template is empty" {
		t.Errorf("empty template: error %v", err)
	}
	_, err := ParseTemplate("{% for message in messages %}\n  {{ '<|im_start|>' + message['role'] + '<|im_sep|>' + message['content'] }}{% endfor %}")
	const want = `chat template (118 bytes, sha256 e97dec834a59, starting "{% for message in messages %} {{ '<|im_start|>' + message['r") ` +
		`is not one of the known ones: deepseek-v3, deepseek-v3-0324`
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestConfigTemplate(t *testing.T) {
	for _, c := range []struct{ config, want, wantError string }{
		{`{"chat_template": "x\n"}`, "x\n", ""},
		{`{"chat_template": [{"name": "tool_use", "template": "y"}, {"name": "default", "template": "x"}]}`, "x", ""},
		{`{"chat_template": null}`, "", ""},
		{`{}`, "", ""},
		{`{"chat_template": [{"name": "tool_use", "template": "y"}]}`, "", "of the 1 chat templates (tool_use) none is named default"},
		{`{"chat_template": {"default": "x"}}`, "", "chat_template is an object"},
		{`{"chat_template": ["x"]}`, "", "chat_template is an array"},
		{`{"chat_template": 7}`, "", "chat_template is a number"},
		{``, "", "unexpected end"},
	} {
		got, err := ConfigTemplate([]byte(c.config))
		if got != c.want || (err == nil) != (c.wantError == "") || err != nil && !strings.Contains(err.Error(), c.wantError) {
			t.Errorf("%s: %q, %v, want %q, %q", c.config, got, err, c.want, c.wantError)
		}
	}
	config, err := json.Marshal(map[string]any{"chat_template": []map[string]string{{"name": "default", "template": textV3}}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := ConfigTemplate(config)
	if err != nil || mustParse(t, text).Name() != "deepseek-v3" {
		t.Errorf("V3 in a list: %v", err)
	}
}

// FuzzParseTemplate: nothing panics, and what is recognised still is with lines
// between its blocks.
func FuzzParseTemplate(f *testing.F) {
	for i := range known {
		f.Add(known[i].text)
	}
	for _, text := range []string{"{", "{{", "{{-", "{%-%}", "{#", "{#-#}\n", "{{'\\", "{{'a\\'b\"'}}", " {%+ x -%} \n {{ y }}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		template, err := ParseTemplate(text)
		if err != nil {
			if len(err.Error()) > 1000 {
				t.Errorf("error of %d bytes", len(err.Error()))
			}
			return
		}
		again, err := ParseTemplate(strings.ReplaceAll(text, "%}{%", "%}\n{%"))
		if err != nil || again != template {
			t.Errorf("with lines between blocks: %v, %v, want %v", again, err, template)
		}
	})
}
