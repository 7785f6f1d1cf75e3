package webhook

import (
	"slices"
	"strings"

	"clientele/internal/history"
)

// What the history tells of changes. The values of headers, which may be
// credentials, are not told.
var hookHistory = history.Table[Hook]{
	history.TextColumn(history.FieldClient, func(h *Hook) string { return h.ClientID }),
	history.TextColumn(history.FieldScope, func(h *Hook) string { return h.Scope }),
	history.TextColumn(history.FieldDestination, func(h *Hook) string { return toldDestination(h.Destination) }),
	history.MaskedColumn(history.FieldHeaders, func(h *Hook) string { return stored(h.Headers) }),
	history.FlagColumn(history.FieldActive, func(h *Hook) bool { return h.IsActive }),
	history.TextColumn(history.FieldStatus, func(h *Hook) string { return h.Disabled }),
}

// toldDestination is a destination without its query, which may hold a secret.
func toldDestination(url string) string {
	before, _, cut := strings.Cut(url, "?")
	if cut {
		before += "?…"
	}
	return before
}

// changeOf returns the entry of a change; one of the query alone is told by the
// sign of what is not told.
func (h *Hook) changeOf(before, after *Hook) history.Entry {
	e := hookHistory.Change(history.Webhook, h.ID, 0, before, after)
	if before != nil && after != nil && before.Destination != after.Destination && toldDestination(before.Destination) == toldDestination(after.Destination) {
		e.AddMasked(history.FieldDestination, 0)
	}
	return e
}

// contactsChange returns the entry of other contacts of an API account: each address
// that left or came.
func contactsChange(clientID string, before, after []string) history.Entry {
	e := history.Entry{Action: history.Updated, Resource: history.WebhookContacts}
	e.Add(false, history.FieldClient, "", history.Text(clientID))
	for _, a := range before {
		if !slices.Contains(after, a) {
			e.Add(true, history.FieldEmails, history.Text(a), "")
		}
	}
	for _, a := range after {
		if !slices.Contains(before, a) {
			e.Add(true, history.FieldEmails, "", history.Text(a))
		}
	}
	return e
}
