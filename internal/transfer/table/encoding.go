package table

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Encoding is how a file's text is written.
type Encoding string

// The encodings that are read.
const (
	UTF8        Encoding = "utf-8"
	UTF16LE     Encoding = "utf-16le"
	UTF16BE     Encoding = "utf-16be"
	Windows1252 Encoding = "windows-1252"
)

// Encodings are all of them.
var Encodings = []Encoding{UTF8, UTF16LE, UTF16BE, Windows1252}

// ErrNotText is returned for files that hold no text.
var ErrNotText = errors.New("the file holds no text")

// ErrSpreadsheet is returned for files of spreadsheets.
var ErrSpreadsheet = errors.New("the file is a spreadsheet of Excel, LibreOffice or Numbers: save it there as CSV (in Excel, CSV UTF-8) and import that")

// ErrPacked is returned for archives and compressed files, as exports often come.
var ErrPacked = fmt.Errorf("%w: it is packed (ZIP or gzip): unpack it first", ErrNotText)

func isPacked(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("\x1F\x8B"))
}

// SpreadsheetHead is how many bytes of a file IsSpreadsheet needs.
const SpreadsheetHead = 256

// IsSpreadsheet reports whether a file that begins with head is one of a spreadsheet
// program: an archive in which these programs put their parts, or of old Excel.
func IsSpreadsheet(head []byte) bool {
	const fixed = 30 // bytes of an entry of an archive before its name
	if bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")) {
		return true
	}
	if !bytes.HasPrefix(head, []byte("PK\x03\x04")) || len(head) < fixed {
		return false
	}
	name := head[fixed:]
	if n := int(binary.LittleEndian.Uint16(head[26:])); n < len(name) {
		name = name[:n]
	}
	for _, first := range []string{"[Content_Types].xml", "_rels/", "docProps/", "xl/", "mimetype", "Index/", "Index.zip"} {
		if bytes.HasPrefix(name, []byte(first)) {
			return true
		}
	}
	return false
}

// decoded returns a reader of the text in UTF-8, without a byte order mark. What
// is no text in the encoding becomes U+FFFD.
func (e Encoding) decoded(r io.Reader) (io.Reader, error) {
	switch e {
	case UTF8:
		return transform.NewReader(r, unicode.UTF8BOM.NewDecoder()), nil
	case UTF16LE:
		return transform.NewReader(r, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()), nil
	case UTF16BE:
		return transform.NewReader(r, unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder()), nil
	case Windows1252:
		return charmap.Windows1252.NewDecoder().Reader(r), nil
	}
	return nil, fmt.Errorf("unknown encoding %q: want one of %v", string(e), Encodings)
}

const (
	// looked is how much of a file tells its encoding, if it is not UTF-8.
	looked = 64 << 10
	// chunk is read at once.
	chunk = 256 << 10
)

// DetectEncoding reads all of r and tells its encoding: by the byte order mark;
// UTF-16 without one, where every other byte is zero; UTF-8, if all is valid; else
// Windows-1252, in which every file is.
func DetectEncoding(r io.Reader) (Encoding, error) {
	buf := make([]byte, chunk)
	n, err := io.ReadFull(r, buf)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	head := buf[:n]
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return UTF16LE, nil
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return UTF16BE, nil
	}
	if e := zeros(head[:min(n, looked)]); e != "" {
		return e, nil
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return "", ErrNotText
	}
	rest := 0 // bytes of a rune that is not complete
	for {
		text := buf[:n]
		last := err != nil
		k := valid(text)
		if tail := text[k:]; len(tail) > 0 {
			if last || len(tail) >= utf8.UTFMax || utf8.FullRune(tail) {
				return Windows1252, nil
			}
		}
		if last {
			return UTF8, nil
		}
		rest = copy(buf, text[k:])
		n, err = io.ReadFull(r, buf[rest:])
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return "", err
		}
		n += rest
	}
}

// valid returns how many bytes at the beginning are complete, valid runes.
func valid(b []byte) int {
	if utf8.Valid(b) {
		return len(b)
	}
	i := 0
	for i < len(b) {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		i += n
	}
	return i
}

// zeros tells UTF-16 by the zero bytes of Latin letters, of which nearly all of a
// table's separators and line ends are.
func zeros(b []byte) Encoding {
	var at [2]int
	for i, c := range b {
		if c == 0 {
			at[i%2]++
		}
	}
	half := len(b) / 2
	switch {
	case half == 0:
	case at[1]*10 >= half*3 && at[0]*10 < half:
		return UTF16LE
	case at[0]*10 >= half*3 && at[1]*10 < half:
		return UTF16BE
	}
	return ""
}
