package table

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// slow is a file of which little is read at once.
func slow(file string) io.ReadSeeker {
	f := strings.NewReader(file)
	return struct {
		io.Reader
		io.Seeker
	}{iotest.HalfReader(f), f}
}

// read reads all of a file; each row is told as "line: cells".
func read(t *testing.T, file string) (Layout, []string) {
	t.Helper()
	l, err := Detect(strings.NewReader(file))
	if err != nil {
		t.Fatalf("%q: %v", file, err)
	}
	r, err := NewReader(slow(file), l)
	if err != nil {
		t.Fatal(err)
	}
	return l, rest(t, r)
}

func rest(t *testing.T, r *Reader) (out []string) {
	t.Helper()
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, tell(row))
	}
}

func tell(row Row) string {
	s := fmt.Sprintf("%d: %s", row.Line, strings.Join(row.Cells, "|"))
	if row.Fault != "" {
		s = fmt.Sprintf("%d: %s at %d:%d in %q", row.Line, row.Fault, row.AtLine, row.At, row.Raw)
	}
	if row.Short {
		s += " short"
	}
	return s
}

func TestFilesAsTheyAre(t *testing.T) {
	utf16 := func(order unicode.Endianness, bom unicode.BOMPolicy, s string) string {
		out, err := unicode.UTF16(order, bom).NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	ansi, err := charmap.Windows1252.NewEncoder().String("Email,Name\nzoe@example.com,Zoë €\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, file string
		encoding   Encoding
		sep        string
		header     string
		rows       []string
	}{
		{"plain", "Email,Name\na@x.com,Ann\nb@x.com,Bob", UTF8, ",", "Email|Name", []string{"2: a@x.com|Ann", "3: b@x.com|Bob"}},
		{"mark", "\uFEFFEmail,Name\r\na@x.com,Zoë\r\n", UTF8, ",", "Email|Name", []string{"2: a@x.com|Zoë"}},
		{"utf-16", utf16(unicode.LittleEndian, unicode.UseBOM, "Email\tName\r\na@x.com\tZoë\r\n"), UTF16LE, "\t", "Email|Name", []string{"2: a@x.com|Zoë"}},
		{"utf-16 big", utf16(unicode.BigEndian, unicode.UseBOM, "Email,Name\na@x.com,Zoë\n"), UTF16BE, ",", "Email|Name", []string{"2: a@x.com|Zoë"}},
		{"utf-16 without a mark", utf16(unicode.LittleEndian, unicode.IgnoreBOM, "Email,Name\na@x.com,Zoë\n"), UTF16LE, ",", "Email|Name", []string{"2: a@x.com|Zoë"}},
		{"windows-1252", ansi, Windows1252, ",", "Email|Name", []string{"2: zoe@example.com|Zoë €"}},
		{"semicolons", "Email;Name;Amount\na@x.com;Ann;1,50\nb@x.com;Bob;2,25\n", UTF8, ";", "Email|Name|Amount", []string{"2: a@x.com|Ann|1,50", "3: b@x.com|Bob|2,25"}},
		{"sep", "sep=;\nEmail;Name, first\na@x.com;Ann\n", UTF8, ";", "Email|Name, first", []string{"3: a@x.com|Ann"}},
		{"old line ends", "Email,Name\ra@x.com,Ann\rb@x.com,Bob\r", UTF8, ",", "Email|Name", []string{"2: a@x.com|Ann", "3: b@x.com|Bob"}},
		{"newlines in quotes", "Email,Note\na@x.com,\"one\r\ntwo \"\"2\"\"\"\nb@x.com,x\n", UTF8, ",", "Email|Note", []string{"2: a@x.com|one\r\ntwo \"2\"", "4: b@x.com|x"}},
		{"blank rows", "\n\nEmail,Name\n\n,\na@x.com,Ann\n \n", UTF8, ",", "Email|Name", []string{"6: a@x.com|Ann"}},
		{"ragged", "Email,Name,Phone\na@x.com,Ann\nb@x.com,Bob,1,,\nc@x.com,Cy,2,extra\n", UTF8, ",", "Email|Name|Phone",
			[]string{"2: a@x.com|Ann| short", "3: b@x.com|Bob|1", `4: too_many_cells at 4:4 in "c@x.com,Cy,2,extra"`}},
		{"headers", "Email,,Note,note, email \na,b,c,d,e\n", UTF8, ",", "Email|Column 2|Note|note (2)|email (2)", []string{"2: a|b|c|d|e"}},
		{"inches", "Email,Note\na@x.com,12\" pipe\nb@x.com,\"12\" pipe\"\nc@x.com,\"x\" \n", UTF8, ",", "Email|Note",
			[]string{`2: a@x.com|12" pipe`, `3: b@x.com|12" pipe`, "4: c@x.com|x"}},
		{"open to the end", "Email,Note\na@x.com,\"open\nb@x.com,x\nc@x.com,y\n", UTF8, ",", "Email|Note",
			[]string{`2: unclosed_quote at 2:9 in "a@x.com,\"open"`, "3: b@x.com|x", "4: c@x.com|y"}},
		{"open to the next quote", "Email,Note\na@x.com,\"open\nb@x.com,\"x\"\nc@x.com,y\n", UTF8, ",", "Email|Note",
			[]string{`2: unclosed_quote at 2:9 in "a@x.com,\"open"`, "3: b@x.com|x", "4: c@x.com|y"}},
		{"open later", "Email,A,B\na@x.com,\"1\n2\",\"open\nb@x.com,x,\n", UTF8, ",", "Email|A|B",
			[]string{"2: unclosed_quote at 3:4 in \"a@x.com,\\\"1\\n2\\\",\\\"open\"", "4: b@x.com|x|"}},
		{"one column", "Email\na@x.com\n", UTF8, ",", "Email", []string{"2: a@x.com"}},
		{"separator behind", "Email,Name,\na@x.com,Ann,\n", UTF8, ",", "Email|Name", []string{"2: a@x.com|Ann"}},
		{"only a header", "Email,Name\n", UTF8, ",", "Email|Name", nil},
	} {
		l, rows := read(t, c.file)
		if l.Encoding != c.encoding || l.Separator != c.sep || strings.Join(l.Header, "|") != c.header || !slices.Equal(rows, c.rows) {
			t.Errorf("%s: %s %q %s\n got %q\nwant %q", c.name, l.Encoding, l.Separator, strings.Join(l.Header, "|"), rows, c.rows)
		}
	}
}

func TestNoTables(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"", "nothing"}, {"\n\n  \n", "nothing"}, {"PK\x03\x04\x00\x00\x01\x01", "unpack it"}, {"\x1F\x8B\x08\x00\x00", "unpack it"}, {"Email,Name\x00,Phone\n", "no text"}, {"\"Email\n", "unclosed_quote"},
		{strings.Repeat("a,", maxColumns+1), "columns"},
	} {
		if _, err := Detect(strings.NewReader(c.file)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.20q: %v", c.file, err)
		}
	}
}

