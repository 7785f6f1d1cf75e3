package html

import (
	_ "embed"
	"fmt"
	"math"
	"sync"
)

//go:embed assets/kit.css
var kitSheet string

// Palette are colours made from a site's own, so that text stays readable
// whatever it is.
type Palette struct {
	Accent   string // of buttons
	OnAccent string // of text on them
	Link     string // on a light ground
	Dark     string // on a dark ground
	OnDark   string
}

type rgb [3]float64

var white, black, night = rgb{255, 255, 255}, rgb{0, 0, 0}, rgb{28, 30, 34}

// enough is the contrast that text needs, with a little to spare.
const enough = 4.6

// NewPalette makes a palette of a colour such as #1f4e79, which also stands for
// what is no colour.
func NewPalette(color string) Palette {
	own := colorOf(color)
	dark := own.until(white, night)
	return Palette{
		Accent: own.hex(), OnAccent: own.ink().hex(), Link: own.until(black, rgb{244, 245, 247}).hex(),
		Dark: dark.hex(), OnDark: dark.ink().hex(),
	}
}

func colorOf(text string) rgb {
	var r, g, b int
	if n, err := fmt.Sscanf(text, "#%02x%02x%02x", &r, &g, &b); n != 3 || err != nil {
		r, g, b = 0x1f, 0x4e, 0x79
	}
	return rgb{float64(r), float64(g), float64(b)}
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

// Contrast is how well a colour is seen on another one, from 1 to 21. Text needs
// 4.5. What is no colour is the one that NewPalette takes for it.
func Contrast(a, b string) float64 { return contrast(colorOf(a), colorOf(b)) }

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
func (p Palette) css() string {
	return ":root{--accent:" + p.Accent + ";--on-accent:" + p.OnAccent + ";--link:" + p.Link +
		"}\n@media (prefers-color-scheme:dark){:root{--accent:" + p.Dark + ";--on-accent:" + p.OnDark + ";--link:" + p.Dark + "}}\n"
}

// Sheet is a surface's style sheet: that of the kit and the surface's own, in
// any colours.
type Sheet struct {
	text string

	mu   sync.Mutex
	made map[Palette]*Asset
}

// maxSheets bounds how many colours of a sheet are kept.
const maxSheets = 100

// NewSheet returns the kit's style sheet with more behind it.
func NewSheet(own string) *Sheet {
	return &Sheet{text: kitSheet + own, made: map[Palette]*Asset{}}
}

// In returns the sheet in colours.
func (s *Sheet) In(p Palette) *Asset {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.made[p]
	if a == nil {
		if len(s.made) >= maxSheets {
			clear(s.made)
		}
		a = NewAsset("text/css; charset=utf-8", []byte(p.css()+s.text))
		s.made[p] = a
	}
	return a
}
