package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrFormat is wrapped by every error that a file's content is to blame for:
// damaged, incomplete, not a checkpoint, or of a kind that is not supported.
var ErrFormat = errors.New("not a readable checkpoint")

// A formatError is one sentence about one file. It is ErrFormat without
// repeating its words.
type formatError struct{ file, sentence string }

func (e *formatError) Error() string        { return e.file + ": " + e.sentence }
func (e *formatError) Is(target error) bool { return target == ErrFormat }

func badf(file, format string, args ...any) error {
	return &formatError{file, fmt.Sprintf(format, args...)}
}

// mostShown is the number of problems that an error spells out.
const mostShown = 20

// formatErrors are several sentences about the files of one checkpoint, each a
// formatError.
type formatErrors struct {
	path string
	errs []error
}

// joined makes one error of all that is wrong with the checkpoint at path; nil of
// nothing.
func joined(path string, errs []error) error {
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	return &formatErrors{path, errs}
}

func (e *formatErrors) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s: %d problems:", e.path, len(e.errs))
	for i, err := range e.errs {
		if i == mostShown {
			fmt.Fprintf(&s, "\n  and %d more", len(e.errs)-i)
			break
		}
		line := err.Error()
		if about, ok := errors.AsType[*formatError](err); ok && about.file == e.path {
			line = about.sentence // the first line has the name
		} else if ok {
			line = filepath.Base(about.file) + ": " + about.sentence
		}
		fmt.Fprintf(&s, "\n  %s", line)
	}
	return s.String()
}

// Unwrap returns the single problems.
func (e *formatErrors) Unwrap() []error { return e.errs }

// printable returns a name from a file as it may stand in a sentence: quoted
// where it has spaces or unprintable characters, cut where it is long.
func printable(name string) string {
	const most = 100
	if len(name) > most {
		return fmt.Sprintf("%q...", name[:most])
	}
	for _, r := range name {
		if r == utf8.RuneError || !unicode.IsGraphic(r) || unicode.IsSpace(r) {
			return fmt.Sprintf("%q", name)
		}
	}
	if name == "" {
		return `""`
	}
	return name
}

// plain says what is wrong with a JSON value without the names of Go types.
func plain(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if wrong.Field == "" {
			return fmt.Errorf("unexpected %s", wrong.Value)
		}
		return fmt.Errorf("unexpected %s as %s", wrong.Value, wrong.Field)
	}
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
