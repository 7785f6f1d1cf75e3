package graphql

import (
	"encoding/base64"
	"strconv"
	"strings"

	"clientele/internal/graphql/exec"
	"clientele/internal/listing"
)

// defaultPage is how many entries of a connection there are where nobody
// says.
const defaultPage = listing.DefaultWindow

const cursorPrefix = "cursor:"

// cursor returns the opaque name of an entry's place, which does not change
// when others come or go.
func cursor(id int64) string { return globalID(strings.TrimSuffix(cursorPrefix, ":"), id) }

func readCursor(text string) (id int64, ok bool) {
	if text == "" {
		return 0, true
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return 0, false
	}
	digits, ok := strings.CutPrefix(string(raw), cursorPrefix)
	if !ok {
		return 0, false
	}
	id, err = strconv.ParseInt(digits, 10, 64)
	return id, err == nil && id > 0
}

// window reads the arguments of a connection.
func window(args exec.Args) (listing.Window, error) {
	w := listing.Window{First: -1, Last: -1}
	for _, n := range []struct {
		name string
		to   *int64
	}{{"first", &w.First}, {"last", &w.Last}} {
		if !args.Has(n.name) {
			continue
		}
		if *n.to = args.Int(n.name); *n.to < 0 {
			return w, publicError("", "The argument "+n.name+" must not be negative")
		}
	}
	for _, c := range []struct {
		name string
		to   *int64
	}{{"after", &w.After}, {"before", &w.Before}} {
		var ok bool
		if *c.to, ok = readCursor(args.Text(c.name)); !ok {
			return w, publicError("", "The argument "+c.name+" is no cursor of this connection")
		}
	}
	return w, nil
}

// page is a part of a connection.
type page[T any] struct {
	pageInfo
	edges []edge[T]
	total int64
}

// edge is an entry of a connection.
type edge[T any] struct {
	id   int64 // which its cursor tells
	node T
}

// pageInfo says what is around a page.
type pageInfo struct {
	first, last   int64 // the ids of its entries; 0: it has none
	before, after bool  // there are more
}

// newPage makes a page of entries.
func newPage[T any](edges []edge[T], before, after bool) *page[T] {
	p := &page[T]{pageInfo: pageInfo{before: before, after: after}, edges: edges}
	if n := len(edges); n > 0 {
		p.first, p.last = edges[0].id, edges[n-1].id
	}
	return p
}

// windowBy returns a part of a list that was read as a whole. The place of an
// entry is what id returns of its index, which grows along the list.
func windowBy[T any](w listing.Window, all []T, id func(i int) int64) *page[T] {
	edges := make([]edge[T], len(all))
	for i, v := range all {
		edges[i] = edge[T]{id(i), v}
	}
	return newPage(listing.Part(w, edges, func(i int) int64 { return edges[i].id }))
}

// connectionTables answer a connection and its edges. Those of counted ones
// tell how many entries there are in all.
func connectionTables[T any](name string, counted bool) exec.Tables {
	fields := exec.Fields{
		"edges":    exec.Parts(func(p *page[T]) []edge[T] { return p.edges }),
		"pageInfo": exec.Part(func(p *page[T]) *pageInfo { return &p.pageInfo }),
	}
	if counted {
		fields["collectionInfo"] = exec.Part(func(p *page[T]) *collection { return (*collection)(&p.total) })
	}
	return exec.Tables{
		name + "Connection": exec.Of[page[T]](fields),
		name + "Edge": exec.Of[edge[T]](exec.Fields{
			"node":   exec.Part(func(e *edge[T]) *T { return &e.node }),
			"cursor": exec.Text(func(e *edge[T]) string { return cursor(e.id) }),
		}),
	}
}

// collection is how many entries a connection has in all.
type collection int64

// pageTables answer what all connections have.
func pageTables() exec.Tables {
	place := func(id int64) string {
		if id == 0 {
			return ""
		}
		return cursor(id)
	}
	return exec.Tables{
		"PageInfo": exec.Of[pageInfo](exec.Fields{
			"hasNextPage":     exec.Bool(func(p *pageInfo) bool { return p.after }),
			"hasPreviousPage": exec.Bool(func(p *pageInfo) bool { return p.before }),
			"startCursor":     exec.TextOrNull(func(p *pageInfo) string { return place(p.first) }),
			"endCursor":       exec.TextOrNull(func(p *pageInfo) string { return place(p.last) }),
		}),
		"CollectionInfo": exec.Of[collection](exec.Fields{
			"totalItems": exec.Int(func(n *collection) int64 { return int64(*n) }),
		}),
	}
}

// globalID names a thing among all kinds of things.
func globalID(kind string, id int64) string {
	return base64.StdEncoding.EncodeToString(strconv.AppendInt([]byte(kind+":"), id, 10))
}
