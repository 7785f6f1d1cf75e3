package mail

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"maps"
	"regexp"
	"strings"

	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/locale"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// ErrStale: somebody else has written the template meanwhile.
var ErrStale = fault.New(fault.Conflict, "the template was written by somebody else meanwhile")

// Editing is a template as an editor begins with it.
type Editing struct {
	Template
	Version int64 // the latest of the place; 0: none
	// Own tells that the template is of the place itself. Else it is what holds
	// without it.
	Own bool
}

// Edit returns the template of a place or, where there is none, what holds without
// it in the place's language, to begin with.
func (s *Service) Edit(ctx context.Context, storeID int64, at Place) (out Editing, err error) {
	if _, ok := templated[at.Kind]; !ok {
		return out, fault.New(fault.NotFound, noKind())
	}
	at.Locale = locale.Lower(at.Locale)
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = Editing{}
		set, err := store.ReadSettings(tx)
		if err != nil {
			return err
		}
		all, err := versions(tx, at)
		if err != nil {
			return err
		}
		if len(all) > 0 {
			out.Version = all[0].Number
			if !all[0].empty() {
				out.Template, out.Own = all[0].Template, true
				return nil
			}
		}
		base, _, err := s.look(tx, at.Kind, at.ChannelID, set)
		if err != nil {
			return err
		}
		out.Template = base.in(at.Locale, set.Language)
		out.ChannelID, out.Locale, out.DateModified = at.ChannelID, at.Locale, 0
		return nil
	})
	return out, err
}

var langCall = regexp.MustCompile(`\{\{\s*lang\s+"([^"]+)"([^}"]*)\}\}`)

// in returns a template with the phrases of a language in place of their keys, as far
// as there are any.
func (t Template) in(language, own string) Template {
	locales := phraseLocales(language, own)
	inline := func(text string, asHTML bool) string {
		return langCall.ReplaceAllStringFunc(text, func(call string) string {
			m := langCall.FindStringSubmatch(call)
			for _, l := range locales {
				if phrase, ok := t.Translations[l][m[1]]; ok {
					return filled(phrase, m[2], asHTML)
				}
			}
			return call
		})
	}
	t.Subject, t.HTML = inline(t.Subject, false), inline(t.HTML, true)
	if !langCall.MatchString(t.Subject) && !langCall.MatchString(t.HTML) {
		t.Translations = nil
	}
	return t
}

// filled is a phrase with merge fields in its places, by what a call of lang gives.
func filled(phrase, given string, asHTML bool) string {
	args := map[string]string{}
	for _, a := range strings.Fields(given) {
		if name, field, ok := strings.Cut(a, "="); ok {
			args[name] = field
		}
	}
	var b strings.Builder
	for _, p := range cut(phrase) {
		switch {
		case p.place != "" && args[p.place] != "":
			b.WriteString("{{" + args[p.place] + "}}")
		case asHTML:
			b.WriteString(html.EscapeString(p.text))
		default:
			b.WriteString(p.text)
		}
	}
	return b.String()
}

// Save writes a template that was edited from a version, which is still the latest
// of its place; else it is ErrStale.
func (s *Service) Save(ctx context.Context, storeID int64, t Template, from int64, by Writer) error {
	if err := CheckTemplate(&t); err != nil {
		return err
	}
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := hold(tx, t.ChannelID); err != nil {
			return err
		}
		before, err := versions(tx, t.Place())
		if err != nil {
			return err
		}
		latest := int64(0)
		if len(before) > 0 {
			latest = before[0].Number
		}
		switch {
		case latest != from:
			return ErrStale
		case len(before) > 0 && before[0].says(&t):
			return nil
		}
		return Version{Template: t, Writer: by}.append(tx, before, s.sys.Now())
	})
}

// draft makes the texts of a template as it would be sent now, with sample values.
func (s *Service) draft(ctx context.Context, storeID int64, t Template, to, toName string) (*Stored, *surroundings, parts, error) {
	if err := CheckTemplate(&t); err != nil {
		return nil, nil, parts{}, err
	}
	info := templated[t.Kind]
	m := &Stored{StoreID: storeID, Kind: info.of, ChannelID: max(t.ChannelID, store.DefaultChannel), To: to, ToName: toName, data: payload{Data: maps.Clone(info.sample)}}
	w, err := s.world(ctx, m)
	if err != nil {
		return nil, nil, parts{}, err
	}
	w.templates, w.reader = []Template{t}, sampleReader
	if t.Locale != "" {
		w.locale = t.Locale
	}
	p, err := s.own().render(m, w)
	return m, w, p, err
}

// Draft renders a template that is not written yet, with sample values.
func (s *Service) Draft(ctx context.Context, storeID int64, t Template) (subject, text, html string, err error) {
	_, _, p, err := s.draft(ctx, storeID, t, "jane@example.com", "Jane Doe")
	return p.Subject, p.Text, p.HTML, err
}

// Try sends a template that need not be written yet to somebody who tries it, with
// sample values, and keeps that it was sent.
func (s *Service) Try(ctx context.Context, storeID int64, t Template, to, toName string) error {
	m, w, p, err := s.draft(ctx, storeID, t, to, toName)
	if err != nil {
		return err
	}
	if !s.HasServer() {
		return fault.Broken(fault.Invalid, fault.Item{Field: FieldKind, Code: fault.NotAccepted, Why: WhyNoServer})
	}
	m.messageID = s.sys.UUID()
	if s.o.Sender != nil {
		letter, err := s.letter(m, w, p)
		if err == nil {
			err = s.deliver(ctx, m, w, letter)
		}
		if err != nil {
			return notSent(err)
		}
	}
	if !s.o.Keep {
		p = parts{}
	}
	data, err := json.Marshal(m.data.blanked())
	if err != nil {
		return err
	}
	now := s.sys.Now()
	return s.db.Write(context.WithoutCancel(ctx), storeID, func(tx *sqldb.Tx) error {
		if err := history.Enter(tx, now, sentAgain(m)); err != nil {
			return err
		}
		var id int64
		if err := tx.Query(takeEmailID, func(r *sqldb.Row) error { id = r.Int(0); return nil }, int64(1)); err != nil {
			return err
		}
		if err := tx.Exec(insertEmail, id, m.ChannelID, string(m.Kind), m.To, oneLine(m.ToName, maxName), email.Key(m.To), int64(0), "", string(data), m.messageID, Queued, now, now); err != nil {
			return err
		}
		return tx.Exec(finishEmail, id, Sent, "", string(data), p.Subject, p.Text, p.HTML, now)
	})
}

// notSent tells of an email that the mail server did not take.
func notSent(err error) error {
	reason := err.Error()
	if failure := (*SendError)(nil); errors.As(err, &failure) {
		reason = failure.Public()
	}
	return fault.Broken(fault.Invalid, fault.Item{Field: FieldKind, Code: fault.NotAccepted, Why: WhyNotSent, Value: reason})
}
