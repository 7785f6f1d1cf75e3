package rule

import (
	"strings"

	"clientele/internal/email"
	"clientele/internal/jsonx"
)

// email compares the address. Which addresses are equal says package email, whose
// keys are kept.
func (w *writer) email(n *Node, c *cond) {
	if n.Op != Eq && n.Op != In {
		w.text(n, c, "lower(customers.email)")
		return
	}
	keys := make([]string, len(n.Values))
	for i := range n.Values {
		keys[i] = email.Key(n.Values[i].Text)
	}
	w.write("customers.id IN (SELECT e.customer_id FROM customer_emails e WHERE e.store_id = $1 AND e.email_norm IN ", w.inTexts(keys), ")")
}

// domain compares what follows the @.
func (w *writer) domain(n *Node, c *cond) {
	at := w.engine.Position("customers.email", w.bind("@"))
	w.text(n, c, "substr(lower(customers.email), "+at+" + 1)")
}

// end ends a look for rows of a customer. OFFSET keeps PostgreSQL from collecting
// all rows that meet the condition, whoever's they are, each time that it is asked
// about a few customers.
func (w *writer) end() {
	if w.few {
		w.write(" LIMIT 1 OFFSET 0")
	}
	w.write(")")
}

// owned opens a look for rows of a customer in a table, which is called t; end
// ends it.
func (w *writer) owned(table string) {
	if w.few {
		w.write("EXISTS (SELECT 1 FROM ", table, " t WHERE t.store_id = $1 AND t.customer_id = customers.id AND ")
	} else {
		w.write("customers.id IN (SELECT t.customer_id FROM ", table, " t WHERE t.store_id = $1 AND ")
	}
}

// attribute compares the value of an attribute.
func (w *writer) attribute(n *Node, c *cond) {
	if n.Op == IsNull {
		few := w.few
		w.few = true
		w.write("NOT ")
		w.owned("attribute_values")
		id := "t.attribute_id = " + w.bind(c.id)
		w.write(id, " AND ")
		if c.class == aNumber {
			w.numbers(n, c, id, "trim(t.value)")
		} else {
			w.write("t.value <> ''")
		}
		w.few = few
		w.end()
		return
	}
	w.owned("attribute_values")
	id := "t.attribute_id = " + w.bind(c.id)
	w.write(id, " AND ")
	switch c.class {
	case aNumber:
		w.numbers(n, c, id, "trim(t.value)")
	case aDayField:
		w.days(n, "substr(t.value, 1, 10)", "t.value")
	default:
		w.text(n, c, "lower(t.value)")
	}
	w.end()
}

// formField compares the value of a form field, which is kept as JSON.
func (w *writer) formField(n *Node, c *cond) {
	if n.Op == IsNull {
		few := w.few
		w.few = true
		w.write("NOT ")
		w.owned("customer_form_values")
		id := "t.field_id = " + w.bind(c.id)
		w.write(id, " AND ")
		if c.class == aNumber {
			w.numbers(n, c, id, `trim(t.value, '"')`)
		} else {
			w.write(`t.value <> '""' AND t.value <> '[]'`)
		}
		w.few = few
		w.end()
		return
	}
	w.owned("customer_form_values")
	id := "t.field_id = " + w.bind(c.id)
	w.write(id, " AND ")
	switch c.class {
	case aNumber:
		w.numbers(n, c, id, `trim(t.value, '"')`)
	case aDayField:
		w.days(n, "substr(t.value, 2, 10)", "trim(t.value, '\"')")
	case ticks:
		w.write("(")
		for i, text := range c.texts {
			if i > 0 {
				w.write(" OR ")
			}
			w.write(w.engine.Position("lower(t.value)", w.bind(lowerASCII(string(jsonx.AppendString(nil, text))))), " > 0")
		}
		w.write(")")
	default:
		w.text(n, c, w.unescaped("t.value"))
	}
	w.end()
}

