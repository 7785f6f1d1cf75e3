package panel

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/html"
	"clientele/internal/listing"
	"clientele/internal/segment"
)

// maxNamed is how many customers can be named at once, and addAtOnce how many of
// them one transaction puts into a segment.
const (
	maxNamed  = 5000
	addAtOnce = 250
	perLookup = 100
)

// addForm is the form by which customers are put into a segment.
func (c *call) addForm(uuid string) *Form {
	f := c.newForm(c.segmentAt(uuid, "/members"), "segments.add.submit",
		&html.Field{Name: "customers", Label: c.look.Text("segments.add.list"), Hint: c.look.Text("segments.add.list.hint", c.look.number(maxNamed)), Type: "textarea", Rows: 3},
		&html.Field{Name: "file", Label: c.look.Text("segments.add.file"), Hint: c.look.Text("segments.add.file.hint"), Type: "file"})
	f.Sections[0].Legend = c.look.Text("segments.add")
	f.Inline, f.Files = true, true
	return f
}

// namedIn reads the addresses and numbers of customers from a list. A number is one
// that has a # before it, or that is in a line without an address; of a line of a
// table only the first.
func namedIn(text string) (emails []string, ids []int64) {
	text = strings.TrimPrefix(strings.ToValidUTF8(text, ""), "\uFEFF")
	for line := range strings.Lines(text) {
		addressed, table := strings.Contains(line, "@"), strings.ContainsAny(line, ";\t")
		for i, w := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(",; \t\r\n\"", r) }) {
			digits, marked := strings.CutPrefix(w, "#")
			if strings.Contains(w, "@") {
				emails = append(emails, w)
			} else if id, err := strconv.ParseInt(digits, 10, 64); err == nil && id > 0 && (marked || !addressed && (i == 0 || !table)) {
				ids = append(ids, id)
			}
		}
	}
	return emails, ids
}

// namedCustomers returns the ids of the customers who are named, and what names
// nobody.
func (c *call) namedCustomers(emails []string, numbers []int64) (ids []int64, unknown []string, err error) {
	find := func(field string, ints []int64, texts []string) ([]customer.Customer, error) {
		q := customer.List.New().Where(field, listing.In, ints, texts).WithoutTotal()
		q.Limit = listing.MaxLimit
		rows, _, err := c.Customers.List(c.R.Context(), c.store.ID, q, nil)
		return rows, err
	}
	for some := range slices.Chunk(emails, perLookup) {
		var keys []string
		for _, e := range some {
			keys = append(keys, email.Key(e))
		}
		rows, err := find("email", nil, keys)
		if err != nil {
			return nil, nil, err
		}
		have := map[string]bool{}
		for i := range rows {
			have[email.Key(rows[i].Email)] = true
			ids = append(ids, rows[i].ID)
		}
		for i, e := range some {
			if !have[keys[i]] {
				unknown = append(unknown, e)
			}
		}
	}
	for some := range slices.Chunk(numbers, perLookup) {
		rows, err := find("id", some, nil)
		if err != nil {
			return nil, nil, err
		}
		have := map[int64]bool{}
		for i := range rows {
			have[rows[i].ID] = true
			ids = append(ids, rows[i].ID)
		}
		for _, id := range some {
			if !have[id] {
				unknown = append(unknown, strconv.FormatInt(id, 10))
			}
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(ids))), unknown, nil
}

// given is what was written or sent as a file.
func (c *call) given() (string, error) {
	text := c.form.Get("customers")
	if c.R.MultipartForm == nil {
		return text, nil
	}
	for _, h := range c.R.MultipartForm.File["file"] {
		file, err := h.Open()
		if err != nil {
			return "", errBad
		}
		content, err := io.ReadAll(file)
		file.Close()
		if err != nil {
			return "", errBad
		}
		text += "\n" + string(content)
	}
	return text, nil
}

func (c *call) addMembers() error {
	s, err := c.oneSegment()
	if err != nil {
		return err
	}
	text, err := c.given()
	if err != nil {
		return err
	}
	emails, numbers := namedIn(text)
	wrong := ""
	var ids []int64
	var unknown []string
	switch n := len(emails) + len(numbers); {
	case n == 0:
		wrong = c.look.Text("wrong.nobody_named")
	case n > maxNamed:
		wrong = c.look.Text("wrong.many_named", c.look.number(maxNamed))
	default:
		if ids, unknown, err = c.namedCustomers(emails, numbers); err != nil {
			return err
		}
		if len(ids) == 0 {
			wrong = c.look.Text("wrong.nobody_found")
		}
	}
	added := 0
	if wrong == "" {
		for some := range slices.Chunk(ids, addAtOnce) {
			n, err := c.Segments.AddCustomers(c.R.Context(), c.store.ID, s.UUID, some)
			if text, ok := c.problem(err); ok {
				wrong = text
				break
			}
			if err != nil {
				return err
			}
			added += n
		}
	}
	if wrong != "" {
		return c.wrongMembers(s, wrong)
	}
	if len(unknown) > 0 {
		return c.done(c.segmentAt(s.UUID, ""), "members_added_some", strconv.Itoa(added), strings.Join(unknown[:min(len(unknown), 5)], ", "), strconv.Itoa(len(unknown)))
	}
	var undo *Undo
	if len(ids) == 1 && added == 1 {
		undo = &Undo{Action: c.segmentAt(s.UUID, "/remove"), Fields: []string{"customer", strconv.FormatInt(ids[0], 10)}}
	}
	return c.doneUndo(c.segmentAt(s.UUID, ""), undo, "members_added", strconv.Itoa(added))
}

// wrongMembers shows the page with what was written, and what is wrong with it.
func (c *call) wrongMembers(s *segment.Kept, wrong string) error {
	p, err := c.segmentView(s)
	if err != nil {
		return err
	}
	if p.Add == nil {
		p.Note = &Message{Kind: "error", Text: wrong}
		return c.show(http.StatusConflict, p)
	}
	p.Add.Enter(c.form)
	p.Add.Field("customers").Error = wrong
	return c.show(http.StatusUnprocessableEntity, p)
}

func (c *call) removeSegmentMember() error {
	s, err := c.oneSegment()
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(c.form.Get("customer"), 10, 64)
	if err != nil {
		return errBad
	}
	n, err := c.Segments.RemoveCustomers(c.R.Context(), c.store.ID, s.UUID, id)
	if text, ok := c.problem(err); ok {
		return c.wrongMembers(s, text)
	}
	if err != nil {
		return err
	}
	if n == 0 {
		return c.redirect(c.segmentAt(s.UUID, ""))
	}
	return c.doneUndo(c.segmentAt(s.UUID, ""), &Undo{Action: c.segmentAt(s.UUID, "/members"), Fields: []string{"customers", strconv.FormatInt(id, 10)}}, "member_removed")
}
