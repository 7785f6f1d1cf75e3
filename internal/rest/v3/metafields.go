package v3

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/metafield"
	"clientele/internal/rest"
)

func (s *Surface) metafieldRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/metafields", Need: auth.ReadCustomers, Handle: s.listAllMetafields},
		{Method: "POST", Pattern: "/customers/metafields", Need: auth.ModifyCustomers, Class: rest.Creating, Handle: s.createMetafields},
		{Method: "PUT", Pattern: "/customers/metafields", Need: auth.ModifyCustomers, Class: rest.Updating, Handle: s.updateMetafields},
		{Method: "DELETE", Pattern: "/customers/metafields", Need: auth.ModifyCustomers, Handle: s.deleteMetafields},
		{Method: "GET", Pattern: "/customers/{customerId}/metafields", Need: auth.ReadCustomers, Handle: s.listMetafields},
		{Method: "POST", Pattern: "/customers/{customerId}/metafields", Need: auth.ModifyCustomers, Class: rest.Creating, Handle: s.createMetafield, Titles: createMetafield},
		{Method: "GET", Pattern: "/customers/{customerId}/metafields/{metafieldId}", Need: auth.ReadCustomers, Handle: s.getMetafield},
		{Method: "PUT", Pattern: "/customers/{customerId}/metafields/{metafieldId}", Need: auth.ModifyCustomers, Class: rest.Updating, Handle: s.updateMetafield, Titles: updateMetafield},
		{Method: "DELETE", Pattern: "/customers/{customerId}/metafields/{metafieldId}", Need: auth.ModifyCustomers, Handle: s.deleteMetafield, Titles: deleteMetafield},
	}
}

var metafieldLists = map[string]*listing.Spec{
	"GET /customers/metafields":              metafield.List,
	"GET /customers/{customerId}/metafields": metafield.List,
}

func caller(c *rest.Call) metafield.Caller {
	return metafield.Caller{ClientID: c.Account.ClientID, All: c.Account.Allows(auth.AnyMetafield)}
}

// inputJSON is Call.JSON for operations that answer 400 to what is no JSON.
func inputJSON(c *rest.Call) (jsonx.Value, error) {
	v, err := c.JSON()
	if f := fault.As(err); f != nil && f.Kind == fault.Malformed {
		return v, &fault.Error{Kind: fault.BadInput, Message: "Syntax error", Cause: err}
	}
	return v, err
}

func (s *Surface) listAllMetafields(c *rest.Call) error { return s.sendMetafields(c, 0) }

func (s *Surface) listMetafields(c *rest.Call) error {
	customerID, err := PathID(c, "customerId")
	if err != nil {
		return err
	}
	return s.sendMetafields(c, customerID)
}

func (s *Surface) sendMetafields(c *rest.Call, customerID int64) error {
	q, err := metafield.List.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	rows, res, err := s.Metafields.List(c.Ctx(), c.StoreID(), caller(c), customerID, q)
	if err != nil {
		return err
	}
	SendList(c, q, res, true, rows, func(b []byte, row *metafield.Metafield) []byte { return appendMetafield(b, row, q.Shows) })
	return nil
}

func (s *Surface) getMetafield(c *rest.Call) error {
	customerID, id, err := metafieldPath(c)
	if err != nil {
		return err
	}
	m, err := s.Metafields.Get(c.Ctx(), c.StoreID(), caller(c), customerID, id)
	if err != nil {
		return err
	}
	sendMetafield(c, &m)
	return nil
}

func metafieldPath(c *rest.Call) (customerID, id int64, err error) {
	if customerID, err = PathID(c, "customerId"); err != nil {
		return 0, 0, err
	}
	id, err = PathID(c, "metafieldId")
	return customerID, id, err
}

func sendMetafield(c *rest.Call, m *metafield.Metafield) {
	sendOne(c, m, func(b []byte, m *metafield.Metafield) []byte { return appendMetafield(b, m, everything) })
}

func everything(string) bool { return true }

