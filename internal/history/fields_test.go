package history

import (
	"bytes"
	"strings"
	"testing"
)

// What a record has that is made, or goes, is told as a change of each of its
// fields, however long a value is; that of a secret is not told.
func TestWhatARecordHas(t *testing.T) {
	type record struct {
		name, secret, note string
		n                  int64
		on                 bool
	}
	table := Table[record]{
		TextColumn(FieldName, func(r *record) string { return r.name }),
		MaskedColumn(FieldClientSecret, func(r *record) string { return r.secret }),
		Personal(TextColumn(FieldNotes, func(r *record) string { return r.note })),
		Personal(MaskedColumn(FieldPassword, func(r *record) string { return r.secret })),
		IntColumn(FieldOrder, func(r *record) int64 { return r.n }),
		FlagColumn(FieldActive, func(r *record) bool { return r.on }),
	}
	for _, n := range []int{0, 1, 124, 125, 126, 127, 128, 300, 16_500} {
		r := &record{name: strings.Repeat("n", n), secret: strings.Repeat("s", n), note: strings.Repeat("é", n), n: int64(n), on: n > 1}
		masked := ""
		if n > 0 {
			masked = Masked
		}
		on, number := "", ""
		if r.on {
			on = "true"
		}
		if n != 0 {
			number = Int(int64(n))
		}
		for _, made := range []bool{true, false} {
			var got, want Entry
			add := func(personal bool, f Field, value string) {
				if made {
					want.Add(personal, f, "", value)
				} else {
					want.Add(personal, f, value, "")
				}
			}
			if made {
				table.Diff(&got, nil, r)
			} else {
				table.Diff(&got, r, nil)
			}
			add(false, FieldName, Text(r.name))
			add(false, FieldClientSecret, masked)
			add(true, FieldNotes, Text(r.note))
			add(true, FieldPassword, masked)
			add(false, FieldOrder, number)
			add(false, FieldActive, on)
			if !bytes.Equal(got.facts, want.facts) || !bytes.Equal(got.personal, want.personal) {
				t.Errorf("%d bytes, made %v: %q %q, want %q %q", n, made, got.facts, got.personal, want.facts, want.personal)
			}
		}
	}
	// A secret that changes is told as changed, also from none.
	var e Entry
	table.Diff(&e, &record{}, &record{secret: "s"})
	if !bytes.Contains(e.facts, []byte(Masked)) || bytes.Contains(e.facts, []byte(`"s"`)) {
		t.Errorf("%q", e.facts)
	}
}
