// Package scale tells whether a database can be distributed by store: whether
// its tables, keys, indexes and foreign keys lead with store_id, and each
// statement that the program declares is about one store.
package scale

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"clientele/internal/sqldb"
)

// Report is what there is, and what stands against distributing it.
type Report struct {
	// Tables and the others are those of stores; Apart are tables of none.
	Tables, Indexes, Foreign int
	Apart                    []string
	// Statements are about one store; Across are about none in particular.
	Statements int
	Across     []string
	// Looks are indexes of stores' tables that lead with something else.
	Looks  []string
	Faults []string
}

// Check reads the schema of a database and the statements of the program, which
// are those of all packages that it consists of.
func Check(ctx context.Context, db *sqldb.DB) (*Report, error) {
	s, err := db.Describe(ctx)
	if err != nil {
		return nil, err
	}
	return Of(s, sqldb.Declared()), nil
}

// Of reports on a schema and the statements of a program.
func Of(s *sqldb.Schema, statements []*sqldb.Stmt) *Report {
	out := Schema(s)
	out.declared(statements)
	return out
}

// Schema reports on a schema.
func Schema(s *sqldb.Schema) *Report {
	out := &Report{}
	for _, o := range s.Others {
		out.fault("only tables and indexes are portable: %s", o)
	}
	for name, t := range s.Tables {
		if !tenant(name) {
			out.Apart = append(out.Apart, name)
			continue
		}
		out.Tables++
		out.table(name, t)
	}
	slices.Sort(out.Apart)
	slices.Sort(out.Looks)
	slices.Sort(out.Faults)
	return out
}

func (r *Report) table(name string, t *sqldb.Table) {
	if len(t.Key) == 0 || t.Key[0] != "store_id" {
		r.fault("the primary key of %s is %q", name, t.Key)
	}
	if d := t.Columns["store_id"]; d.Type != "int" || !d.NotNull || d.Default != "" {
		r.fault("%s.store_id is %+v", name, d)
	}
	for id, ix := range t.Indexes {
		r.Indexes++
		switch why := looks[id]; {
		case len(ix.Columns) > 0 && ix.Columns[0] == "store_id":
		case why != "":
			r.Looks = append(r.Looks, id+": "+why)
		default:
			r.fault("the index %s of %s leads with %q", id, name, ix.Columns)
		}
	}
	for _, f := range t.Foreign {
		r.Foreign++
		from, to, _ := strings.Cut(f, " -> ")
		if !strings.HasPrefix(from, "(store_id, ") || !strings.Contains(to, " (store_id, ") {
			r.fault("a foreign key of %s: %s", name, f)
		}
	}
}

func (r *Report) declared(all []*sqldb.Stmt) {
	for _, s := range all {
		text := strings.Join(strings.Fields(s.SQL()), " ")
		rule := Tenant
		if s.IsGlobal() {
			rule = Global
			r.Across = append(r.Across, text)
		} else {
			r.Statements++
		}
		if err := rule(s.SQL()); err != nil {
			r.fault("a statement %v: %s", err, text)
		}
	}
	slices.Sort(r.Across)
	r.Across = slices.Compact(r.Across)
}

func (r *Report) fault(format string, args ...any) {
	r.Faults = append(r.Faults, fmt.Sprintf(format, args...))
}

// tenant reports whether a table belongs to stores. People who work with the
// control panel, and what is theirs, belong to the installation: only their
// memberships are of stores.
func tenant(name string) bool {
	return name != "stores" && !strings.HasPrefix(name, "schema_") && (!strings.HasPrefix(name, "staff_") || name == "staff_memberships")
}

// looks are indexes of stores' tables that do not lead with the store, and why.
var looks = map[string]string{"staff_memberships_staff": "what a person may is looked for across stores, with each request to the control panel"}
