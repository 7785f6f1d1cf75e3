package table

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// Spreadsheets are told apart from texts and from other archives.
func TestSpreadsheets(t *testing.T) {
	archive := func(names ...string) string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, name := range names {
			w, err := z.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(w, strings.Repeat("<x/>", 99)); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		file string
		is   bool
	}{
		"Excel": {archive("[Content_Types].xml", "xl/workbook.xml"), true}, "Excel, other order": {archive("xl/worksheets/sheet1.xml"), true}, "Google": {archive("_rels/.rels", "xl/workbook.xml"), true},
		"LibreOffice": {archive("mimetype", "content.xml"), true}, "Numbers": {archive("Index/Document.iwa"), true}, "old Excel": {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + strings.Repeat("\x00", 600), true},
		"cut off": {archive("[Content_Types].xml")[:60], true}, "a bundle": {archive("manifest.json"), false}, "nothing": {"", false}, "a beginning": {"PK\x03\x04", false},
		"a table": {"email\nann@example.com\n", false},
	} {
		if IsSpreadsheet([]byte(c.file)[:min(len(c.file), SpreadsheetHead)]) != c.is {
			t.Errorf("%s: not %v", name, c.is)
		}
		if _, err := Detect(strings.NewReader(c.file)); errors.Is(err, ErrSpreadsheet) != c.is {
			t.Errorf("%s: %v", name, err)
		}
	}
}
