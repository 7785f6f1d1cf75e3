package clientele

import (
	"io"
	"net/http"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/export"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
	v3 "clientele/internal/rest/v3"
)

var (
	createExport = &rest.Titles{Failed: "Create export failed.", Conflict: http.StatusConflict}
	cancelExport = &rest.Titles{Failed: "Cancel export failed.", Conflict: http.StatusConflict}
	fetchExport  = &rest.Titles{Failed: "Get export failed.", Conflict: http.StatusConflict}
)

// exportTypes are the media types of files.
var exportTypes = []string{"text/csv", "application/zip", lines}

func (s *Surface) exportRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/exports", Need: auth.Transfer, List: export.List, Handle: v3.List(shape.ScopedPage(s.Exports.Page), appendExport)},
		{Method: "POST", Pattern: "/exports", Need: auth.Transfer, Class: rest.Creating, Titles: createExport, Handle: shape.Call(v3.Object(decodeOptions), s.createExport, sendExport)},
		{Method: "GET", Pattern: "/exports/{export_id}", Need: auth.Transfer, Handle: v3.Get(shape.ID("export_id"), shape.Scoped(s.Exports.Get), v3.One(appendExport))},
		{Method: "GET", Pattern: "/exports/{export_id}/file", Need: auth.Transfer, Noted: true, Types: exportTypes, Titles: fetchExport, Handle: s.exportFile},
		{Method: "POST", Pattern: "/exports/{export_id}/cancel", Need: auth.Transfer, Class: rest.Updating, Titles: cancelExport,
			Handle: shape.Call(shape.ID("export_id"), shape.Scoped(s.Exports.Cancel), sendExport)},
	}
}

func decodeOptions(o decode.Object) export.Options {
	o.Only([]string{"format", "kind", "since", "segment_id", "consent", "raw"}, []string{"id", "state", "records", "file", "error", "date_created", "date_modified", "date_ended"})
	o.Required("format")
	out := export.Options{
		Format: export.Format(o.Text("format").Value), Kind: export.Kind(o.Text("kind").Value),
		Segment: o.Text("segment_id").Value, Consent: o.Text("consent").Value, Raw: o.Flag("raw").Value,
	}
	if v, given := o.Given("since"); given && !v.IsNull() {
		out.Since = o.Time("since")
	}
	if out.Kind == "" {
		out.Kind = export.Customers
	}
	return out
}

func (s *Surface) createExport(c *rest.Call, o export.Options) (*export.Export, error) {
	e, err := s.Exports.Ask(c.Ctx(), c.StoreID(), o)
	if err == nil {
		c.Located("/exports", e.ID)
	}
	return e, err
}

// sendExport answers with an export at which a server is or will be.
func sendExport(c *rest.Call, e *export.Export) {
	b := rest.Buffer()
	b.B = append(appendExport(append(b.B, `{"data":`...), e), `,"meta":{}}`...)
	c.Send(http.StatusAccepted, b.B)
	b.Free()
}

// exportFile answers with the file, which is there.
func (s *Surface) exportFile(c *rest.Call) error {
	if _, err := c.List().Parse(c.R.URL.RawQuery); err != nil {
		return err
	}
	id, err := c.PathID("export_id")
	if err != nil {
		return err
	}
	e, f, err := s.Exports.Open(c.Ctx(), c.StoreID(), id)
	if err != nil {
		return err
	}
	defer f.Close()
	kind := "application/zip"
	switch {
	case e.Table():
		kind = "text/csv; charset=utf-8"
	case e.Lines:
		kind = lines
	}
	return c.SendFile(kind, e.File, func(w io.Writer) error {
		_, err := io.Copy(w, f)
		return err
	})
}

func appendExport(b []byte, e *export.Export) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), e.ID, 10)
	b = jsonx.AppendString(append(b, `,"state":`...), string(e.State))
	b = jsonx.AppendString(append(b, `,"format":`...), string(e.Format))
	b = jsonx.AppendString(append(b, `,"kind":`...), string(e.Kind))
	b = appendTimeOrNull(append(b, `,"since":`...), e.Since)
	b = textOrNull(append(b, `,"segment_id":`...), e.Segment)
	b = textOrNull(append(b, `,"consent":`...), e.Consent)
	b = strconv.AppendBool(append(b, `,"raw":`...), e.Raw)
	b = strconv.AppendInt(append(b, `,"records":`...), e.Records, 10)
	b = append(b, `,"file":`...)
	if e.State == export.Done {
		b = jsonx.AppendString(append(b, `{"name":`...), e.File)
		b = strconv.AppendInt(append(b, `,"size":`...), e.Size, 10)
		b = append(jsonx.AppendString(append(b, `,"sha256":`...), e.FileHash), '}')
	} else {
		b = append(b, "null"...)
	}
	b = textOrNull(append(b, `,"error":`...), e.Error)
	b = jsonx.AppendTime(append(b, `,"date_created":`...), e.Created)
	b = jsonx.AppendTime(append(b, `,"date_modified":`...), e.Modified)
	return append(appendTimeOrNull(append(b, `,"date_ended":`...), e.Ended), '}')
}
