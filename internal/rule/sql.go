package rule

import (
	"strconv"
	"strings"

	"clientele/internal/sqldb"
)

// Engine is what of SQL differs between the engines; sqldb.Tx is one.
type Engine interface {
	// Position returns the expression for where in a column a parameter is, 0 for
	// nowhere.
	Position(column, parameter string) string
}

// Select returns the statement for the ids of customers who meet a condition.
func Select(condition string) *sqldb.Stmt {
	return sqldb.Dynamic(`SELECT id FROM customers WHERE store_id = $1 AND ` + condition)
}

// Count is Select for how many they are.
func Count(condition string) *sqldb.Stmt {
	return sqldb.Dynamic(`SELECT COUNT(*) FROM customers WHERE store_id = $1 AND ` + condition)
}

// writer puts a condition together. All of its text is written in this file; what
// a rule says gets into args.
type writer struct {
	c      *Checked
	engine Engine
	clock  Clock
	args   []any
	b      strings.Builder
	// few tells that the condition is asked of few customers, who are found
	// otherwise: nothing is to be looked up for all.
	few bool
	// before is set to ask for whom a date means something else since then.
	before *Clock
}

// SQL returns the condition that customers meet, who are the rows of customers
// in the statement around it, and args with what it binds: args are those of the
// statement so far, $2 and on. few tells that the statement finds few customers
// by itself. The store is $1.
func (c *Checked) SQL(engine Engine, clock Clock, args []any, few bool) (string, []any) {
	w := &writer{c: c, engine: engine, clock: clock, args: args, few: few}
	w.node(c.Root)
	return w.b.String(), w.args
}

func (w *writer) bind(v any) string {
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args)+1)
}

// number binds a text that is a number.
func (w *writer) number(text string) string {
	return "CAST(CAST(" + w.bind(text) + " AS TEXT) AS DOUBLE PRECISION)"
}

func (w *writer) in(values []int64) string {
	list, args := sqldb.In(w.args, values)
	w.args = args
	return list
}

func (w *writer) inTexts(values []string) string {
	list, args := sqldb.In(w.args, values)
	w.args = args
	return list
}

func (w *writer) write(parts ...string) {
	for _, p := range parts {
		w.b.WriteString(p)
	}
}

func (w *writer) node(n *Node) {
	switch n.Kind {
	case And, Or:
		word := " AND "
		if n.Kind == Or {
			word = " OR "
		}
		w.write("(")
		for i, c := range n.Nodes {
			if i > 0 {
				w.write(word)
			}
			w.node(c)
		}
		w.write(")")
	case Not:
		w.write("NOT (")
		w.node(n.Nodes[0])
		w.write(")")
	case Address:
		w.write("EXISTS (SELECT 1 FROM addresses a WHERE a.store_id = $1 AND a.customer_id = customers.id AND ")
		few := w.few
		w.few = true
		w.node(n.Nodes[0])
		w.few = few
		w.end()
	default:
		w.comparison(n)
	}
}

func (w *writer) comparison(n *Node) {
	c := w.c.conds[n]
	switch {
	case n.Op == Ne && c.class != aFlag:
		// A missing value is not equal to anything.
		equal := *n
		equal.Op = Eq
		w.c.conds[&equal] = c
		w.write("NOT (")
		w.comparison(&equal)
		w.write(")")
		delete(w.c.conds, &equal)
		return
	case n.Op == Contains && (c.class == aChoice || c.class == ticks):
		equal := *n
		equal.Op = Eq
		w.c.conds[&equal] = c
		w.comparison(&equal)
		delete(w.c.conds, &equal)
		return
	}
	if c.gone {
		if n.Op == IsNull {
			w.write("1 = 1")
		} else {
			w.write("1 = 0")
		}
		return
	}
	switch c.name {
	case "email":
		w.email(n, c)
	case "email_domain":
		w.domain(n, c)
	case "first_name":
		if c.folded {
			// There is no column for first names: the name begins with it and ends
			// with the last name.
			w.text(n, c, "rtrim(substr(customers.name_norm, 1, length(customers.name_norm) - length(customers.last_name_norm)))")
		} else {
			w.text(n, c, "lower(a.first_name)")
		}
	case "last_sign_in":
		w.dates(n, c, "customer_sign_ins", "t.date_last")
	case "subscribed_since", "unsubscribed_since", "consent":
		w.subscription(n, c)
	case "has_password":
		if c.flag {
			w.write("customers.password_hash <> ''")
		} else {
			w.write("customers.password_hash = ''")
		}
	case "accepts_emails":
		w.write("customers.accepts_emails = ", w.bind(sqldb.Flag(c.flag)))
	case "channel":
		w.write("(customers.channel_ids = ''")
		for _, id := range c.ids {
			w.write(" OR ", w.engine.Position("',' || customers.channel_ids || ','", w.bind(","+strconv.FormatInt(id, 10)+",")), " > 0")
		}
		w.write(")")
	case "attribute":
		w.attribute(n, c)
	case "form_field":
		w.formField(n, c)
	case "metafield":
		w.metafield(n, c)
	case "segment":
		w.member(c)
	case "address":
		w.write("NOT EXISTS (SELECT 1 FROM addresses a WHERE a.store_id = $1 AND a.customer_id = customers.id")
		w.end()
	default:
		w.column(n, c)
	}
}