// unescaped returns the text that a JSON string in a column says, lowered.
func (w *writer) unescaped(col string) string {
	out := "substr(" + col + ", 2, length(" + col + ") - 2)"
	// A backslash is set aside, so that it escapes nothing.
	const aside = "\x01"
	for _, r := range [][2]string{{`\\`, aside}, {`\"`, `"`}, {`\n`, "\n"}, {`\r`, "\r"}, {`\t`, "\t"}, {aside, `\`}} {
		out = "replace(" + out + ", " + w.bind(r[0]) + ", " + w.bind(r[1]) + ")"
	}
	return "lower(" + out + ")"
}

// metafield compares the values of a metafield, of those that others than the
// app that wrote it may read.
func (w *writer) metafield(n *Node, c *cond) {
	namespace, key, _ := strings.Cut(n.Field.Key, ".")
	few := w.few
	if n.Op == IsNull {
		w.few = true
		w.write("NOT ")
	}
	w.owned("metafields")
	w.few = few
	w.write("t.namespace = ", w.bind(namespace), " AND t.key = ", w.bind(key), " AND t.permission_set <> 'app_only' AND ")
	switch {
	case n.Op == IsNull:
		w.write("t.value <> ''")
	case c.number:
		w.numbers(n, c, "1 = 1", "trim(t.value)")
	default:
		w.text(n, c, "lower(t.value)")
	}
	w.end()
}

// numbers compares a text as a number, where it is one in plain decimal
// notation. CASE keeps an engine from reading others; it may take conditions
// that are joined by AND in any order. Any other text is no number: it is missing.
func (w *writer) numbers(n *Node, c *cond, guard, col string) {
	w.write("CASE WHEN ", guard, " AND ", col, " <> '' AND length(", col, ") <= 40 AND ltrim(", col, ", '-.0123456789') = '' AND rtrim(", col, ", '-.') = ", col,
		" AND replace(substr(", col, ", 2), '-', '') = substr(", col, ", 2) AND length(", col, ") - length(replace(", col, ", '.', '')) <= 1 THEN ")
	value := "CAST(" + col + " AS DOUBLE PRECISION)"
	switch n.Op {
	case IsNull: // what is asked for is none
		w.write("1 = 1")
	case Eq, In:
		w.write(value, " IN (")
		for i, text := range c.texts {
			if i > 0 {
				w.write(", ")
			}
			w.write(w.number(text))
		}
		w.write(")")
	case Between:
		w.write(value, " BETWEEN ", w.number(c.texts[0]), " AND ", w.number(c.texts[1]))
	default:
		w.write(value, " ", string(n.Op), " ", w.number(c.texts[0]))
	}
	w.write(" ELSE 1 = 0 END")
}

// days compares the day that a text begins with.
func (w *writer) days(n *Node, col, whole string) {
	day := func(i int) string { return w.bind(w.clock.dayText(&n.Values[i])) }
	w.write("(", whole, " <> '' AND ")
	switch {
	case w.before != nil:
		w.write("(1 = 0")
		for i := range n.Values {
			v := &n.Values[i]
			if was, is := w.before.dayText(v), w.clock.dayText(v); was != is {
				w.write(" OR (", col, " >= ", w.bind(min(was, is)), " AND ", col, " <= ", w.bind(max(was, is)), ")")
			}
		}
		w.write(")")
	case n.Op == Eq, n.Op == In:
		w.write(col, " IN (")
		for i := range n.Values {
			if i > 0 {
				w.write(", ")
			}
			w.write(day(i))
		}
		w.write(")")
	case n.Op == Between:
		w.write(col, " BETWEEN ", day(0), " AND ", day(1))
	default:
		w.write(col, " ", string(n.Op), " ", day(0))
	}
	w.write(")")
}

// subscription compares what is known of subscribers with a customer's address.
func (w *writer) subscription(n *Node, c *cond) {
	table := "subscribers"
	if c.name == "unsubscribed_since" {
		table = "subscriber_ends"
	}
	join := " t ON t.store_id = e.store_id AND t.email_norm = e.email_norm WHERE e.store_id = $1 AND e.customer_id <> 0 AND "
	switch {
	case n.Op == IsNull:
		w.write("NOT EXISTS (SELECT 1 FROM customer_emails e JOIN ", table, join, "e.customer_id = customers.id AND ")
	case w.few:
		w.write("EXISTS (SELECT 1 FROM customer_emails e JOIN ", table, join, "e.customer_id = customers.id AND ")
	default:
		w.write("customers.id IN (SELECT e.customer_id FROM customer_emails e JOIN ", table, join)
	}
	switch {
	case n.Op == IsNull && c.name == "consent":
		w.write("t.consents <> ''")
	case n.Op == IsNull:
		w.write("1 = 1")
	case c.name == "consent":
		w.write("(")
		for i, text := range c.texts {
			if i > 0 {
				w.write(" OR ")
			}
			w.write(w.engine.Position("',' || t.consents || ','", w.bind(","+text+",")), " > 0")
		}
		w.write(")")
	case c.name == "subscribed_since":
		w.during(n, "t.date_created")
	default:
		w.during(n, "t.date_ended")
	}
	w.end()
}

// member looks for the customer in a segment.
func (w *writer) member(c *cond) {
	join := " FROM shopper_profiles p JOIN segment_members m ON m.store_id = p.store_id AND m.profile_id = p.id WHERE p.store_id = $1 AND m.segment_id = "
	if w.few {
		w.write("EXISTS (SELECT 1", join, w.bind(c.ids[0]), " AND p.customer_id = customers.id")
		w.end()
		return
	}
	w.write("customers.id IN (SELECT p.customer_id", join, w.bind(c.ids[0]), ")")
}
