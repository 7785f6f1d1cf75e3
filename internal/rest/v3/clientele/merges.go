package clientele

import (
	"net/http"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/credit"
	"clientele/internal/customer"
	"clientele/internal/jsonx"
	"clientele/internal/merge"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
	v3 "clientele/internal/rest/v3"
	"clientele/internal/subscriber"
)

var (
	previewMerge = &rest.Titles{Failed: "Preview merge failed."}
	createMerge  = &rest.Titles{Failed: "Create merge failed.", Conflict: http.StatusConflict}
	undoMerge    = &rest.Titles{Failed: "Undo merge failed.", Conflict: http.StatusConflict}
)

func (s *Surface) mergeRoutes() []rest.Route {
	id := shape.ID("merge_id")
	return []rest.Route{
		{Method: "GET", Pattern: "/merges", Need: auth.ReadCustomers, List: merge.List, Handle: v3.List(shape.ScopedPage(s.Merges.List), appendMerge)},
		{Method: "POST", Pattern: "/merges", Need: auth.ModifyCustomers, Class: rest.Updating, Titles: createMerge,
			Handle: shape.Call(v3.Object(decodeMerge), shape.Scoped(s.Merges.Merge), v3.Created(appendMerge))},
		{Method: "POST", Pattern: "/merges/preview", Need: auth.ModifyCustomers, Reads: true, Titles: previewMerge,
			Handle: shape.Call(v3.Object(decodeMergePreview), shape.Scoped(s.Merges.Preview), v3.One(appendMergePreview))},
		{Method: "GET", Pattern: "/merges/{merge_id}", Need: auth.ReadCustomers, Handle: v3.Get(id, shape.Scoped(s.Merges.Get), v3.One(appendMerge))},
		{Method: "POST", Pattern: "/merges/{merge_id}/undo", Need: auth.ModifyCustomers, Class: rest.Updating, Titles: undoMerge,
			Handle: shape.Call(id, shape.Scoped(s.Merges.Part), v3.One(appendMerge))},
	}
}

var mergeReadOnly = []string{"id", "customer_id", "merged_customer_ids", "actor", "date_created", "can_undo_until", "date_undone", "left"}

func decodeMergePreview(o decode.Object) merge.Ask {
	o.Only([]string{"keep", "merge", "take", "keep_sign_in"}, mergeReadOnly)
	return mergeAsk(o)
}

func decodeMerge(o decode.Object) merge.Ask {
	o.Only([]string{"keep", "merge", "take", "keep_sign_in", "etag"}, mergeReadOnly)
	o.Required("etag")
	a := mergeAsk(o)
	a.ETag = o.Text("etag").Value
	return a
}

func mergeAsk(o decode.Object) merge.Ask {
	o.RequiredAs(jsonx.Number, "keep")
	o.RequiredAs(jsonx.Array, "merge")
	a := merge.Ask{
		Keep: o.Int("keep").Value, Merge: o.Ints("merge").Value, SignIn: o.Flag("keep_sign_in").Value,
		Take: map[merge.Field]int64{}, TakeOf: map[merge.Choice]int64{},
	}
	o.Object("take", func(t decode.Object) {
		members := []string{"attributes", "form_fields"}
		for _, f := range merge.Fields {
			members = append(members, string(f))
			if id := t.Int(string(f)); id.Set && !id.Null {
				a.Take[f] = id.Value
			}
		}
		t.Only(members, nil)
		for name, table := range map[string]string{"attributes": customer.AttributeValues, "form_fields": customer.FormValues} {
			t.Object(name, func(of decode.Object) {
				for key, v := range of.Value.Members() {
					id, is := v.Int()
					number, err := strconv.ParseInt(key, 10, 64)
					if !is || err != nil {
						of.Wrong(key, jsonx.Number)
						continue
					}
					a.TakeOf[merge.Choice{Table: table, Of: number}] = id
				}
			})
		}
	})
	return a
}