func (s *Surface) createMetafield(c *rest.Call) error {
	customerID, err := PathID(c, "customerId")
	if err != nil {
		return err
	}
	v, err := inputJSON(c)
	if err != nil {
		return err
	}
	d, err := objectOf(v)
	if err != nil {
		return err
	}
	in := d.metafield()
	if err := malformed(d.c.Items); err != nil {
		return err
	}
	in.CustomerID = customerID
	m, err := s.Metafields.Create(c.Ctx(), c.StoreID(), caller(c), in)
	if err != nil {
		return err
	}
	sendMetafield(c, &m)
	return nil
}

func (s *Surface) updateMetafield(c *rest.Call) error {
	customerID, id, err := metafieldPath(c)
	if err != nil {
		return err
	}
	v, err := inputJSON(c)
	if err != nil {
		return err
	}
	d, err := objectOf(v)
	if err != nil {
		return err
	}
	in := d.metafieldUpdate()
	if in.ID != 0 && in.ID != id {
		d.c.Add("id", fault.NotAccepted, "", "id must be that of the path")
	}
	if err := malformed(d.c.Items); err != nil {
		return err
	}
	in.ID = id
	m, err := s.Metafields.Update(c.Ctx(), c.StoreID(), caller(c), customerID, in)
	if err != nil {
		return err
	}
	sendMetafield(c, &m)
	return nil
}

func (s *Surface) deleteMetafield(c *rest.Call) error {
	customerID, id, err := metafieldPath(c)
	if err != nil {
		return err
	}
	if err := s.Metafields.Delete(c.Ctx(), c.StoreID(), caller(c), customerID, id); err != nil {
		return err
	}
	c.SendEmpty(http.StatusNoContent)
	return nil
}

func (d decoder) metafield() metafield.Create {
	d.required("permission_set", "namespace", "key", "value")
	return metafield.Create{
		Namespace:   d.text("namespace").Value,
		Key:         d.text("key").Value,
		Value:       d.text("value").Value,
		Description: d.text("description").Value,
		Permission:  d.text("permission_set").Value,
	}
}

func (d decoder) metafieldUpdate() metafield.Update {
	return metafield.Update{
		ID:          d.integer("id").Value,
		Namespace:   d.text("namespace"),
		Key:         d.text("key"),
		Value:       d.text("value"),
		Description: d.text("description"),
		Permission:  d.text("permission_set"),
	}
}

// partial is a batch whose items succeed or fail on their own. In becomes the
// items of the right shape, At their positions in the request.
type partial[T any] struct {
	in     []T
	at     []int
	failed []fault.Item
}

func readPartial[T any](c *rest.Call, item func(d decoder) T) (*partial[T], error) {
	v, err := inputJSON(c)
	if err != nil {
		return nil, err
	}
	if err := arrayOf(v, metafield.MaxBatch); err != nil {
		return nil, err
	}
	p := &partial[T]{}
	for i, e := range v.Elems() {
		d := decoder{e, &fault.Collector{Index: i}}
		in := item(d)
		if len(d.c.Items) > 0 {
			p.failed = append(p.failed, d.c.Items...)
			continue
		}
		p.in = append(p.in, in)
		p.at = append(p.at, i)
	}
	return p, nil
}

func objectOnly(d decoder) bool {
	if d.v.Kind() == jsonx.Object {
		return true
	}
	d.c.Add("", fault.WrongType, jsObject, "")
	return false
}

func (s *Surface) createMetafields(c *rest.Call) error {
	p, err := readPartial(c, func(d decoder) (in metafield.Create) {
		if objectOnly(d) {
			in = d.metafield()
			d.requiredNumber("resource_id")
			in.CustomerID = d.integer("resource_id").Value
		}
		return in
	})
	if err != nil {
		return err
	}
	return sendPartial(c, p, appendWhole, func() (metafield.Outcome, error) {
		return s.Metafields.CreateBatch(c.Ctx(), c.StoreID(), caller(c), p.in)
	})
}

func (s *Surface) updateMetafields(c *rest.Call) error {
	p, err := readPartial(c, func(d decoder) (in metafield.Update) {
		if objectOnly(d) {
			d.requiredNumber("id")
			in = d.metafieldUpdate()
		}
		return in
	})
	if err != nil {
		return err
	}
	return sendPartial(c, p, appendWhole, func() (metafield.Outcome, error) {
		return s.Metafields.UpdateBatch(c.Ctx(), c.StoreID(), caller(c), p.in)
	})
}

