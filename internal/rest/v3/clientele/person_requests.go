package clientele

import (
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/jsonx"
	"clientele/internal/person"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
	v3 "clientele/internal/rest/v3"
)

var (
	noteRequest    = &rest.Titles{Failed: "Create person request failed."}
	declineRequest = &rest.Titles{Failed: "Decline person request failed."}
)

func (s *Surface) personRequestRoutes() []rest.Route {
	request := shape.ID("request_id")
	return []rest.Route{
		{Method: "GET", Pattern: "/persons/requests", Need: auth.ManagePersons, List: person.RequestList,
			Handle: v3.List(shape.ScopedPage(s.Persons.ListRequests), appendRequest)},
		{Method: "POST", Pattern: "/persons/requests", Need: auth.ManagePersons, Class: rest.Creating, Titles: noteRequest,
			Handle: shape.Call(v3.Object(decodeRequest), s.noteRequest, v3.Created(appendRequest))},
		{Method: "GET", Pattern: "/persons/requests/{request_id}", Need: auth.ManagePersons,
			Handle: v3.Get(request, shape.Scoped(s.Persons.Request), v3.One(appendRequest))},
		{Method: "POST", Pattern: "/persons/requests/{request_id}/decline", Need: auth.ManagePersons, Class: rest.Updating, Titles: declineRequest,
			Handle: shape.CallAt(request, v3.Object(decodeDecline), s.declineRequest, v3.One(appendRequest))},
	}
}

// readOnlyRequest are the members of a request that nobody writes.
var readOnlyRequest = []string{"id", "state", "address_hash", "erasure_id", "date_due", "date_done"}

func decodeRequest(o decode.Object) person.Receive {
	o.Only([]string{"kind", "email", "note", "date_received"}, readOnlyRequest)
	o.Required("kind", "email")
	in := person.Receive{Kind: person.RequestKind(o.Text("kind").Value), Email: o.Text("email").Value, Note: o.Text("note").Value}
	if _, given := o.Given("date_received"); given {
		in.Received = o.Time("date_received")
	}
	return in
}

func (s *Surface) noteRequest(c *rest.Call, in person.Receive) (*person.Request, error) {
	return s.Persons.Receive(c.Ctx(), c.StoreID(), in)
}

func decodeDecline(o decode.Object) string {
	o.Only([]string{"note"}, append([]string{"kind", "email", "date_received"}, readOnlyRequest...))
	o.Required("note")
	return o.Text("note").Value
}

func (s *Surface) declineRequest(c *rest.Call, id int64, note string) (*person.Request, error) {
	if err := s.Persons.Decline(c.Ctx(), c.StoreID(), id, note); err != nil {
		return nil, err
	}
	return s.Persons.Request(c.Ctx(), c.StoreID(), id)
}

func appendRequest(b []byte, r *person.Request) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), r.ID, 10)
	b = jsonx.AppendString(append(b, `,"kind":`...), string(r.Kind))
	b = jsonx.AppendString(append(b, `,"state":`...), r.State())
	b = append(b, `,"email":`...)
	if r.Email == "" { // the person is erased
		b = append(b, "null"...)
	} else {
		b = jsonx.AppendString(b, r.Email)
	}
	b = jsonx.AppendString(append(b, `,"address_hash":`...), r.AddressHash)
	b = jsonx.AppendString(append(b, `,"note":`...), r.Note)
	b = v3.AppendIDOrNull(append(b, `,"erasure_id":`...), r.ErasureID)
	b = jsonx.AppendTime(append(b, `,"date_received":`...), r.Received)
	b = jsonx.AppendTime(append(b, `,"date_due":`...), r.Due)
	b = append(b, `,"date_done":`...)
	if r.Done == 0 {
		return append(b, "null}"...)
	}
	return append(jsonx.AppendTime(b, r.Done), '}')
}
