package panel

import (
	"slices"
	"strings"

	"clientele/internal/webhook"
)

// Tree are boxes to tick in groups that can be folded. It is shown after a section
// of a form.
type Tree struct {
	Place               int
	Name, Legend, Error string
	Hint                string
	Nodes               []TreeNode
}

// TreeNode is a box or, with nodes, a group. Open shows what is in it.
type TreeNode struct {
	Value, Label string
	Checked      bool
	Open         bool
	Nodes        []TreeNode
}

// scopeTree are the scopes of webhooks: first those of events that happen here.
func (c *call) scopeTree(chosen []string) *Tree {
	t := &Tree{Name: "scope", Legend: c.look.Text("hooks.scopes"), Hint: c.look.Text("hooks.scopes.hint")}
	there, elsewhere := []string{}, []string{}
	for _, s := range webhook.Scopes() {
		s, isHere := strings.ReplaceAll(s, "#", "*"), webhook.Fires(s)
		if isHere {
			there = append(there, s)
		} else {
			elsewhere = append(elsewhere, s)
		}
	}
	t.Nodes = c.scopeGroups(there, chosen, "customer")
	others := TreeNode{Label: c.look.Text("hooks.scopes.elsewhere"), Nodes: c.scopeGroups(elsewhere, chosen, "")}
	others.Open = slices.ContainsFunc(others.Nodes, func(n TreeNode) bool { return n.Open })
	t.Nodes = append(t.Nodes, others)
	return t
}

// scopeGroups puts scopes into a group for each thing. One that has to do with a
// choice is open, and the one named.
func (c *call) scopeGroups(scopes, chosen []string, open string) []TreeNode {
	var out []TreeNode
	at := map[string]int{}
	for _, s := range scopes {
		thing, _, _ := strings.Cut(strings.TrimPrefix(s, "store/"), "/")
		if _, is := at[thing]; !is {
			at[thing] = len(out)
			n := TreeNode{Label: c.scopeNoun(thing), Open: thing == open}
			if all := "store/" + thing + "/*"; webhook.KnownScope(all) {
				n.Nodes = []TreeNode{{Value: all, Label: c.look.Text("hooks.scopes.all"), Checked: slices.Contains(chosen, all)}}
			}
			out = append(out, n)
		}
		n := &out[at[thing]]
		n.Nodes = append(n.Nodes, TreeNode{Value: s, Label: c.scopeWords(s, thing), Checked: slices.Contains(chosen, s)})
	}
	for i := range out {
		slices.SortStableFunc(out[i].Nodes, func(a, b TreeNode) int { return strings.Count(a.Value, "/") - strings.Count(b.Value, "/") })
		out[i].Open = out[i].Open || slices.ContainsFunc(out[i].Nodes, func(n TreeNode) bool { return n.Checked })
	}
	// What merchants look for comes first.
	slices.SortStableFunc(out, func(a, b TreeNode) int {
		switch {
		case a.Label == c.scopeNoun(open):
			return -1
		case b.Label == c.scopeNoun(open):
			return 1
		}
		return strings.Compare(a.Label, b.Label)
	})
	return out
}

// scopeNoun names what events are about.
func (c *call) scopeNoun(path string) string {
	if key := "hooks.noun." + path; c.look.Has(key) {
		return c.look.Text(key)
	}
	return path
}

// scopeWords says what happens in a thing's event.
func (c *call) scopeWords(scope, thing string) string {
	rest := strings.TrimPrefix(scope, "store/"+thing+"/")
	i := strings.LastIndexByte(rest, '/')
	verb := rest[i+1:]
	if key := "hooks.verb." + verb; c.look.Has(key) {
		verb = c.look.Text(key)
	}
	if i < 0 {
		return c.scopeNoun(thing) + ": " + verb
	}
	return c.scopeNoun(thing+"/"+rest[:i]) + ": " + verb
}
