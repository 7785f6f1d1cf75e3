package geo

import (
	_ "embed"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"sync"
)

var (
	//go:embed countries.tsv
	countryRows string

	//go:embed states.tsv
	stateRows string
)

// tables reads the embedded rows once, when first asked for.
var tables = sync.OnceValue(func() *table { return parse(countryRows, stateRows) })

// A table is the parsed rows and the ways into them.
type table struct {
	countries []Country
	byCode    [26 * 26]uint16 // by codeSlot, an index into countries plus one
	byName    map[string]*Country
	byState   map[stateKey]*State
}

type stateKey struct {
	country int64
	name    string // folded
}

// codeSlot turns two ASCII letters into a place in byCode.
func codeSlot(code string) (int, bool) {
	if len(code) != 2 {
		return 0, false
	}
	a, b := code[0]|0x20, code[1]|0x20
	if a < 'a' || a > 'z' || b < 'a' || b > 'z' {
		return 0, false
	}
	return int(a-'a')*26 + int(b-'a'), true
}

// parse builds the table. The rows are part of the program, so a malformed one
// is a programming mistake and panics. Strings are slices of the rows.
func parse(countryRows, stateRows string) *table {
	countryCount, stateCount := strings.Count(countryRows, "\n"), strings.Count(stateRows, "\n")
	t := &table{
		countries: make([]Country, 0, countryCount),
		byName:    make(map[string]*Country, countryCount+countryCount/8),
		byState:   make(map[stateKey]*State, stateCount+stateCount/8),
	}

	for row := range rows(countryRows) {
		var f [6]string
		split(row, f[:])
		t.countries = append(t.countries, Country{
			ID: number(f[0]), Code: f[1], Code3: f[2], Name: f[4],
			PostalRequired: strings.Contains(f[3], "Z"),
			StateRequired:  strings.Contains(f[3], "S"),
		})
		slot, ok := codeSlot(f[1])
		if !ok {
			panic(fmt.Sprintf("geo: country code in row %q", row))
		}
		t.byCode[slot] = uint16(len(t.countries))
		// The slice has room for every row, so this address stays good.
		c := &t.countries[len(t.countries)-1]
		for name := range names(f[4], f[5]) {
			t.byName[fold(name)] = c
		}
	}

	// One array holds all states; a country's are next to each other in it.
	states := make([]State, 0, stateCount)
	for row := range rows(stateRows) {
		var f [5]string
		split(row, f[:])
		slot, ok := codeSlot(f[0])
		if !ok || t.byCode[slot] == 0 {
			panic(fmt.Sprintf("geo: unknown country in row %q", row))
		}
		c := &t.countries[t.byCode[slot]-1]
		states = append(states, State{ID: number(f[1]), Code: f[2], Name: f[3]})
		first := len(states) - 1 - len(c.States)
		c.States = states[first:len(states):len(states)]
		for name := range names(f[3], f[4]) {
			t.byState[stateKey{c.ID, fold(name)}] = &states[len(states)-1]
		}
	}
	return t
}

// rows yields the lines that hold data.
func rows(file string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.Lines(file) {
			line = strings.TrimSuffix(line, "\n")
			if line == "" || line[0] == '#' {
				continue
			}
			if !yield(line) {
				return
			}
		}
	}
}

// split fills fields from a tab-separated row; only the last may be left out.
func split(row string, fields []string) {
	for i := range fields {
		field, rest, more := strings.Cut(row, "\t")
		fields[i], row = field, rest
		if !more {
			if i < len(fields)-2 {
				panic(fmt.Sprintf("geo: too few fields before %q", field))
			}
			return
		}
	}
	panic(fmt.Sprintf("geo: too many fields, from %q", row))
}

// names yields a name and its alternatives.
func names(name, also string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if !yield(name) || also == "" {
			return
		}
		for other := range strings.SplitSeq(also, "|") {
			if !yield(other) {
				return
			}
		}
	}
}

func number(field string) int64 {
	n, err := strconv.ParseInt(field, 10, 64)
	if err != nil {
		panic("geo: " + err.Error())
	}
	return n
}
