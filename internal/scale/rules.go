package scale

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Patterns are made for who asks: the program starts without.
var (
	banned = pattern(`(?i)\bnow\s*\(|\brandom\s*\(|\bcurrent_|\bmerge\b|\bwith\b[^;]*\b(insert|update|delete)\b|advisory|\blisten\b|\bnotify\s|\bskip\s+locked\b|\bnextval\b|\bstrftime\s*\(|\bdatetime\s*\(|\bnulls\s+(first|last)\b|\blike\b|\breturning\s+\*|\bselect\s+\*`)
	// words are names, parameters, literals, operators and punctuation.
	words = pattern(`'(?:[^']|'')*'|[A-Za-z_][A-Za-z0-9_.]*|\$[0-9]+|[0-9]+|<>|>=|<=|\|\||[^\sA-Za-z0-9_]`)
)

func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

// keywords may follow a table where an alias could.
var keywords = []string{"where", "on", "order", "set", "join", "limit", "group", "values", "left", "inner", "for", "offset", "using", "and", "or"}

// Tenant reports what is wrong with a statement of one store, whose id is
// $1: every table it touches must be bound to that store, directly or through
// a table that is.
func Tenant(sql string) error {
	if m := banned().FindString(sql); m != "" {
		return fmt.Errorf("holds %q", m)
	}
	w := statement(words().FindAllString(sql, -1))
	refs, err := w.refs()
	if err != nil {
		return err
	}
	bound := w.bound(refs)
	for _, ref := range refs {
		if !bound[ref] {
			return fmt.Errorf("does not bind %s to the store", ref)
		}
	}
	if len(refs) == 0 && !strings.HasPrefix(strings.ToLower(sql), "insert") {
		return fmt.Errorf("touches no table that this rule can see")
	}
	if strings.Contains(strings.ToLower(sql), " or ") && !orIsClosed(w) {
		return fmt.Errorf("has an OR outside parentheses")
	}
	return w.keepsStore()
}

// statement is SQL as words.
type statement []string

// at returns a word in lower case, "" after the end.
func (w statement) at(i int) string {
	if i < len(w) {
		return strings.ToLower(w[i])
	}
	return ""
}

var aliasName = pattern(`^[a-z_]\w*$`)

// refs returns the tables that a statement reads and changes, by their aliases
// or else their names. Inserts it holds to a rule of their own.
func (w statement) refs() ([]string, error) {
	var refs []string
	for i := range w {
		switch {
		case w.at(i) == "into":
			if err := w.insert(i); err != nil {
				return nil, err
			}
			continue
		case w.at(i) == "from" || w.at(i) == "join" || i == 0 && w.at(0) == "update":
		default:
			continue
		}
		ref := w.at(i + 1)
		if ref == "(" {
			return nil, fmt.Errorf("has a derived table, which this rule cannot see through")
		}
		if a := w.at(i + 2); aliasName().MatchString(a) && !slices.Contains(keywords, a) {
			ref = a
			if a == "as" {
				ref = w.at(i + 3)
			}
		}
		if w.at(i+2) == "," {
			return nil, fmt.Errorf("lists tables with commas")
		}
		refs = append(refs, ref)
	}
	return refs, nil
}

// insert reports what is wrong with the INSERT whose INTO is word i: store_id
// comes first, in the columns, in each row and in a conflict target.
func (w statement) insert(i int) error {
	table := w.at(i + 1)
	if w.at(i+2) != "(" || w.at(i+3) != "store_id" {
		return fmt.Errorf("inserts into %s without store_id first", table)
	}
	values := slices.IndexFunc(w, func(s string) bool { return strings.EqualFold(s, "values") })
	if values < 0 || w.at(values+1) != "(" || w.at(values+2) != "$1" {
		return fmt.Errorf("inserts into %s without $1 first", table)
	}
	for k, depth := values+1, 0; k < len(w); k++ { // further rows
		switch {
		case w[k] == "(":
			if depth++; depth == 1 && w.at(k+1) != "$1" {
				return fmt.Errorf("inserts a row without $1 first")
			}
		case w[k] == ")":
			depth--
		case depth == 0 && w.at(k) == "on" || w.at(k) == "returning":
			k = len(w)
		}
	}
	if k := indexAfter(w, values, "conflict"); k > 0 && w.at(k+1) == "(" && w.at(k+2) != "store_id" {
		return fmt.Errorf("has a conflict target without store_id first")
	}
	return nil
}

