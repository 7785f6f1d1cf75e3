package transfer

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/transfer/source"
	"clientele/internal/transfer/table"
)

// reportColumns come first in a report: rows stand behind them as they are, however
// they are quoted.
var reportColumns = []string{"_line", "_field", "_code", "_message"}

// sentences say what a code means, to whoever mends the file.
var sentences = map[string]string{
	source.NoEmail:         "there is no email address",
	source.BadID:           "this is no id of a customer",
	source.NotACustomer:    "the role is that of somebody who runs the site",
	source.IsBlocked:       "the account may not be used there",
	source.BadAmount:       "the amount cannot be read",
	source.NoAmount:        "there is no amount",
	source.BadGroupID:      "this is no id of a group",
	NoSuchGroup:            "there is no such group, and none can be made with this name",
	NoCustomer:             "no customer has this address or id",
	SeveralCustomers:       "channels have customers of their own with this address: name the customer by its id",
	source.BadTruth:        "this is neither yes nor no",
	source.BadDate:         "the date cannot be read",
	source.UndecidableDate: "day and month may stand in either order: give --date-order",
	source.BadPhone:        "a spreadsheet has taken digits from the number",
	source.BadCountry:      "no country has this name or code",
	source.BadAddress:      "the address cannot be read",
	source.NoName:          "the address has no full name; it was left out",
	source.NoStreet:        "the address has no street; it was left out",
	source.NoCity:          "the address has no town; it was left out",
	source.NoCountry:       "the address has no country; it was left out",
	source.NoPostalCode:    "the address has no postal code, which its country needs; it was left out",
	source.NoState:         "the address has no state, which its country needs; it was left out",
	source.BadHash:         "the password hash has no known form; the customer has no password",
	source.NoHashConfig:    "the parameters of the password hashes are missing: give --hash-config; the customer has no password",
	source.NoConsentTime:   "the file does not say when consent was given",
	source.FutureTime:      "the time is in the future",
	NoGroup:                "no group can have this name; the customer has none",
	NoMetafield:            "the metafield could not be stored",
	NoSegment:              "the customer could not be put into the segment",
	NoSubscriber:           "the wish for the newsletter could not be stored",
	table.Unreadable:       "this is no JSON object",
	"unclosed_quote":       "a quote begins here that is not closed",
	"row_too_long":         "the row is longer than a row may be",
	"too_many_cells":       "the row has more cells than the header",
	"required":             "a value is needed",
	"bad_format":           "the value has not the form that is wanted",
	"too_long":             "the value is too long",
	"too_short":            "the value is too short",
	"out_of_range":         "the value is too small or too large",
	"unknown":              "there is no such thing in the store",
	"email_in_use":         "another customer has this address",
}

// Message says what a code means.
func Message(code string) string {
	if s := sentences[code]; s != "" {
		return s
	}
	return strings.ReplaceAll(code, "_", " ")
}

// Report writes the rows of an import that were not taken, or with warnings those
// that were taken in part, as they stand in the file, behind what is wrong with
// them. It can be imported as it is, once mended. It returns how many problems it
// tells of.
func (s *Service) Report(ctx context.Context, storeID int64, imp *Import, f io.ReadSeeker, warnings bool, w io.Writer) (n int64, err error) {
	rows, err := imp.Plan.rows(ctx, f)
	if err != nil {
		return 0, err
	}
	settings, err := s.settings(&imp.Plan, nil, imp.File)
	if err != nil {
		return 0, err
	}
	r := report{records: source.NewGroups(rows, settings), out: bufio.NewWriter(w), separator: imp.Plan.Layout.Separator, objects: imp.Plan.Layout.Objects}
	if !r.objects {
		if !slices.Contains(table.Separators, r.separator) { // nobody would find it out
			r.out.WriteString("sep=" + r.separator + "\n")
		}
		r.line(append(append([]string{}, reportColumns...), imp.Plan.Layout.Header...), "")
	}
	err = s.Problems(ctx, storeID, imp.ID, func(p Problem) error {
		if p.Warning != warnings {
			return nil
		}
		n++
		return r.add(p)
	})
	if err == nil {
		err = r.flush()
	}
	return n, errors.Join(err, r.out.Flush())
}

// report is a report as it is written. Problems and records come in the order of
// lines.
type report struct {
	records   *source.Reader
	out       *bufio.Writer
	separator string
	objects   bool
	at        *source.Record // that of the problems
	problems  []Problem
}

func (r *report) add(p Problem) error {
	for r.at == nil || !within(r.at, p.Line) {
		if err := r.flush(); err != nil {
			return err
		}
		rec, err := r.records.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		r.at = &rec
	}
	r.problems = append(r.problems, p)
	return nil
}

// within reports whether a line is one of a record's.
func within(rec *source.Record, line int64) bool {
	return rec.Rows[0].Line <= line && line <= rec.Rows[len(rec.Rows)-1].Lines
}

// flush writes the record with its problems in one row.
func (r *report) flush() error {
	if len(r.problems) == 0 {
		return nil
	}
	var fields, codes, messages []string
	for _, p := range r.problems {
		fields, codes, messages = append(fields, p.Column), append(codes, p.Code), append(messages, Message(p.Code))
	}
	told := []string{strconv.FormatInt(r.problems[0].Line, 10), strings.Join(fields, ", "), strings.Join(codes, ", "), strings.Join(messages, "; ")}
	for i := range r.at.Rows {
		if r.objects {
			r.object(told, r.at.Rows[i].Raw)
			continue
		}
		if i > 0 { // it goes on with the one above
			told = make([]string, len(reportColumns))
		}
		r.line(told, r.at.Rows[i].Raw)
	}
	r.problems = nil
	return nil
}

// object writes an object with what is wrong with it in a line. Of what is none the
// text is a member.
func (r *report) object(told []string, raw string) {
	var b bytes.Buffer
	if json.Compact(&b, []byte(raw)) != nil || b.Len() == 0 || b.Bytes()[0] != '{' {
		b.Reset()
		text, _ := json.Marshal(map[string]string{"_text": raw}) // texts always become JSON
		b.Write(text)
	}
	r.out.WriteByte('{')
	for i, name := range reportColumns {
		key, _ := json.Marshal(name)
		text, _ := json.Marshal(told[i])
		if i == 0 {
			text = []byte(told[0])
		} else {
			r.out.WriteByte(',')
		}
		r.out.Write(key)
		r.out.WriteByte(':')
		r.out.Write(text)
	}
	if rest := b.Bytes()[1:]; len(rest) > 1 {
		r.out.WriteByte(',')
		r.out.Write(rest)
	} else {
		r.out.WriteByte('}')
	}
	r.out.WriteByte('\n')
}

// line writes cells and then the text of a row. Errors are those of the Flush.
func (r *report) line(cells []string, raw string) {
	var b strings.Builder
	c := csv.NewWriter(&b)
	c.Comma = []rune(r.separator)[0]
	_ = c.Write(cells) // a Builder takes all
	c.Flush()
	r.out.WriteString(strings.TrimSuffix(b.String(), "\n"))
	if raw != "" {
		r.out.WriteString(r.separator + raw)
	}
	r.out.WriteByte('\n')
}
