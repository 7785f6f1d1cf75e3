package portable_test

import (
	"bytes"
	"testing"

	"clientele/internal/portable"
)

var things = portable.Table{
	Table: "customers", Key: "id", Columns: "id int, email, accepts_emails flag, notes bytes",
	Derived: "name_norm", Derive: func(portable.Record) []any { return []any{""} },
}.Part()

const line = `{"id":-7,"email":"a\"\\\n\u001fé\u2028","accepts_emails":true,"notes":"AP8="}`

func TestLine(t *testing.T) {
	r, err := things.Parse([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	if r.Int("id") != -7 || r.Text("email") != "a\"\\\n\x1fé\u2028" || r.Int("accepts_emails") != 1 || r.Number() != -7 {
		t.Errorf("%+v", r)
	}
	again, err := things.Parse(r.Append(nil))
	if err != nil || !bytes.Equal(again.Append(nil), r.Append(nil)) {
		t.Errorf("%s, %v", again.Append(nil), err)
	}
	// In another order, and with less.
	r, err = things.Parse([]byte(`{"accepts_emails":false,"id":1}`))
	if err != nil || string(r.Append(nil)) != `{"id":1,"email":"","accepts_emails":false,"notes":""}` {
		t.Errorf("%s, %v", r.Append(nil), err)
	}
	for _, bad := range []string{
		``, `{`, `[]`, `{"id"}`, `{"id":}`, `{"id":1`, `{"id":1,}`, `{"id":1 }`, `{"id":"1"}`, `{"id":1.5}`, `{"id":9223372036854775808}`, `{"id":null}`, `{"id":1,"id":1}`,
		`{"email":1}`, `{"email":"a}`, `{"email":"\x"}`, "{\"email\":\"\xff\"}", `{"email":null}`, `{"accepts_emails":1}`, `{"notes":"?"}`, `{"name":"a"}`, `{"name_norm":"a"}`, `{"id":1}{"id":2}`, `{"id":1,"email":"a"x}`,
	} {
		if r, err := things.Parse([]byte(bad)); err == nil {
			t.Errorf("%s is read as %s", bad, r.Append(nil))
		}
	}
}

// Whatever is read is written as it is read again.
func FuzzLine(f *testing.F) {
	f.Add([]byte(line))
	f.Add([]byte(`{"id":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := things.Parse(text)
		if err != nil {
			return
		}
		out := r.Append(nil)
		again, err := things.Parse(out)
		if err != nil || !bytes.Equal(again.Append(nil), out) {
			t.Errorf("%q is written as %q: %v", text, out, err)
		}
	})
}
