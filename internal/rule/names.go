package rule

import (
	"slices"
	"strconv"
	"strings"

	"clientele/internal/fold"
)

// DefaultGroup is the type of the group that new customers join.
const DefaultGroup = "default"

// Named is something of a store that rules name.
type Named struct {
	ID   int64
	Name string
	// Type is that of an attribute (string, number, date) or of a form field.
	Type string
	UUID string // of a segment
}

// Names are what rules of a store may name.
type Names struct {
	Groups, Channels, Attributes, FormFields, Segments []Named
	// Consents are what subscribers may consent to.
	Consents []string
	// Stored tells that rules are checked that were good when they were stored.
	// What they name and is gone nobody has.
	Stored bool
}

// Kinds of form fields that differ from a text.
const (
	typeNumber   = "number"
	typeDate     = "date"
	typeTicks    = "checkbox"
	typePassword = "password"
)

func byID(list []Named, id int64) *Named {
	if i := slices.IndexFunc(list, func(n Named) bool { return n.ID == id }); i >= 0 {
		return &list[i]
	}
	return nil
}

// find returns what has a name, and how many do.
func find(list []Named, name string) (found *Named, n int) {
	want := fold.Text(name)
	for i := range list {
		if fold.Text(list[i].Name) == want {
			if found == nil {
				found = &list[i]
			}
			n++
		}
	}
	return found, n
}

func namesOf(list []Named) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = list[i].Name
	}
	return out
}

// list returns what a field's keys or values name; nil: nothing.
func (n *Names) list(field string) []Named {
	switch field {
	case "group":
		return n.Groups
	case "channel", "origin_channel":
		return n.Channels
	case "attribute":
		return n.Attributes
	case "form_field":
		return n.FormFields
	case "segment":
		return n.Segments
	}
	return nil
}

// Bind returns a rule with numbers in place of names, and UUIDs in place of the
// names of segments: what it says stays when something is renamed. The rule has
// been checked.
func (n *Names) Bind(r *Node) *Node {
	return r.rewrite(func(c *Node) {
		if c.Field.Keyed && c.Field.ID == 0 {
			if found, _ := find(n.list(c.Field.Name), c.Field.Key); found != nil {
				c.Field.ID, c.Field.Key = found.ID, ""
			}
		}
		list := n.list(c.Field.Name)
		if list == nil || c.Field.Keyed {
			return
		}
		for i := range c.Values {
			v := &c.Values[i]
			if v.Kind != Text {
				continue
			}
			if found, _ := find(list, v.Text); found == nil {
				continue
			} else if c.Op == Member {
				v.Text = found.UUID
			} else {
				v.Kind, v.Text = Number, strconv.FormatInt(found.ID, 10)
			}
		}
	})
}

// Unbind returns a rule with the names that things have now. What is gone keeps
// its number.
func (n *Names) Unbind(r *Node) *Node {
	return r.rewrite(func(c *Node) {
		list := n.list(c.Field.Name)
		if c.Field.Keyed {
			if found := byID(list, c.Field.ID); found != nil && c.Field.ID != 0 {
				c.Field.ID, c.Field.Key = 0, found.Name
			}
			return
		}
		for i := range c.Values {
			v := &c.Values[i]
			if c.Op == Member {
				if s := n.segment(v.Text); s != nil {
					v.Text = s.Name
				}
				continue
			}
			id, err := strconv.ParseInt(v.Text, 10, 64)
			if v.Kind != Number || err != nil {
				continue
			}
			if found := byID(list, id); found != nil {
				if _, same := find(list, found.Name); same == 1 {
					v.Kind, v.Text = Text, found.Name
				}
			}
		}
	})
}

// segment finds a segment by its UUID or its name.
func (n *Names) segment(text string) *Named {
	if i := slices.IndexFunc(n.Segments, func(s Named) bool { return strings.EqualFold(s.UUID, text) }); i >= 0 {
		return &n.Segments[i]
	}
	found, _ := find(n.Segments, text)
	return found
}

// rewrite returns a copy of a rule whose comparisons fn has changed.
func (n *Node) rewrite(fn func(*Node)) *Node {
	out := *n
	out.Nodes = make([]*Node, len(n.Nodes))
	for i, c := range n.Nodes {
		out.Nodes[i] = c.rewrite(fn)
	}
	out.Values = slices.Clone(n.Values)
	if out.Kind == Compare {
		fn(&out)
	}
	return &out
}

// Each calls fn for the comparisons of a rule.
func (n *Node) Each(fn func(*Node)) {
	if n.Kind == Compare {
		fn(n)
	}
	for _, c := range n.Nodes {
		c.Each(fn)
	}
}

// Reads returns the ids of the segments that a checked rule reads.
func (n *Names) Reads(r *Node) []int64 {
	var out []int64
	r.Each(func(c *Node) {
		if c.Op == Member {
			if s := n.segment(c.Values[0].Text); s != nil && !slices.Contains(out, s.ID) {
				out = append(out, s.ID)
			}
		}
	})
	return out
}

// ReadsField reports whether a rule reads a field.
func (n *Node) ReadsField(name string) bool {
	found := false
	n.Each(func(c *Node) { found = found || c.Field.Name == name })
	return found
}
