package disk

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/deskseek/deskseek/token"
)

// A Key names what a page holds and all before it: it is the SHA-256 of the
// store's identity, the key of the page before, the page's tokens and their forms.
// The zero Key is the root: no page, and the parent of first pages.
type Key [32]byte

// String returns the key as 64 hexadecimal digits.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// A Page names a page of a sequence.
type Page struct {
	Key, Parent Key
	Tokens      []token.ID // not to be changed
	Forms       uint64     // bit i: token i was computed in the expanded form of attention
}

// A file holds one page, or one note. Numbers are little-endian.
//
//	┌────────┬─────────┬─────────┬────────────────┬─────────┬─────────┬──────────────┬────────────┬─────────┐
//	│ magic  │ version │ count n │ payload length │ forms   │ stored  │ identity     │ parent     │ key     │
//	│ 8 B    │ uint32  │ uint32  │ uint64         │ uint64  │ int64   │ 32 B         │ 32 B       │ 32 B    │
//	├────────┴─────────┴─────────┴────────────────┴──┬──────┴─────────┴───┬──────────┴─────────┬──┴─────────┤
//	│ n tokens <uint32>, or a note's name of n bytes │ CRC-32C of payload │ CRC-32C of header  │ payload    │
//	└────────────────────────────────────────────────┴────────────────────┴────────────────────┴────────────┘
//
// The header's check sum is of all before it. stored is in nanoseconds since 1970.
// A note has no forms and no parent. The key says what the file may be called, and
// follows from the rest of the header: a file that was renamed is not accepted.
type header struct {
	note     bool
	length   int64 // of the payload
	forms    uint64
	stored   int64
	identity [32]byte
	parent   Key
	key      Key
	tokens   []token.ID // of a page
	name     string     // of a note
	sum      uint32     // of the payload
}

const (
	pageMagic = "deskpage"
	noteMagic = "desknote"
	version   = 1

	fixedHeader = 136           // up to the tokens or the name
	maxTokens   = 64            // of a page: one bit each in forms
	maxName     = 4 * maxTokens // bytes of a note's name
	maxHeader   = 8 + 4*maxTokens + fixedHeader
	maxNote     = 64 << 20 // bytes of a note
)

var (
	little     = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// errTorn is in errors about files that are not, or no longer, what a Store wrote.
var errTorn = errors.New("not a whole file of this version")

// size returns the bytes of the header.
func (h *header) size() int {
	if h.note {
		return fixedHeader + len(h.name) + 8
	}
	return fixedHeader + 4*len(h.tokens) + 8
}

// fileSize returns the bytes of the file.
func (h *header) fileSize() int64 { return int64(h.size()) + h.length }

// append writes the header behind b.
func (h *header) append(b []byte) []byte {
	start := len(b)
	magic, count := pageMagic, len(h.tokens)
	if h.note {
		magic, count = noteMagic, len(h.name)
	}
	b = append(b, magic...)
	b = little.AppendUint32(b, version)
	b = little.AppendUint32(b, uint32(count))
	b = little.AppendUint64(b, uint64(h.length))
	b = little.AppendUint64(b, h.forms)
	b = little.AppendUint64(b, uint64(h.stored))
	b = append(b, h.identity[:]...)
	b = append(b, h.parent[:]...)
	b = append(b, h.key[:]...)
	for _, id := range h.tokens {
		b = little.AppendUint32(b, uint32(id))
	}
	b = append(b, h.name...)
	b = little.AppendUint32(b, h.sum)
	return little.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

// parseHeader reads the header of a file of the given size, of which b is the
// beginning: maxHeader bytes, or all there are.
func parseHeader(b []byte, size int64) (*header, error) {
	if len(b) < fixedHeader {
		return nil, fmt.Errorf("%w: %d bytes", errTorn, len(b))
	}
	h := &header{note: string(b[:8]) == noteMagic}
	if !h.note && string(b[:8]) != pageMagic {
		return nil, fmt.Errorf("%w: it starts with %q", errTorn, b[:8])
	}
	if v := little.Uint32(b[8:]); v != version {
		return nil, fmt.Errorf("%w: version %d, want %d", errTorn, v, version)
	}
	count, item, most := int(little.Uint32(b[12:])), 4, maxTokens
	if h.note {
		item, most = 1, maxName
	}
	if count < 1 || count > most {
		return nil, fmt.Errorf("%w: %d tokens or bytes of a name, want 1 to %d", errTorn, count, most)
	}
	end := fixedHeader + count*item
	if len(b) < end+8 {
		return nil, fmt.Errorf("%w: %d bytes of a header of %d", errTorn, len(b), end+8)
	}
	if sum := crc32.Checksum(b[:end+4], castagnoli); sum != little.Uint32(b[end+4:]) {
		return nil, fmt.Errorf("%w: check sum of the header %08x, want %08x", errTorn, sum, little.Uint32(b[end+4:]))
	}
	h.length, h.forms, h.stored = int64(little.Uint64(b[16:])), little.Uint64(b[24:]), int64(little.Uint64(b[32:]))
	copy(h.identity[:], b[40:])
	copy(h.parent[:], b[72:])
	copy(h.key[:], b[104:])
	h.sum = little.Uint32(b[end:])
	if h.note {
		h.name = string(b[fixedHeader:end])
	} else {
		h.tokens = make([]token.ID, count)
		for i := range h.tokens {
			h.tokens[i] = token.ID(little.Uint32(b[fixedHeader+4*i:]))
		}
	}
	return h, h.check(size)
}

// check says what is wrong with a header whose check sum is right.
func (h *header) check(size int64) error {
	if h.length < 1 || h.length != size-int64(h.size()) {
		return fmt.Errorf("%w: %d bytes with a payload of %d", errTorn, size, h.length)
	}
	want := pageKey(h.identity, h.parent, h.tokens, h.forms)
	if h.note {
		if h.forms != 0 || h.parent != (Key{}) || h.length > maxNote {
			return fmt.Errorf("%w: a note of %d bytes with forms or a parent", errTorn, h.length)
		}
		want = noteKey(h.identity, h.name)
	} else if h.forms>>1>>(len(h.tokens)-1) != 0 {
		return fmt.Errorf("%w: forms %#x of %d tokens", errTorn, h.forms, len(h.tokens))
	}
	if h.key != want {
		return fmt.Errorf("%w: key %s, want %s", errTorn, h.key, want)
	}
	return nil
}

// identityHash names what pages of other identities are not mixed with.
func identityHash(o *Options) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "deskseek cache %d\n%d tokens, %d bytes\n%s", version, o.PageTokens, o.PageBytes, o.Identity))
}

func pageKey(identity [32]byte, parent Key, tokens []token.ID, forms uint64) Key {
	b := make([]byte, 0, 80+4*maxTokens)
	b = append(b, pageMagic...)
	b = append(b, identity[:]...)
	b = append(b, parent[:]...)
	b = little.AppendUint64(b, forms)
	for _, id := range tokens {
		b = little.AppendUint32(b, uint32(id))
	}
	return sha256.Sum256(b)
}

func noteKey(identity [32]byte, name string) Key {
	b := append([]byte(noteMagic), identity[:]...)
	return sha256.Sum256(append(b, name...))
}