// column compares a column of the row itself.
func (w *writer) column(n *Node, c *cond) {
	col := "customers." + c.column
	if c.ofAddress {
		col = "a." + c.column
	}
	switch c.class {
	case aText, aChoice:
		if !c.folded && c.class == aText {
			col = "lower(" + col + ")"
		}
		w.text(n, c, col)
	case aNumber:
		w.compare(n.Op, col, c.ids)
	case anAmount:
		w.compare(n.Op, col, c.amounts)
	case aMomentField:
		w.during(n, col)
	case aThing:
		if n.Op == IsNull {
			w.write(col, " = 0")
			return
		}
		if c.null { // the index has no others
			w.write("(", col, " <> 0 AND ", col, " IN ", w.in(c.ids), ")")
			return
		}
		w.write(col, " IN ", w.in(c.ids))
	}
}

// compare compares a number of a column with whole ones.
func (w *writer) compare(op Op, col string, values []int64) {
	switch op {
	case Eq, In:
		w.write(col, " IN ", w.in(values))
	case Between:
		w.write(col, " BETWEEN ", w.bind(values[0]), " AND ", w.bind(values[1]))
	case IsNull:
		w.write("1 = 0")
	default:
		w.write(col, " ", string(op), " ", w.bind(values[0]))
	}
}

// text compares a folded text, of which an empty one is none.
func (w *writer) text(n *Node, c *cond, col string) {
	switch n.Op {
	case Eq, In:
		if c.index {
			w.write("(", col, " <> '' AND ", col, " IN ", w.inTexts(c.texts), ")")
			return
		}
		w.write(col, " IN ", w.inTexts(c.texts))
	case IsNull:
		w.write(col, " = ''")
	case Contains:
		w.write(w.engine.Position(col, w.bind(c.texts[0])), " > 0")
	case Starts:
		if c.index {
			w.write("(", col, " <> '' AND ", col, " >= ", w.bind(c.texts[0]), " AND ", col, " < ", w.bind(c.texts[0]+"\U0010FFFF"), ")")
			return
		}
		v := "CAST(" + w.bind(c.texts[0]) + " AS TEXT)"
		w.write("substr(", col, ", 1, length(", v, ")) = ", v)
	case Ends:
		v := "CAST(" + w.bind(c.texts[0]) + " AS TEXT)"
		w.write("(length(", col, ") >= length(", v, ") AND substr(", col, ", length(", col, ") - length(", v, ") + 1) = ", v, ")")
	}
}

// during compares a time of a column with those that a rule says.
func (w *writer) during(n *Node, col string) {
	if w.before != nil {
		w.moved(n, col)
		return
	}
	at := func(i int) span { return w.clock.span(&n.Values[i]) }
	switch n.Op {
	case Eq, In:
		w.write("(")
		for i := range n.Values {
			if i > 0 {
				w.write(" OR ")
			}
			s := at(i)
			w.write("(", col, " >= ", w.bind(s.from), " AND ", col, " < ", w.bind(s.to), ")")
		}
		w.write(")")
	case Between:
		w.write("(", col, " >= ", w.bind(at(0).from), " AND ", col, " < ", w.bind(at(1).to), ")")
	case Lt:
		w.write(col, " < ", w.bind(at(0).from))
	case Le:
		w.write(col, " < ", w.bind(at(0).to))
	case Gt:
		w.write(col, " >= ", w.bind(at(0).to))
	case Ge:
		w.write(col, " >= ", w.bind(at(0).from))
	case IsNull:
		w.write("1 = 0")
	}
}

// dates compares a time in a table that has a row of a customer or none.
func (w *writer) dates(n *Node, c *cond, table, col string) {
	switch {
	case n.Op == IsNull:
		w.write("NOT EXISTS (SELECT 1 FROM ", table, " t WHERE t.store_id = $1 AND t.customer_id = customers.id")
		w.end()
	case w.few:
		w.write("EXISTS (SELECT 1 FROM ", table, " t WHERE t.store_id = $1 AND t.customer_id = customers.id AND ")
		w.during(n, col)
		w.end()
	default:
		w.write("customers.id IN (SELECT t.customer_id FROM ", table, " t WHERE t.store_id = $1 AND ")
		w.during(n, col)
		w.write(")")
	}
}
