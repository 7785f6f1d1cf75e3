package clientele

import (
	"context"
	"io"
	"net/http"
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
	exportPerson = &rest.Titles{Failed: "Export person failed."}
	erasePerson  = &rest.Titles{Failed: "Erase person failed."}
)

func (s *Surface) personRoutes() []rest.Route {
	return []rest.Route{
		// The address is in the body, as paths and queries are in logs.
		{Method: "POST", Pattern: "/persons/export", Need: auth.ManagePersons, Reads: true, Noted: true, Types: []string{"application/zip"}, Titles: exportPerson, Handle: s.exportPerson},
		{Method: "POST", Pattern: "/persons/erase", Need: auth.ManagePersons, Class: rest.Updating, Titles: erasePerson, Handle: s.erasePerson},
		{Method: "GET", Pattern: "/persons/erasures/{erasure_id}", Need: auth.ManagePersons,
			Handle: v3.Get(shape.ID("erasure_id"), shape.Scoped(s.erasure), v3.One(appendErasure))},
	}
}

func (s *Surface) exportPerson(c *rest.Call) error {
	in, err := v3.Object(decodeExport)(c)
	if err != nil {
		return err
	}
	st, err := s.Stores.ByHash(c.Ctx(), c.StoreHash)
	if err != nil {
		return err
	}
	archive, err := s.Persons.Export(c.Ctx(), st, in)
	if err != nil {
		return err
	}
	return c.SendFile("application/zip", archive.Name(), func(w io.Writer) error { return archive.Write(c.Ctx(), w) })
}

func decodeExport(o decode.Object) person.Ask {
	o.Only([]string{"email", "reason"}, nil)
	o.Required("email")
	return person.Ask{Email: o.Text("email").Value, Reason: o.Text("reason").Value}
}

// erasing is what to do with whom.
type erasing struct {
	person.Ask
	preview bool
}

func decodeErasing(o decode.Object) erasing {
	o.Only([]string{"email", "reason", "preview"}, nil)
	o.Required("email")
	return erasing{person.Ask{Email: o.Text("email").Value, Reason: o.Text("reason").Value}, o.Flag("preview").Value}
}

// erasePerson answers when the erasure is done, or with 202 where it goes on.
func (s *Surface) erasePerson(c *rest.Call) error {
	in, err := v3.Object(decodeErasing)(c)
	if err != nil {
		return err
	}
	if in.preview {
		counts, err := s.Persons.Preview(c.Ctx(), c.StoreID(), in.Email)
		if err != nil {
			return err
		}
		sendErasure(c, http.StatusOK, &person.Erasure{Counts: counts})
		return nil
	}
	e, err := s.Persons.Erase(c.Ctx(), c.StoreID(), in.Ask)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if e.Done == 0 {
		status = http.StatusAccepted
	}
	sendErasure(c, status, e)
	return nil
}

func (s *Surface) erasure(ctx context.Context, storeID, id int64) (*person.Erasure, error) {
	return s.Persons.Erasure(ctx, storeID, id)
}

func sendErasure(c *rest.Call, status int, e *person.Erasure) {
	b := rest.Buffer()
	b.B = append(appendErasure(append(b.B, `{"data":`...), e), `,"meta":{}}`...)
	c.Send(status, b.B)
	b.Free()
}

func appendErasure(b []byte, e *person.Erasure) []byte {
	status := "done"
	switch {
	case e.ID == 0:
		status = "preview"
	case e.Done == 0:
		status = "running"
	}
	b = v3.AppendIDOrNull(append(b, `{"id":`...), e.ID)
	b = append(append(append(b, `,"status":"`...), status...), `","tables":[`...)
	for i, t := range e.Counts {
		b = jsonx.AppendString(append(separate(b, i), `{"table":`...), t.Table)
		b = strconv.AppendInt(append(b, `,"rows":`...), t.Rows, 10)
		b = append(jsonx.AppendString(append(b, `,"becomes":`...), string(t.Becomes)), '}')
	}
	b = append(b, ']')
	for _, m := range [...]struct{ name, value string }{{"address_hash", e.AddressHash}, {"certificate", e.Certificate}, {"signature", e.Signature}, {"key_id", e.KeyID}} {
		b = append(append(append(b, `,"`...), m.name...), `":`...)
		if m.value == "" {
			b = append(b, "null"...)
		} else {
			b = jsonx.AppendString(b, m.value)
		}
	}
	for _, m := range [...]struct {
		name string
		at   int64
	}{{"date_created", e.Requested}, {"date_done", e.Done}} {
		b = append(append(append(b, `,"`...), m.name...), `":`...)
		if m.at == 0 {
			b = append(b, "null"...)
		} else {
			b = jsonx.AppendTime(b, m.at)
		}
	}
	return append(b, '}')
}
