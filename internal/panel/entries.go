package panel

import (
	"strconv"
	"strings"

	"clientele/internal/history"
	"clientele/internal/jsonx"
	"clientele/internal/rule"
)

// Timeline is what happened, the newest first.
type Timeline struct {
	ID, Label    string
	Groups       []ChipGroup // what is shown of it
	Swap         string
	Entries      []Entry
	Newer, Older string // addresses; empty: there is none
	Nothing      string
}

// Entry is something that happened.
type Entry struct {
	ID      string
	When    *stamp
	Kind    string // of its sign: change, person, alert, comment, told
	Who     string
	What    string
	Reason  string
	Changes []EntryChange
	Text    []TextPart // of a comment
	Pinned  bool
	Actions []Action
}

// EntryChange is a field before and after.
type EntryChange struct{ Label, Before, After string }

// TextPart is a part of a text; with a URL it is a link.
type TextPart struct{ Text, URL string }

// entry tells an entry of the history in words. names are those of the store.
func (c *call) entry(o *history.Listed, names *rule.Names) Entry {
	e := Entry{ID: "entry-" + strconv.FormatInt(o.ID, 10), When: c.when(o.Time), Kind: "change", Who: c.actor(o.Actor), Reason: o.Reason}
	resource := c.known("history.resource.", o.Resource.String())
	action := "history.action." + o.Action.String()
	switch {
	case c.look.Has(action + "." + o.Resource.String()):
		e.What = c.look.Text(action + "." + o.Resource.String())
	case c.look.Has(action):
		e.What = c.look.Text(action, resource)
	default:
		e.What = strings.ReplaceAll(o.Action.String(), "_", " ") + ": " + resource
	}
	switch o.Action {
	case history.SignInFailed, history.LockedOut, history.TokenRefused, history.GaveUp:
		e.Kind = "alert"
	case history.SignedIn, history.SignedOut, history.LinkUsed, history.Consented:
		e.Kind = "person"
	}
	if o.Erased {
		e.Reason = c.look.Text("history.erased")
	}
	for _, ch := range o.Changes {
		before, after := c.recorded(ch.Field, ch.Before, names), c.recorded(ch.Field, ch.After, names)
		if o.Action == history.Created && before == "" && (after == "" || after == "0") {
			continue
		}
		e.Changes = append(e.Changes, EntryChange{c.recordedField(ch.Field, names), before, after})
	}
	return e
}

// actor tells who did something.
func (c *call) actor(a history.Actor) string {
	key := "history.actor." + a.Kind.String()
	kind := a.Kind.String()
	if c.look.Has(key) {
		kind = c.look.Text(key)
	}
	name := a.Name
	if name == "" {
		return kind
	}
	return kind + " " + name
}

// recordedField is what a field of an entry is called.
func (c *call) recordedField(field string, names *rule.Names) string {
	base, rest, of := strings.Cut(field, ":")
	if !of {
		base, rest, of = strings.Cut(field, ".")
	}
	if of && names != nil {
		id, err := strconv.ParseInt(rest, 10, 64)
		list := names.Attributes
		if strings.HasPrefix(base, "form_field") {
			list = names.FormFields
		}
		if name := named(list, func(n rule.Named) bool { return n.ID == id }); err == nil && name != "" {
			return name
		}
	}
	return c.known("history.field.", field)
}

// recorded is a value of an entry as it reads.
func (c *call) recorded(field, value string, names *rule.Names) string {
	if value == "" {
		return ""
	}
	v, err := jsonx.Parse([]byte(value), jsonx.Limits{Depth: 8, Values: 1000})
	if err != nil {
		return value
	}
	switch v.Kind() {
	case jsonx.String:
		s, _ := v.Str()
		if value == history.Masked {
			return c.look.Text("history.masked")
		}
		return s
	case jsonx.Bool:
		if b, _ := v.Bool(); b {
			return c.look.Text("yes")
		}
		return c.look.Text("no")
	case jsonx.Number:
		id, ok := v.Int()
		if ok && field == "customer_group_id" && names != nil {
			if id == 0 {
				return ""
			}
			if name := named(names.Groups, func(n rule.Named) bool { return n.ID == id }); name != "" {
				return name
			}
		}
		return value
	case jsonx.Null:
		return ""
	case jsonx.Array:
		var out []string
		for _, e := range v.Elems() {
			if s, ok := e.Str(); ok {
				out = append(out, s)
			} else if n, ok := e.NumberText(); ok {
				out = append(out, n)
			} else {
				return value
			}
		}
		return strings.Join(out, ", ")
	}
	return value
}