// What is not UTF-8 may come late in a file, and a rune may lie across what is read
// at once.
func TestEncodingOfAllOfIt(t *testing.T) {
	for n := chunk - 3; n <= chunk+3; n++ {
		long := strings.Repeat("x", n)
		for s, want := range map[string]Encoding{long + "€": UTF8, long + "€" + long + "ë": UTF8, long + "\xEB": Windows1252, long + "\xE2\x82": Windows1252, long + "€" + long + "\xEBx": Windows1252} {
			if e, err := DetectEncoding(strings.NewReader(s)); err != nil || e != want {
				t.Errorf("%d and %q: %s, %v", n, s[n:n+3], e, err)
			}
		}
	}
}

// A reader that is resumed after any row goes on as if it had never stopped.
func TestResume(t *testing.T) {
	file := "Email,Note\r\n" + strings.Repeat("ä@x.com,\"a\r\nb\"\nb@x.com,\"open\r\n\nc@x.com,é\rd@x.com,too,many\n", 50) +
		"e@x.com," + strings.Repeat("long", maxRecord/4+10) + "\nf@x.com,last"
	for _, e := range Encodings {
		text := file
		switch e {
		case UTF16LE:
			text, _ = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(file)
		case UTF16BE:
			text, _ = unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(file)
		case Windows1252:
			text, _ = charmap.Windows1252.NewEncoder().String(file)
		}
		l, err := Detect(strings.NewReader(text))
		if err != nil || l.Encoding != e {
			t.Fatal(l.Encoding, err)
		}
		r, err := NewReader(strings.NewReader(text), l)
		if err != nil {
			t.Fatal(err)
		}
		var rows []Row
		for {
			row, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, row)
		}
		if n := len(rows); n != 202 || rows[n-2].Fault != TooLong || rows[n-1].Raw != "f@x.com,last" {
			t.Fatalf("%s: %d rows", e, n)
		}
		for i := 0; i < len(rows); i += 7 {
			r, err := Resume(strings.NewReader(text), l, rows[i].End, rows[i].Lines)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := rest(t, r), rows[i+1:]; len(got) != len(want) || len(got) > 0 && got[0] != tell(want[0]) || got[len(got)-1] != tell(want[len(want)-1]) {
				t.Fatalf("%s, after row %d: %d rows", e, i, len(got))
			}
		}
	}
}

// Whatever a file holds, each of its bytes is in one row, blank or not.
func FuzzReader(f *testing.F) {
	f.Add("Email,Name\n\"a\r\nb\",\"c\n\rd\"\"")
	f.Add("sep=;\na;b\n;\"\n\"\n")
	f.Fuzz(func(t *testing.T, file string) {
		s := newScanner(iotest.OneByteReader(strings.NewReader(file)), ",", 0)
		at, lines := int64(0), int64(0)
		for {
			rec, err := s.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if rec.line != lines+1 || rec.end <= at || !strings.HasPrefix(file[at:], rec.raw) {
				t.Fatalf("%q: line %d, %d to %d: %q", file, rec.line, at, rec.end, rec.raw)
			}
			at, lines = rec.end, s.lines
		}
		if at != int64(len(file)) {
			t.Fatalf("%q: read to %d", file, at)
		}
	})
}
