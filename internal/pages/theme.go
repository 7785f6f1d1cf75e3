package pages

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"clientele/internal/geo"
	"clientele/internal/store"
)

//go:embed assets/style.css
var styleSheet string

//go:embed assets/address.js
var addressScript []byte

// palette are colours made from a store's own, so that text stays readable
// whatever it is.
type palette struct {
	Accent   string // of buttons
	OnAccent string // of text on them
	Link     string // on white
	Dark     string // on a dark ground
	OnDark   string
}

type rgb [3]float64

var white, black, night = rgb{255, 255, 255}, rgb{0, 0, 0}, rgb{28, 30, 34}

// enough is the contrast that text needs, with a little to spare.
const enough = 4.6

func newPalette(color string) palette {
	var r, g, b int
	if n, err := fmt.Sscanf(color, "#%02x%02x%02x", &r, &g, &b); n != 3 || err != nil {
		r, g, b = 0x1f, 0x4e, 0x79
	}
	own := rgb{float64(r), float64(g), float64(b)}
	dark := own.until(white, night)
	return palette{
		Accent: own.hex(), OnAccent: own.ink().hex(), Link: own.until(black, rgb{244, 245, 247}).hex(),
		Dark: dark.hex(), OnDark: dark.ink().hex(),
	}
}

func (c rgb) hex() string {
	return fmt.Sprintf("#%02x%02x%02x", int(math.Round(c[0])), int(math.Round(c[1])), int(math.Round(c[2])))
}

func (c rgb) luminance() float64 {
	part := func(v float64) float64 {
		if v /= 255; v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*part(c[0]) + 0.7152*part(c[1]) + 0.0722*part(c[2])
}

func contrast(a, b rgb) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// ink is the better of white and black on a colour.
func (c rgb) ink() rgb {
	if contrast(c, white) >= enough || contrast(c, white) >= contrast(c, black) {
		return white
	}
	return black
}

// until moves a colour towards another until it is readable on a ground.
func (c rgb) until(to, ground rgb) rgb {
	out := c
	for step := 0.0; step <= 1; step += 0.05 {
		for i := range out {
			out[i] = math.Round(c[i] + (to[i]-c[i])*step)
		}
		if contrast(out, ground) >= enough {
			break
		}
	}
	return out
}

// css are the palette's custom properties, before the sheet that uses them.
func (p palette) css() string {
	return ":root{--accent:" + p.Accent + ";--on-accent:" + p.OnAccent + ";--link:" + p.Link +
		"}\n@media (prefers-color-scheme:dark){:root{--accent:" + p.Dark + ";--on-accent:" + p.OnDark + ";--link:" + p.Dark + "}}\n"
}

// version names the style sheet's contents.
func (p palette) version() string {
	sum := sha256.Sum256([]byte(p.css() + styleSheet))
	return hex.EncodeToString(sum[:8])
}

// style serves the style sheet in the colours of the store.
func (p *Pages) style(w http.ResponseWriter, r *http.Request) {
	s := &store.Settings{}
	if v, err := p.visits.Open(w, r); err == nil {
		if s, err = p.Stores.Settings(r.Context(), v.Site.StoreID); err != nil {
			p.visits.Log.Error("style sheet", "error", err)
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return
		}
	}
	colors := newPalette(s.Storefront.ThemeColor)
	age := "no-cache"
	if r.URL.Query().Get("v") == colors.version() {
		age = "public, max-age=31536000, immutable"
	}
	asset(w, r, "text/css; charset=utf-8", age, []byte(colors.css()+styleSheet))
}

func script(w http.ResponseWriter, r *http.Request) {
	asset(w, r, "text/javascript; charset=utf-8", "public, max-age=3600", addressScript)
}

// states serves the states of a country, for the script of address forms.
func states(w http.ResponseWriter, r *http.Request) {
	out := struct {
		States         []string `json:"states"`
		StateRequired  bool     `json:"state_required"`
		PostalRequired bool     `json:"postal_required"`
	}{States: []string{}}
	c, ok := geo.ByCode(chi.URLParam(r, "country"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	for _, s := range c.States {
		out.States = append(out.States, s.Name)
	}
	out.StateRequired, out.PostalRequired = c.StateRequired, c.PostalRequired
	text, err := json.Marshal(out)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	asset(w, r, "application/json", "public, max-age=86400", text)
}

func asset(w http.ResponseWriter, r *http.Request, kind, age string, body []byte) {
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", age)
	h.Set("ETag", tag)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		// A client that hung up is of no interest here.
		_, _ = w.Write(body)
	}
}
