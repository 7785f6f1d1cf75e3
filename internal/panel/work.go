package panel

import (
	"fmt"
	"hash/fnv"
)

// workView is the page of what a server is at for a while: it follows how far that
// has come.
type workView struct {
	frame
	Steps    *Steps
	Messages []Message
	Lozenges []Lozenge
	// Events is the address that tells of changes; empty: there are none to come.
	Events string
	Bar    *Progress
	Facts  []Fact
	Posts  []Button
	Links  []Action
	Blocks []*Block
	Form   *Form
	After  []*Block // below the form
}

func (*workView) template() string { return "work" }

// Progress is how far something has come.
type Progress struct {
	Label, Text string
	Value, Max  int64 // a Max of 0: nobody knows
}

// keyOf is a short text that is another one when what it is made of is.
func keyOf(of ...any) string {
	h := fnv.New64a()
	fmt.Fprintln(h, of...)
	return fmt.Sprintf("%016x", h.Sum64())
}

// seconds writes how long something takes.
func (c *call) seconds(n int64) string {
	switch {
	case n < 0:
		return c.look.Text("work.unknown")
	case n < 90:
		return c.look.Plural("work.seconds", int(max(n, 1)))
	case n < 90*60:
		return c.look.Plural("work.minutes", int((n+30)/60))
	}
	return c.look.Plural("work.hours", int((n+1800)/3600))
}

// bytes writes a size.
func (c *call) bytes(n int64) string {
	for _, u := range []struct {
		size int64
		name string
	}{{1 << 40, "TiB"}, {1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= u.size {
			tenths := (n*10 + u.size/2) / u.size
			text := c.look.number(tenths / 10)
			if tenths%10 != 0 {
				text += c.look.Text("work.point") + fmt.Sprint(tenths%10)
			}
			return text + " " + u.name
		}
	}
	return c.look.number(n) + " B"
}

// link is a button of a page that leads elsewhere.
func (c *call) link(key, url string) Action { return Action{Label: c.look.Text(key), URL: url} }
