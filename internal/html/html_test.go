package html

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// Whatever colour a site chooses, text can be read.
func TestPalette(t *testing.T) {
	parse := func(s string) (c rgb) {
		var r, g, b int
		if _, err := fmt.Sscanf(s, "#%02x%02x%02x", &r, &g, &b); err != nil {
			t.Fatal(s, err)
		}
		return rgb{float64(r), float64(g), float64(b)}
	}
	for r := 0; r < 256; r += 17 {
		for g := 0; g < 256; g += 17 {
			for b := 0; b < 256; b += 17 {
				p := NewPalette(fmt.Sprintf("#%02x%02x%02x", r, g, b))
				for _, pair := range [][2]string{{p.Accent, p.OnAccent}, {p.Link, "#ffffff"}, {p.Link, "#f4f5f7"}, {p.Dark, p.OnDark}, {p.Dark, "#1c1e22"}, {p.Dark, "#14161a"}} {
					if c := contrast(parse(pair[0]), parse(pair[1])); c < 4.5 {
						t.Fatalf("%v: %s on %s has only %.2f", p, pair[0], pair[1], c)
					}
				}
			}
		}
	}
	if p := NewPalette("red;}"); p.Accent != "#1f4e79" {
		t.Errorf("%+v", p)
	}
}

func TestSpoken(t *testing.T) {
	for _, c := range []struct{ offered, want []string }{
		{nil, nil}, {[]string{"it", ""}, nil}, {[]string{"en_US", "de-DE", "it", "de", "fr"}, []string{"en_US", "de-DE", "fr"}},
	} {
		if got := Spoken(c.offered); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.offered, got, c.want)
		}
	}
}

func TestPolicy(t *testing.T) {
	if got := (Policy{NoForms: true, Scripts: []string{"https://a.example"}, Frames: []string{"https://b.example"}}).String(); got != "default-src 'none'; style-src 'self'; script-src 'self' https://a.example; connect-src 'self'; img-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; frame-src https://b.example" {
		t.Error(got)
	}
}

func TestForm(t *testing.T) {
	words := Words("en", nil)
	form := func() *Form {
		return &Form{Sections: []*Section{{Fields: []*Field{
			{Name: "email", Type: "email", Required: true}, {Name: "secret", Type: "password", Required: true}, {Name: "news", Type: "check"},
			{Name: "size", Type: "select", Options: []Option{{Value: "s"}, {Value: "m"}}, Required: true}, {Name: "days", Type: "checks", Options: []Option{{Value: "mon"}, {Value: "tue"}}},
		}}}}
	}
	f := form()
	good := url.Values{"email": {"a@example.com"}, "secret": {"xyz"}, "news": {"1"}, "size": {"m"}, "days": {"mon", "tue"}}
	f.Enter(good)
	if f.Require(good, words); f.Bad() {
		t.Errorf("%v", f.Wrong())
	}
	if f.Field("email").Value != "a@example.com" || f.Field("secret").Value != "" || !f.Field("news").Checked || !f.Field("size").Options[1].Selected || f.Field("size").Options[0].Selected || !f.Field("days").Options[1].Selected {
		t.Errorf("%+v", f.Fields())
	}
	f = form()
	f.Require(url.Values{"email": {"nonsense"}, "secret": {"  "}}, words)
	for name, want := range map[string]string{"email": "wrong.email", "secret": "wrong.required", "size": "wrong.choose", "news": "", "days": ""} {
		if want != "" {
			want = words.Text(want)
		}
		if got := f.Field(name).Error; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if f.Field("days").Target() != "f-days-0" || f.Field("size").Target() != "f-size" || f.Field("nothing") != nil {
		t.Error("fields are not found by their names")
	}
}

// An asset is compressed for whom that is right, and kept for good at the
// address that names its contents.
func TestAsset(t *testing.T) {
	text := strings.Repeat("body { color: red; }\n", 100)
	a := NewAsset("text/css; charset=utf-8", []byte(text))
	ask := func(method, target string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		return w
	}
	tags := map[string]bool{}
	for accept, zipped := range map[string]bool{
		"gzip": true, "gzip, deflate, br, zstd": true, "br;q=1, GZIP;q=0.5": true, "*": true, "*;q=0, gzip": true,
		"": false, "br": false, "gzip;q=0": false, "gzip;q=0, *": false, "gzip;q=much": false, "identity": false,
	} {
		w := ask("GET", "/a.css", "Accept-Encoding", accept)
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != zipped || w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: gzipped is %v, want %v: %v", accept, got, zipped, w.Header())
			continue
		}
		tag := w.Header().Get("ETag")
		tags[tag] = true
		body := io.Reader(w.Body)
		if zipped {
			var err error
			if body, err = gzip.NewReader(w.Body); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := io.ReadAll(body); err != nil || string(got) != text {
			t.Errorf("Accept-Encoding %q: %d bytes, %v", accept, len(got), err)
		}
		if w := ask("GET", "/a.css", "Accept-Encoding", accept, "If-None-Match", `"x", W/`+tag); w.Code != 304 || w.Body.Len() > 0 {
			t.Errorf("%q: %d for a known tag", accept, w.Code)
		}
	}
	if len(tags) != 2 {
		t.Errorf("the two forms have the tags %v", tags)
	}
	for target, keep := range map[string]string{"/a.css": "no-cache", a.At("/a.css"): "public, max-age=31536000, immutable", "/a.css?v=old": "no-cache"} {
		if got := ask("HEAD", target); got.Header().Get("Cache-Control") != keep || got.Body.Len() > 0 || got.Header().Get("Content-Length") != fmt.Sprint(len(text)) {
			t.Errorf("%s: %v", target, got.Header())
		}
	}
	if small := NewAsset("text/css", []byte("a{}")); small.Zipped() != nil {
		t.Error("three bytes are compressed")
	}
	if picture := NewAsset("image/png", bytes.Repeat([]byte("x"), 5000)); picture.Zipped() != nil {
		t.Error("a picture is compressed again")
	}
}

// A sheet is the same for the same colours, and another for others.
func TestSheet(t *testing.T) {
	s := NewSheet(".own{}")
	red, blue := s.In(NewPalette("#ff0000")), s.In(NewPalette("#0000ff"))
	if red == blue || red.Version() == blue.Version() || s.In(NewPalette("#ff0000")) != red || !strings.HasSuffix(string(red.Body()), ".own{}") {
		t.Error("sheets are mixed up")
	}
	for i := range 3 * maxSheets {
		s.In(NewPalette(fmt.Sprintf("#%06x", i)))
	}
	if len(s.made) > maxSheets {
		t.Errorf("%d sheets are kept", len(s.made))
	}
}
