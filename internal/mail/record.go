package mail

import (
	"encoding/json"
	"maps"
	"slices"

	"clientele/internal/history"
	"clientele/internal/jsonx"
)

// What the history tells of a template's texts.
var templateHistory = history.Table[Template]{
	history.TextColumn(history.FieldSubject, func(t *Template) string { return t.Subject }),
	history.TextColumn(history.FieldBodyText, func(t *Template) string { return history.Clipped(t.Text) }),
	history.TextColumn(history.FieldBodyHTML, func(t *Template) string { return history.Clipped(t.HTML) }),
	history.JSONColumn(history.FieldTranslations, func(t *Template) string {
		if len(t.Translations) == 0 {
			return ""
		}
		b, err := json.Marshal(t.Translations)
		if err != nil { // they are texts
			return ""
		}
		return history.ClippedJSON(string(b))
	}),
}

// changeSince returns the entry of a version, given those before.
func (v *Version) changeSince(before []Version) history.Entry {
	var was, is *Template
	if len(before) > 0 && !before[0].empty() {
		was = &before[0].Template
	}
	if !v.empty() {
		is = &v.Template
	}
	e := history.Entry{Action: history.Updated, Resource: history.EmailTemplate}
	switch {
	case was == nil:
		e.Action = history.Created
	case is == nil:
		e.Action = history.Deleted
	}
	e.Add(false, history.FieldKind, "", history.Text(string(v.Kind)))
	if v.ChannelID != 0 {
		e.Add(false, history.FieldChannel, "", history.Int(v.ChannelID))
	}
	e.Add(false, history.FieldLocale, "", history.Text(v.Locale))
	templateHistory.Diff(&e, was, is)
	return e
}

// statusChange returns the entry of emails that a level switched on or off.
func statusChange(channelID int64, was, is Statuses) history.Entry {
	e := history.Entry{Action: history.Updated, Resource: history.EmailStatus, ID: channelID}
	e.Add(false, history.FieldSettings, was.toldBeside(is), is.toldBeside(was))
	return e
}

// toldBeside returns the JSON text of what is said otherwise than in others; empty
// for nothing.
func (s Statuses) toldBeside(others Statuses) string {
	var b []byte
	for _, kind := range slices.Sorted(maps.Keys(s)) {
		if on, said := others[kind]; said && on == s[kind] {
			continue
		}
		if b = append(b, ','); len(b) == 1 {
			b[0] = '{'
		}
		b = append(jsonx.AppendString(b, kind.told()), ':')
		if s[kind] {
			b = append(b, "true"...)
		} else {
			b = append(b, "false"...)
		}
	}
	if b == nil {
		return ""
	}
	return string(append(b, '}'))
}
