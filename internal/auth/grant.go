package auth

import (
	"cmp"
	"fmt"
	"slices"
)

// Grant is what an API account is to be allowed: scopes by name, and perhaps
// the word "all". What the word stands for depends on the account, since one
// that is there does not gain what guards more than its owner knew of.
type Grant struct {
	Scopes []Scope
	All    bool
}

// ParseGrant checks names of scopes, among which may be "all".
func ParseGrant(names []string) (Grant, error) {
	var out Grant
	for _, n := range names {
		if n == "all" {
			out.All = true
			continue
		}
		scope := cmp.Or(otherNames[Scope(n)], Scope(n))
		if !slices.Contains(allScopes, scope) {
			return Grant{}, fmt.Errorf("unknown scope %q; the scopes are %s", n, joinScopes(allScopes, ", "))
		}
		out.Scopes = append(out.Scopes, scope)
	}
	return out, nil
}

// Empty reports whether nothing is granted.
func (g Grant) Empty() bool { return !g.All && len(g.Scopes) == 0 }

// New returns the scopes of a new account.
func (g Grant) New() []Scope {
	return g.with(FullScopes())
}

// Over returns the scopes of an account that has some. "all" adds none of the
// scopes of our own operations: those have to be named.
func (g Grant) Over(has []Scope) []Scope {
	return g.with(slices.DeleteFunc(FullScopes(), func(s Scope) bool {
		return slices.Contains(ownScopes, s) && !slices.Contains(has, s)
	}))
}

func (g Grant) with(all []Scope) []Scope {
	out := slices.Clone(g.Scopes)
	if g.All {
		out = append(out, all...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