// bound returns those of a statement's tables that are bound to the store.
func (w statement) bound(refs []string) map[string]bool {
	bound := map[string]bool{}
	for changed := true; changed; {
		changed = false
		for i := range w {
			l, r := w.at(i), w.at(i+2)
			if w.at(i+1) != "=" || !strings.HasSuffix(l, "store_id") {
				continue
			}
			for _, ref := range refs {
				mine := func(s string) bool { return s == ref+".store_id" || s == "store_id" && len(refs) == 1 }
				ok := mine(l) && (r == "$1" || bound[strings.TrimSuffix(r, ".store_id")]) || mine(r) && bound[strings.TrimSuffix(l, ".store_id")]
				if ok && !bound[ref] {
					bound[ref], changed = true, true
				}
			}
			// In a statement of several tables a bare store_id is that of the
			// innermost one, which the scopes below tell.
		}
		for _, s := range scopes(w) {
			if bound[s.ref] || s.several {
				continue
			}
			for i := s.from; i+2 < s.to; i++ {
				if w.at(i) == "store_id" && w.at(i+1) == "=" && w.at(i+2) == "$1" && !inside(s.inner, i) {
					bound[s.ref], changed = true, true
				}
			}
		}
	}
	return bound
}

// keepsStore reports a statement that moves rows to another store.
func (w statement) keepsStore() error {
	for i := range w {
		if w.at(i) != "set" {
			continue
		}
		for k := i + 1; k < len(w) && w.at(k) != "where"; k++ {
			if w.at(k) == "store_id" && w.at(k+1) == "=" {
				return fmt.Errorf("changes store_id")
			}
		}
	}
	return nil
}

// orIsClosed reports whether every OR is inside parentheses.
func orIsClosed(w []string) bool {
	depth := 0
	for _, s := range w {
		switch {
		case s == "(":
			depth++
		case s == ")":
			depth--
		case strings.EqualFold(s, "or") && depth == 0:
			return false
		}
	}
	return true
}

func indexAfter(w []string, from int, word string) int {
	for i := from; i < len(w); i++ {
		if strings.EqualFold(w[i], word) {
			return i
		}
	}
	return -1
}

// scope is one SELECT, UPDATE or DELETE.
type scope struct {
	ref      string
	several  bool
	from, to int
	inner    [][2]int
}

func inside(spans [][2]int, i int) bool {
	for _, s := range spans {
		if s[0] <= i && i < s[1] {
			return true
		}
	}
	return false
}

// scopes returns the statement and its subqueries with their first tables.
func scopes(w []string) []scope {
	out := []scope{{from: 0, to: len(w)}}
	var open []int
	for i, s := range w {
		switch s {
		case "(":
			open = append(open, i)
		case ")":
			if len(open) == 0 {
				continue
			}
			start := open[len(open)-1]
			open = open[:len(open)-1]
			if start+1 < len(w) && strings.EqualFold(w[start+1], "select") {
				out = append(out, scope{from: start + 1, to: i})
			}
		}
	}
	for i := range out {
		s := &out[i]
		for j := range out {
			if i != j && s.from <= out[j].from && out[j].to <= s.to {
				s.inner = append(s.inner, [2]int{out[j].from, out[j].to})
			}
		}
		for k := s.from; k+1 < s.to; k++ {
			if inside(s.inner, k) {
				continue
			}
			l := strings.ToLower(w[k])
			if l == "join" {
				s.several = true
			}
			if (l == "from" || k == 0 && l == "update") && s.ref == "" {
				s.ref = strings.ToLower(w[k+1])
				if k+2 < s.to {
					if a := strings.ToLower(w[k+2]); aliasName().MatchString(a) && !slices.Contains(keywords, a) {
						s.ref = a
					}
				}
			}
		}
	}
	return out
}

// acrossStores are tables that may be read across stores: to find the store
// that a host belongs to, those that have work waiting, the keys that secrets
// are under, and what a person of the staff may do.
var acrossStores = []string{"channels", "credit_entries", "customer_merges", "duplicate_scans", "emails", "history_seals", "impersonations", "jobs", "rule_clocks", "rule_marks", "search_recent", "secret_keys", "site_hosts", "store_counters", "webhook_cursors", "staff_memberships", "webhook_deliveries", "webhooks"}

// installations are tables that belong to the installation and to no store:
// people who work with the control panel, with what is theirs.
var installations = []string{"staff_passkeys", "staff_recovery_codes", "staff_sessions", "staff_tokens", "staff_users"}

// Global reports what is wrong with a statement about no store in
// particular: it may concern stores, schema tables and those of the installation, make a new store's
// first rows, and look up API accounts with their stores.
func Global(sql string) error {
	if m := banned().FindString(sql); m != "" {
		return fmt.Errorf("holds %q", m)
	}
	w := words().FindAllString(strings.ToLower(sql), -1)
	insert := len(w) > 0 && w[0] == "insert"
	for i := range w {
		if i+1 >= len(w) {
			break
		}
		if w[i] == "from" || w[i] == "join" || w[i] == "into" || i == 0 && w[0] == "update" {
			t := w[i+1]
			switch {
			case t == "stores", strings.HasPrefix(t, "schema_"), slices.Contains(installations, t):
			case insert && (t == "store_counters" || t == "channels" || t == "form_fields"):
			case w[0] == "select" && slices.Contains(acrossStores, t):
			case t == "api_accounts" && slices.Contains(w, "a.store_id") && slices.Contains(w, "stores"):
			default:
				return fmt.Errorf("is global but touches %s", t)
			}
		}
	}
	return nil
}
