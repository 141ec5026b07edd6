package checkpoint

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
)

var little = binary.LittleEndian

// sniffed is how much of a file's start decides what it is.
const sniffed = 512

// formats are what is read; strangers are what people have instead, each with
// what to do about it. The first that matches counts.
var (
	formats = []struct {
		format Format
		is     func(head []byte) bool
	}{
		{GGUF, isGGUF},
		{Safetensors, isSafetensors},
	}
	strangers = []struct {
		is       func(head []byte) bool
		sentence string
	}{
		{isEmpty, "the file is empty"},
		{isPointer, "a git-lfs pointer, not the file it points to: run git lfs pull, or download the file itself"},
		{isHTML, "an HTML page, not a checkpoint: the download gave an error or a login page"},
		{isTorch, "a PyTorch file (zip or pickle), which is not read: convert it to safetensors"},
		{isOldGGML, "a GGML file from before GGUF, which is not read: convert the original weights to GGUF"},
		{isJSON, "JSON, which holds no tensors: name the folder that holds the checkpoint"},
	}
)

// recognise says which format a file is, by its content.
func recognise(file string, data []byte) (Format, error) {
	head := data[:min(len(data), sniffed)]
	for _, f := range formats {
		if f.is(head) {
			return f.format, nil
		}
	}
	if sentence := stranger(head); sentence != "" {
		return "", badf(file, "%s", sentence)
	}
	return "", badf(file, "neither GGUF nor safetensors: it begins with %q", head[:min(len(head), 16)])
}

func stranger(head []byte) string {
	for _, s := range strangers {
		if s.is(head) {
			return s.sentence
		}
	}
	return ""
}

// sniff reads the start of a file.
func sniff(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, sniffed)
	n, err := io.ReadFull(f, head)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return head[:n], err
}

func isGGUF(head []byte) bool { return bytes.HasPrefix(head, []byte("GGUF")) }

// isSafetensors: a length below 2^56, and JSON after it. So text is none.
func isSafetensors(head []byte) bool { return len(head) > 8 && head[7] == 0 && head[8] == '{' }

func isEmpty(head []byte) bool { return len(head) == 0 }

func isPointer(head []byte) bool {
	return bytes.HasPrefix(head, []byte("version https://git-lfs.github.com/spec/"))
}

func isHTML(head []byte) bool {
	text := bytes.ToLower(bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n"))
	return bytes.HasPrefix(text, []byte("<!doctype")) || bytes.HasPrefix(text, []byte("<html")) ||
		bytes.HasPrefix(text, []byte("<head")) || bytes.HasPrefix(text, []byte("<?xml"))
}

func isTorch(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) ||
		len(head) > 2 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5
}

func isOldGGML(head []byte) bool {
	for _, magic := range []string{"lmgg", "fmgg", "tjgg", "algg"} { // ggml ggmf ggjt ggla, byte-swapped
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return false
}

func isJSON(head []byte) bool {
	text := bytes.TrimLeft(head, " \t\r\n")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[')
}