func appendMerge(b []byte, m *merge.Merge) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), m.ID, 10)
	b = strconv.AppendInt(append(b, `,"customer_id":`...), m.Customer, 10)
	b = jsonx.AppendIntsOrNull(append(b, `,"merged_customer_ids":`...), m.Merged)
	b = jsonx.AppendString(append(b, `,"actor":{"kind":`...), m.By.Kind.String())
	b = v3.AppendIDOrNull(append(b, `,"id":`...), m.By.ID)
	b = jsonx.AppendString(append(b, `,"name":`...), m.By.Name)
	b = jsonx.AppendTime(append(b, `},"date_created":`...), m.Created)
	b = appendTimeOrNull(append(b, `,"can_undo_until":`...), m.Expires)
	b = appendTimeOrNull(append(b, `,"date_undone":`...), m.Ended)
	b = append(b, `,"left":[`...)
	for i, l := range m.Left {
		b = jsonx.AppendString(append(separate(b, i), `{"table":`...), l.Table)
		b = textOrNull(append(b, `,"field":`...), l.Field)
		b = textOrNull(append(b, `,"key":`...), l.Key)
		b = append(strconv.AppendBool(append(b, `,"gone":`...), l.Gone), '}')
	}
	return append(b, `]}`...)
}

func appendMergePreview(b []byte, p *merge.Preview) []byte {
	b = v3.AppendCustomer(append(b, `{"customer":`...), &p.Customer)
	b = jsonx.AppendDecimal(append(b, `,"store_credit":`...), p.Customer.StoreCredit, credit.Scale)
	b = strconv.AppendBool(append(b, `,"has_password":`...), p.HasPassword)
	b = append(b, `,"moves":[`...)
	for i, m := range p.Moves {
		b = jsonx.AppendString(append(separate(b, i), `{"table":`...), m.Table)
		b = jsonx.AppendString(append(b, `,"title":`...), m.Title)
		b = strconv.AppendInt(append(b, `,"moved":`...), int64(m.Moved), 10)
		b = strconv.AppendInt(append(b, `,"same":`...), int64(m.Same), 10)
		b = append(strconv.AppendInt(append(b, `,"ended":`...), int64(m.Ends), 10), '}')
	}
	b = append(b, `],"conflicts":[`...)
	for i := range p.Conflicts {
		b = appendConflict(separate(b, i), &p.Conflicts[i])
	}
	b = append(b, `],"subscribers":[`...)
	for i := range p.Subscribers {
		b = appendBecomes(separate(b, i), &p.Subscribers[i])
	}
	b = append(b, `],"blockers":[`...)
	for i, k := range p.Blockers {
		b = jsonx.AppendString(append(separate(b, i), `{"reason":`...), string(k.Why))
		b = textOrNull(append(b, `,"table":`...), k.Table)
		b = append(textOrNull(append(b, `,"email":`...), k.Email), '}')
	}
	return append(jsonx.AppendString(append(b, `],"etag":`...), p.ETag), '}')
}

func appendConflict(b []byte, c *merge.Conflict) []byte {
	b = textOrNull(append(b, `{"field":`...), string(c.Field))
	b = textOrNull(append(b, `,"table":`...), c.Table)
	b = v3.AppendIDOrNull(append(b, `,"of":`...), c.Of)
	b = append(b, `,"values":[`...)
	for i, v := range c.Values {
		b = strconv.AppendInt(append(separate(b, i), `{"customer_id":`...), v.CustomerID, 10)
		b = append(textOrNull(append(b, `,"value":`...), v.Text), '}')
	}
	return append(strconv.AppendInt(append(b, `],"taken":`...), c.Taken, 10), '}')
}

// appendBecomes tells who is subscribed on a channel afterwards, and which addresses
// are not any more.
func appendBecomes(b []byte, s *subscriber.Becomes) []byte {
	b = strconv.AppendInt(append(b, `{"channel_id":`...), s.ChannelID, 10)
	email, consents := "", []string(nil)
	if s.After != nil {
		email, consents = s.After.Email, s.After.Consents
	}
	b = textOrNull(append(b, `,"email":`...), email)
	b = append(b, `,"consents":`...)
	b = jsonx.AppendStrings(b, consents)
	var ended []string
	for i := range s.Gone {
		ended = append(ended, s.Gone[i].Email)
	}
	return append(jsonx.AppendStrings(append(b, `,"ended":`...), ended), '}')
}