func (s *Surface) deleteMetafields(c *rest.Call) error {
	p, err := readPartial(c, func(d decoder) int64 {
		id, ok := d.v.Int()
		if !ok {
			d.c.Add("", fault.WrongType, jsNumber, "")
		}
		return id
	})
	if err != nil {
		return err
	}
	return sendPartial(c, p, func(b []byte, m *metafield.Metafield) []byte { return strconv.AppendInt(b, m.ID, 10) },
		func() (metafield.Outcome, error) {
			return s.Metafields.DeleteBatch(c.Ctx(), c.StoreID(), caller(c), p.in)
		})
}

func appendWhole(b []byte, m *metafield.Metafield) []byte { return appendMetafield(b, m, everything) }

// sendPartial runs a batch and answers with what was done, what failed and
// how many of each: 200 if nothing failed, 422 otherwise.
func sendPartial[T any](c *rest.Call, p *partial[T], row func([]byte, *metafield.Metafield) []byte, run func() (metafield.Outcome, error)) error {
	var o metafield.Outcome
	if len(p.in) > 0 {
		var err error
		if o, err = run(); err != nil {
			return err
		}
	}
	for _, it := range o.Failed {
		it.Index = p.at[it.Index]
		p.failed = append(p.failed, it)
	}
	slices.SortStableFunc(p.failed, func(a, b fault.Item) int { return a.Index - b.Index })
	b := rest.Buffer()
	defer b.Free()
	b.B = append(b.B, `{"data":[`...)
	for i := range o.Done {
		if i > 0 {
			b.B = append(b.B, ',')
		}
		b.B = row(b.B, &o.Done[i])
	}
	b.B = append(b.B, `],"errors":[`...)
	failed := 0
	status := http.StatusOK
	if len(p.failed) > 0 {
		status = http.StatusUnprocessableEntity
		b.B = append(b.B, `{"status":422,"title":"Bulk operation has failed","type":"`+rest.StatusCodes+`","errors":{`...)
		for i := 0; i < len(p.failed); {
			// All that is wrong with an item is one entry.
			at := p.failed[i].Index
			var texts []string
			for ; i < len(p.failed) && p.failed[i].Index == at; i++ {
				text := reason(p.failed[i])
				if at := p.failed[i].Path; at != "" && p.failed[i].Message == "" {
					text = at + ": " + text
				}
				texts = append(texts, text)
			}
			if failed > 0 {
				b.B = append(b.B, ',')
			}
			failed++
			b.B = append(b.B, '"')
			b.B = strconv.AppendInt(b.B, int64(at), 10)
			b.B = append(b.B, `":`...)
			b.B = jsonx.AppendString(b.B, strings.Join(texts, "; "))
		}
		b.B = append(b.B, `}}`...)
	}
	b.B = fmt.Appendf(b.B, `],"meta":{"total":%d,"success":%d,"failed":%d}}`, len(o.Done)+failed, len(o.Done), failed)
	c.Send(status, b.B)
	return nil
}

func appendMetafield(b []byte, m *metafield.Metafield, shows func(string) bool) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, m.ID, 10)
	text := func(name, v string) {
		if shows(name) {
			b = append(b, ',')
			b = jsonx.AppendKey(b, name)
			b = jsonx.AppendString(b, v)
		}
	}
	text("key", m.Key)
	text("value", m.Value)
	text("namespace", m.Namespace)
	text("permission_set", m.Permission)
	text("resource_type", "customer")
	if shows("resource_id") {
		b = append(b, `,"resource_id":`...)
		b = strconv.AppendInt(b, m.CustomerID, 10)
	}
	text("description", m.Description)
	if shows("date_created") {
		b = append(b, `,"date_created":`...)
		b = jsonx.AppendTimeOffset(b, m.DateCreated)
	}
	if shows("date_modified") {
		b = append(b, `,"date_modified":`...)
		b = jsonx.AppendTimeOffset(b, m.DateModified)
	}
	text("owner_client_id", m.ClientID)
	return append(b, '}')
}
