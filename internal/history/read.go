package history

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"clientele/internal/jsonx"
	"clientele/internal/sqldb"
)

// Listed is an entry as it is listed.
type Listed struct {
	ID, Time   int64
	Actor      Actor
	Surface    Surface
	Action     Action
	Resource   Resource
	ResourceID int64
	CustomerID int64 // 0: none
	Changes    []Change
	// Reason is what somebody gave, or the precise one in words of the program.
	Reason, Address, RequestID string
	// Erased: what it said of a person was taken away.
	Erased bool
}

// Change is what became of a field. Values are JSON texts; empty is none.
type Change struct {
	Field         string
	Before, After string
}

// row is an entry as it is stored.
type row struct {
	id, time, actor, surface, action, resource, resourceID, customerID int64
	request, facts, personal, digest                                   []byte
}

const rowColumns = `id, date_created, actor, surface, action, resource, resource_id, customer_id, request_id, facts, personal, digest`

func scan(r *sqldb.Row) row {
	return row{r.Int(0), r.Int(1), r.Int(2), r.Int(3), r.Int(4), r.Int(5), r.Int(6), r.Int(7), r.Bytes(8), r.Bytes(9), r.Bytes(10), r.Bytes(11)}
}

// of returns the id of the record that an entry is about.
func (w *row) of() int64 {
	if Resource(w.resource) == Customer && w.resourceID == 0 {
		return w.customerID
	}
	return w.resourceID
}

// errCode: an entry cannot be read.
var errCode = errors.New("history: an entry cannot be read")

// record decodes an entry, but for the names of its actor.
func (w *row) record() (Listed, error) {
	out := Listed{
		ID: w.id, Time: w.time, Surface: Surface(w.surface), Action: Action(w.action), Resource: Resource(w.resource),
		ResourceID: w.of(), CustomerID: w.customerID, RequestID: hex.EncodeToString(w.request), Erased: len(w.digest) > 0,
	}
	if err := out.decode(w.facts); err != nil {
		return out, err
	}
	if len(w.personal) == 0 {
		return out, nil
	}
	if len(w.personal) < saltBytes {
		return out, errCode
	}
	return out, out.decode(w.personal[saltBytes:])
}

// decode adds the changes that a value holds.
func (o *Listed) decode(b []byte) error {
	broken := false
	number := func() uint64 {
		n, size := binary.Uvarint(b)
		if size <= 0 {
			broken, b = true, nil
			return 0
		}
		b = b[size:]
		return n
	}
	text := func() string {
		n := number()
		if n > uint64(len(b)) {
			broken, b = true, nil
			return ""
		}
		s := string(b[:n])
		b = b[n:]
		return s
	}
	for len(b) > 0 && !broken {
		f, of := Field(number()), int64(0)
		if f.several() {
			of = int64(number())
		}
		before, after := text(), text()
		switch f {
		case fieldIP:
			o.Address = after
		case fieldReason, fieldCause:
			if o.Reason != "" {
				after = o.Reason + "; " + after
			}
			o.Reason = after
		default:
			o.Changes = append(o.Changes, Change{f.name(of), before, after})
		}
	}
	if broken {
		return errCode
	}
	return nil
}

// shown returns a value as it reads: a text without its quotes.
func shown(value string) string {
	if len(value) < 2 || value[0] != '"' {
		return value
	}
	if !strings.Contains(value, "\\") {
		return value[1 : len(value)-1]
	}
	if v, err := jsonx.Parse([]byte(value), jsonx.Limits{Depth: 1, Values: 1}); err == nil {
		value, _ = v.Str()
	}
	return value
}

// AppendJSON appends an entry as the API and commands show it.
func (o *Listed) AppendJSON(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), o.ID, 10)
	b = jsonx.AppendTime(append(b, `,"time":`...), o.Time)
	b = jsonx.AppendString(append(b, `,"actor":{"kind":`...), o.Actor.Kind.String())
	b = appendID(append(b, `,"id":`...), o.Actor.ID)
	b = appendText(append(b, `,"name":`...), o.Actor.Name)
	b = appendText(append(b, `,"client_id":`...), o.Actor.ClientID)
	b = jsonx.AppendString(append(b, `},"surface":`...), o.Surface.String())
	b = jsonx.AppendString(append(b, `,"action":`...), o.Action.String())
	b = jsonx.AppendString(append(b, `,"resource":{"type":`...), o.Resource.String())
	b = appendID(append(b, `,"id":`...), o.ResourceID)
	b = appendID(append(b, `},"customer_id":`...), o.CustomerID)
	b = append(b, `,"changes":[`...)
	for i, c := range o.Changes {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonx.AppendString(append(b, `{"field":`...), c.Field)
		b = append(append(b, `,"before":`...), cmp.Or(c.Before, "null")...)
		b = append(append(b, `,"after":`...), cmp.Or(c.After, "null")...)
		b = append(b, '}')
	}
	b = appendText(append(b, `],"reason":`...), o.Reason)
	b = appendText(append(b, `,"ip":`...), o.Address)
	return append(appendText(append(b, `,"request_id":`...), o.RequestID), '}')
}

// appendID appends an id, null for none.
func appendID(b []byte, id int64) []byte {
	if id == 0 {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, id, 10)
}

// appendText appends a text, null for none.
func appendText(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return jsonx.AppendString(b, s)
}
