package clientele

import (
	"io"

	"clientele/internal/auth"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	v3 "clientele/internal/rest/v3"
)

var exportPerson = &rest.Titles{Failed: "Export person failed."}

func (s *Surface) personRoutes() []rest.Route {
	return []rest.Route{
		// The address is in the body, as paths and queries are in logs.
		{Method: "POST", Pattern: "/persons/export", Need: auth.ManagePersons, Reads: true, Titles: exportPerson, Handle: s.exportPerson},
	}
}

func (s *Surface) exportPerson(c *rest.Call) error {
	address, err := v3.Object(decodePerson)(c)
	if err != nil {
		return err
	}
	st, err := s.Stores.ByHash(c.Ctx(), c.StoreHash)
	if err != nil {
		return err
	}
	archive, err := s.Persons.Export(c.Ctx(), st, address)
	if err != nil {
		return err
	}
	return c.SendFile("application/zip", archive.Name(), func(w io.Writer) error { return archive.Write(c.Ctx(), w) })
}

func decodePerson(o decode.Object) string {
	o.Only([]string{"email"}, nil)
	o.Required("email")
	return o.Text("email").Value
}
